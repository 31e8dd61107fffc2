import { ReconcileError } from "../../../errors.ts";
import type { Address, CheckedAddresses } from "../../egress/checked-addresses.ts";
import { egressRefusal } from "../../egress/network-error.ts";

/** Every address of the git host, all of them allowed; within `timeoutMs`. */
export async function resolveHost(host: string, timeoutMs: number, addressesOf: CheckedAddresses): Promise<readonly Address[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  });
  try {
    const found = await Promise.race([addressesOf(host), late]);
    if (found.length === 0) throw new Error("no address");
    return found;
  } catch (cause) {
    const refusal = egressRefusal(cause);
    if (refusal) throw new ReconcileError("repository_denied", `git host ${host} is refused: ${refusal.message}`, { cause });
    const { code, message } = cause as NodeJS.ErrnoException;
    const text = `cannot resolve git host ${host} (${code ?? message}); check its name and the cluster's DNS`;
    throw new ReconcileError("git_unreachable", text, { cause });
  } finally {
    clearTimeout(timer);
  }
}
