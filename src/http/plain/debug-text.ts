/** `/debug` (contract §5). */

import { annotationNames, annotationOf, isOriginal } from "../../core/annotation-names.ts";
import { annotationPrefix } from "../../core/annotations.ts";
import type { Branches, ReadImage } from "../../core/progress.ts";
import { originsOf } from "../../core/read-values.ts";
import { isDeployment, isTracked, type Tracked, type WorkloadRecord, workloadOf } from "../../core/types.ts";
import { redacted } from "../../text/redacted.ts";
import { jsonList } from "../json-list.ts";
import { type Known, shownBranches, shownImage } from "../rows/known.ts";
import type { ShowRows } from "../rows/status-rows.ts";

/** `/debug` in pieces: one for each entry. The cache holds our own annotations only. */
export function debugText(known: Known, { redact, show }: ShowRows): Iterable<string> {
  const { workloads, parse, branchesOf } = known;
  const entryOf = (record: WorkloadRecord) => {
    const workload = workloadOf(record);
    return show(workload, () => {
      const parsed = parse(record);
      if (!isTracked(parsed)) return undefined;
      // Before it is JSON: an escaped secret would not be known as one.
      return JSON.stringify(redacted(debugEntry(record, parsed, branchesOf(workload), shownImage(record, parsed, known)), redact));
    });
  };
  return jsonList(workloads.list().values().map(entryOf));
}

function debugEntry(record: WorkloadRecord, parsed: Tracked, branches: Branches | undefined, image: ReadImage | undefined): object {
  const { container, version } = image ?? { container: "", version: "" };
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
