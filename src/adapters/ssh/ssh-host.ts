import type { LookupAddress } from "node:dns";
import type { SshRepository } from "../../core/types.ts";
import { ReconcileError } from "../../errors.ts";
import type { CheckedAddresses } from "../egress/checked-addresses.ts";
import { egressRefusal, NameUnanswered } from "../egress/network-error.ts";
import type { KnownHosts } from "./known-hosts.ts";
import { hostUnknown } from "./ssh-failures.ts";

export type SshHost = Awaited<ReturnType<typeof findSshHost>>;

export interface SshHostOptions {
  /** Asked for every new connection, so that a corrected file counts at once. */
  readonly knownHosts: () => KnownHosts | Promise<KnownHosts>;
  /** Under the same rules as everything over HTTP. */
  readonly addressesOf: CheckedAddresses;
}

/** All that has to be known of a host before it is connected to. */
export async function findSshHost(to: SshRepository, options: SshHostOptions) {
  const { keysOf, missing } = await options.knownHosts();
  const known = keysOf(to.host, to.port);
  // A stranger is not even looked up: whoever writes an annotation could try out hosts and ports of the cluster's network by the answers.
  if (known.trusted.length === 0) throw hostUnknown(to, known, missing);
  return { known, addresses: await resolveHost(to.host, options.addressesOf) };
}

/** Every address of the git host, all of them allowed. */
async function resolveHost(host: string, addressesOf: CheckedAddresses): Promise<readonly LookupAddress[]> {
  try {
    const found = await addressesOf(host);
    if (found.length === 0) throw new Error("no address");
    return found;
  } catch (cause) {
    const refusal = egressRefusal(cause);
    if (refusal) throw new ReconcileError("repository_denied", `git host ${host} is refused: ${refusal.message}`, { cause });
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = cause instanceof NameUnanswered ? `: ${message}` : ` (${code ?? message}); check its name and the cluster's DNS`;
    throw new ReconcileError("git_unreachable", `cannot resolve git host ${host}${why}`, { cause });
  }
}
