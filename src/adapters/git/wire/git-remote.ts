/** Conversations with remotes: how they are opened, their deadlines, and what their answers mean for a branch. */
import type { Dispatcher } from "undici";
import type { Branch, Wanted } from "../../../core/git-ports.ts";
import type { Conversation, Observer } from "../../../core/observer.ts";
import { formatRepository } from "../../../core/repository.ts";
import { asReconcileError, ReconcileError } from "../../../errors.ts";
import { askFor } from "../../egress/asker.ts";
import { createHostBreaker } from "../../egress/host-breaker.ts";
import type { GitService } from "../../ssh/git-command.ts";
import type { SshConnections } from "../../ssh/ssh-connections.ts";
import type { PackedHistory } from "../packs/commit-pack.ts";
import type { PackOwner, PackWork } from "../packs/pack-work.ts";
import { createConversationEnds } from "./conversation-end.ts";
import { type CountedWire, countWire } from "./counted-wire.ts";
import type { GitWire } from "./git-wire.ts";
import type { HttpsAccess } from "./https-access.ts";
import { openHttpsWire } from "./https-wire.ts";
import type { RefListing } from "./ref-listing.ts";
import { openSshWire } from "./ssh-wire.ts";
import { openUploadPack, type UploadPack } from "./upload-pack.ts";

export interface GitRemote {
  readonly maxBytes: number;
  readonly grace: ShutdownGrace;
  /** Aborts when the operator is to stop: nothing is sent any more that could change a remote. */
  readonly stopping: AbortSignal;
  /** Opens, runs and ends one conversation within the deadline, on the share of the branch's namespace; whatever fails, nothing stays open. */
  converse<T>(at: Omit<Branch, "branch">, question: Question, work: (wire: GitWire) => Promise<T>): Promise<T>;
  requireTip(at: Wanted<Branch>, listing: RefListing): Pick<Branch, "branch"> & { readonly tip: string };
  /** Of up to `depth` generations of commits from `tip`. `sought`: a commit that may be among them. */
  history(owner: PackOwner, server: UploadPack, tip: string, depth: number, sought?: string): Promise<PackedHistory>;
  /** Whether `sha` is among the last generations of the branch. `unheld`: a tip that is known to be without it. */
  findCommit(at: Branch, sha: string, unheld: string | undefined, graceMs?: () => number): Promise<History>;
  /** Asks the remote, three times if need be, what became of a push that was not acknowledged. `why` goes into the failure to find out. */
  lookAfterPush(at: Branch, commits: { readonly from: string; readonly to: string }, why: string): Promise<AfterPush>;
}

/** `landed`: the branch's history has the pushed commit. Else it `stands` where it was, or was `moved` by another (or deleted). */
type AfterPush = "landed" | "stands" | "moved";

export interface History {
  /** Empty when there is no such branch. */
  readonly tip: string;
  readonly found: boolean;
}

interface Question {
  readonly service: GitService;
  /** It was asked then: a host that was found silent later is not tried again for it. */
  readonly notBefore: number;
  /** How long after the stop the answer may take; default: none at all. */
  readonly graceMs?: () => number;
}

/** How long after the stop answers are waited for that say what became of a push; together less than the process has. */
interface ShutdownGrace {
  readonly acknowledgeMs: number;
  readonly askMs: number;
}

interface GitRemoteOptions {
  readonly connections: SshConnections;
  /** For public repositories over https. */
  readonly dispatcher: Dispatcher;
  /** For those that need a login. */
  readonly access: HttpsAccess | undefined;
  readonly packWork: PackWork;
  /** The most that one conversation may bring. */
  readonly maxBytes: number;
  readonly deadlineMs: number;
  readonly stopping: AbortSignal;
  readonly grace: ShutdownGrace;
  readonly observer: Observer;
}

/**
 * Generations of commits, step by step: `deepen` counts along every parent, so in a repository with many merges a thousand generations can be
 * fourteen thousand commits, and nothing asks for them first.
 */
export const DEPTHS: readonly number[] = [1, 10, 50, 250, 1_000];
/** As far back a commit is looked for when others have pushed on top of it. */
const FIND_DEPTHS = DEPTHS.filter((depth) => depth > 1 && depth < 1_000);
const ASK_AGAIN_MS = [0, 1_000, 3_000];

export function createGitRemote(options: GitRemoteOptions): GitRemote {
  const { connections, dispatcher, access, packWork, maxBytes, deadlineMs, stopping, grace, observer } = options;
  const ends = createConversationEnds({ deadlineMs, stopping });
  const breaker = createHostBreaker();

  const converse: GitRemote["converse"] = (at, question, work) => askFor(at.namespace, () => converseAs(at, question, work));

  async function converseAs<T>(at: Omit<Branch, "branch">, question: Question, work: (wire: GitWire) => Promise<T>): Promise<T> {
    const { repository, key } = at;
    const { service, notBefore, graceMs = () => 0 } = question;
    const end = ends.begin(formatRepository(repository), graceMs);
    const limits = { maxBytes, notBefore, signal: end.signal };
    let wire: CountedWire | undefined;
    const startedAt = performance.now();
    const tell = (result: Conversation["result"]) => {
      const facts = wire?.facts() ?? {
        operation: service === "git-receive-pack" ? "push" : "list",
        receivedBytes: 0,
        sentBytes: 0,
      };
      observer.conversed({ ...facts, result, durationMs: performance.now() - startedAt });
    };
    try {
      end.signal.throwIfAborted();
      if (repository.transport === "https") {
        if (key?.kind === "key")
          throw new ReconcileError("credential_invalid", `${formatRepository(repository)} is not opened by an SSH key`);
        const login = key && access?.open(key, { repository, service, namespace: at.namespace, signal: end.signal });
        if (key && !login) throw new ReconcileError("internal", "nothing is there to log in over https with");
        wire = countWire(openHttpsWire(repository, { ...limits, service, dispatcher, breaker, ...(login && { login }) }), service);
      } else {
        if (key?.kind !== "key") throw new ReconcileError("ssh_key_invalid", `${formatRepository(repository)} needs an SSH key`);
        wire = countWire(await openSshWire(connections, { repository, key }, service, limits), service);
      }
      const result = await work(wire);
      wire.close();
      tell("ok");
      return result;
    } catch (error) {
      wire?.abort();
      const failure = end.signal.aborted ? end.signal.reason : error;
      tell(asReconcileError(failure).code);
      throw failure;
    } finally {
      end.cancel();
    }
  }

  function requireTip(at: Wanted<Branch>, { branch, tip, defaultBranch }: RefListing): { branch: string; tip: string } {
    if (branch !== undefined && tip !== undefined) return { branch, tip };
    const name = formatRepository(at.repository);
    const asked = at.branch ?? "master";
    const hint =
      defaultBranch && defaultBranch !== asked && at.branch !== undefined
        ? `its default branch is '${defaultBranch}'`
        : `it may be empty${at.branch === undefined ? ", or not say which branch is its default" : ""}`;
    throw new ReconcileError(
      "git_branch_missing",
      `${name} has no branch '${asked}' (${hint}); set gitops.operator.observe_branch (or gitops.operator.manifest_branch for the manifests alone) or push that branch`,
    );
  }

  const history: GitRemote["history"] = (owner, server, tip, depth, sought) =>
    packWork.readHistory(
      server.pack({ want: tip, depth, withoutTrees: true }, new Set()),
      { from: tip, most: depth, ...(sought !== undefined && { sought }) },
      owner,
    );

  async function findCommit(at: Branch, sha: string, unheld: string | undefined, graceMs?: () => number): Promise<History> {
    const notBefore = performance.now();
    const look = (depth: number) =>
      converse(at, { service: "git-upload-pack", notBefore, ...(graceMs && { graceMs }) }, async (wire) => {
        const server = await openUploadPack(wire);
        const { tip = "" } = await server.list(at.branch);
        if (tip === sha || tip === unheld || tip === "") return { tip, found: tip === sha, isWhole: true };
        const { isFound, isWhole } = await history(at, server, tip, depth, sha);
        wire.abort();
        return { tip, found: isFound, isWhole };
      });
    let seen: History = { tip: "", found: false };
    for (const depth of FIND_DEPTHS) {
      const { isWhole, ...looked } = await look(depth);
      seen = looked;
      if (seen.found || isWhole) break;
    }
    return seen;
  }

  const lookAfterPush: GitRemote["lookAfterPush"] = async (at, { from, to }, why) => {
    let failure: unknown;
    for (const delayMs of ASK_AGAIN_MS) {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      try {
        const { tip, found } = await findCommit(at, to, from, () => grace.askMs);
        return found ? "landed" : tip === from ? "stands" : "moved";
      } catch (error) {
        failure = error;
        if (asReconcileError(error).code === "shutdown") break;
      }
    }
    throw new ReconcileError(
      "git_unreachable",
      `${formatRepository(at.repository)} ${why}, and can't be asked what became of the commits; the next pass looks`,
      { cause: failure },
    );
  };

  return { maxBytes, stopping, grace, converse, requireTip, history, findCommit, lookAfterPush };
}
