/** The kinds of object that the cluster API serves. */
export interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
}

function namespaced(group: string, version: string, kind: string, plural: string, ...shortNames: string[]): Kind {
  return { kind, plural, singular: kind.toLowerCase(), group, version, namespaced: true, shortNames };
}

/** What every cluster serves. */
export const builtInKinds: readonly Kind[] = [
  { ...namespaced("", "v1", "Namespace", "namespaces", "ns"), namespaced: false },
  namespaced("", "v1", "Secret", "secrets"),
  namespaced("", "v1", "ConfigMap", "configmaps", "cm"),
  namespaced("", "v1", "Pod", "pods", "po"),
  namespaced("apps", "v1", "Deployment", "deployments", "deploy"),
  namespaced("apps", "v1", "StatefulSet", "statefulsets", "sts"),
  namespaced("apps", "v1", "DaemonSet", "daemonsets", "ds"),
  namespaced("batch", "v1", "CronJob", "cronjobs", "cj"),
  namespaced("events.k8s.io", "v1", "Event", "events", "ev"),
  // The same objects, read only: what `kubectl get events` and `kubectl describe` ask for.
  namespaced("", "v1", "Event", "events", "ev"),
];

/** What some clusters have installed. */
const customKinds: readonly Kind[] = [
  namespaced("argoproj.io", "v1alpha1", "Rollout", "rollouts", "ro"),
  namespaced("argoproj.io", "v1alpha1", "Application", "applications", "app"),
  namespaced("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases", "hr"),
  // Another project's, of the same kind.
  namespaced("app.k8s.io", "v1beta1", "Application", "applications"),
  { ...namespaced("argoproj.io", "v1alpha1", "ClusterAnalysisTemplate", "clusteranalysistemplates"), namespaced: false },
];

export const kinds: readonly Kind[] = [...builtInKinds, ...customKinds];

export type KindName =
  | ("Namespace" | "Secret" | "ConfigMap" | "Pod" | "Deployment" | "StatefulSet" | "DaemonSet" | "CronJob" | "Event")
  | ("Rollout" | "Application" | "HelmRelease" | "ClusterAnalysisTemplate");

export function kindNamed(name: string): Kind {
  const kind = kinds.find((candidate) => candidate.kind === name);
  if (!kind) throw new Error(`the cluster API serves no ${name}; it knows ${kinds.map((known) => known.kind).join(", ")}`);
  return kind;
}

/** `rollouts.argoproj.io` */
export function customKindNamed(resource: string): Kind {
  const kind = customKinds.find(({ plural, group }) => `${plural}.${group}` === resource);
  if (!kind) throw new Error(`the cluster API can't install ${resource}`);
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
