/**
 * Reads listings of hundreds of thousands of lines in a thread of its own: the test runner follows every promise of its thread, which takes twice
 * as long as the reading.
 */
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { GitWire } from "../../../../src/adapters/git/wire/git-wire.ts";
import { createPktReader, FLUSH, pkt } from "../../../../src/adapters/git/wire/pkt-line.ts";
import { readPushRefs } from "../../../../src/adapters/git/wire/receive-pack.ts";
import { openUploadPack } from "../../../../src/adapters/git/wire/upload-pack.ts";
import type { ReconcileError } from "../../../../src/errors.ts";
import { serviceWire, startService } from "../local-git.ts";

export const SHA = "0123456789abcdef0123456789abcdef01234567";
export const advertised = pkt("version 2\n") + pkt("ls-refs\n") + pkt("fetch=shallow\n") + FLUSH;

const kinds = {
  "protocol 0": {
    protocol: 0,
    first: pkt(`${SHA} HEAD\0shallow`),
    list: async (wire: GitWire) => (await openUploadPack(wire)).list("main"),
  },
  "protocol 2": { protocol: 2, first: advertised, list: async (wire: GitWire) => (await openUploadPack(wire)).list("main") },
  "a push": { protocol: 0, first: pkt(`${SHA} HEAD\0report-status`), list: (wire: GitWire) => readPushRefs(wire, "refs/heads/main") },
} as const;

type Kind = keyof typeof kinds;
export const listings = Object.keys(kinds) as Kind[];

interface Order {
  readonly kind: Kind;
  /** A repository's folder, or how long each line is of a listing that has no end. */
  readonly of: string | number;
}

interface Listed {
  readonly tip?: string | undefined;
  readonly defaultBranch?: string | undefined;
  readonly error?: { readonly code: string; readonly message: string };
  /** Those that the server had sent. */
  readonly lines: number;
}

export async function readListing(order: Order): Promise<Listed> {
  const [listed] = await once(new Worker(new URL(import.meta.url), { workerData: order }), "message");
  return listed as Listed;
}

export function saying(bytes: AsyncIterable<Buffer>): GitWire {
  const reader = createPktReader(bytes, 2 ** 40);
  return { advertisement: async () => reader, request: async () => reader, close() {}, abort() {} };
}

async function read({ kind, of }: Order): Promise<Listed> {
  const { protocol, first, list } = kinds[kind];
  if (typeof of === "string") {
    const service = startService(kind === "a push" ? "git-receive-pack" : "git-upload-pack", of, protocol);
    const listed = await list(serviceWire(service));
    service.stop();
    return { ...listed, lines: 0 };
  }
  const line = pkt(`${SHA} refs/heads/main-`.padEnd(of - 5, "x").concat("\n"));
  const perChunk = Math.ceil(70_000 / of);
  let lines = 0;
  async function* said() {
    yield Buffer.from(first);
    for (; lines < 2_000_000; lines += perChunk) yield Buffer.from(line.repeat(perChunk));
  }
  try {
    return { ...(await list(saying(said()))), lines };
  } catch (error) {
    const { code, message } = error as ReconcileError;
    return { error: { code, message }, lines };
  }
}

if (!isMainThread) parentPort?.postMessage(await read(workerData as Order));
