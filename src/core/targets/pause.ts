import { cut } from "../../text/cut.ts";
import { serverWords } from "../../text/server-words.ts";
import type { AnnotationValues } from "../annotation-names.ts";
import type { Outcome } from "../outcome.ts";
import type { Target } from "../types.ts";
import type { Complain } from "./target.ts";

type Pause = Pick<Target, "pausedUntil" | "pausedReason">;

const mostCharacters = 120;
/** RFC 3339, §5.6; of a leap second Date knows nothing. */
const time = /^(\d{4})-(\d\d)-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/** A time that can't be read is told, never passed over: somebody relies on it. */
export function readPause({ paused_until, paused_reason }: AnnotationValues, complain: Complain): Pause {
  if (paused_until !== undefined && !isTime(paused_until)) {
    complain("paused_until", "is no time as RFC 3339 has it; write date, time and offset, for example '2030-01-31T18:00:00Z'");
  }
  const reason = paused_reason === undefined ? "" : cut(serverWords(paused_reason), mostCharacters);
  return { pausedUntil: paused_until, pausedReason: reason === "" ? undefined : reason };
}

/** The answer instead of a run, while its time has not come. `now`: in ms, of the wall clock. */
export function pausedOutcome({ pausedUntil, pausedReason }: Pause, now: number): Outcome | undefined {
  if (pausedUntil === undefined || Date.parse(pausedUntil.toUpperCase()) <= now) return undefined;
  return { kind: "skipped", reason: "paused", until: pausedUntil, ...(pausedReason !== undefined && { why: pausedReason }) };
}

/** Date itself takes the 30th of February for the 2nd of March. */
function isTime(text: string): boolean {
  const [, year, month, day] = time.exec(text) ?? [];
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day);
}
