import type { Sample } from "./sample.ts";

export interface Settings {
  /** Repetitions behind each median. */
  readonly runs: number;
  /** Small sizes: shows that the bench works, not how fast anything is. */
  readonly quick: boolean;
}

/** What must be reached: a number and its limit. */
interface Goal {
  /** As the contract says it. */
  readonly text: string;
  readonly value: number;
  readonly atMost: number;
}

/** One line of the table. */
export interface Finding {
  readonly work: string;
  readonly figure: Sample;
  readonly peer?: { readonly name: string; readonly figure: Sample };
  /** Absent: told for comparison. */
  readonly goal?: Goal;
}

export interface Row {
  readonly name: string;
  measure(settings: Settings): AsyncGenerator<Finding, void, undefined>;
}

export function isMet({ value, atMost }: Goal): boolean {
  return value <= atMost;
}
