/** Git's pkt-line framing (gitprotocol-common(5)): four hex digits of length, then the payload; 0000, 0001 and 0002 are marks. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { ReconcileError } from "../../../errors.ts";
import { serverWords } from "../../../text/server-words.ts";

type Pkt = { readonly kind: "data"; readonly data: Buffer } | { readonly kind: "flush" | "delim" | "end" };

/** `data` framed as one pkt-line. */
export function pkt(data: string): string {
  return (Buffer.byteLength(data) + 4).toString(16).padStart(4, "0") + data;
}
export const FLUSH = "0000";
export const DELIM = "0001";

/** What one section may hold at most. */
interface MostLines {
  readonly lines: number;
  readonly bytes: number;
}

/** Of what a server says of itself, and of a push. */
const FEW: MostLines = { lines: 1_000, bytes: 256 * 1024 };
/**
 * Refs of a repository, of which some have 200,000: they are looked at as they come, and take time alone. So many are 0.8 s of a processor with
 * what SSH takes for them. A listing that is narrowed to a name has all that begin so, and is followed by one of all branches at most.
 */
export const MANY_REFS: MostLines = { lines: 300_000, bytes: 32 * 2 ** 20 };
/** After so many bytes all others have a turn: what is there already would else be read in one go, and a server can send faster than lines are read. */
const TURN_BYTES = 32 * 1024;
/** Lines in front of a pack, and of what hooks say. */
const MOST_IDLE = 20_000;
/** Marks and lines without content, of which no honest conversation has many. */
const MOST_EMPTY = 10_000;

const NEWLINE = 0x0a;
/** By character code. */
const HEX_DIGITS = Array.from({ length: 256 }, (_, code) => {
  const digit = "0123456789abcdef".indexOf(String.fromCharCode(code).toLowerCase());
  return digit < 0 ? Number.NaN : digit;
});

export interface PktReader {
  /** The next pkt-line; undefined at the end of the stream. */
  next(): Promise<Pkt | undefined>;
}

/** Reads pkt-lines from a stream; rejects with `git_limit` past `maxBytes`, with `git_protocol` on broken framing or a stream cut inside a line. */
export function createPktReader(stream: AsyncIterable<Uint8Array>, maxBytes: number): PktReader {
  const source = stream[Symbol.asyncIterator]();
  /** What has come and is not read yet begins at `at`. */
  let arrived: Buffer = Buffer.alloc(0);
  let at = 0;
  let bytes = 0;
  let turnAt = TURN_BYTES;
  let empty = 0;

  /** Until so many bytes are there; false when the stream ends before the first of them. */
  async function arrive(size: number): Promise<boolean> {
    const chunks = [arrived.subarray(at)];
    let there = arrived.length - at;
    while (there < size) {
      const { value, done } = await source.next();
      if (done) {
        if (there === 0) return false;
        throw cutOff();
      }
      bytes += value.length;
      if (bytes > maxBytes) {
        throw new ReconcileError(
          "git_limit",
          `the git server sent more than ${Math.round(maxBytes / 2 ** 20)} MiB; raise MAX_REPO_MB (and the Pod's memory) if the repository is meant to be that large`,
        );
      }
      if (bytes >= turnAt) {
        turnAt = bytes + TURN_BYTES;
        await nextTurn();
      }
      chunks.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      there += value.length;
    }
    arrived = there === chunks.at(-1)?.length ? (chunks.at(-1) as Buffer) : Buffer.concat(chunks);
    at = 0;
    return true;
  }

  async function next(): Promise<Pkt | undefined> {
    if (arrived.length - at < 4 && !(await arrive(4))) return undefined;
    const length = hexOf(arrived, at);
    at += 4;
    if (length <= 4 && ++empty > MOST_EMPTY) throw endless();
    if (length === 0) return { kind: "flush" };
    if (length === 1) return { kind: "delim" };
    if (length === 2) return { kind: "end" };
    if (!(length >= 4)) {
      throw new ReconcileError(
        "git_protocol",
        "the server does not speak the git protocol; check the repository's URL and that the account's shell prints nothing",
      );
    }
    if (length === 4) return { kind: "data", data: Buffer.alloc(0) };
    const size = length - 4;
    if (arrived.length - at < size && !(await arrive(size))) throw cutOff();
    const data = arrived.subarray(at, at + size);
    at += size;
    return { kind: "data", data };
  }

  return { next };
}

function cutOff(): ReconcileError {
  return new ReconcileError("git_protocol", "the git server's answer was cut off; it is asked again at the next pass");
}

/** Four hex digits; NaN where something else stands. A listing has hundreds of thousands: no text is made of them. */
function hexOf(bytes: Buffer, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) value = value * 16 + (HEX_DIGITS[bytes[i] as number] ?? Number.NaN);
  return value;
}

/** One section, line by line. */
export interface LineReader {
  /** Without its newline; undefined from the flush on. */
  next(): Promise<string | undefined>;
}

export function createLineReader(reader: PktReader, most: MostLines = FEW): LineReader {
  let lines = 0;
  let bytes = 0;
  let isOver = false;

  async function next(): Promise<string | undefined> {
    while (!isOver) {
      const line = await reader.next();
      if (!line)
        throw new ReconcileError("git_unreachable", "the git server hung up before it had answered; it is asked again at the next pass");
      if (line.kind === "flush") isOver = true;
      if (line.kind !== "data") continue;
      lines += 1;
      bytes += line.data.length;
      if (lines > most.lines || bytes > most.bytes) throw endless();
      const { data } = line;
      const text = data.toString("utf8", 0, data.at(-1) === NEWLINE ? data.length - 1 : data.length);
      refuseError(text);
      return text;
    }
    return undefined;
  }

  return { next };
}

/** The section with which a server begins, and its first line; over https a section of its own comes before it. */
export async function openAdvertisement(reader: PktReader): Promise<{ section: LineReader; first: string | undefined }> {
  const section = createLineReader(reader, MANY_REFS);
  const first = await section.next();
  if (!first?.startsWith("# service=")) return { section, first };
  while ((await section.next()) !== undefined);
  const behind = createLineReader(reader, MANY_REFS);
  return { section: behind, first: await behind.next() };
}

/** All lines of a section that has few. */
export async function readLines(reader: PktReader): Promise<string[]> {
  const section = createLineReader(reader);
  const lines: string[] = [];
  for (let line = await section.next(); line !== undefined; line = await section.next()) lines.push(line);
  return lines;
}

/** For a server that talks on without saying what it was asked. */
export function endless(): ReconcileError {
  return new ReconcileError("git_limit", "the git server's answer has no end; check the repository for a flood of branches or tags");
}

/** Counts lines that bring nothing of what was asked for, and refuses when they are too many. */
export function countIdleLines(): () => void {
  let count = 0;
  return () => {
    if (++count > MOST_IDLE) throw endless();
  };
}

/** A server's `ERR` line is its refusal of the whole conversation. */
export function refuseError(text: string): void {
  if (!text.startsWith("ERR ")) return;
  throw new ReconcileError(
    "git_denied",
    `the git server refused: ${serverWords(text.slice(4))}; check the repository's URL and the key's access to it`,
  );
}
