/** The kinds of object that the cluster API serves. */
export interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly version: "v1";
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
}

export const kinds: readonly Kind[] = [
  { kind: "Namespace", plural: "namespaces", singular: "namespace", group: "", version: "v1", namespaced: false, shortNames: ["ns"] },
  { kind: "Secret", plural: "secrets", singular: "secret", group: "", version: "v1", namespaced: true, shortNames: [] },
  {
    kind: "Deployment",
    plural: "deployments",
    singular: "deployment",
    group: "apps",
    version: "v1",
    namespaced: true,
    shortNames: ["deploy"],
  },
  { kind: "Event", plural: "events", singular: "event", group: "events.k8s.io", version: "v1", namespaced: true, shortNames: ["ev"] },
  // The same objects, read only: what `kubectl get events` and `kubectl describe` ask for.
  { kind: "Event", plural: "events", singular: "event", group: "", version: "v1", namespaced: true, shortNames: ["ev"] },
];

export type KindName = "Namespace" | "Secret" | "Deployment" | "Event";

export function kindNamed(name: string): Kind {
  const kind = kinds.find((candidate) => candidate.kind === name);
  if (!kind) throw new Error(`the cluster API serves no ${name}; it knows ${kinds.map((known) => known.kind).join(", ")}`);
  return kind;
}

export function apiVersionOf(kind: Kind): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly resourceVersion?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

/** What a caller writes: the rest of the metadata is the server's. */
export interface NewObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}
