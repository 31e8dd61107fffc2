import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { queryObjects } from "node:v8";
import { Worker } from "node:worker_threads";
import { createWorkshop, type JobContext, type Workshop, type WorkshopOptions } from "../../src/workshop/workshop.ts";
import { eventually } from "../eventually.ts";

interface Order {
  readonly do: string;
  readonly ms?: number;
  readonly value?: unknown;
}

type Do = (order: Order, context?: Partial<JobContext>) => Promise<unknown>;

const program = new URL("./evil-thread.ts", import.meta.url);
const remedy = "make it smaller";

function openWorkshop(t: TestContext, options: WorkshopOptions = {}): { run: Do; workshop: Workshop } {
  const workshop = createWorkshop({ program, ...options });
  t.after(() => workshop.close());
  const run: Do = (order, context) =>
    workshop.run("editManifest", order as never, { namespace: "evil", what: "shop.yaml of team/shop", remedy, ...context });
  return { run, workshop };
}

/** Each a job that ends its thread, and what is said of it. */
const EVIL: [name: string, order: Order, code: string, message: RegExp][] = [
  [
    "never ends",
    { do: "hang" },
    "work_limit",
    /^reading shop\.yaml of team\/shop took more than 2 seconds of a processor, so it was given up; make it smaller$/,
  ],
  [
    "eats memory",
    { do: "hoard" },
    "work_limit",
    /^reading shop\.yaml of team\/shop took more memory than a thread may have.*make it smaller$/,
  ],
  ["eats memory with texts", { do: "fill" }, "work_limit", /^reading shop\.yaml of team\/shop took more memory than a thread may have/],
  ["eats memory with buffers", { do: "keep" }, "work_limit", /^reading shop\.yaml of team\/shop took more memory than a thread may have/],
  ["throws", { do: "throw" }, "internal", /^reading shop\.yaml of team\/shop failed unexpectedly: nobody thought of this$/],
  [
    "ends its thread",
    { do: "exit" },
    "work_limit",
    /^reading shop\.yaml of team\/shop ended the thread that did it \(it ended with code 7\)/,
  ],
];

for (const [name, order, code, message] of EVIL) {
  // S9, S32
  test(`a job that ${name} fails alone and says so; others are served meanwhile, and the thread is replaced`, async (t) => {
    const { run } = openWorkshop(t, { jobMs: order.do === "hang" ? 1_100 : 60_000 });
    const ended: string[] = [];
    const evil = assert.rejects(run(order), { code, message }).then(() => ended.push("evil"));
    const next = run({ do: "echo", value: "next" }).then(() => ended.push("next"));
    assert.equal(await run({ do: "echo", value: 1 }, { namespace: "good" }), 1);
    if (order.do === "hang") assert.deepEqual(ended, []);
    await Promise.all([evil, next]);
    assert.deepEqual(ended, ["evil", "next"]);
  });
}

test("what a job refuses is its answer: the error keeps its code and words, and the thread", async (t) => {
  const { run } = openWorkshop(t);
  await assert.rejects(run({ do: "refuse" }), { name: "ReconcileError", code: "manifest_invalid", message: "line 1: it is no YAML" });
});

// S32
test("namespaces take turns, each in its order, and one has one thread at most, however much it asks for", async (t) => {
  const { run } = openWorkshop(t);
  const ended: string[] = [];
  const ask = (namespace: string, name: string, ms = 0) =>
    run({ do: "sleep", ms }, { namespace }).then(() => ended.push(`${namespace}${name}`));
  const all = [ask("slow", "0", 1_500), ask("slow", "1"), ask("a", "0"), ask("a", "1"), ask("a", "2"), ask("b", "0"), ask("c", "0")];
  await Promise.all(all);
  // The other thread has gone round the others before the slow one's first is done.
  assert.deepEqual(ended, ["a0", "a1", "b0", "c0", "a2", "slow0", "slow1"]);
});

// S32
test("of jobs that may hold more memory, one is done at a time; others go past, and its turn comes", async (t) => {
  const { run } = openWorkshop(t);
  const ended: string[] = [];
  const ask = (namespace: string, ms: number, moreBytes = 0) =>
    run({ do: "sleep", ms }, { namespace, moreBytes }).then(() => ended.push(namespace));
  await Promise.all([ask("large", 1_500, 1), ask("also large", 0, 1), ask("small", 0), ask("third", 0)]);
  assert.deepEqual(ended, ["small", "third", "large", "also large"]);
});

// S32
test("a job's time is the processor's: one that works for so long is ended, and one that waits for longer is served", async (t) => {
  const jobMs = 500;
  const { run } = openWorkshop(t, { jobMs });
  // Both threads are there already: their start is not counted.
  await Promise.all(["evil", "good"].map((namespace) => run({ do: "echo" }, { namespace })));
  const before = process.cpuUsage();
  const waits = run({ do: "sleep", ms: 2 * jobMs, value: "waited" }, { namespace: "good" });
  await assert.rejects(run({ do: "hang" }), { code: "work_limit" });
  const { user, system } = process.cpuUsage(before);
  // By the clock it would have had ten times as long.
  assert.ok((user + system) / 1_000 < 3 * jobMs, `${user + system} µs`);
  assert.equal(await waits, "waited");
});

test("a job that may hold more memory holds it", async (t) => {
  const { run } = openWorkshop(t);
  const keep = (moreBytes: number) => run({ do: "keepSome", ms: 200, value: 200 * 2 ** 20 }, { moreBytes });
  await assert.rejects(keep(0), { code: "work_limit", message: /more memory/ });
  assert.equal(await keep(100 * 2 ** 20), "kept");
});

test("what a job leaves behind in its thread is not the next one's", async (t) => {
  const { run } = openWorkshop(t);
  await run({ do: "leave", value: 100 * 2 ** 20 });
  assert.equal(await run({ do: "keepSome", ms: 200, value: 100 * 2 ** 20 }, { namespace: "good" }), "kept");
});

// S32
test("a flood of large inputs takes no more than its room: its oldest are given up, and another namespace's job is done", async (t) => {
  const { run } = openWorkshop(t);
  const bytes = 10 * 2 ** 20;
  const flood = Array.from({ length: 12 }, () => run({ do: "sleep", ms: 200, value: new Uint8Array(bytes) }));
  const ends = Promise.allSettled(flood);
  assert.equal(await run({ do: "echo", value: "served" }, { namespace: "good" }), "served");
  const failed = (await ends).filter((end) => end.status === "rejected");
  assert.equal(failed.length, 5);
  assert.match(
    String(failed[0]?.reason?.message),
    /^too much waits to be read for this namespace, so reading shop\.yaml of team\/shop was given up/,
  );
});

test("bytes are handed over, not copied; a part of a larger memory is copied, so that its neighbours stay", async (t) => {
  const { run } = openWorkshop(t);
  const whole = new Uint8Array(1_000).fill(7);
  const pooled = Buffer.from("one of many in Node's pool");
  const numbers = new Uint32Array([1, 2, 3, 4]).subarray(1, 3);
  const [first, second, third] = (await run({ do: "echo", value: [whole, pooled, numbers] })) as [Uint8Array, Uint8Array, Uint32Array];
  assert.deepEqual([whole.length, first.length, first[0]], [0, 1_000, 7]);
  assert.deepEqual([pooled.toString(), Buffer.from(second).toString()], ["one of many in Node's pool", "one of many in Node's pool"]);
  assert.deepEqual([numbers.length, [...third]], [2, [2, 3]]);
});

test("what can't go to a thread fails as a job, and the thread goes on", async (t) => {
  const { run } = openWorkshop(t);
  await assert.rejects(run({ do: "echo", value: () => 1 }), { code: "internal", message: /could not be cloned/ });
  await assert.rejects(run({ do: "echo", value: Symbol("s") }), { code: "internal" });
  assert.equal(await run({ do: "echo", value: 1 }), 1);
});

test("an aborted job is not begun, or its thread is ended, and says the signal's reason", async (t) => {
  const { run } = openWorkshop(t);
  const abort = new AbortController();
  const running = run({ do: "hang" }, { signal: abort.signal });
  const waiting = run({ do: "hang" }, { signal: abort.signal });
  const ends = Promise.allSettled([
    running,
    waiting,
    assert.rejects(run({ do: "hang" }, { signal: AbortSignal.abort(new Error("before")) }), /before/),
  ]);
  await run({ do: "echo" }, { namespace: "good" });
  abort.abort(new Error("the run is over"));
  const said = (await ends).map((end) => (end.status === "rejected" ? (end.reason as Error).message : "no error"));
  assert.deepEqual(said, ["the run is over", "the run is over", "no error"]);
  assert.equal(await run({ do: "echo", value: 1 }), 1);
});

// S33
test("an aborted job takes no room from those that wait", async (t) => {
  const { run } = openWorkshop(t);
  const [ended, given] = [new AbortController(), new AbortController()];
  const bytes = 10 * 2 ** 20;
  const atWork = ["first", "second"].map((namespace) => run({ do: "hang" }, { namespace, signal: ended.signal }));
  const aborted = Array.from({ length: 3 }, () =>
    run({ do: "echo", value: new Uint8Array(bytes) }, { namespace: "first", signal: given.signal }),
  );
  given.abort(new Error("the run is over"));
  const waiting = Array.from({ length: 5 }, () => run({ do: "echo", value: new Uint8Array(bytes) }, { namespace: "second" }));
  ended.abort(new Error("the run is over"));
  const ends = await Promise.allSettled([...atWork, ...aborted, ...waiting]);
  assert.deepEqual(
    ends.map(({ status }) => status),
    [...Array(5).fill("rejected"), ...Array(5).fill("fulfilled")],
  );
});

test("a thread that died while it was idle is replaced, and nothing of it is kept", async (t) => {
  const { run } = openWorkshop(t, { idleMs: 3_600_000 });
  const threads = () => (process.report.getReport() as { workers: object[] }).workers.length;
  const before = queryObjects(Worker, { format: "count" });
  for (let i = 0; i < 5; i++) {
    // One that has died a moment ago is not known to be dead yet.
    await run({ do: "dieLater" }).catch(() => undefined);
    await eventually(() => threads() === 0);
    await sleep(50);
  }
  await run({ do: "echo" }).catch(() => undefined);
  const kept = queryObjects(Worker, { format: "count" }) - before;
  assert.ok(kept <= 1, `${kept} threads are kept`);
});

test("close ends every thread: what runs, waits or is asked later says that the operator is shutting down", async (t) => {
  const { run, workshop } = openWorkshop(t);
  const asked = [run({ do: "hang" }), run({ do: "hang" }, { namespace: "other" }), run({ do: "echo" })];
  const ends = Promise.all(asked.map((job) => assert.rejects(job, { code: "shutdown" })));
  await workshop.close();
  await ends;
  await assert.rejects(run({ do: "echo" }), { code: "shutdown" });
});

test("a thread knows nothing of the operator's environment", async (t) => {
  assert.deepEqual(await openWorkshop(t).run({ do: "environment" }), []);
});

test("idle threads keep no process alive, and end by themselves", () => {
  const source = (idleMs: number, rest: string) => `
    import { createWorkshop } from ${JSON.stringify(new URL("../../src/workshop/workshop.ts", import.meta.url).href)};
    const workshop = createWorkshop({ program: new URL(${JSON.stringify(program.href)}), idleMs: ${idleMs} });
    const threads = () => process.report.getReport().workers.length;
    console.log(threads());
    await workshop.run("editManifest", { do: "echo" }, { namespace: "a", what: "", remedy: "" });
    console.log(threads());
    ${rest}`;
  const output = (idleMs: number, rest = "") => {
    const ran = spawnSync(process.execPath, ["--input-type=module", "-e", source(idleMs, rest)], { timeout: 60_000 });
    assert.equal(ran.status, 0, String(ran.stderr));
    return String(ran.stdout).split("\n").filter(Boolean);
  };
  assert.deepEqual(output(3_600_000), ["0", "1"]);
  const untilNone = "while (threads() > 0) await new Promise((resolve) => setTimeout(resolve, 50)); console.log(threads());";
  assert.deepEqual(output(100, untilNone), ["0", "1", "0"]);
});
