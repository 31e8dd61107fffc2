import { lookup } from "node:dns/promises";
import { BlockList, isIP, isIPv6 } from "node:net";
import { ReconcileError } from "../../../errors.ts";

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

export type Resolve = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/** Cloud metadata lives on link-local addresses; the last three are IPv4 ones inside IPv6 (NAT64, compatible, 6to4). Mapped ones the list checks itself. */
const linkLocal = new BlockList();
linkLocal.addSubnet("169.254.0.0", 16, "ipv4");
linkLocal.addSubnet("fe80::", 10, "ipv6");
linkLocal.addSubnet("64:ff9b::a9fe:0", 112, "ipv6");
linkLocal.addSubnet("::a9fe:0", 112, "ipv6");
linkLocal.addSubnet("2002:a9fe::", 32, "ipv6");

export function isLinkLocal(address: string): boolean {
  const plain = address.replace(/%.*$/, "");
  return linkLocal.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
}

const resolveWithSystem: Resolve = (host) => lookup(host, { all: true });

/** Every address of the host, none of them link-local; within `timeoutMs`. */
export async function resolveHost(host: string, timeoutMs: number, resolve = resolveWithSystem): Promise<readonly Address[]> {
  const name = host.replace(/^\[(.*)\]$/, "$1");
  const family = isIP(name);
  const found = family === 0 ? await resolveWithin(name, timeoutMs, resolve) : [{ address: name, family }];
  const refused = found.find(({ address }) => isIP(address) === 0 || isLinkLocal(address));
  if (refused) {
    throw new ReconcileError(
      "git_unreachable",
      `git host ${host} has the link-local address ${refused.address}, to which the operator never connects; use a routable address`,
    );
  }
  return found.map(({ address }) => ({ address, family: isIPv6(address) ? 6 : 4 }));
}

async function resolveWithin(host: string, timeoutMs: number, resolve: Resolve): Promise<readonly { readonly address: string }[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  });
  try {
    const found = await Promise.race([resolve(host), late]);
    if (found.length === 0) throw new Error("no address");
    return found;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ReconcileError(
      "git_unreachable",
      `cannot resolve git host ${host} (${code ?? message}); check its name and the cluster's DNS`,
      {
        cause: error,
      },
    );
  } finally {
    clearTimeout(timer);
  }
}
