/** The sleep between two looks at an image that is built: a nudge ends it early. */
import type { Clock } from "../ports.ts";

/** After a nudge a registry may lag behind: so soon it is looked at again, and again. */
const AGAIN_MS = [1_000, 2_000, 4_000] as const;
/** Between two early looks, and how many of them a run has. */
const LEAST_MS = 1_000;
const MOST_EARLY_LOOKS = 20;

interface LightSleepOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Resolves at the next nudge. */
  readonly nudged: () => Promise<void>;
}

export function createLightSleep({ clock, signal, nudged }: LightSleepOptions) {
  let left = 0;
  let since = 0;
  let again: readonly number[] = [];
  let earlyLooks = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let nudge: Promise<"nudged"> | undefined;

  /** Whether a nudge came before the time was up. */
  async function isNudgedWithin(ms: number): Promise<boolean> {
    if (earlyLooks >= MOST_EARLY_LOOKS) {
      await clock.sleep(ms, signal);
      return false;
    }
    const enough = new AbortController();
    const onAbort = () => enough.abort(signal.reason);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    // One that comes while nobody sleeps is seen by the next sleep.
    nudge ??= nudged().then(() => "nudged" as const);
    const slept = clock.sleep(ms, enough.signal).then(() => "slept" as const);
    try {
      const first = await Promise.race([slept, nudge]);
      if (first === "nudged") nudge = undefined;
      return first === "nudged";
    } finally {
      signal.removeEventListener("abort", onAbort);
      slept.catch(() => undefined);
      enough.abort();
    }
  }

  return {
    /** The sleep that follows is to last so long in all. */
    begin(ms: number): void {
      left = ms;
      since = clock.now();
    },
    /** Whether it ended early, and is to go on after a look. */
    async endsEarly(): Promise<boolean> {
      const [soonMs = Number.POSITIVE_INFINITY, ...later] = again;
      const isSoon = soonMs < left && earlyLooks < MOST_EARLY_LOOKS;
      const isNudged = await isNudgedWithin(isSoon ? soonMs : left);
      if (!isNudged && !isSoon) {
        again = [];
        return false;
      }
      again = isNudged ? AGAIN_MS : later;
      earlyLooks += 1;
      const restMs = lookedAt + LEAST_MS - clock.now();
      if (restMs > 0) await clock.sleep(restMs, signal);
      lookedAt = clock.now();
      left = Math.max(0, left - (lookedAt - since));
      since = lookedAt;
      return true;
    },
  };
}
