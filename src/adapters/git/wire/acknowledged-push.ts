/** A push whose outcome is known: after a cut or a refusal the remote is asked where the branch is. A lost race is told by that, never by the server's words, which differ from host to host. */
import type { ManifestsBranch, PushResult } from "../../../core/ports.ts";
import { formatRepository } from "../../../core/repository.ts";
import { asReconcileError, ReconcileError } from "../../../errors.ts";
import type { GitRemote } from "./git-remote.ts";
import { pushRef } from "./receive-pack.ts";

/** `notBefore`: when the push was asked for. */
export async function pushAcknowledged(
  remote: GitRemote,
  at: ManifestsBranch,
  commits: { readonly from: string; readonly to: string },
  makePack: () => Promise<Uint8Array>,
  notBefore: number,
): Promise<PushResult> {
  let sent = false;
  const onSend = () => {
    remote.stopping.throwIfAborted();
    sent = true;
  };
  const graceMs = () => (sent ? remote.grace.acknowledgeMs : 0);
  let answer: PushResult | undefined;
  let failure: unknown;
  try {
    const question = { service: "git-receive-pack", notBefore, graceMs } as const;
    answer = await remote.converse(at, question, (wire) => pushRef(wire, { branch: at.branch, ...commits }, makePack, onSend));
  } catch (error) {
    if (!sent) throw error;
    failure = error;
  }
  if (answer && answer.kind !== "refused") return answer;
  const why = answer ? `refused the push (${answer.reason})` : "broke the connection after the commits were sent";
  const found = await remote.lookAfterPush(at, commits, why);
  if (found === "landed") return { kind: "accepted" };
  if (answer) return found === "stands" ? answer : { kind: "raced", reason: answer.reason };
  if (remote.stopping.aborted) throw unacknowledged(at);
  if (found === "stands" && asReconcileError(failure).code !== "git_unreachable") throw failure;
  return { kind: "raced", cause: failure };
}

function unacknowledged(at: ManifestsBranch): ReconcileError {
  const name = `${formatRepository(at.repository)}, branch '${at.branch}'`;
  return new ReconcileError("shutdown", `${name} had not acknowledged the push when the operator had to stop; the next start looks again`);
}
