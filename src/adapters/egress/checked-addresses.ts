/** The addresses of a host that others name, each checked; whoever connects, connects to one of these and asks no second time. */
import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";
import { type AddressRules, createAddressRules } from "./address-rules.ts";
import { askFor } from "./asker.ts";
import { createNameLookups, type NameLookup } from "./name-lookups.ts";
import { EgressRefused } from "./network-error.ts";

export interface CheckedAddressesOptions {
  /** EGRESS_ALLOW_CIDRS: opened although they would be refused. */
  readonly allowCidrs: readonly string[];
  /** The host of the API server's URL, a name or an address; undefined: none to protect. */
  readonly apiServerHost?: string | undefined;
  /** Asked for names only. Default: the system's resolver, with shares of its own; one for all that connect is what keeps them. */
  readonly resolve?: NameLookup;
}

/** Throws EgressRefused when one address is not allowed, or what the resolver throws. Empty: the name has no address. */
export type CheckedAddresses = (host: string) => Promise<readonly LookupAddress[]>;

export function createCheckedAddresses(options: CheckedAddressesOptions): CheckedAddresses {
  const { resolve = createNameLookups() } = options;
  const rules = createAddressRules(options.allowCidrs);
  const apiServer = bareHost(options.apiServerHost ?? "");

  async function addressesOf(host: string): Promise<readonly LookupAddress[]> {
    const family = isIP(host);
    return family === 0 ? resolve(host) : [{ address: host, family }];
  }

  async function apiServerAddresses(): Promise<readonly string[]> {
    if (apiServer === "") return [];
    try {
      return (await askFor(undefined, () => addressesOf(apiServer))).map(({ address }) => address);
    } catch (error) {
      // A name without an address is reached by nobody; any other failure leaves open what must not be reached.
      if ((error as NodeJS.ErrnoException).code === "ENOTFOUND") return [];
      throw error;
    }
  }

  return async (hostText) => {
    const host = bareHost(hostText);
    const [found, protectedOnes] = await Promise.all([addressesOf(host), apiServerAddresses()]);
    for (const { address } of found) requireAllowed(rules, host, address, protectedOnes);
    return found;
  };
}

export function requireAllowed(rules: AddressRules, host: string, address: string, apiServer: readonly string[]): void {
  const what = rules(address, apiServer);
  if (what === undefined) return;
  const name = host === address ? address : `${host} has the address ${address}, which`;
  throw new EgressRefused(`${name} is ${what}, to which the operator does not connect; if that is meant, add it to EGRESS_ALLOW_CIDRS`);
}

/** Without the brackets of an IPv6 address in a URL. */
export function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
}
