import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { apiVersionOf, type Kind, type KubeObject, kindNamed, type NewObject } from "./kinds.ts";

export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly kind: Kind;
  readonly object: KubeObject;
  /** What the object was before; a selector may have matched only then. */
  readonly previous: KubeObject | undefined;
  readonly resourceVersion: number;
}

/** Everything in the cluster at one moment; stored objects are never changed, only replaced. */
export interface Backup {
  readonly resourceVersion: number;
  readonly objects: ReadonlyMap<string, KubeObject>;
}

export interface ObjectStore {
  readonly resourceVersion: number;
  /** What Deployments are rolled out by; without it they are as soon as they are written. */
  hasController: boolean;
  get(kind: Kind, namespace: string | undefined, name: string): KubeObject | undefined;
  /** By namespace and name. */
  list(kind: Kind): readonly KubeObject[];
  /** Creates or replaces; the server's part of the metadata is kept or filled in. */
  put(object: NewObject): KubeObject;
  /** As a controller does: the rest of the object stays. */
  putStatus(kind: Kind, namespace: string | undefined, name: string, status: object): void;
  remove(kind: Kind, namespace: string | undefined, name: string): KubeObject | undefined;
  /** Changes after that version, oldest first; undefined when the history no longer reaches back so far. */
  changesAfter(resourceVersion: number): readonly Change[] | undefined;
  /** Called synchronously, once per change. */
  subscribe(listener: (change: Change) => void): () => void;
  dropHistory(): void;
  backup(): Backup;
  /** The objects and the resourceVersion of a backup, as after the restore of an etcd: nobody is told. */
  restore(backup: Backup): void;
}

export function createObjectStore(historyLimit: number): ObjectStore {
  let resourceVersion = 1000;
  let objects = new Map<string, KubeObject>();
  let history: Change[] = [];
  let historyStart = resourceVersion;
  const listeners = new Set<(change: Change) => void>();

  function record(change: Change): void {
    history.push(change);
    if (history.length > historyLimit) historyStart = history.shift()?.resourceVersion ?? historyStart;
    for (const listener of [...listeners]) listener(change);
  }

  function write(kind: Kind, key: string, object: KubeObject, previous: KubeObject | undefined): KubeObject {
    if (previous && isDeepStrictEqual(withoutVersion(previous), withoutVersion(object))) return previous;
    resourceVersion += 1;
    objects.set(key, object);
    record({ type: previous ? "MODIFIED" : "ADDED", kind, object, previous, resourceVersion });
    return object;
  }

  const store: ObjectStore = {
    hasController: false,
    get resourceVersion() {
      return resourceVersion;
    },
    get: (kind, namespace, name) => objects.get(keyOf(kind, namespace, name)),
    list(kind) {
      const prefix = `${kind.plural}.${kindNamed(kind.kind).group}/`;
      const found = [...objects].filter(([key]) => key.startsWith(prefix));
      return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
    },
    put(input) {
      const kind = kindNamed(input.kind);
      const key = keyOf(kind, input.metadata.namespace, input.metadata.name);
      const previous = objects.get(key);
      const object = completed(kind, input, previous, String(resourceVersion + 1));
      // A write of the object leaves its status alone.
      const status = store.hasController && kind.kind === "Deployment" ? { status: previous?.status ?? {} } : {};
      return write(kind, key, { ...object, ...status }, previous);
    },
    putStatus(kind, namespace, name, status) {
      const key = keyOf(kind, namespace, name);
      const previous = objects.get(key);
      if (!previous) return;
      const metadata = { ...previous.metadata, resourceVersion: String(resourceVersion + 1) };
      write(kind, key, { ...previous, metadata, status }, previous);
    },
    remove(kind, namespace, name) {
      const key = keyOf(kind, namespace, name);
      const previous = objects.get(key);
      if (!previous) return undefined;
      resourceVersion += 1;
      objects.delete(key);
      const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(resourceVersion) } };
      record({ type: "DELETED", kind, object, previous, resourceVersion });
      return object;
    },
    changesAfter: (version) => (version < historyStart ? undefined : history.filter((change) => change.resourceVersion > version)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    dropHistory() {
      history = [];
      // A version of its own, so that even a watcher that has seen everything is too old.
      resourceVersion += 1;
      historyStart = resourceVersion;
    },
    backup: () => ({ resourceVersion, objects: new Map(objects) }),
    restore(backup) {
      resourceVersion = backup.resourceVersion;
      objects = new Map(backup.objects);
      history = [];
      historyStart = resourceVersion;
    },
  };
  return store;
}

function keyOf(kind: Kind, namespace: string | undefined, name: string): string {
  return `${kind.plural}.${kindNamed(kind.kind).group}/${kind.namespaced ? namespace : ""}/${name}`;
}

function withoutVersion(object: KubeObject): unknown {
  return { ...object, metadata: { ...object.metadata, resourceVersion: "", generation: 0 } };
}

function completed(kind: Kind, input: NewObject, previous: KubeObject | undefined, resourceVersion: string): KubeObject {
  const copy: NewObject = structuredClone(input);
  const generation = previous?.metadata.generation ?? 0;
  const metadata: KubeObject["metadata"] = {
    ...copy.metadata,
    uid: previous?.metadata.uid ?? randomUUID(),
    creationTimestamp: previous?.metadata.creationTimestamp ?? new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    resourceVersion,
    ...(kind.group !== "" &&
      kind.kind !== "Event" && { generation: isDeepStrictEqual(previous?.spec, copy.spec) ? generation : generation + 1 }),
  };
  const ordered = inOrder(metadata, ["name", "generateName", "namespace", "uid", "resourceVersion"]);
  const object = inOrder({ ...copy, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: ordered }, [
    "kind",
    "apiVersion",
    "metadata",
  ]);
  return { ...object, ...(completions[kind.kind]?.(object) ?? {}) };
}

/** Real servers write what an object is before what its owner made of it. */
function inOrder<Fields extends object>(fields: Fields, first: readonly string[]): Fields {
  const rank = ([name]: [string, unknown]) => (first.includes(name) ? first.indexOf(name) : first.length);
  return Object.fromEntries(Object.entries(fields).sort((a, b) => rank(a) - rank(b))) as Fields;
}

/** What a real server (and its controllers) would add to what users write. */
const completions: Readonly<Record<string, (object: KubeObject) => object>> = {
  Namespace: ({ metadata }) => ({ status: { phase: metadata.deletionTimestamp === undefined ? "Active" : "Terminating" } }),
  Secret: ({ type, data, stringData }) => ({
    type: type ?? "Opaque",
    data: {
      ...(data as object),
      ...Object.fromEntries(Object.entries((stringData ?? {}) as object).map(([key, text]) => [key, toBase64(text)])),
    },
    stringData: undefined,
  }),
  Deployment: ({ spec, metadata }) => {
    const replicas = (spec as { replicas?: number } | undefined)?.replicas ?? 1;
    const counts = { replicas, readyReplicas: replicas, updatedReplicas: replicas, availableReplicas: replicas };
    return { status: { observedGeneration: metadata.generation, ...counts } };
  },
};

function toBase64(text: unknown): string {
  return Buffer.from(String(text)).toString("base64");
}
