/** `/debug` (contract §5). */
import { annotationNames, annotationOf, annotationPrefix, isOriginal } from "../core/annotations.ts";
import type { Branches } from "../core/progress.ts";
import { originsOf } from "../core/read-values.ts";
import { isDeployment, isTracked, type Tracked, type WorkloadRecord, workloadOf } from "../core/types.ts";
import { redacted } from "./redacted.ts";
import { imageOf, type Known, type ShowRows, shownBranches } from "./status-rows.ts";

/** `/debug` in pieces, one for each entry. The cache holds our own annotations only. */
export function* debugText({ deployments, parse, branchesOf }: Known, { redact, show }: ShowRows): Generator<string> {
  let before = "[";
  for (const record of deployments.list()) {
    const workload = workloadOf(record);
    const entry = show(workload, () => {
      const parsed = parse(record);
      if (!isTracked(parsed)) return undefined;
      // Before it is JSON: an escaped secret would not be known as one.
      return JSON.stringify(redacted(debugEntry(record, parsed, branchesOf(workload)), redact));
    });
    yield entry === undefined ? "" : before + entry;
    if (entry !== undefined) before = ",";
  }
  yield before === "[" ? "[]" : "]";
}

function debugEntry(record: WorkloadRecord, parsed: Tracked, branches: Branches | undefined): object {
  const { container, version } = imageOf(record, parsed);
  const { kind, name, namespace, annotations: texts } = record;
  const origins = originsOf(record).map(([key, from]) => [annotationPrefix + key, `ConfigMap ${from}`]);
  return {
    ...{ container, ...(!isDeployment(record) && { kind }), name, namespace, annotations: texts },
    ...(origins.length > 0 && { defaults: Object.fromEntries(origins) }),
    ...{ version, config: configOf(record, parsed, branches) },
  };
}

/** In the original's order and with its names; what it did not know only when set. */
function configOf({ namespace }: WorkloadRecord, parsed: Tracked, found: Branches | undefined): object {
  const settings = { ...parsed.settings, observe_branch: shownBranches(parsed, found).observed };
  const shown = annotationNames
    .filter((name) => settings[name] !== undefined || isOriginal(name))
    .map((name) => [annotationOf(name).nameInDebug ?? name, settings[name] ?? null]);
  const { enabled, ...rest } = Object.fromEntries(shown);
  return { enabled, namespace, ...rest };
}
