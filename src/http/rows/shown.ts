/** What a page shows of its rows, in brief: equal where nothing that is to be seen has changed. */
import { createHash } from "node:crypto";
import { describeOutcome } from "../../core/news/outcome-text.ts";
import { idOf, type Workload, workloadOf } from "../../core/types.ts";
import type { Known } from "./known.ts";
import type { Seen } from "./status-row.ts";

/** Times that only say when it was looked at are left out. */
export function faceOf({ record, last, image, lastEvent, warnings, state }: Seen, { hooks }: Pick<Known, "hooks">): string {
  const words = last && describeOutcome(record, last.outcome);
  const event = lastEvent === undefined ? undefined : hooks.last(workloadOf(record))?.at;
  return JSON.stringify([state, last?.since, words, last?.pushed?.commit, image, record.rollout, event, warnings]);
}

/** Of the rows that are added, in that order. */
export function createShown() {
  const hash = createHash("sha256");
  return {
    add: (workload: Workload, face: string) => void hash.update(JSON.stringify([idOf(workload), face])),
    digest: () => hash.digest("base64url").slice(0, 22),
  };
}
