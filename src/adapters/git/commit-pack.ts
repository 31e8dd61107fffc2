/** Commits out of a packfile's beginning (gitformat-pack(5)): git writes them before trees and blobs, so the rest need not be received. */
import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import type { Commit } from "../../core/ports.ts";
import { ReconcileError } from "../../errors.ts";

const COMMIT = 1;
const OFS_DELTA = 6;
/** A commit object larger than this is refused: nobody writes such messages by hand. */
const MAX_COMMIT_BYTES = 1024 * 1024;

/** Of all commits of one pack together, inflated; and what an unfinished one may take of the pack. */
const MAX_COMMITS_BYTES = 16 * 1024 * 1024;
const MAX_PACKED_BYTES = 2 * 1024 * 1024;

/** All commits at the head of the pack, by object id; stops reading at the first object of another kind. */
export async function readCommits(pack: AsyncIterable<Buffer>): Promise<Map<string, Commit>> {
  const commits = new Map<string, Commit>();
  const contents = new Map<number, Buffer>();
  let bytes: Buffer = Buffer.alloc(0);
  let offset = 12;
  let inflatedBytes = 0;
  let left: number | undefined;
  for await (const chunk of pack) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length < 12) continue;
    if (left === undefined) {
      if (bytes.toString("latin1", 0, 4) !== "PACK") throw damaged();
      left = bytes.readUInt32BE(8);
    }
    while (left > 0) {
      const object = readObject(bytes, offset, contents);
      if (object === "incomplete") {
        if (bytes.length - offset > MAX_PACKED_BYTES) throw damaged();
        break;
      }
      if (object === "other") return commits;
      inflatedBytes += object.content.length;
      if (inflatedBytes > MAX_COMMITS_BYTES) {
        throw new ReconcileError("git_limit", "the git server sent more than 16 MiB of commits; check the application repository");
      }
      contents.set(offset, object.content);
      const commit = parseCommit(object.content);
      commits.set(commit.sha, commit);
      offset = object.end;
      left -= 1;
    }
    if (left === 0) return commits;
  }
  throw damaged();
}

type PackObject = { readonly content: Buffer; readonly end: number } | "incomplete" | "other";

function readObject(bytes: Buffer, start: number, contents: ReadonlyMap<number, Buffer>): PackObject {
  let at = start;
  let byte = bytes[at++];
  if (byte === undefined) return "incomplete";
  const type = (byte >> 4) & 7;
  if (type !== COMMIT && type !== OFS_DELTA) return "other";
  while (byte & 0x80) {
    byte = bytes[at++];
    if (byte === undefined) return "incomplete";
  }
  let base: Buffer | undefined;
  if (type === OFS_DELTA) {
    byte = bytes[at++];
    if (byte === undefined) return "incomplete";
    let distance = byte & 0x7f;
    while (byte & 0x80) {
      byte = bytes[at++];
      if (byte === undefined) return "incomplete";
      distance = (distance + 1) * 128 + (byte & 0x7f);
    }
    base = contents.get(start - distance);
    if (!base) return "other";
  }
  const inflated = inflate(bytes.subarray(at));
  if (!inflated) return "incomplete";
  return { content: base ? applyDelta(base, inflated.data) : inflated.data, end: at + inflated.consumed };
}

function inflate(bytes: Buffer): { data: Buffer; consumed: number } | undefined {
  try {
    // @types/node lacks the `info` form, which also tells how much input was used.
    const { buffer, engine } = inflateSync(bytes, { info: true, maxOutputLength: MAX_COMMIT_BYTES }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { data: buffer, consumed: engine.bytesWritten };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "Z_BUF_ERROR") return undefined;
    throw damaged(error);
  }
}

function applyDelta(base: Buffer, delta: Buffer): Buffer {
  let at = 0;
  const size = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = delta[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (!(byte & 0x80)) return value;
    }
  };
  size();
  const resultSize = size();
  if (resultSize > MAX_COMMIT_BYTES) throw damaged();
  let built = 0;
  const parts: Buffer[] = [];
  while (at < delta.length) {
    const op = delta[at++] ?? 0;
    if (!(op & 0x80)) {
      parts.push(delta.subarray(at, at + op));
      at += op;
      continue;
    }
    const field = (first: number, count: number) => {
      let value = 0;
      for (let i = 0; i < count; i++) if (op & (first << i)) value += (delta[at++] ?? 0) * 2 ** (8 * i);
      return value;
    };
    const offset = field(0x01, 4);
    const length = field(0x10, 3) || 0x10000;
    parts.push(base.subarray(offset, offset + length));
    built += length;
    if (built > resultSize) throw damaged();
  }
  const result = Buffer.concat(parts);
  if (result.length !== resultSize) throw damaged();
  return result;
}

/** A commit object's text (without git's object header) as data. */
export function parseCommit(content: Buffer): Commit {
  const sha = createHash("sha1").update(`commit ${content.length}\0`).update(content).digest("hex");
  const text = content.toString("utf8");
  const end = text.indexOf("\n\n");
  const headers = (end < 0 ? text : text.slice(0, end)).split("\n");
  const header = (name: string) => headers.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
  const [, name = "", email = ""] = header("author")?.match(/^(.*?) ?<([^>]*)>/) ?? [];
  return {
    sha,
    parents: headers.filter((line) => line.startsWith("parent ")).map((line) => line.slice(7)),
    author: { name, email },
    time: Number(header("committer")?.match(/> (\d+) [+-]\d{4}$/)?.[1] ?? 0),
    message: end < 0 ? "" : text.slice(end + 2),
  };
}

function damaged(cause?: unknown): ReconcileError {
  return new ReconcileError("git_protocol", "the git server sent a damaged pack; it is asked again at the next pass", { cause });
}
