/** `/reconcile` (contract §5). Snake case is written in its entries. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Request } from "express";
import type { Result } from "../../core/outcome.ts";
import type { Filter } from "../../core/types.ts";
import { createLoopTurns } from "../../sharing/loop-turns.ts";
import { onceEach } from "../../sharing/once-each.ts";
import { parseQueryFilter } from "../query-filter.ts";
import { requireToken } from "../require-token.ts";
import { type Routes, refuseMethod } from "../routes.ts";
import { sendError, sendJson, toJson } from "../send-json.ts";
import { foreignPage } from "./foreign-page.ts";
import { reconcileEntry } from "./reconcile-entry.ts";

/** `call`: how it was asked for, for its trace. */
export type Reconcile = (filter: Filter, call: Pick<Request, "method" | "headers">) => Promise<Result[]>;

const PATH = "/reconcile";
/** Their routes, spans and answers take some milliseconds together. */
const CALLS_PER_TURN = 50;
/** As long as their messages may be, they take some milliseconds together. */
const ENTRIES_PER_TURN = 100;

/** `reconcileToken`: undefined, it is asked for by anybody. */
export function reconcileRoutes(reconcile: Reconcile, reconcileToken: string | undefined): Routes {
  const turn = createLoopTurns(CALLS_PER_TURN);
  const body = onceEach(reconcileBody);
  return {
    paths: [PATH],
    add(app) {
      // Before the token is asked for: a browser may not be made to try some.
      app.all(PATH, (request, response, next) => {
        const foreign = foreignPage(request.method, request.headers);
        if (foreign === undefined) next();
        else sendError(response, 403, `${foreign}; nothing was started`);
      });
      if (reconcileToken !== undefined) app.all(PATH, requireToken(reconcileToken));
      app.all(PATH, async (request, response) => {
        await turn();
        // HEAD starts nothing: a link checker is no trigger.
        if (request.method === "HEAD") return sendJson(response, Buffer.alloc(0));
        if (request.method !== "GET" && request.method !== "POST") return refuseMethod(response, "GET, HEAD, POST");
        const filter = parseQueryFilter(request.query);
        if (!filter)
          return sendError(response, 400, "the query may hold namespace=…, deployment=… and kind=…, once each; nothing was started");
        const results = await reconcile(filter, request);
        const json = await body(results);
        await turn();
        sendJson(response, json);
      });
    },
  };
}

async function reconcileBody(results: Result[]): Promise<Buffer> {
  const slices: Buffer[] = [];
  for (let at = 0; at < results.length; at += ENTRIES_PER_TURN) {
    await nextTurn();
    const json = toJson(results.slice(at, at + ENTRIES_PER_TURN).map(reconcileEntry));
    // Without its brackets, one of which becomes what goes in front of it.
    json.write(at === 0 ? "[" : ",");
    slices.push(json.subarray(0, -1));
  }
  return Buffer.concat([...slices, Buffer.from(results.length === 0 ? "[]" : "]")]);
}
