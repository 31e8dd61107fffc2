/** `/history`: what changed the tag of one Deployment, from what is remembered. */

import type { HistoryEntry } from "../../core/branch-history.ts";
import type { Workloads } from "../../core/cluster-ports.ts";
import { isMeant } from "../../core/is-meant.ts";
import { type Filter, isTracked, type Parsed, type Target, type WorkloadRecord } from "../../core/types.ts";
import { unknownName } from "../../core/unknown-name.ts";
import { ReconcileError } from "../../errors.ts";
import { escapeControl } from "../../text/escape.ts";
import { redacted } from "../../text/redacted.ts";
import { jsonList } from "../json-list.ts";
import { historyJson } from "../rows/history-json.ts";

export interface HistoryKnown {
  readonly workloads: Pick<Workloads, "list">;
  readonly parse: (record: WorkloadRecord) => Parsed;
  /** The newest first. */
  readonly historyOf: (target: Target) => readonly HistoryEntry[];
}

/** In pieces, one for each entry. Throws `name_unknown` at once. */
export function historyText({ workloads, parse, historyOf }: HistoryKnown, filter: Filter, redact: (text: string) => string) {
  const tracked = workloads.list().filter((record) => isTracked(parse(record)));
  const unknown = unknownName(filter, tracked);
  if (unknown !== undefined) throw new ReconcileError("name_unknown", unknown);
  return jsonList(entries());

  function* entries(): Generator<string> {
    for (const record of tracked) {
      const parsed = parse(record);
      if (!isMeant(record, filter) || parsed.kind !== "ready") continue;
      for (const entry of historyOf(parsed.target)) {
        // Before it is JSON: an escaped secret would not be known as one.
        yield JSON.stringify(redacted(historyJson(entry), (text) => escapeControl(redact(text))));
      }
    }
  }
}
