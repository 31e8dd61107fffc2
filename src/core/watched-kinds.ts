/** Which kinds of objects are watched: some always, others as whoever runs the operator says. */
import { isLabelName } from "./kubernetes-names.ts";

/** A resource of the API server, as `kubectl api-resources` shows it. */
export interface WatchedKind {
  /** In plural and lower case: `rollouts`. */
  readonly resource: string;
  readonly group: string;
  readonly version: string;
  /** Undefined: the API server tells it. */
  readonly kind: string | undefined;
}

/** The first is what the operator can't do without. */
export const builtInKinds: readonly [WatchedKind, ...WatchedKind[]] = [
  { resource: "deployments", group: "apps", version: "v1", kind: "Deployment" },
  { resource: "statefulsets", group: "apps", version: "v1", kind: "StatefulSet" },
  { resource: "daemonsets", group: "apps", version: "v1", kind: "DaemonSet" },
  { resource: "cronjobs", group: "batch", version: "v1", kind: "CronJob" },
];

const mostKinds = 20;
const versionForm = /^v[0-9]{1,5}(?:(?:alpha|beta)[0-9]{1,5})?$/;

/** They are made from a template, and what they are made of is not changed afterwards. */
export function isNeverWatched(kind: string): boolean {
  return kind === "Pod" || kind === "Job";
}

export const neverWatched = "Pods and Jobs are never watched";
const neverResource = /^(?:pods|jobs)(?:\.|\/|$)/;

/** `RESOURCE.GROUP/VERSION`, several with commas. */
export function parseWatchedKinds(
  text: string,
): { readonly kind: "ok"; readonly kinds: readonly WatchedKind[] } | { readonly kind: "error"; readonly problem: string } {
  const words = text
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
  if (words.length > mostKinds) return { kind: "error", problem: `names more than ${mostKinds} resources` };
  const kinds: WatchedKind[] = [];
  for (const word of words) {
    const shown = `'${word.slice(0, 100)}'`;
    if (neverResource.test(word)) return { kind: "error", problem: `names ${shown}, but ${neverWatched}; annotate what makes them` };
    const [name = "", version = "", ...more] = word.split("/");
    const [resource = "", ...groupParts] = name.split(".");
    const isName = groupParts.length > 0 && [resource, ...groupParts].every(isLabelName);
    if (!isName || !versionForm.test(version) || more.length > 0)
      return {
        kind: "error",
        problem: `must be resource.group/version with commas between them, like rollouts.argoproj.io/v1alpha1, not ${shown}`,
      };
    const group = groupParts.join(".");
    const isSame = (other: WatchedKind) => other.resource === resource && other.group === group;
    if (builtInKinds.some(isSame)) return { kind: "error", problem: `names ${shown}, which is watched anyway; leave it out` };
    if (kinds.some(isSame)) return { kind: "error", problem: `names ${resource}.${group} twice` };
    kinds.push({ resource, group, version, kind: undefined });
  }
  return { kind: "ok", kinds };
}
