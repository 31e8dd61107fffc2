/** Branches of applications, commits alone: the tip by ref listing, what is behind it only when it is asked for, in ever longer steps. */
import type { Commit, Line } from "../../core/app-history.ts";
import { branchId } from "../../core/branch-id.ts";
import type { Branch, Git, Wanted } from "../../core/git-ports.ts";
import { formatRepository } from "../../core/repository.ts";
import { asReconcileError, ReconcileError } from "../../errors.ts";
import { createFreshest } from "../../sharing/freshest.ts";
import { DEPTHS, type GitRemote } from "./wire/git-remote.ts";
import { openUploadPack } from "./wire/upload-pack.ts";

/** Tips by branch, so that one that has not moved costs a listing: most take 1 to 2 KB, counted. */
const MOST_TIPS_BYTES = 8 * 2 ** 20;
/** What was received behind them: 200 to 600 bytes a commit. */
const MOST_LINES_BYTES = 16 * 2 ** 20;
const MOST_COMMITS = DEPTHS.at(-1) ?? 0;

interface Tip {
  readonly branch: string;
  readonly commit: Commit;
}

interface Received {
  /** Along first parents, the newest first. */
  readonly line: readonly Commit[];
  /** There is no more to be had behind the last one. */
  readonly isWhole: boolean;
}

export function createLines(remote: GitRemote): Git["commits"] {
  const tips = createFreshest<Tip>(MOST_TIPS_BYTES);
  const lines = createFreshest<Received>(MOST_LINES_BYTES);

  async function commits(at: Wanted<Branch>, notBefore: number): Promise<Line> {
    const load = (known: Tip | undefined, asked: number) => lookAtTip(at, known, asked);
    const { branch, commit } = await tips.get(branchId(at), notBefore, load, at.namespace);
    /** Held by who walks: what all share is asked, and measured, once a step, and may be driven out by others meanwhile. */
    let received = begin(commit);
    return {
      branch,
      tip: commit,
      async at(index) {
        if (index >= received.line.length && !received.isWhole) received = await lineFrom({ ...at, branch }, commit, index);
        return received.line[index];
      },
    };
  }

  function lookAtTip(at: Wanted<Branch>, known: Tip | undefined, notBefore: number): Promise<Tip> {
    return remote.converse(at, { service: "git-upload-pack", notBefore }, async (wire) => {
      const server = await openUploadPack(wire);
      const { branch, tip } = remote.requireTip(at, await server.list(at.branch));
      if (known?.commit.sha === tip) return { branch, commit: known.commit };
      const [commit] = (await remote.history(at, server, tip, 1)).line;
      // A server that can't leave files out would go on sending them.
      wire.abort();
      if (commit) return { branch, commit };
      throw new ReconcileError("git_protocol", `${formatRepository(at.repository)} did not send the commit it names as its tip`);
    });
  }

  /** With the commit at `index`, where there is one. */
  function lineFrom(at: Branch, tip: Commit, index: number): Promise<Received> {
    const load = async (known: Received | undefined, asked: number) => {
      let received = join(begin(tip), known);
      for (const depth of DEPTHS) {
        if (received.isWhole || received.line.length > index) break;
        if (depth <= received.line.length) continue;
        const more = await receive(at, tip, depth, asked);
        received = more ? join(more, known) : { ...received, isWhole: true };
      }
      return received;
    };
    return lines.get(branchId(at), performance.now(), load, at.namespace);
  }

  /** Undefined: so much is said about so few commits that further ones are not asked for. */
  async function receive(at: Branch, tip: Commit, depth: number, notBefore: number): Promise<Received | undefined> {
    try {
      return await remote.converse(at, { service: "git-upload-pack", notBefore }, async (wire) => {
        const server = await openUploadPack(wire);
        await server.list(at.branch);
        const { line } = await remote.history(at, server, tip.sha, depth);
        wire.abort();
        return { line, isWhole: line.length < depth || line.some(isRoot) };
      });
    } catch (error) {
      if (asReconcileError(error).code === "git_limit") return undefined;
      throw error;
    }
  }

  return commits;
}

/** What is known already from the commit on that the new line leads to; nothing is kept of a line that was left. */
function join(fresh: Received, known: Received | undefined): Received {
  const { line } = fresh;
  const met = known?.line[0]?.sha;
  if (!known || met === undefined) return fresh;
  const index = line.findIndex(({ sha, parents }) => sha === met || parents[0] === met);
  if (index < 0) return fresh;
  const newer = line.slice(0, line[index]?.sha === met ? index : index + 1);
  const all = [...newer, ...known.line];
  if (all.length < line.length) return fresh;
  return { line: all.slice(0, MOST_COMMITS), isWhole: fresh.isWhole || known.isWhole || all.length >= MOST_COMMITS };
}

function begin(tip: Commit): Received {
  return { line: [tip], isWhole: isRoot(tip) };
}

function isRoot({ parents }: Commit): boolean {
  return parents.length === 0;
}
