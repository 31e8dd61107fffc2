/** All workloads: which runs a call starts, joins or shares, so that no answer is older than its question (contract §5). */
import { asReconcileError, ReconcileError } from "../../errors.ts";
import { createSlots } from "../../sharing/slots.ts";
import type { Workloads } from "../cluster-ports.ts";
import type { Writers } from "../delivery/writer.ts";
import { isMeant } from "../is-meant.ts";
import { noObserver, type Observer } from "../observer.ts";
import type { Outcome, Result } from "../outcome.ts";
import type { Cause } from "../progress.ts";
import { pausedOutcome } from "../targets/pause.ts";
import { isSameTarget } from "../targets/target.ts";
import { CAUSE, noTracer, recordOutcome, runAttributes, type Span, type Tracer } from "../tracer.ts";
import { type Filter, idOf, type Parsed, type Target, type Workload, type WorkloadRecord, workloadOf, workloadOfId } from "../types.ts";
import type { LastResult } from "./last-result.ts";
import { createResults, type Listeners } from "./results.ts";
import { createRun, type Run, type RunPorts, runToEnd } from "./run.ts";

export interface Reconciler {
  /** One result per tracked Deployment as soon as `due` aborts: worked on ones by namespace and name, then the disabled and the paused. */
  reconcile(filter: Filter, cause: Cause, due: AbortSignal): Promise<Result[]>;
  /** There may be news of the image or the build that a run of that workload, by its id, waits for. */
  nudge(id: string): void;
  /** Whether a run for these annotations is still going to ask git, so that whoever wants a look has it in that one. */
  isAhead(target: Target): boolean;
  /** Forgets what is known of those that are not among these. */
  retain(present: readonly Workload[]): void;
  /** The last finished run of a Deployment. */
  lastResult(workload: Workload): LastResult | undefined;
  /** No new runs; resolves when no push is in flight any more. */
  close(): Promise<void>;
}

export interface ReconcilerOptions extends Listeners {
  readonly workloads: Workloads;
  readonly writers: Writers;
  readonly parse: (record: WorkloadRecord) => Parsed;
  readonly work: RunPorts["work"];
  readonly observer?: Observer;
  readonly tracer?: Tracer;
  /** Workloads worked on at once; a run in the writer holds no place. */
  readonly concurrency: number;
}

/** How long a run may keep its place from others: longer than one takes that waits for nobody slow, and short enough that 40 slow namespaces have had their turn within 30 s. */
const PLACE_MS = 5_000;

/** A Deployment is never worked on twice at once: one run, and at most one that follows it. */
interface Lane {
  current: Run;
  next: FollowUp | undefined;
}

interface FollowUp {
  target: Target;
  readonly run: Promise<Run>;
}

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { workloads, writers, parse, observer = noObserver, tracer = noTracer } = options;
  const lanes = new Map<string, Lane>();
  const results = createResults(options);
  const closing = new AbortController();
  const slots = createSlots(options.concurrency, PLACE_MS);
  const runPorts: RunPorts = { work: options.work, slots, observer, closing: closing.signal };

  async function reconcile(filter: Filter, cause: Cause, due: AbortSignal): Promise<Result[]> {
    closing.signal.throwIfAborted();
    const isDue = new Promise<"due">((resolve) => {
      if (due.aborted) resolve("due");
      else due.addEventListener("abort", () => resolve("due"), { once: true });
    });
    const worked: Promise<Result>[] = [];
    const skipped: Result[] = [];
    // Events come often: theirs cost what they name, however many others there are.
    const records = filter.ids?.flatMap((id) => workloads.get(workloadOfId(id)) ?? []) ?? workloads.list();
    for (const record of records) {
      if (!isMeant(record, filter)) continue;
      const workload = workloadOf(record);
      const parsed = parse(record);
      results.look(workload, parsed);
      const paused = parsed.kind === "ready" ? pausedOutcome(parsed.target, Date.now()) : undefined;
      if (paused) skipped.push(results.end(workload, paused));
      else if (parsed.kind === "ready")
        worked.push(answer(workload, parsed.target, cause, isDue).catch((error) => results.end(workload, mistake(error))));
      if (parsed.kind === "malformed") worked.push(Promise.resolve(results.end(workload, malformed(parsed.problems))));
      if (parsed.kind === "disabled") skipped.push(results.end(workload, { kind: "skipped", reason: "disabled" }));
    }
    return [...(await Promise.all(worked)), ...skipped];
  }

  /** The outcome of a run that lists its refs after now, or what it is at when the answer is due. */
  async function answer(workload: Workload, target: Target, cause: Cause, isDue: Promise<"due">): Promise<Result> {
    const joined = join(target, cause);
    const run = await Promise.race([joined, isDue]);
    if (run === "due") return { ...workload, outcome: { kind: "waiting", step: "waiting for the run before this one to end" } };
    tracer.link(run.span);
    const outcome = await Promise.race([run.outcome, isDue]);
    return { ...workload, outcome: outcome === "due" ? { kind: "waiting", step: run.step, ...run.known } : outcome };
  }

  async function join(target: Target, cause: Cause): Promise<Run> {
    const id = idOf(target);
    const { current } = lanes.get(id) ?? { current: undefined };
    if (!current) {
      observer.called("started");
      return start(id, target, cause);
    }
    if (isSameTarget(current.target, target)) {
      if (current.askedAt !== undefined) {
        current.askedAt = performance.now();
        observer.called("joined");
        return current;
      }
      if (current.wait && (await isStillCurrent(current.wait))) {
        observer.called("joined");
        return current;
      }
    }
    // For another commit or other annotations there is nothing to wait for any more.
    current.wait?.supersede();
    return follow(id, current, target, cause);
  }

  /** A listing that fails changes nothing: the wait goes on, and the next pass asks again. */
  async function isStillCurrent({ isCurrent }: NonNullable<Run["wait"]>): Promise<boolean> {
    try {
      return await isCurrent(performance.now());
    } catch {
      return true;
    }
  }

  function follow(id: string, current: Run, target: Target, cause: Cause): Promise<Run> {
    const lane = lanes.get(id);
    // It ended while the listing was asked for.
    if (lane?.current !== current) return join(target, cause);
    observer.called("shared");
    // The newest annotations win: whoever waits for the follow-up run gets the answer for them.
    if (lane.next) {
      lane.next.target = target;
      return lane.next.run;
    }
    const next: FollowUp = { target, run: current.outcome.then(() => start(id, next.target, cause)) };
    lane.next = next;
    // It was asked for after the refs were listed: if there is another commit by now, it is not to wait for the build of the old one.
    current.onWait = () => void supersedeIfOld(current);
    return next.run;
  }

  async function supersedeIfOld({ wait }: Run): Promise<void> {
    if (wait && !(await isStillCurrent(wait))) wait.supersede();
  }

  /** `isFollowUp`: nobody asked for it. */
  function start(id: string, target: Target, cause: Cause, isFollowUp = false): Run {
    const seat = writers.seat(target);
    const settled = Promise.withResolvers<Outcome>();
    const run = createRun(target, cause, settled.promise);
    lanes.set(id, { current: run, next: undefined });
    const end = (outcome: Outcome) => {
      results.end(workloadOf(target), outcome, run);
      if (lanes.get(id)?.current === run && !lanes.get(id)?.next) lanes.delete(id);
      settled.resolve(outcome);
      // Nobody has to ask: what was pushed is older than what is awaited. One that found so at once, though, may find so without end.
      const isAwaited = (outcome.kind === "patched" || outcome.kind === "proposed") && outcome.isAwaited && (!isFollowUp || run.hasWaited);
      if (isAwaited && !lanes.has(id) && !closing.signal.aborted) start(id, target, cause, true);
    };
    const work = async (span: Span) => {
      run.span = span;
      const outcome = await runToEnd(run, seat, runPorts);
      recordOutcome(span, outcome);
      end(outcome);
    };
    Promise.try(() => tracer.span("reconcile deployment", { ...runAttributes(target), [CAUSE]: cause }, work)).catch((error) => {
      seat.leave();
      end(mistake(error));
    });
    return run;
  }

  return {
    reconcile,
    nudge: (id) => lanes.get(id)?.current.nudges.nudge(),
    isAhead(target) {
      const { current, next } = lanes.get(idOf(target)) ?? {};
      const ahead = next ?? (current?.askedAt === undefined ? undefined : current);
      return ahead !== undefined && isSameTarget(ahead.target, target);
    },
    retain: results.retain,
    lastResult: (workload) => results.last(workload),
    async close() {
      closing.abort(new ReconcileError("shutdown", "the operator is shutting down; the next start looks again"));
      await writers.close();
    },
  };
}

/** Of our own, in the work on one Deployment: the others' answers don't suffer (docs/ASSURANCE.md, F46). */
function mistake(error: unknown): Outcome {
  return { kind: "failed", error: asReconcileError(error) };
}

function malformed(problems: readonly string[]): Outcome {
  return { kind: "failed", error: new ReconcileError("annotation_invalid", `Invalid annotations: ${problems.join("; ")}`) };
}
