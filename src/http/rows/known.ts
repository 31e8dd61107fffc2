/** What `/status` and `/debug` are made of. */
import { annotations } from "../../core/annotations.ts";
import type { Workloads } from "../../core/cluster-ports.ts";
import type { LastEvent } from "../../core/hints/last-events.ts";
import { containerAndVersion, parseImageName } from "../../core/image.ts";
import type { Branches, ReadImage } from "../../core/progress.ts";
import type { LastResult } from "../../core/runs/last-result.ts";
import {
  isDeployment,
  type Parsed,
  type SecretRef,
  type Tracked,
  type Workload,
  type WorkloadRecord,
  workloadOf,
} from "../../core/types.ts";

/** What is known of the Deployments by now. */
export interface Known {
  /** `refusals`: what RBAC does not let the operator see. */
  readonly workloads: Pick<Workloads, "list" | "refusal"> & { readonly refusals: readonly string[] };
  readonly parse: (record: WorkloadRecord) => Parsed;
  readonly lastResult: (workload: Workload) => LastResult | undefined;
  /** As the last run found them. */
  readonly branchesOf: (workload: Workload) => Branches | undefined;
  /** What stands in the file, as the last run read it; for workloads that are no Deployments, whose Pods are not looked at. */
  readonly imageOf: (workload: Workload) => ReadImage | undefined;
  /** Whether its key was bound to no repositories when it was last read. */
  readonly isUnboundKey: (ref: SecretRef) => boolean | undefined;
  readonly chatProblem: (workload: Workload) => string | undefined;
  /** Why builds could not be asked for with the token that is named. */
  readonly buildTokenProblem: (workload: Workload) => string | undefined;
  /** Why nothing could be told on the application's commit. */
  readonly reportProblem: (workload: Workload) => string | undefined;
  readonly hooks: Hooks;
}

export interface Hooks {
  /** There is a port for events. */
  readonly isOpen: boolean;
  /** The operator has a Secret of its own for events, and those concern every workload. */
  readonly areForAll: boolean;
  readonly last: (workload: Workload) => LastEvent | undefined;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** The branches that the annotations name, else those that the last run found; before the first run the one that it will look for first. */
export function shownBranches({ settings }: Tracked, found: Branches | undefined): Branches {
  const { observe_branch, manifest_branch } = settings;
  return {
    observed: observe_branch ?? found?.observed ?? annotations.observe_branch.default,
    manifests: manifest_branch ?? observe_branch ?? found?.manifests ?? annotations.observe_branch.default,
  };
}

/** Of a Deployment the image of the first container that the annotations mean, else of its first container. */
export function shownImage(record: WorkloadRecord, parsed: Tracked, { imageOf }: Pick<Known, "imageOf">): ReadImage | undefined {
  if (!isDeployment(record)) return imageOf(workloadOf(record));
  const { containers } = record;
  if (parsed.kind === "ready") return containerAndVersion(containers, parsed.target.image);
  const name = parseImageName(parsed.settings.image_name);
  return containerAndVersion(containers, name.kind === "ok" ? name.image : undefined);
}
