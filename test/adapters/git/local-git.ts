/** Conversations with git's own services as local processes, recorded, and replayed whole or cut. */

import { spawn } from "node:child_process";
import { Readable, type Writable } from "node:stream";
import { gitEnvironment } from "../../../sandbox/git-process.ts";
import type { GitWire } from "../../../src/adapters/git/wire/git-wire.ts";
import { createPktReader } from "../../../src/adapters/git/wire/pkt-line.ts";
import type { GitService } from "../../../src/adapters/ssh/git-command.ts";
import type { SshChannel, SshConnections } from "../../../src/adapters/ssh/ssh-connections.ts";

export interface LocalService {
  readonly stdin: Writable;
  /** What the service says, as it comes. */
  said(): AsyncGenerator<Buffer>;
  /** All that was read of it. */
  recorded(): Buffer;
  stop(): void;
}

export function startService(service: GitService, directory: string, protocol: 0 | 2 = 2): LocalService {
  const env = { ...gitEnvironment, ...(protocol === 2 ? { GIT_PROTOCOL: "version=2" } : {}) };
  const child = spawn("git", [service.slice("git-".length), directory], { env, stdio: ["pipe", "pipe", "ignore"] });
  const chunks: Buffer[] = [];
  child.stdin.on("error", () => {});
  return {
    stdin: child.stdin,
    async *said() {
      for await (const chunk of child.stdout) {
        chunks.push(chunk);
        yield chunk;
      }
    },
    recorded: () => Buffer.concat(chunks),
    stop: () => void child.kill(),
  };
}

export function serviceWire({ stdin, said, stop }: LocalService): GitWire {
  const reader = createPktReader(said(), 2 ** 26);
  return {
    advertisement: async () => reader,
    async request(body) {
      stdin.write(body);
      return reader;
    },
    close: stop,
    abort: stop,
  };
}

/** A server that says these bytes, whatever it is asked, and is silent then. */
export function replayWire(bytes: Buffer | string, chunkBytes = 1_000): GitWire {
  const reader = createPktReader(inChunks(Buffer.from(bytes), chunkBytes), 2 ** 26);
  return { advertisement: async () => reader, request: async () => reader, close: () => {}, abort: () => {} };
}

export async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Connections to a host whose services are what `start` gives. */
export function localConnections(
  start: (service: GitService, path: string) => Pick<LocalService, "stdin" | "said" | "stop">,
): SshConnections {
  return {
    async exec(_to, _key, command): Promise<SshChannel> {
      const [, service, path = ""] = /^(git-\S+) '(.*)'$/.exec(command) ?? [];
      const { stdin, said, stop } = start(service as GitService, path);
      const closed = Promise.resolve({ code: 0, stderr: "" });
      return {
        stdout: Readable.from(said()),
        write: async (chunk) => void stdin.write(chunk),
        end: () => void stdin.end(),
        closed,
        close: stop,
      };
    },
    stats: () => ({ connections: 0, channels: 0, opened: 0 }),
    async close() {},
  };
}
