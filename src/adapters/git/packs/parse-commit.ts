/** A commit object's bytes as data, in texts of their own: a slice would keep the whole object in memory. */
import type { Commit, Identity } from "../../../core/app-history.ts";
import { MARK } from "../../../core/commits/trailers.ts";
import { objectId } from "./object-id.ts";

/** What is kept of one commit, in bytes; the rest of a longer text is not read. The operator's own messages have a third of it. */
const MOST_NAME_BYTES = 512;
const MOST_SUBJECT_BYTES = 1_000;
const MOST_MESSAGE_BYTES = 4 * 1024;
/** Linux has a merge of 66. */
const MOST_PARENTS = 100;
/** ` 1700000000 +0000`, with room for years to come. */
const MOST_TIME_BYTES = 32;

const AUTHOR = "\nauthor ";
const COMMITTER = "\ncommitter ";
const NEWLINE = 0x0a;
const SPACE = 0x20;
const RETURN = 0x0d;
const ID_CHARACTERS = 40;

/**
 * `content`: without git's object header. As git itself reads it: the tree, the parents, the author and the committer, a line each in that
 * order; what is out of order counts as not there. The work is linear in the bytes, whatever they are.
 */
export function parseCommit(content: Buffer): Commit {
  const headersEnd = endOr(content.indexOf("\n\n"), content.length);
  const headers = content.subarray(0, headersEnd);
  let at = 0;

  /** The rest of the next line, when it begins so. */
  function take(word: string): Buffer | undefined {
    const start = at + word.length;
    if (headers.toString("latin1", at, start) !== word) return undefined;
    const end = endOr(headers.indexOf(NEWLINE, start), headers.length);
    at = end + 1;
    return headers.subarray(start, end);
  }

  const tree = take("tree ")?.toString("latin1", 0, ID_CHARACTERS) ?? "";
  const parents: string[] = [];
  for (let parent = take("parent "); parent; parent = take("parent "))
    if (parents.length < MOST_PARENTS && parent.length === ID_CHARACTERS) parents.push(parent.toString("latin1"));
  return {
    sha: objectId("commit", content).toString("hex"),
    tree,
    parents,
    author: parsePerson(take("author ")),
    time: parseTime(take("committer ")),
    subject: subjectOf(content.subarray(headersEnd + 2)),
    hasTrailers: content.includes(MARK),
  };
}

/** Who made the commit as it is, whoever wrote it. `isFirst`: in the moment in which it was written, so it was neither amended nor moved since. */
export function committerOf(content: Buffer): { readonly committer: Identity; readonly isFirst: boolean } {
  const line = personLine(content, COMMITTER);
  return { committer: parsePerson(line), isFirst: line !== undefined && momentOf(line) === momentOf(personLine(content, AUTHOR)) };
}

function personLine(content: Buffer, word: string): Buffer | undefined {
  const headers = content.subarray(0, endOr(content.indexOf("\n\n"), content.length));
  const start = headers.indexOf(word);
  return start < 0 ? undefined : headers.subarray(start + word.length, endOr(headers.indexOf(NEWLINE, start + 1), headers.length));
}

/** Its time and zone, as they stand there. */
function momentOf(line: Buffer = Buffer.alloc(0)): string {
  return line.subarray(line.lastIndexOf(">") + 1).toString("latin1");
}

/** The beginning of the message, as far as the operator's own ever go. */
export function messageOf(content: Buffer): string {
  return textOf(content.subarray(endOr(content.indexOf("\n\n"), content.length) + 2), MOST_MESSAGE_BYTES);
}

/** `NAME <EMAIL> TIME ZONE`; what is none has empty texts. */
function parsePerson(line: Buffer = Buffer.alloc(0)): Identity {
  const open = line.indexOf("<");
  const close = open < 0 ? -1 : line.indexOf(">", open);
  if (close < 0) return { name: "", email: "" };
  const nameEnd = line[open - 1] === SPACE ? open - 1 : open;
  return { name: textOf(line.subarray(0, nameEnd), MOST_NAME_BYTES), email: textOf(line.subarray(open + 1, close), MOST_NAME_BYTES) };
}

/** As git finds it, behind the last `>`: some addresses have one too many. Seconds since 1970, 0 where there is none. */
function parseTime(line: Buffer = Buffer.alloc(0)): number {
  const written = line.subarray(line.lastIndexOf(">") + 1);
  if (written.length > MOST_TIME_BYTES) return 0;
  return Number(/^ (\d{1,15}) [+-]\d{4}$/.exec(written.toString("latin1"))?.[1] ?? 0);
}

/** Of the message: git takes blank lines at its beginning for none. */
function subjectOf(message: Buffer): string {
  let start = 0;
  while (message[start] === NEWLINE || message[start] === SPACE || message[start] === RETURN) start += 1;
  const line = message.subarray(start, endOr(message.indexOf(NEWLINE, start), message.length));
  return textOf(line, MOST_SUBJECT_BYTES).trimEnd();
}

/** The text's beginning, without half a character at its end. */
function textOf(bytes: Buffer, mostBytes: number): string {
  let end = Math.min(bytes.length, mostBytes);
  // In UTF-8 up to three more bytes belong to a character.
  for (let back = 0; back < 3 && ((bytes[end] ?? 0) & 0xc0) === 0x80; back++) end -= 1;
  return bytes.toString("utf8", 0, end);
}

function endOr(found: number, otherwise: number): number {
  return found < 0 ? otherwise : found;
}
