import { KubeError } from "./kube-error.ts";

export interface ListPage {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** Empty on the last page. */
  readonly continueToken: string;
}

export function readListPage(text: string): ListPage {
  const { items, metadata } = readJson(text) as { items?: unknown; metadata?: { resourceVersion?: unknown; continue?: unknown } };
  const resourceVersion = metadata?.resourceVersion;
  if (typeof resourceVersion !== "string" || (items !== null && !Array.isArray(items)))
    throw new KubeError("protocol", "the answer to a list is no list");
  return { items: items ?? [], resourceVersion, continueToken: typeof metadata?.continue === "string" ? metadata.continue : "" };
}

export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
  readonly resourceVersion: string | undefined;
}

/** Throws the error that an ERROR event stands for. */
export function readWatchEvent(line: string): WatchEvent {
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

/** Versions of one kind are comparable as numbers; what is no number is never older. */
export function isOlderVersion(version: string, than: string): boolean {
  return /^\d+$/.test(version) && /^\d+$/.test(than) && BigInt(version) < BigInt(than);
}

function readJson(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new KubeError("protocol", "the API server sent broken JSON", { cause: error });
  }
  if (typeof value !== "object" || value === null) throw new KubeError("protocol", "the API server sent JSON that is no object");
  return value;
}
