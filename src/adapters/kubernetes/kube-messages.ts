import { parseJson } from "../../text/parse-json.ts";
import { KubeError } from "./kube-error.ts";
import type { LongLine } from "./split-lines.ts";

export type ListPage = ReturnType<typeof readListPage>;

/** `continueToken`: empty on the last page. */
export function readListPage(text: string) {
  const { items, metadata } = readJson(text) as { items?: unknown; metadata?: { resourceVersion?: unknown; continue?: unknown } };
  const resourceVersion = metadata?.resourceVersion;
  if (typeof resourceVersion !== "string" || (items !== null && !Array.isArray(items)))
    throw new KubeError("protocol", "the answer to a list is no list");
  const continueToken = typeof metadata?.continue === "string" ? metadata.continue : "";
  return { items: (items ?? []) as readonly unknown[], resourceVersion, continueToken, bytes: Buffer.byteLength(text) };
}

export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
  readonly resourceVersion: string | undefined;
  /** Of the object only the identity is there. */
  readonly isTooLarge?: true;
}

/** API servers write what an object is before anything that its owner chose, but for a prefix that can't hold a quote. */
const longEvent =
  /^\{"type":"([A-Z]+)","object":\{"kind":"\w+","apiVersion":"[\w./]+","metadata":\{"name":"([^"\\]+)",(?:"generateName":"[^"\\]*",)?"namespace":"([^"\\]+)",(?:"uid":"[^"\\]*",)?"resourceVersion":"(\d+)"/;

/** Throws the error that an ERROR event stands for. */
export function readWatchEvent(line: string | LongLine): WatchEvent {
  if (typeof line !== "string") return readLongEvent(line);
  const { type, object } = readJson(line) as {
    type?: unknown;
    object?: { code?: unknown; message?: unknown; metadata?: { resourceVersion?: unknown } };
  };
  if (type === "ERROR")
    throw new KubeError("status", `the watch failed: ${object?.message ?? "no reason given"}`, { status: Number(object?.code) });
  if (typeof type !== "string") throw new KubeError("protocol", "a line of the watch is no event");
  const version = object?.metadata?.resourceVersion;
  return { type, object, resourceVersion: typeof version === "string" ? version : undefined };
}

function readLongEvent({ beginning }: LongLine): WatchEvent {
  const [, type, name, namespace, resourceVersion] = longEvent.exec(beginning) ?? [];
  if (type === undefined) throw new KubeError("protocol", "an event of the watch is too long and does not say what it is about");
  return { type, object: { metadata: { name, namespace } }, resourceVersion, isTooLarge: true };
}

/** Versions of one kind are comparable as numbers; what is no number is never older. */
export function isOlderVersion(version: string, than: string): boolean {
  return /^\d+$/.test(version) && /^\d+$/.test(than) && BigInt(version) < BigInt(than);
}

function readJson(text: string): object {
  const value = parseJson(text);
  if (value === undefined) throw new KubeError("protocol", "the API server sent broken JSON");
  if (typeof value !== "object" || value === null) throw new KubeError("protocol", "the API server sent JSON that is no object");
  return value;
}
