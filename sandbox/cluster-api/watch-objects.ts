import type { ServerResponse } from "node:http";
import { asKind } from "./core-event.ts";
import { encode, type Response, type Target } from "./exchange.ts";
import { metadataOf, wantsMetadata, wantsTable } from "./forms.ts";
import { apiVersionOf, type Kind, type KubeObject } from "./kinds.ts";
import type { Change, ObjectStore } from "./object-store.ts";
import { parseSelection, type Selection } from "./selection.ts";
import { Refusal, statusOf } from "./status.ts";
import { tableOf } from "./table.ts";

interface OpenWatch {
  /** A raw line, whatever it is. */
  sendLine(line: string): void;
  readonly kind: Kind;
  /** From now on nothing is sent and the connection stays open. */
  silence(): void;
  end(): void;
}

export interface Watches {
  readonly open: ReadonlySet<OpenWatch>;
  /** How a watch from a version before the history is refused: HTTP 410, or 200 and an ERROR event. */
  expiredForm: "http" | "event";
  /** As when the kind is no longer served. */
  endOf(kind: Kind): void;
  start(target: Target, query: URLSearchParams, accept: string, response: Response): void;
}

/** How long before its end a watch gets a last bookmark, as real servers do. */
const lastBookmarkMs = 2000;

export function createWatches(store: ObjectStore, bookmarkEveryMs: number): Watches {
  const open = new Set<OpenWatch>();
  const watches: Watches = {
    ...{ open, expiredForm: "event" as const, start },
    endOf(kind) {
      for (const watch of [...open]) if (watch.kind === kind) watch.end();
    },
  };
  return watches;

  function start(target: Target, query: URLSearchParams, accept: string, response: Response): void {
    if (query.get("sendInitialEvents"))
      throw new Refusal(422, "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled");
    const from = Number(query.get("resourceVersion") || 0);
    if (!Number.isSafeInteger(from) || from < 0) throw new Refusal(400, `invalid resource version: ${query.get("resourceVersion")}`);
    const selects = parseSelection(target.namespace, query);
    const missed = from === 0 ? [] : store.changesAfter(from);
    if (!missed && watches.expiredForm === "http") throw new Refusal(410, `too old resource version: ${from} (${store.resourceVersion})`);

    (response as ServerResponse).writeHead(200, { "content-type": "application/json" });
    (response as ServerResponse).flushHeaders();
    const timers: NodeJS.Timeout[] = [];
    let silent = false;
    const watch: OpenWatch = {
      kind: target.kind,
      sendLine(line) {
        if (!silent && !response.writableEnded && !response.destroyed) (response as ServerResponse).write(`${line}\n`);
      },
      silence() {
        silent = true;
      },
      end() {
        close();
        if (!silent && !response.writableEnded && !response.destroyed) (response as ServerResponse).end();
      },
    };
    function sendObject(type: string, object: KubeObject): void {
      const whole = query.get("includeObject") === "Object";
      const one = asKind(target.kind, object);
      const shown = wantsTable(accept) ? tableOf(target.kind.kind, [object], {}, whole) : wantsMetadata(accept) ? metadataOf(one) : one;
      watch.sendLine(encode({ type, object: shown }));
    }
    function sendChange(change: Change): void {
      // Real servers drop what is not newer than the asked version, even when that version is from a future that a restore took back.
      if (change.kind.plural !== target.kind.plural || change.kind.kind !== target.kind.kind || change.resourceVersion <= from) return;
      const type = typeAsSelected(change, selects);
      if (type) sendObject(type, type === "DELETED" ? asItWas(change) : change.object);
    }
    function sendBookmark(): void {
      if (store.resourceVersion <= from) return;
      const metadata = { resourceVersion: String(store.resourceVersion), creationTimestamp: null };
      const whole = { kind: target.kind.kind, apiVersion: apiVersionOf(target.kind), metadata };
      const object = wantsMetadata(accept) ? metadataOf(whole) : whole;
      watch.sendLine(JSON.stringify({ type: "BOOKMARK", object }));
    }
    function close(): void {
      open.delete(watch);
      unsubscribe();
      for (const timer of timers) clearTimeout(timer);
    }

    open.add(watch);
    const unsubscribe = store.subscribe(sendChange);
    response.on("close", close);
    response.on("error", close);
    if (!missed) {
      watch.sendLine(
        JSON.stringify({ type: "ERROR", object: statusOf(410, `too old resource version: ${from} (${store.resourceVersion})`) }),
      );
      watch.end();
      return;
    }
    if (from === 0) for (const object of store.list(target.kind).filter(selects)) sendObject("ADDED", object);
    for (const change of missed) sendChange(change);

    const timeoutMs = Number(query.get("timeoutSeconds") ?? 0) * 1000;
    if (timeoutMs > 0) timers.push(setTimeout(watch.end, timeoutMs));
    if (!/^(?:1|true)$/.test(query.get("allowWatchBookmarks") ?? "")) return;
    timers.push(setInterval(sendBookmark, bookmarkEveryMs));
    if (timeoutMs > 0) timers.push(setTimeout(sendBookmark, Math.max(timeoutMs - lastBookmarkMs, timeoutMs / 2)));
  }
}

/** What ceased to match a selector is shown as it was when it still did, in the version of the change. */
function asItWas({ object, previous = object, resourceVersion }: Change): KubeObject {
  return { ...previous, metadata: { ...previous.metadata, resourceVersion: String(resourceVersion) } };
}

/** For a selector, an object that begins or ceases to match is added or deleted. */
function typeAsSelected({ type, object, previous }: Change, selects: Selection): Change["type"] | undefined {
  const before = previous !== undefined && selects(previous);
  if (type === "DELETED") return before ? "DELETED" : undefined;
  if (!selects(object)) return before ? "DELETED" : undefined;
  return before ? "MODIFIED" : "ADDED";
}
