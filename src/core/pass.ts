/** All Deployments: which runs a call starts, joins or shares, so that no answer is older than its question (contract §5). */
import { asReconcileError, ReconcileError } from "../errors.ts";
import { type LastResult, nextLastResult } from "./last-result.ts";
import { noObserver, type Observer } from "./observer.ts";
import type { Deployments, Log } from "./ports.ts";
import type { Progress } from "./reconcile.ts";
import { createSlots } from "./slots.ts";
import { noTracer, recordOutcome, runAttributes, type Span, type Tracer } from "./tracer.ts";
import type { DeploymentRecord, Outcome, Parsed, Result, Target } from "./types.ts";
import type { Seat, Writers } from "./writer.ts";

export interface Filter {
  readonly namespace?: string;
  readonly deployment?: string;
}

export interface Reconciler {
  /** One result per tracked Deployment as soon as `due` aborts: worked on ones by namespace and name, then the disabled. */
  reconcile(filter: Filter, due: AbortSignal): Promise<Result[]>;
  /** The last finished run of a Deployment. */
  lastResult(namespace: string, name: string): LastResult | undefined;
  /** No new runs; resolves when no push is in flight any more. */
  close(): Promise<void>;
}

export interface ReconcilerOptions {
  readonly deployments: Deployments;
  readonly writers: Writers;
  readonly parse: (record: DeploymentRecord) => Parsed;
  /** Never rejects. */
  readonly work: (target: Target, seat: Seat, progress: Progress) => Promise<Outcome>;
  /** Told of every result, disabled and malformed ones too; those had no run. */
  readonly onEnd: (result: Result, run?: EndedRun) => void;
  /** Told of an incomplete Deployment when it became so, or its problems changed. */
  readonly onIncomplete: (name: Omit<Result, "outcome">, problems: readonly string[]) => void;
  readonly log: Log;
  readonly observer?: Observer;
  readonly tracer?: Tracer;
  /** Deployments worked on at once; a run in the writer holds no place. */
  readonly concurrency: number;
  /** How long a run may keep its place from others; default 10 s. */
  readonly placeMs?: number;
}

export interface EndedRun {
  readonly target: Target;
  readonly id: string;
  readonly durationMs: number;
}

/** A run that has not ended by then has failed (promise P6). */
const RUN_DEADLINE_MS = 240_000;

interface Run {
  readonly id: string;
  readonly startedAt: number;
  readonly target: Target;
  readonly outcome: Promise<Outcome>;
  /** The last question that this run answers; undefined once its refs are being listed, when no more can join. */
  askedAt: number | undefined;
  /** While it waits for a build: whether its commit is still the newest, by a listing not older than that; and how to end the wait. */
  wait: { readonly isCurrent: (notBefore: number) => Promise<boolean>; readonly supersede: () => void } | undefined;
  step: string;
  known: { from?: string; to?: string };
  /** Part of the trace of the call that started it. */
  span: Span | undefined;
}

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
  const { deployments, writers, parse, work, onEnd, onIncomplete, log, observer = noObserver, tracer = noTracer } = options;
  const slots = createSlots(options.concurrency, options.placeMs ?? 10_000);
  const lanes = new Map<string, Lane>();
  const results = new Map<string, LastResult>();
  const closing = new AbortController();
  const incomplete = new Map<string, string>();

  async function reconcile(filter: Filter, due: AbortSignal): Promise<Result[]> {
    closing.signal.throwIfAborted();
    const isDue = new Promise<"due">((resolve) => {
      if (due.aborted) resolve("due");
      else due.addEventListener("abort", () => resolve("due"), { once: true });
    });
    const worked: Promise<Result>[] = [];
    const disabled: Result[] = [];
    const records = deployments.list();
    forget(records);
    for (const record of records) {
      if (filter.namespace !== undefined && filter.namespace !== record.namespace) continue;
      if (filter.deployment !== undefined && filter.deployment !== record.name) continue;
      const name = { namespace: record.namespace, deployment: record.name };
      const parsed = parse(record);
      tellIncomplete(record, parsed);
      if (parsed.kind === "ready") worked.push(answer(name, parsed.target, isDue));
      if (parsed.kind === "malformed") worked.push(Promise.resolve(finish(name, malformed(parsed.problems))));
      if (parsed.kind === "disabled") disabled.push(finish(name, { kind: "skipped", reason: "disabled" }));
    }
    return [...(await Promise.all(worked)), ...disabled];
  }

  /** The outcome of a run that lists its refs after now, or what it is at when the answer is due. */
  async function answer(name: Omit<Result, "outcome">, target: Target, isDue: Promise<"due">): Promise<Result> {
    const joined = join(target);
    const run = await Promise.race([joined, isDue]);
    if (run === "due") return { ...name, outcome: { kind: "waiting", step: "waiting for the run before this one to end" } };
    tracer.link(run.span);
    const outcome = await Promise.race([run.outcome, isDue]);
    return { ...name, outcome: outcome === "due" ? { kind: "waiting", step: run.step, ...run.known } : outcome };
  }

  async function join(target: Target): Promise<Run> {
    const id = idOf(target);
    const { current } = lanes.get(id) ?? { current: undefined };
    if (!current) {
      observer.called("started");
      return start(id, target);
    }
    if (isSame(current.target, target)) {
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
    return follow(id, current, target);
  }

  /** A listing that fails changes nothing: the wait goes on, and the next pass asks again. */
  async function isStillCurrent({ isCurrent }: NonNullable<Run["wait"]>): Promise<boolean> {
    try {
      return await isCurrent(performance.now());
    } catch {
      return true;
    }
  }

  function follow(id: string, current: Run, target: Target): Promise<Run> {
    const lane = lanes.get(id);
    // It ended while the listing was asked for.
    if (lane?.current !== current) return join(target);
    observer.called("shared");
    // The newest annotations win: whoever waits for the follow-up run gets the answer for them.
    if (lane.next) {
      lane.next.target = target;
      return lane.next.run;
    }
    const next: FollowUp = { target, run: current.outcome.then(() => start(id, next.target)) };
    lane.next = next;
    return next.run;
  }

  function start(id: string, target: Target): Run {
    const seat = writers.seat(target);
    const settled = Promise.withResolvers<Outcome>();
    const run: Run = {
      id: crypto.randomUUID(),
      startedAt: performance.now(),
      target,
      outcome: settled.promise,
      askedAt: performance.now(),
      wait: undefined,
      step: "waiting for its turn",
      known: {},
      span: undefined,
    };
    lanes.set(id, { current: run, next: undefined });
    void tracer.span("reconcile deployment", runAttributes(target), async (span) => {
      run.span = span;
      const outcome = await runToEnd(run, seat);
      recordOutcome(span, outcome);
      finish({ namespace: target.namespace, deployment: target.deployment }, outcome, run);
      if (lanes.get(id)?.current === run && !lanes.get(id)?.next) lanes.delete(id);
      settled.resolve(outcome);
    });
    return run;
  }

  async function runToEnd(run: Run, seat: Seat): Promise<Outcome> {
    const observed = observer.runStarted();
    const release = await slots.acquire(run.target.namespace);
    const deadline = new AbortController();
    const { signal } = deadline;
    // By hand: Node keeps an AbortSignal.any() with listeners for as long as its longest-lived source.
    const onClose = () => deadline.abort(closing.signal.reason);
    closing.signal.addEventListener("abort", onClose);
    if (closing.signal.aborted) onClose();
    const timer = setTimeout(() => deadline.abort(overdue(run)), RUN_DEADLINE_MS);
    try {
      signal.throwIfAborted();
      let isWriting = false;
      const aborted = new Promise<never>((_, reject) => {
        // The writer looks at the signal itself: a push in flight is waited for, so that the outcome is the truth.
        signal.addEventListener("abort", () => isWriting || reject(signal.reason), { once: true });
      });
      const progress: Progress = {
        id: run.id,
        signal,
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
          run.wait = { isCurrent, supersede: () => deadline.abort(superseded(run)) };
          // A wait holds up nobody, and is as long as it is.
          release();
          seat.leave();
          clearTimeout(timer);
        },
      };
      const placed: Seat = {
        leave: seat.leave,
        write(request) {
          isWriting = true;
          run.wait = undefined;
          release();
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
      closing.signal.removeEventListener("abort", onClose);
      seat.leave();
      release();
    }
  }

  function finish(name: Omit<Result, "outcome">, outcome: Outcome, run?: Run): Result {
    const result = { ...name, outcome };
    results.set(idOf(name), nextLastResult(results.get(idOf(name)), result, new Date()));
    try {
      onEnd(result, run && { target: run.target, id: run.id, durationMs: performance.now() - run.startedAt });
    } catch (error) {
      // Whoever is told must not be able to keep a Deployment from its next run, or a caller from the other results.
      log.error({ ...name, error: (error as Error).message }, "A result could not be told");
    }
    return result;
  }

  /** Drops what is remembered of Deployments that are gone. */
  function forget(records: readonly DeploymentRecord[]): void {
    const ids = new Set(records.map(({ namespace, name }) => idOf({ namespace, deployment: name })));
    for (const memory of [results, incomplete]) for (const id of memory.keys()) if (!ids.has(id)) memory.delete(id);
  }

  function tellIncomplete(record: DeploymentRecord, parsed: Parsed): void {
    const id = idOf({ namespace: record.namespace, deployment: record.name });
    const problems = parsed.kind === "incomplete" ? parsed.problems : [];
    if (problems.join("\n") === (incomplete.get(id) ?? "")) return;
    if (problems.length === 0) {
      incomplete.delete(id);
      return;
    }
    incomplete.set(id, problems.join("\n"));
    log.warn({ namespace: record.namespace, deployment: record.name, problems }, "Annotations incomplete, Deployment not reconciled");
    onIncomplete({ namespace: record.namespace, deployment: record.name }, problems);
  }

  return {
    reconcile,
    lastResult: (namespace, name) => results.get(idOf({ namespace, deployment: name })),
    async close() {
      closing.abort(new ReconcileError("shutdown", "the operator is shutting down; the next start looks again"));
      await writers.close();
    },
  };
}

function idOf({ namespace, deployment }: { namespace: string; deployment: string }): string {
  return `${namespace}/${deployment}`;
}

/** Targets are plain data built by one function, so equal text means equal value. */
export function isSame(a: Target, b: Target): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function malformed(problems: readonly string[]): Outcome {
  return { kind: "failed", error: new ReconcileError("annotation_invalid", `Invalid annotations: ${problems.join("; ")}`) };
}

function superseded({ target }: Run): ReconcileError {
  return new ReconcileError(
    "superseded",
    `a newer commit or other annotations of ${target.deployment} came meanwhile; the next run works on them`,
  );
}

function overdue({ step }: Run): ReconcileError {
  return new ReconcileError(
    "deadline",
    `the run did not end within ${RUN_DEADLINE_MS / 1000} s (it was ${step}); the next pass tries again`,
  );
}
