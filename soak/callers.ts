/** Those who call the operator meanwhile: probes, bursts, callers that hang up, and a look at /health every second. */
import type { ReconcileEntry } from "../src/http/calls/reconcile-entry.ts";
import { createRandom, type Random } from "../test/random.ts";
import type { Operator } from "./operator.ts";
import { repeatedly } from "./repeatedly.ts";

export interface Callers {
  readonly counts: { calls: number; answers: number; hungUp: number; refused: number; slowestHealthMs: number };
  readonly actions: Map<string, number>;
  /** `NAMESPACE/NAME SHA` of every answer that said `patched`. */
  readonly patched: Set<string>;
  readonly done: Promise<unknown>;
}

const ANSWER_WITHIN_MS = 60_000;
const HEALTH_WITHIN_MS = 5_000;

export function callOperator(operator: Operator, seed: number, signal: AbortSignal, complain: (problem: string) => void): Callers {
  const counts = { calls: 0, answers: 0, hungUp: 0, refused: 0, slowestHealthMs: 0 };
  const callers = { counts, actions: new Map<string, number>(), patched: new Set<string>() };

  async function call(giveUp?: AbortSignal): Promise<void> {
    const { url } = operator;
    if (!url) return;
    counts.calls += 1;
    try {
      const wait = AbortSignal.any([AbortSignal.timeout(ANSWER_WITHIN_MS), ...(giveUp ? [giveUp] : [])]);
      const response = await fetch(`${url}/reconcile`, { signal: wait });
      if (response.status !== 200 && response.status !== 503) complain(`/reconcile answered ${response.status}: ${await response.text()}`);
      if (response.status !== 200) return void (await response.arrayBuffer());
      note(callers, (await response.json()) as ReconcileEntry[]);
    } catch (error) {
      if (giveUp?.aborted) counts.hungUp += 1;
      // The process went down below the call.
      else if (url !== operator.url) counts.refused += 1;
      else complain(`/reconcile: ${error instanceof Error ? `${error.message} (${error.cause})` : error}`);
    }
  }
  async function visit(random: Random): Promise<void> {
    const kind = random.integer(10);
    if (kind === 0) await Promise.all(Array.from({ length: 30 }, () => call()));
    else if (kind === 1) await call(AbortSignal.timeout(random.integer(1_000)));
    else await call();
  }
  async function look(): Promise<void> {
    const { url } = operator;
    if (!url) return;
    const startedAt = performance.now();
    try {
      const { status } = await fetch(`${url}/health`, { signal: AbortSignal.timeout(HEALTH_WITHIN_MS) });
      if (status !== 200) complain(`/health answered ${status}`);
      counts.slowestHealthMs = Math.max(counts.slowestHealthMs, performance.now() - startedAt);
    } catch (error) {
      if (url === operator.url) complain(`/health: ${error}`);
    }
  }

  const randoms = [1, 2, 3].map((index) => createRandom(seed + 200 + index));
  const done = Promise.all([
    ...randoms.map((random) => repeatedly(signal, random, [100, 2_000], () => visit(random))),
    repeatedly(signal, createRandom(0), [900, 1_100], look),
  ]);
  return { ...callers, done };
}

export function note(
  { counts, actions, patched }: Pick<Callers, "counts" | "actions" | "patched">,
  entries: readonly ReconcileEntry[],
): void {
  counts.answers += 1;
  for (const { namespace, deployment, action, to_sha } of entries) {
    actions.set(action, (actions.get(action) ?? 0) + 1);
    if (action === "patched") patched.add(`${namespace}/${deployment} ${to_sha}`);
  }
}
