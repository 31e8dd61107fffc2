/** One run for one Deployment: it waits for its place, has a deadline, may wait for a build, and ends at shutdown unless it writes. */
import { asReconcileError, ReconcileError } from "../../errors.ts";
import { createNudges, type Nudges } from "../../sharing/nudges.ts";
import type { Slots } from "../../sharing/slots.ts";
import type { Seat } from "../delivery/writer.ts";
import type { Observer } from "../observer.ts";
import type { Outcome } from "../outcome.ts";
import type { Cause, Progress } from "../progress.ts";
import type { Span } from "../tracer.ts";
import type { Target } from "../types.ts";

/** A run that has not ended by then has failed (promise P6). */
const RUN_DEADLINE_MS = 240_000;

export interface Run {
  readonly id: string;
  readonly cause: Cause;
  readonly startedAt: number;
  readonly target: Target;
  readonly outcome: Promise<Outcome>;
  /** The last question that this run answers; undefined once its refs are being listed, when no more can join. */
  askedAt: number | undefined;
  /** While it waits for a build: whether its commit is still the newest, by a listing not older than that; and how to end the wait. */
  wait: { readonly isCurrent: (notBefore: number) => Promise<boolean>; readonly supersede: () => void } | undefined;
  /** Called when it begins to wait. */
  onWait: (() => void) | undefined;
  readonly nudges: Nudges;
  /** It has waited for a build. */
  hasWaited: boolean;
  step: string;
  known: { from?: string; to?: string };
  /** Part of the trace of the call that started it. */
  span: Span | undefined;
}

export function createRun(target: Target, cause: Cause, outcome: Promise<Outcome>): Run {
  const now = performance.now();
  return {
    ...{ id: crypto.randomUUID(), startedAt: now, askedAt: now, target, cause, outcome },
    ...{
      wait: undefined,
      onWait: undefined,
      nudges: createNudges(),
      hasWaited: false,
      step: "waiting for its turn",
      known: {},
      span: undefined,
    },
  };
}

export interface RunPorts {
  /** Never rejects. */
  readonly work: (target: Target, seat: Seat, progress: Progress) => Promise<Outcome>;
  readonly slots: Slots;
  readonly observer: Observer;
  readonly closing: AbortSignal;
}

/** Never rejects. */
export async function runToEnd(run: Run, seat: Seat, { work, slots, observer, closing }: RunPorts): Promise<Outcome> {
  const observed = observer.runStarted();
  const release = await slots.acquire(run.target.namespace);
  const deadline = new AbortController();
  const { signal } = deadline;
  // By hand: Node keeps an AbortSignal.any() with listeners for as long as its longest-lived source.
  const onClose = () => deadline.abort(closing.reason);
  closing.addEventListener("abort", onClose);
  if (closing.aborted) onClose();
  const timer = setTimeout(() => deadline.abort(overdue(run)), RUN_DEADLINE_MS);
  try {
    signal.throwIfAborted();
    let isWriting = false;
    const aborted = new Promise<never>((_, reject) => {
      // The writer looks at the signal itself: a push in flight is waited for, so that the outcome is the truth.
      signal.addEventListener("abort", () => isWriting || reject(signal.reason), { once: true });
    });
    const progress: Progress = {
      ...{ id: run.id, cause: run.cause },
      signal,
      nudged: run.nudges.next,
      step(phase, text, known) {
        observed.phase(phase);
        run.step = text;
        run.known = { ...known };
      },
      list() {
        const asked = run.askedAt ?? performance.now();
        run.askedAt = undefined;
        return asked;
      },
      wait(text, isCurrent) {
        observed.phase("build");
        run.step = text;
        run.hasWaited = true;
        run.wait = { isCurrent, supersede: () => deadline.abort(superseded(run)) };
        // A wait holds up nobody, and is as long as it is.
        release();
        seat.leave();
        clearTimeout(timer);
        run.onWait?.();
      },
    };
    const placed: Seat = {
      leave: seat.leave,
      write(request) {
        isWriting = true;
        run.wait = undefined;
        // A writer waits for the runs of others; a proposal waits for nobody, and has in memory what it proposes until its forge has answered.
        if (!run.target.proposal) release();
        return seat.write(request);
      },
    };
    return await Promise.race([work(run.target, placed, progress), aborted]);
  } catch (error) {
    const failure = asReconcileError(error);
    if (failure.code === "superseded") return { kind: "waiting", step: failure.message, ...run.known };
    return { kind: "failed", error: failure, ...run.known };
  } finally {
    observed.end();
    run.wait = undefined;
    clearTimeout(timer);
    closing.removeEventListener("abort", onClose);
    seat.leave();
    release();
  }
}

function superseded({ target }: Run): ReconcileError {
  return new ReconcileError(
    "superseded",
    `a newer commit, other annotations or other defaults of ${target.name} came meanwhile; the next run works on them`,
  );
}

function overdue({ step }: Run): ReconcileError {
  return new ReconcileError(
    "deadline",
    `the run did not end within ${RUN_DEADLINE_MS / 1000} s (it was ${step}); the next pass tries again`,
  );
}
