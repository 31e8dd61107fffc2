/** The nouns, in the order in which a pass meets them. */
import type { CompleteValues, Options } from "./annotation-names.ts";
import type { ForgeKind } from "./forges.ts";
import type { TagFormat } from "./tag-format.ts";

export interface SecretRef {
  readonly namespace: string;
  readonly name: string;
  /** The operator's own settings name it, not an annotation. */
  readonly isOperators?: true;
}

/** The field of a Secret with a forge's token, in whose place a GitHub App may be. */
export interface BuildTokenRef extends SecretRef {
  readonly field: "forge-token" | "github-token";
  /** Of the repository that it is for. */
  readonly forge: ForgeKind;
}

/** Never empty. */
export interface ReportSettings {
  readonly forms: readonly ("status" | "deployment")[];
  readonly environment: string;
  readonly environmentUrl: string | undefined;
}

/** Of a workload whose commits are proposed. */
export interface ProposalSettings {
  /** That belongs to it alone. */
  readonly branch: string;
  readonly labels: readonly string[];
  readonly autoMerge: boolean;
  /** What the host of the manifests is; undefined: nobody has said. */
  readonly forge: ForgeKind | undefined;
  /** With which requests are opened; undefined: there is none. */
  readonly token: ProposalTokenRef | undefined;
}

export interface ProposalTokenRef extends BuildTokenRef {
  /** It is the one for builds: where it can't be used it is as if there were none. */
  readonly isDefault?: true;
}

/** Whether a Deployment's Pods are what its template says: all of them, not yet, not within its deadline; `none`: it is scaled to 0. */
export type Rollout = "done" | "under_way" | "stuck" | "none";

/** By what an object with our annotations is known. Of two kinds that are watched none has the name of the other. */
export interface Workload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Equal for the same workload alone. */
export function idOf({ kind, namespace, name }: Workload): string {
  return `${kind}/${namespace}/${name}`;
}

/** No part of an id holds a slash. */
export function workloadOfId(id: string): Workload {
  const [kind = "", namespace = "", name = ""] = id.split("/");
  return { kind, namespace, name };
}

/** Nothing but what it is known by. */
export function workloadOf({ kind, namespace, name }: Workload): Workload {
  return { kind, namespace, name };
}

/** The one kind that texts take for granted: of others they say the kind too. */
export function isDeployment({ kind }: Pick<Workload, "kind">): boolean {
  return kind === "Deployment";
}

/** How texts name it within its namespace. */
export function inWords({ kind, name }: Pick<Workload, "kind" | "name">): string {
  return `${kind} ${name}`;
}

/** How texts name all of its kind. */
export function allInWords(workload: Pick<Workload, "kind">): string {
  return isDeployment(workload) ? "Deployments" : `${workload.kind} objects`;
}

/** In lists where its kind goes without saying when it is a Deployment. */
export function placeInWords(workload: Workload): string {
  const { kind, namespace, name } = workload;
  return `${isDeployment(workload) ? "" : `${kind} `}${namespace}/${name}`;
}

/** In lines of the log, and as labels of metrics: what is no Deployment says its kind. */
export function logFields(workload: Workload) {
  const { kind, namespace, name } = workload;
  return { namespace, deployment: name, ...(!isDeployment(workload) && { kind }) };
}

/** What the cache keeps of a workload that carries a `gitops.operator.*` annotation; of the others it keeps nothing. */
export interface WorkloadRecord extends Workload {
  /** Of its kind, which one of that name, and how new: for Events about it. */
  readonly apiVersion?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Only `gitops.operator.*` and `deployment.kubernetes.io/revision`: others may hold secrets. Of unknown ones the first ten names. */
  readonly annotations: Readonly<Record<string, string>>;
  /** How many further unknown `gitops.operator.*` there are. */
  readonly moreUnknown?: number;
  /** Why nothing more is known of it, and what to do. */
  readonly problem?: string;
  /** `spec.template.spec.containers`, in order. Of a Deployment alone: of other kinds only the metadata is read. */
  readonly containers: readonly { readonly name: string; readonly image: string }[];
  /** What its status says; undefined: nothing. */
  readonly rollout?: Rollout;
  /** How many Pods it wants; known where `rollout` is. */
  readonly replicas?: number;
  /** For what its annotations don't say; one object for all of a namespace. */
  readonly defaults?: NamespaceDefaults;
}

/** What is kept of a ConfigMap with defaults: its data as if they were annotations, and the names of those that lack the prefix. */
export type DefaultsRecord = Pick<WorkloadRecord, "namespace" | "name" | "annotations" | "moreUnknown" | "problem">;

/** By the annotation's short name; `from` names a ConfigMap. */
export interface NamespaceDefaults {
  readonly values: Readonly<Partial<Record<string, { readonly text: string; readonly from: string }>>>;
  /** What is the matter with those on which two ConfigMaps disagree. */
  readonly conflicts: Readonly<Partial<Record<string, string>>>;
  /** Of ConfigMaps that can't be read: what they would say is not known. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Why no ConfigMap was ever seen. */
  readonly unseen?: string;
}

export type Repository =
  | { readonly transport: "ssh"; readonly user: string; readonly host: string; readonly port: number; readonly path: string }
  | { readonly transport: "https"; readonly host: string; readonly port: number; readonly path: string };

export type SshRepository = Extract<Repository, { transport: "ssh" }>;

/** A repository path with the registry's host when one is known: `docker.io` for Docker Hub, else `host[:port]`. */
export interface ImageName {
  readonly registry?: string;
  /** Without host: `library/app`, `team/app`; while the registry is not known, `app` stays `app`. */
  readonly repository: string;
}

/** What the annotations of a complete Deployment say; absent = not set. What `/debug` shows as `config`. */
export type Settings = Omit<CompleteValues, "enabled" | "tag_type"> & {
  readonly enabled: boolean;
  readonly tag_type: Options["tag_type"];
};

/** Which files and folders of the application's repository count: relative to its root, without a `/` at either end. */
export interface AppPaths {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** Where in the manifests repository the tag stands. */
export interface FilePattern {
  /** Normalised, relative, `/`-separated. `*` stands for any characters of one part, `**` for folders or none. */
  readonly path: string;
  /** The one scalar that is meant, as `image.tag`; without it the file is searched for the image. */
  readonly at?: string;
}

/** What a chat may be told. */
export const notifyOn = ["building", "patched", "failed", "recovered", "held", "proposed", "rolled_out"] as const;
export type NotifyOn = (typeof notifyOn)[number];

/** What one Deployment wants, parsed: plain data, compared by value to see whether the annotations changed. */
export interface Target extends Workload {
  readonly appRepository: Repository;
  /** Undefined, here and for the manifests: `master` where the remote has it, else the remote's default branch. */
  readonly appBranch: string | undefined;
  readonly appKey: SecretRef;
  readonly manifestRepository: Repository;
  readonly manifestBranch: string | undefined;
  readonly manifestKey: SecretRef;
  readonly files: readonly [FilePattern, ...FilePattern[]];
  readonly image: ImageName;
  readonly options: Options;
  readonly tagFormat: TagFormat;
  /** How many commits behind the tip may be taken when the tip has no image. */
  readonly lookBack: number;
  /** Only commits that change one of these count. Undefined: all. */
  readonly appPaths: AppPaths | undefined;
  /** Glob: of the git tags that match it the highest is wanted instead of the branch's newest commit. */
  readonly releaseTags: string | undefined;
  /** Until then nothing is done; as it is written, a time as RFC 3339 has it. */
  readonly pausedUntil: string | undefined;
  readonly pausedReason: string | undefined;
  readonly registryUrl: string | undefined;
  /** `named`: its name or its namespace is, by annotation, so a missing one is a failure; else the default that may be absent. */
  readonly registrySecret: SecretRef & { readonly named: boolean };
  readonly notificationsSecret: SecretRef | undefined;
  /** What is told there; undefined: what is told by default. */
  readonly notifyOn: readonly NotifyOn[] | undefined;
  /** For the forge of the application's repository. */
  readonly buildToken: BuildTokenRef | undefined;
  /** What is told on the application's commit; undefined: nothing. */
  readonly report: ReportSettings | undefined;
  /** Undefined: commits go to the branch of the manifests. */
  readonly proposal: ProposalSettings | undefined;
  /** Whose events concern this Deployment, beside the operator's own. */
  readonly hookSecret: SecretRef | undefined;
  /** Commits are signed with its key; undefined: they are not. */
  readonly signingSecret: SecretRef | undefined;
}

/** Every Deployment is exactly one of these. `warnings`: unknown keys, odd values that have a default. */
export type Parsed =
  | { readonly kind: "untracked" }
  | { readonly kind: "incomplete"; readonly problems: readonly string[] }
  | { readonly kind: "disabled"; readonly settings: Settings; readonly warnings: readonly string[] }
  | { readonly kind: "malformed"; readonly settings: Settings; readonly problems: readonly string[]; readonly warnings: readonly string[] }
  | { readonly kind: "ready"; readonly settings: Settings; readonly target: Target; readonly warnings: readonly string[] };

/** It has all required annotations. */
export type Tracked = Exclude<Parsed, { kind: "untracked" | "incomplete" }>;

export function isTracked(parsed: Parsed): parsed is Tracked {
  return parsed.kind !== "untracked" && parsed.kind !== "incomplete";
}

/** What a call is narrowed to. */
export interface Filter {
  /** In upper or lower case. */
  readonly kind?: string;
  readonly namespace?: string;
  readonly deployment?: string;
  /** Of workloads, as `idOf` makes them; what is not there any more is passed over. */
  readonly ids?: readonly string[];
}
