/** A push whose outcome is known: after a cut or a refusal the remote is asked where the branch is. A lost race is told by that, never by the server's words, which differ from host to host. */
import type { ManifestsBranch, PushResult } from "../../../core/git-ports.ts";
import { formatRepository } from "../../../core/repository.ts";
import { asReconcileError, ReconcileError } from "../../../errors.ts";
import type { GitRemote } from "./git-remote.ts";
import type { GitWire } from "./git-wire.ts";
import { type ProposalUpdate, pushProposal, pushRef, pushRequest, type RequestUpdate } from "./receive-pack.ts";

/** Of one run, one after the other. */
export interface Pushes {
  /**
   * Opens the conversation of the next push while it is still being found out what to push, which saves two waits. Only for who has a place on the
   * connection meanwhile: a push that waits for somebody without one could hold the last.
   */
  openAhead(): void;
  push(commits: Commits, makePack: () => Promise<Buffer>): Promise<PushResult>;
  /** Ends what was opened ahead and not needed. */
  end(): void;
}

interface Commits {
  readonly from: string;
  readonly to: string;
}

export function createPushes(remote: GitRemote, at: ManifestsBranch): Pushes {
  let ahead: OpenPush | undefined;
  return {
    openAhead() {
      ahead ??= openPush(remote, at);
    },
    push(commits, makePack) {
      const { push } = ahead ?? openPush(remote, at);
      ahead = undefined;
      return push(commits, (wire, onSend) => pushRef(wire, { branch: at.branch, ...commits }, makePack, onSend));
    },
    end: () => ahead?.end(),
  };
}

/** Whatever stood on the branch for proposals is gone then. */
export function proposeBranch(
  remote: GitRemote,
  at: ManifestsBranch,
  update: ProposalUpdate,
  makePack: () => Promise<Buffer>,
): Promise<PushResult> {
  const own = { ...at, branch: update.branch };
  // Where there is no such branch a look finds no tip.
  const commits = { from: update.from ?? "", to: update.to };
  return openPush(remote, own).push(commits, (wire, onSend) => pushProposal(wire, update, makePack, onSend));
}

/** `isThere`: whether a request stands at what was pushed. */
export function pushAsRequest(
  remote: GitRemote,
  at: ManifestsBranch,
  update: RequestUpdate,
  makePack: () => Promise<Buffer>,
  isThere: () => Promise<boolean>,
): Promise<PushResult> {
  const look = async () => ((await isThere()) ? ("landed" as const) : ("stands" as const));
  return openPush(remote, at).push({ from: "", to: update.to }, (wire, onSend) => pushRequest(wire, update, makePack, onSend), look);
}

type OpenPush = ReturnType<typeof openPush>;

/** The conversation waits for what is to be pushed, or for its end. */
function openPush(remote: GitRemote, at: ManifestsBranch) {
  const wanted = Promise.withResolvers<((wire: GitWire) => Promise<PushResult>) | undefined>();
  let sent = false;
  const onSend = () => {
    remote.stopping.throwIfAborted();
    sent = true;
  };
  const graceMs = () => (sent ? remote.grace.acknowledgeMs : 0);
  const question = { service: "git-receive-pack", notBefore: performance.now(), graceMs } as const;
  const conversation = remote.converse(at, question, async (wire) => (await wanted.promise)?.(wire));
  conversation.catch(() => undefined);

  async function push(
    commits: Commits,
    send: (wire: GitWire, onSend: () => void) => Promise<PushResult>,
    look = (why: string) => remote.lookAfterPush(at, commits, why),
  ): Promise<PushResult> {
    let answer: PushResult | undefined;
    let failure: unknown;
    try {
      wanted.resolve((wire) => send(wire, onSend));
      answer = await conversation;
    } catch (error) {
      if (!sent) throw error;
      failure = error;
    }
    if (answer && answer.kind !== "refused") return answer;
    const why = answer ? `refused the push (${answer.reason})` : "broke the connection after the commits were sent";
    const found = await look(why);
    if (found === "landed") return { kind: "accepted" };
    if (answer) return found === "stands" ? answer : { kind: "raced", reason: answer.reason };
    if (remote.stopping.aborted) throw unacknowledged(at);
    if (found === "stands" && asReconcileError(failure).code !== "git_unreachable") throw failure;
    return { kind: "raced", cause: failure };
  }

  return { push, end: () => wanted.resolve(undefined) };
}

function unacknowledged(at: ManifestsBranch): ReconcileError {
  const name = `${formatRepository(at.repository)}, branch '${at.branch}'`;
  return new ReconcileError("shutdown", `${name} had not acknowledged the push when the operator had to stop; the next start looks again`);
}
