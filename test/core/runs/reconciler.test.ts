import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { describeOutcome } from "../../../src/core/news/outcome-text.ts";
import type { Outcome, Result } from "../../../src/core/outcome.ts";
import type { Progress } from "../../../src/core/progress.ts";
import { createReconciler, type ReconcilerOptions } from "../../../src/core/runs/reconciler.ts";
import { noTracer, type Tracer } from "../../../src/core/tracer.ts";
import type { Parsed, Target, WorkloadRecord } from "../../../src/core/types.ts";
import { createRandom } from "../../random.ts";
import { targetOf } from "../targets.ts";

const never = new AbortController().signal;
const upToDate = (to: string): Outcome => ({ kind: "up_to_date", to });

interface WorldOptions extends Partial<Pick<ReconcilerOptions, "onEnd" | "onIncomplete" | "concurrency" | "tracer" | "workloads">> {
  readonly names?: readonly string[];
  readonly work?: (target: Target, progress: Progress) => Promise<Outcome>;
}

/** A reconciler whose Deployments, runs and writers are in memory. */
function createWorld({ names = ["shop"], work = async () => upToDate("1"), ...options }: WorldOptions = {}) {
  const parsed = new Map<string, Parsed>();
  const put = (name: string, kind: Partial<Parsed> = {}) =>
    parsed.set(name, { kind: "ready", settings: {}, target: targetOf(name), warnings: [], ...kind } as Parsed);
  for (const name of names) put(name);
  const errors: object[] = [];
  const records = () =>
    [...parsed.keys()].map((name): WorkloadRecord => ({ kind: "Deployment", namespace: "default", name, annotations: {}, containers: [] }));
  const world = { active: new Map<string, Set<string>>(), most: new Map<string, number>(), runs: 0 };
  const reconciler = createReconciler({
    workloads: {
      ready: async () => {},
      synced: true,
      staleForMs: () => 0,
      refusal: () => undefined,
      list: records,
      get: () => undefined,
    },
    writers: { seat: () => ({ leave: () => {}, write: async () => upToDate("written") }), close: async () => {} },
    parse: ({ name }) => parsed.get(name) ?? { kind: "untracked" },
    async work(target, _seat, progress) {
      const name = target.name;
      world.runs += 1;
      world.active.set(name, (world.active.get(name) ?? new Set()).add(progress.id));
      world.most.set(name, Math.max(world.most.get(name) ?? 0, world.active.get(name)?.size ?? 0));
      const leave = () => void world.active.get(name)?.delete(progress.id);
      // What is left of a run that was told to end can't write any more.
      progress.signal.addEventListener("abort", leave);
      return work(target, progress).finally(leave);
    },
    onEnd: () => {},
    onIncomplete: () => {},
    log: { info: () => {}, warn: () => {}, error: (fields) => void errors.push(fields) },
    concurrency: 2,
    ...options,
  });
  return { reconciler, put, world, errors };
}

function toOf({ outcome }: Result): number | undefined {
  return "to" in outcome && outcome.to !== undefined ? Number(outcome.to) : undefined;
}

// F51
test("a run is ahead until it asks git, then the one that follows it; none is for other annotations, or once all have asked", async () => {
  const steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { reconciler, world } = createWorld({
    async work(_target, progress) {
      if (world.runs === 1) await steps[0]?.promise;
      progress.list();
      if (world.runs === 1) await steps[1]?.promise;
      return upToDate("1");
    },
  });
  const isAhead = () => reconciler.isAhead(targetOf("shop"));
  assert.equal(isAhead(), false);
  const first = reconciler.reconcile({}, "hook", never);
  await turn();
  assert.equal(isAhead(), true);
  assert.equal(reconciler.isAhead({ ...targetOf("shop"), appBranch: "other" }), false);
  steps[0]?.resolve();
  await turn();
  assert.equal(isAhead(), false);
  const second = reconciler.reconcile({}, "hook", never);
  await turn();
  assert.equal(isAhead(), true);
  steps[1]?.resolve();
  await Promise.all([first, second]);
  assert.equal(isAhead(), false);
});

// P5, F38-F41
test("over random interleavings: one run per Deployment at a time, and no answer is older than its question", async () => {
  let answers = 0;
  let joinedWaits = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const { integer, pick } = createRandom(seed);
    const names = ["a", "b", "c"];
    const versions = new Map(names.map((name) => [name, 1]));
    const turns = async (most: number) => {
      for (let left = integer(most + 1); left > 0; left--) await turn();
    };
    const { reconciler, world, put } = createWorld({
      names,
      async work({ name: deployment }, progress) {
        await turns(2);
        progress.list();
        const version = versions.get(deployment) ?? 0;
        progress.step("manifest", "reading", { to: String(version) });
        await turns(3);
        while (integer(3) === 0 && !progress.signal.aborted) {
          progress.wait("building", async () => {
            const current = versions.get(deployment) === version;
            await turns(2);
            if (current) joinedWaits += 1;
            return current;
          });
          await turns(4);
        }
        return upToDate(String(version));
      },
    });
    const asked: Promise<void>[] = [];
    const ask = async () => {
      const name = pick(names);
      const question = versions.get(name) ?? 0;
      const [result] = await reconciler.reconcile({ deployment: name }, "call", never);
      assert.ok(result);
      const to = toOf(result);
      assert.ok(to !== undefined && to >= question, `seed ${seed}: ${name} answered ${to}, asked at ${question}`);
      answers += 1;
    };
    for (let step = 0; step < 40; step++) {
      const what = integer(6);
      if (what < 3) asked.push(ask());
      else if (what === 3) versions.set(pick(names), 2 + step);
      else if (what === 4) {
        const name = pick(names);
        put(name, { target: targetOf(name, { appBranch: `branch-${integer(2)}` }) } as Partial<Parsed>);
      } else await turns(2);
    }
    await Promise.all(asked);
    for (const [name, most] of world.most) assert.equal(most, 1, `seed ${seed}: ${most} runs of ${name} at once`);
  }
  assert.ok(answers > 2_000 && joinedWaits > 20, `${answers} answers, ${joinedWaits} joined waits`);
});

// S14, F38-F41
test("a thousand calls cost two runs: the one that has listed its refs already, and one for all who came later", async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const { reconciler, world } = createWorld({
    async work(_target, progress) {
      progress.list();
      const run = world.runs;
      await opened;
      return upToDate(String(run));
    },
  });
  const first = reconciler.reconcile({}, "call", never);
  await turn();
  const others = Array.from({ length: 999 }, () => reconciler.reconcile({}, "call", never));
  await turn();
  open();
  assert.deepEqual((await first).map(toOf), [1]);
  for (const answer of others) assert.deepEqual((await answer).map(toOf), [2]);
  assert.equal(world.runs, 2);
});

test("a run that is joined keeps the cause of who started it, and the one that follows has its own", async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const causes: (string | undefined)[] = [];
  const begun: string[] = [];
  const { reconciler } = createWorld({
    async work(_target, progress) {
      begun.push(progress.cause);
      await turn();
      progress.list();
      await opened;
      return upToDate("1");
    },
    onEnd: (_result, run) => void causes.push(run?.cause),
  });
  const answers = [reconciler.reconcile({}, "probe", never), reconciler.reconcile({}, "call", never)];
  for (let left = 5; left > 0; left--) await turn();
  answers.push(reconciler.reconcile({}, "timer", never), reconciler.reconcile({}, "call", never));
  await turn();
  open();
  await Promise.all(answers);
  assert.deepEqual(
    [begun, causes],
    [
      ["probe", "timer"],
      ["probe", "timer"],
    ],
  );
});

test("no more runs than places, and a wait for a build holds none", async () => {
  let active = 0;
  let most = 0;
  const { reconciler } = createWorld({
    names: ["a", "b", "c", "d", "e"],
    concurrency: 2,
    async work(_target, progress) {
      active += 1;
      most = Math.max(most, active);
      await turn();
      active -= 1;
      progress.wait("building", async () => true);
      for (let left = 10; left > 0; left--) await turn();
      return upToDate("1");
    },
  });
  await reconciler.reconcile({}, "call", never);
  assert.equal(most, 2);
});

test("what listeners throw changes no result and keeps no Deployment from its next run", async () => {
  const thrown = () => {
    throw new Error("the listener is broken");
  };
  const { reconciler, put, errors } = createWorld({ names: ["good"], onEnd: thrown, onIncomplete: thrown });
  put("bad", { kind: "malformed", problems: ["no"] } as Partial<Parsed>);
  put("half", { kind: "incomplete", problems: ["image_name is missing"] } as Partial<Parsed>);
  put("off", { kind: "disabled" } as Partial<Parsed>);
  for (let pass = 1; pass <= 3; pass++) {
    const results = await reconciler.reconcile({}, "call", never);
    const kinds = results.map(({ name: deployment, outcome }) => [deployment, outcome.kind]);
    assert.deepEqual(kinds, [
      ["good", "up_to_date"],
      ["bad", "failed"],
      ["off", "skipped"],
    ]);
    assert.equal(reconciler.lastResult({ kind: "Deployment", namespace: "default", name: "good" })?.outcome.kind, "up_to_date");
  }
  assert.equal(errors.length, 3 * 3 + 1);
  const error = "the listener is broken";
  assert.deepEqual(errors.at(-1), { namespace: "default", deployment: "good", error });
});

test("a paused Deployment has no run and is answered last, and the pass after its pause works on it", async (t) => {
  const until = "2030-01-31T18:00:00Z";
  t.mock.timers.enable({ apis: ["Date"], now: Date.parse(until) - 1 });
  const { reconciler, put, world } = createWorld({ names: [] });
  put("frozen", { target: targetOf("frozen", { pausedUntil: until, pausedReason: "freeze" }) });
  put("asleep", { target: targetOf("asleep", { pausedUntil: until }) });
  put("shop");
  const pass = async () =>
    (await reconciler.reconcile({}, "call", never)).map((result) => [result.name, describeOutcome(result, result.outcome)]);
  assert.deepEqual(await pass(), [
    ["shop", "Deployment shop is up to date at 1"],
    ["frozen", `Deployment frozen is paused until ${until}: freeze`],
    ["asleep", `Deployment asleep is paused until ${until}`],
  ]);
  assert.equal(world.runs, 1);
  assert.equal(reconciler.lastResult({ kind: "Deployment", namespace: "default", name: "frozen" })?.outcome.kind, "skipped");
  t.mock.timers.setTime(Date.parse(until));
  assert.deepEqual(
    (await pass()).map(([, text]) => text),
    ["frozen", "asleep", "shop"].map((name) => `Deployment ${name} is up to date at 1`),
  );
});

test("an answer that is due tells the step; closing ends who works or waits, and refuses who comes", async () => {
  const hanging = createWorld({
    names: ["a", "b", "c"],
    async work({ name: deployment }, progress) {
      progress.step("commit", `asking for ${deployment}`, { to: "7" });
      if (deployment === "a") progress.wait("building", async () => true);
      return new Promise<never>(() => {});
    },
  });
  const due = new AbortController();
  const answer = hanging.reconciler.reconcile({}, "call", due.signal);
  const ended = hanging.reconciler.reconcile({}, "call", never);
  await turn();
  due.abort();
  assert.deepEqual(
    (await answer).map(({ outcome }) => outcome.kind === "waiting" && outcome.step),
    ["building", "asking for b", "asking for c"],
  );
  await hanging.reconciler.close();
  for (const { outcome } of await ended) assert.equal(outcome.kind === "failed" && outcome.error.code, "shutdown");
  await assert.rejects(hanging.reconciler.reconcile({}, "call", never), { code: "shutdown" });
});

// F46
test("a mistake while the answer for one Deployment is waited for fails that answer alone", async () => {
  const spans = new Map<unknown, string>();
  const tracer: Tracer = {
    ...noTracer,
    span(_name, attributes, work) {
      const span = { set: () => undefined, fail: () => undefined };
      spans.set(span, String(attributes["k8s.deployment.name"]));
      return work(span);
    },
    link(span) {
      if (spans.get(span) === "broken") throw new TypeError("not a function");
    },
  };
  const { reconciler } = createWorld({ names: ["broken", "shop"], tracer });
  const results = await reconciler.reconcile({}, "call", never);
  assert.deepEqual(
    results.map(({ name: deployment, outcome }) => [deployment, outcome.kind, outcome.kind === "failed" && outcome.error.message]),
    [
      ["broken", "failed", "not a function"],
      ["shop", "up_to_date", false],
    ],
  );
});

// S17
test("a run follows one that pushed what is older than what is awaited, but goes on starting others only after a wait", async () => {
  const awaited: Outcome = { kind: "patched", to: "1", commit: "c", isAwaited: true };
  const atOnce = createWorld({ work: async () => awaited });
  await atOnce.reconciler.reconcile({}, "call", never);
  for (let left = 100; left > 0; left--) await turn();
  assert.equal(atOnce.world.runs, 2);
  let waits = 0;
  const patient = createWorld({
    async work(_target, progress) {
      progress.wait("a build goes on", async () => true);
      await turn();
      return ++waits < 5 ? awaited : upToDate("2");
    },
  });
  await patient.reconciler.reconcile({}, "call", never);
  for (let left = 100; left > 0; left--) await turn();
  assert.equal(patient.world.runs, 5);
});

// S17, S25
test("what events ask for is found by its name: the other workloads are neither listed nor looked through", async () => {
  let lists = 0;
  const record = (name: string): WorkloadRecord => ({ kind: "Deployment", namespace: "default", name, annotations: {}, containers: [] });
  const names = ["shop", "other"];
  const { reconciler, world } = createWorld({
    names,
    workloads: {
      ready: async () => {},
      synced: true,
      staleForMs: () => 0,
      refusal: () => undefined,
      list() {
        lists += 1;
        return names.map(record);
      },
      get: ({ name }) => (names.includes(name) ? record(name) : undefined),
    },
  });
  await reconciler.reconcile({}, "call", never);
  const results = await reconciler.reconcile({ ids: ["Deployment/default/shop", "Deployment/default/gone"] }, "hook", never);
  assert.deepEqual([results.map(({ name }) => name), lists, world.runs], [["shop"], 1, 3]);
});
