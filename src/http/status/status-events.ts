/** `/status/events`: what changes on the page, as server-sent events (HTML, 9.2). Who does not read is let go, and the browser comes back by itself. */
import type { Request, Response } from "express";
import { createPauses } from "../../sharing/pauses.ts";
import { createAddressShares } from "../address-shares.ts";
import type { StatusQuery } from "../rows/status-query.ts";
import { sendError } from "../send-json.ts";
import type { Changes } from "./status-feed.ts";

export interface EventsAnswers {
  /** Resolves when what comes from then on is told; the function that it gives ends that. */
  readonly listen: (query: StatusQuery, tell: (changes: Changes) => void) => Promise<() => void>;
  /** One event's data, as the page's script takes it. */
  readonly changesText: (changes: Changes, query: StatusQuery) => string;
  /** The data of a heartbeat: what is true of the operator now. */
  readonly factsText: (query: StatusQuery) => string;
  /** With pauses; returns in brief what the page of that query shows now. */
  readonly shown: (query: StatusQuery) => Generator<unknown, string>;
}

const MOST_LISTENERS = 64;
/** Of one address, in any case; more as long as half of all are free. */
const MOST_FOR_ONE = 6;
/** More changes at once are no events but a reason to load the page. */
export const MOST_ROWS = 200;
const MOST_EVENT_CHARACTERS = 256 * 1024;
/** What may wait for a reader. */
const MOST_UNREAD_BYTES = 512 * 1024;
/** Proxies end connections on which nothing comes for a minute. */
const HEARTBEAT_MS = 20_000;
/** When the browser is to come back. */
const RETRY_MS = 3_000;
const SLICE_MS = 5;
const STALE = JSON.stringify({ stale: true });

interface SenderOptions {
  readonly stopping?: AbortSignal | undefined;
  /** For tests: sooner. */
  readonly heartbeatMs?: number;
}

export function createEventSender(
  { listen, changesText, factsText, shown }: EventsAnswers,
  { stopping, heartbeatMs = HEARTBEAT_MS }: SenderOptions = {},
) {
  const takeShare = createAddressShares(MOST_FOR_ONE, MOST_LISTENERS / 2);
  const responses = new Set<Response>();
  // At once: a page that is looked at must not hold up the end.
  stopping?.addEventListener(
    "abort",
    () => {
      for (const response of responses) response.end();
    },
    { once: true },
  );

  return async (request: Request, response: Response, query: StatusQuery): Promise<void> => {
    const release = responses.size < MOST_LISTENERS && !stopping?.aborted ? takeShare(request.socket.remoteAddress ?? "") : undefined;
    if (!release) {
      sendError(response, 503, "too many pages are live already; this one shows what is new when it is loaded again");
      return;
    }
    responses.add(response);
    response.set({
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-accel-buffering": "no",
    });
    const send = (text: string) => {
      if (response.destroyed || response.writableEnded) return;
      response.write(text);
      if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
    };
    const tell = (changes: Changes) => {
      if (changes.rows.length + changes.gone.length === 0) return;
      const text = changes.rows.length > MOST_ROWS ? STALE : changesText(changes, query);
      send(`data: ${text.length > MOST_EVENT_CHARACTERS ? STALE : text}\n\n`);
    };
    const heartbeat = setInterval(() => send(`data: ${factsText(query)}\n\n`), heartbeatMs).unref();
    let stopListening: (() => void) | undefined;
    response.once("close", () => {
      clearInterval(heartbeat);
      responses.delete(response);
      release();
      stopListening?.();
    });
    send(`retry: ${RETRY_MS}\n\n`);
    const stop = await listen(query, tell);
    if (response.destroyed) return stop();
    stopListening = stop;
    // The page was made a moment ago; whoever comes back missed what came meanwhile.
    const isBack = request.get("last-event-id") !== undefined;
    const before = request.query.shown;
    const now = isBack ? undefined : await inTurns(shown(query));
    send(`id: 1\ndata: ${isBack || before !== now ? STALE : "{}"}\n\n`);
  };
}

async function inTurns<T>(work: Generator<unknown, T>): Promise<T> {
  const pause = createPauses(SLICE_MS);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    await pause();
  }
}
