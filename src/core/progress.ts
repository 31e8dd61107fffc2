import type { Phase } from "./observer.ts";

/** What a pass or a run was begun for: a readiness probe, the timer, an event of a forge or registry, any other call. */
export type Cause = "probe" | "timer" | "hook" | "call";

/** How a run tells others where it is. */
export interface Progress {
  /** Names the run in log lines. */
  readonly id: string;
  /** Of who began the run, whoever joined it since. */
  readonly cause: Cause;
  /** What is being done, in words, for the answer that is due before the end. */
  step(phase: Phase, text: string, known?: { from?: string; to?: string }): void;
  /** Called when the refs are about to be listed: questions asked later need another run. The time of the last question that this one answers. */
  list(): number;
  /**
   * Called before each wait for a build: the run gives up its place meanwhile, and calls that come are answered by it as long as `isCurrent`
   * says, of a listing not older than they are, that its commit is still the newest.
   */
  wait(text: string, isCurrent: (notBefore: number) => Promise<boolean>): void;
  /** Resolves when somebody says that there may be news of what is waited for. */
  nudged(): Promise<void>;
  readonly signal: AbortSignal;
}

/** As it stands in the file that a run read last. */
export interface ReadImage {
  /** Without tag and digest. */
  readonly container: string;
  readonly version: string;
}

/** By name, as the last run found them. */
export interface Branches {
  readonly observed: string;
  readonly manifests: string;
}
