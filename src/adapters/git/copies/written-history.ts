/** What the operator has written, read from the history of a manifests branch: from the local copy as far as that goes, the rest from the remote. */
import type { ManifestsBranch, Written, WrittenHistory } from "../../../core/git-ports.ts";
import { asReconcileError } from "../../../errors.ts";
import { dataBytes } from "../../../sharing/data-bytes.ts";
import { createTurns } from "../../../sharing/turns.ts";
import { MOST_WRITTEN_BYTES, writtenIn } from "../packs/commit-pack.ts";
import type { ObjectStore } from "../packs/object-store.ts";
import type { PackWork } from "../packs/pack-work.ts";
import { parseCommit } from "../packs/parse-commit.ts";
import type { GitRemote } from "../wire/git-remote.ts";
import { openUploadPack } from "../wire/upload-pack.ts";

/** Of one copy, from its beginning to its end. */
export interface WrittenHistories {
  /** `onAsk`: called when the remote has to be asked, and is being asked. */
  of(at: ManifestsBranch, head: string, since: number, onAsk?: () => void): Promise<WrittenHistory>;
  readonly memoryBytes: number;
}

/** An answer, which later ones begin with. */
interface Memory {
  readonly head: string;
  readonly since: number;
  readonly written: readonly Written[];
  /** The rest could not be had. */
  readonly isCut: boolean;
  /** Commits that the copy does not have, and what is behind them is known. */
  readonly ends: ReadonlySet<string>;
  readonly bytes: number;
}

interface Walk {
  readonly written: Written[];
  readonly ends: ReadonlySet<string>;
  /** Something behind an end may be not older than the question. */
  readonly isCut: boolean;
  readonly metMemory: boolean;
}

const DAY_SECONDS = 86_400;
/** As many as one fetch may bring. */
const MOST_WALKED = 50_000;
const END_BYTES = 128;
/** A server that could not answer may have learned to. */
const ASK_AGAIN_MS = 60_000;

export function createWrittenHistories(
  { remote, packWork }: { readonly remote: GitRemote; readonly packWork: PackWork },
  objects: Pick<ObjectStore, "read" | "has">,
): WrittenHistories {
  const takeTurn = createTurns();
  let memory: Memory | undefined;
  /** Of that commit the copy has more than is looked at, whoever asks. */
  let endless: { readonly head: string; readonly answer: WrittenHistory; readonly bytes: number } | undefined;
  /** What reaches back as far as this is not asked for until then (`performance.now()`). */
  let unasked: { readonly since: number; readonly until: number; readonly reason: string } | undefined;

  async function look(at: ManifestsBranch, head: string, since: number, onAsk: () => void): Promise<WrittenHistory> {
    const known = memory && memory.since <= since ? memory : undefined;
    if (known?.head === head && !known.isCut) return { kind: "known", written: known.written };
    if (endless?.head === head) return endless.answer;
    const walk = await walkFrom(at, head, since, known);
    if ("tooMany" in walk) {
      const { written } = walk;
      endless = { head, answer: unknown(written, `the branch has more than ${walk.tooMany} since`), bytes: dataBytes(written) };
      return endless.answer;
    }
    const rest = walk.isCut ? await askRemote(at, head, since, onAsk) : { kind: "known" as const, written: [] };
    const written = distinct([...walk.written, ...(walk.metMemory && known ? known.written : []), ...rest.written]);
    const bytes = dataBytes(written) + walk.ends.size * END_BYTES;
    if (bytes <= MOST_WRITTEN_BYTES) {
      // What is known whole of a shorter time is of more use than a longer one in part.
      if (rest.kind === "known" || !memory || memory.isCut)
        memory = { head, since, written, isCut: rest.kind === "unknown", ends: walk.ends, bytes };
      return { ...rest, written };
    }
    memory = undefined;
    // What is older than the question may be most of it.
    return known ? look(at, head, since, onAsk) : unknown(written, "the operator has written more since than it keeps");
  }

  /** All commits that the copy has, but for those that `known` is about. */
  async function walkFrom(
    at: ManifestsBranch,
    head: string,
    since: number,
    known: Memory | undefined,
  ): Promise<Walk | { readonly written: readonly Written[]; readonly tooMany: string }> {
    const written: Written[] = [];
    let writtenBytes = 0;
    const ends = new Set<string>();
    /** Those that a commit names which is not older than the question. */
    const youngEnds = new Set<string>();
    const seen = new Set([head]);
    let metMemory = false;
    // Grows while it is gone through.
    for (const sha of seen) {
      if (sha === known?.head) {
        metMemory = true;
        continue;
      }
      if (seen.size > MOST_WALKED) return { written, tooMany: `${MOST_WALKED.toLocaleString("en")} commits` };
      const content = await objects.read(sha, "commit", at);
      const found = writtenIn(sha, content);
      writtenBytes += dataBytes(found);
      if (writtenBytes + ends.size * END_BYTES > MOST_WRITTEN_BYTES)
        return { written, tooMany: "8 MiB of commits that say to be the operator's, or of ends" };
      written.push(...found);
      const { parents, time } = parseCommit(content);
      for (const parent of parents) {
        if (objects.has(parent)) seen.add(parent);
        else {
          ends.add(parent);
          if (time >= since) youngEnds.add(parent);
        }
      }
    }
    const knownEnds = metMemory && known ? known.ends : new Set<string>();
    const isCut = (metMemory && known?.isCut) || !youngEnds.isSubsetOf(knownEnds);
    return { written, ends: ends.union(knownEnds), isCut, metMemory };
  }

  async function askRemote(at: ManifestsBranch, head: string, since: number, onAsk: () => void): Promise<WrittenHistory> {
    if (unasked && since <= unasked.since && performance.now() < unasked.until) return unknown([], unasked.reason);
    // A server that finds no commit since then, not even the head, ends the conversation without an answer.
    const { time } = parseCommit(await objects.read(head, "commit", at));
    const from = Math.min(since, time);
    try {
      return await remote.converse(at, { service: "git-upload-pack", notBefore: performance.now() }, async (wire) => {
        onAsk();
        const server = await openUploadPack(wire);
        if (!server.canBoundByTime) return refuseFor("the git server can't send what is newer than a time (deepen-since)");
        const boundary = new Set<string>();
        const pack = server.pack({ want: head, since: from, withoutTrees: true }, boundary);
        const { kept } = await packWork.readHistory(pack, { from: head, most: 0, keep: "written" }, at);
        // A server that can't leave files out sends the commits first, and would go on.
        wire.abort();
        const isWhole = kept && (kept.isPure || kept.cut.every((sha) => boundary.has(sha)));
        return isWhole ? { kind: "known", written: kept.written } : refuseFor("the git server did not send all commits at once");
      });
    } catch (error) {
      const { code, message } = asReconcileError(error);
      if (code !== "git_limit") throw error;
      unasked = { since, until: Number.POSITIVE_INFINITY, reason: message };
      return unknown([], message);
    }
  }

  /** Whatever is asked for, it can't. */
  function refuseFor(reason: string): WrittenHistory {
    unasked = { since: Number.POSITIVE_INFINITY, until: performance.now() + ASK_AGAIN_MS, reason };
    return unknown([], reason);
  }

  return {
    // In turn, so that those who ask at once ask the remote once; and by whole days, so that their questions agree.
    of: (at, head, since, onAsk = () => {}) => takeTurn(() => look(at, head, Math.floor(since / DAY_SECONDS) * DAY_SECONDS, onAsk)),
    get memoryBytes() {
      return (memory?.bytes ?? 0) + (endless?.bytes ?? 0);
    },
  };
}

function unknown(written: readonly Written[], reason: string): WrittenHistory {
  return { kind: "unknown", written, reason };
}

function distinct(written: readonly Written[]): Written[] {
  const byText = new Map(written.map((one) => [JSON.stringify(one), one]));
  return [...byText.values()];
}
