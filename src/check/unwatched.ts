import { builtInKinds, isNeverWatched, neverWatched, type WatchedKind } from "../core/watched-kinds.ts";
import type { Level } from "./report.ts";

/** Why the operator would not look at an object of that kind, with the annotations or without; undefined: it does. */
export function unwatchedBecause(
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  watched: readonly WatchedKind[],
): { readonly level: Level; readonly message: string } | undefined {
  const known = builtInKinds.find((one) => one.kind === kind);
  if (known) {
    const read = `${known.group}/${known.version}`;
    return read === apiVersion ? undefined : problem(`${apiVersion} is not what the operator reads; write apiVersion: ${read}`);
  }
  if (isNeverWatched(kind)) return problem(`${neverWatched}; annotate what makes them`);
  const [group = "", version] = apiVersion.split("/");
  if (version === undefined) return problem(`${kind} objects can't be watched; annotate a workload, or what installs it`);
  // The resource's name is known to the cluster alone.
  if (watched.some((one) => one.group === group)) return undefined;
  const message = `it is watched only where WATCH_KINDS names its resource, as RESOURCE.${group}/${version} (kubectl api-resources --api-group=${group})`;
  return { level: "warning", message };
}

function problem(message: string): { readonly level: Level; readonly message: string } {
  return { level: "problem", message };
}
