import { lookup } from "node:dns/promises";
import { isIP, isIPv6 } from "node:net";
import { ReconcileError } from "../../../errors.ts";
import { isLinkLocal } from "../../egress/address-rules.ts";

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

export type Resolve = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

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
