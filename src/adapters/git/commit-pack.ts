/** Commits out of a packfile's beginning (gitformat-pack(5)): git writes them before trees and blobs, so the rest need not be received. */
import type { Commit } from "../../core/ports.ts";
import { ReconcileError } from "../../errors.ts";
import { applyDelta, deltaResultSize } from "./pack-delta.ts";
import { COMMIT, inflateEntry, OFS_DELTA, PACK_HEADER_BYTES, readPackEntry } from "./pack-entry.ts";
import { parseCommit } from "./parse-commit.ts";

/** A commit object larger than this is refused: nobody writes such messages by hand. */
const MAX_COMMIT_BYTES = 1024 * 1024;

/** Of all commits of one pack together, inflated; and what an unfinished one may take of the pack. */
const MAX_COMMITS_BYTES = 16 * 1024 * 1024;
const MAX_PACKED_BYTES = 2 * 1024 * 1024;

/** All commits at the head of the pack, by object id; stops reading at the first object of another kind. */
export async function readCommits(pack: AsyncIterable<Buffer>): Promise<Map<string, Commit>> {
  const commits = new Map<string, Commit>();
  const contents = new Map<number, Buffer>();
  let unread: Buffer[] = [];
  let unreadBytes = 0;
  /** Where in the pack the unread bytes begin. */
  let offset = 0;
  let left: number | undefined;
  let inflatedBytes = 0;
  /** An unfinished object is tried again when twice as much of it is there, so that the whole costs no more than reading twice. */
  let enoughBytes = PACK_HEADER_BYTES;

  /** Reads what can be read of the unread bytes; true when there is no more to come. */
  function read(): boolean {
    const bytes = Buffer.concat(unread);
    let at = 0;
    if (left === undefined) {
      if (bytes.toString("latin1", 0, 4) !== "PACK" || bytes.length < PACK_HEADER_BYTES) throw new Error("no pack");
      left = bytes.readUInt32BE(8);
      at = PACK_HEADER_BYTES;
    }
    for (; left > 0; left--) {
      const object = readObject(bytes, at, offset, contents);
      if (object === "incomplete") break;
      if (object === "other") return true;
      inflatedBytes += object.content.length;
      if (inflatedBytes > MAX_COMMITS_BYTES) {
        throw new ReconcileError("git_limit", "the git server sent more than 16 MiB of commits; check the application repository");
      }
      contents.set(offset + at, object.content);
      const commit = parseCommit(object.content);
      commits.set(commit.sha, commit);
      at = object.end;
    }
    unread = [bytes.subarray(at)];
    unreadBytes = bytes.length - at;
    offset += at;
    enoughBytes = 2 * unreadBytes;
    return left === 0;
  }

  for await (const chunk of pack) {
    unread.push(chunk);
    unreadBytes += chunk.length;
    if (unreadBytes >= enoughBytes && soundly(read)) return commits;
    if (unreadBytes > MAX_PACKED_BYTES) throw damaged();
  }
  if (soundly(read)) return commits;
  throw damaged();
}

type PackObject = { readonly content: Buffer; readonly end: number } | "incomplete" | "other";

function readObject(bytes: Buffer, at: number, packOffset: number, contents: ReadonlyMap<number, Buffer>): PackObject {
  const entry = readPackEntry(bytes, at, packOffset);
  if (entry === "incomplete") return "incomplete";
  if (entry.type !== COMMIT && entry.type !== OFS_DELTA) return "other";
  const base = typeof entry.base === "number" ? contents.get(entry.base) : undefined;
  if (entry.type === OFS_DELTA && !base) return "other";
  if (entry.size > MAX_COMMIT_BYTES) throw new Error("a huge commit");
  const inflated = inflateEntry(bytes, entry);
  if (inflated === "incomplete" || !base) return inflated;
  if (deltaResultSize(inflated.content) > MAX_COMMIT_BYTES) throw new Error("a huge commit");
  return { content: applyDelta(base, inflated.content), end: inflated.end };
}

/** What reading throws that is no refusal of ours means that the bytes are no sound pack. */
function soundly<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof ReconcileError ? error : damaged(error);
  }
}

function damaged(cause?: unknown): ReconcileError {
  return new ReconcileError("git_protocol", "the git server sent a damaged pack; it is asked again at the next pass", { cause });
}
