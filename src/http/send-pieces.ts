/** Long answers, sent while they are made: they take a slice of the event loop and of memory, however long they are and whoever reads them slowly. */
import { once } from "node:events";
import type { Response } from "express";
import { createLoopTurns } from "../sharing/loop-turns.ts";
import { createAddressShares } from "./address-shares.ts";
import { sendError } from "./send-json.ts";

/** Made and sent in one piece. */
const SLICE_CHARACTERS = 64 * 1024;
const SLICE_MS = 5;
/** More answers at once would be too much of the memory; people ask for one. */
const MOST_AT_ONCE = 16;
/** Of one address: who reads slowly keeps nobody out. */
const MOST_FOR_ONE = 4;
/** Who reads nothing for so long gets no more. */
const STALL_MS = 30_000;

export type SendPieces = ReturnType<typeof createPieceSender>;

/**
 * The pieces make up the answer; an empty one is a place to pause at. The response has its headers. One slice per turn of the event loop, of all
 * answers together. `stallMs`: shorter in tests, a stall can't be had sooner.
 */
export function createPieceSender(stallMs = STALL_MS) {
  const turn = createLoopTurns(1);
  const takeShare = createAddressShares(MOST_FOR_ONE);
  let count = 0;

  async function sendAll(response: Response, pieces: Iterable<string>): Promise<void> {
    let slice = "";
    let since = performance.now();
    for (const piece of pieces) {
      slice += piece;
      const isLong = performance.now() - since >= SLICE_MS;
      if (slice.length < SLICE_CHARACTERS && !isLong) continue;
      // What takes long to make is begun with what there is.
      if (slice.length >= SLICE_CHARACTERS || (slice !== "" && !response.headersSent)) {
        // Its headers are all that is wanted.
        if (response.req.method === "HEAD") return void response.end();
        if (!response.write(slice) && !(await isDrained(response, stallMs))) return void response.destroy();
        slice = "";
      }
      await turn();
      if (response.destroyed) return;
      since = performance.now();
    }
    // What is short goes as a whole, with its length.
    if (response.headersSent) response.end(slice);
    else response.send(Buffer.from(slice));
  }

  return async (response: Response, pieces: Iterable<string>): Promise<void> => {
    if (count >= MOST_AT_ONCE) return refuse(response, `${MOST_AT_ONCE} such pages are being sent already`);
    const release = takeShare(response.req.socket.remoteAddress ?? "");
    if (!release) return refuse(response, `${MOST_FOR_ONE} such pages are being sent to this address already`);
    count += 1;
    try {
      await sendAll(response, pieces);
    } finally {
      count -= 1;
      release();
    }
  };
}

function refuse(response: Response, reason: string): void {
  sendError(response, 503, `${reason}; ask again when they have been read`);
}

/** False: nothing was read for too long, or the reader is gone. */
async function isDrained(response: Response, stallMs: number): Promise<boolean> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(stallMs)]);
  try {
    return await Promise.race([
      once(response, "drain", { signal }).then(() => true),
      once(response, "close", { signal }).then(() => false),
    ]);
  } catch {
    return false;
  } finally {
    over.abort();
  }
}
