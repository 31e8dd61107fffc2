/** One conversation with a git server: the advertisement it opens with, then a request or two. */
import type { PktReader } from "./pkt-line.ts";

export interface GitWire {
  /** The pkt-lines of the advertisement. */
  advertisement(): Promise<PktReader>;
  /** Sends one request; the answer's pkt-lines. */
  request(body: Buffer): Promise<PktReader>;
  /** Says goodbye and frees what the conversation held, in the background. */
  close(): void;
  /** Hangs up at once; for an answer whose rest is not wanted. */
  abort(): void;
}
