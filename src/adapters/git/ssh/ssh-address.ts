import { ReconcileError } from "../../../errors.ts";
import type { Address, CheckedAddresses } from "../../egress/checked-addresses.ts";
import { egressRefusal, NameUnanswered } from "../../egress/network-error.ts";

/** Every address of the git host, all of them allowed. */
export async function resolveHost(host: string, addressesOf: CheckedAddresses): Promise<readonly Address[]> {
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
