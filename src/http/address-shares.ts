import { isIPv6 } from "node:net";
import { createHoldings } from "../sharing/holdings.ts";

/**
 * Shares of something scarce, such as connections, so that no address keeps out the others: each may hold `share` of it, and more only while fewer than
 * `generousUntil` are held in all. Gives the function that hands it back; undefined: that address gets no more now.
 */
export function createAddressShares(share: number, generousUntil = 0): (address: string) => (() => void) | undefined {
  const taken = createHoldings();
  return (address) => {
    const owner = ownerOf(address);
    return taken.of(owner) < share || taken.total < generousUntil ? taken.take(owner) : undefined;
  };
}

/** An IPv4 address in either spelling; of IPv6 the first 64 bits, for one machine may have all addresses behind them. */
export function ownerOf(address: string): string {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = "", tail] = (address.split("%")[0] ?? "").split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array<string>(zeros).fill("0"), ...after].slice(0, 4).join(":");
}
