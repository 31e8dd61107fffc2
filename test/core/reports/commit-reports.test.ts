/** When words are posted, to whom, and what becomes of them when nobody takes them. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Outcome } from "../../../src/core/outcome.ts";
import type { Clock, ForgeTrouble, Posted, Report, ReportPlace, Reports } from "../../../src/core/ports.ts";
import { createCommitReports } from "../../../src/core/reports/commit-reports.ts";
import type { RunFound } from "../../../src/core/reports/report-stages.ts";
import type { Target, WorkloadRecord } from "../../../src/core/types.ts";
import { type ErrorCode, ReconcileError } from "../../../src/errors.ts";
import { targetOf } from "../targets.ts";

const A = "a".repeat(40);
const B = "b".repeat(40);
const COMMIT = "1a2b3c4".padEnd(40, "0");
const MINUTE = 60_000;

/** Time goes on by `advance` alone, from one sleeper to the next. */
function createVirtualClock() {
  let now = 0;
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();
  const clock: Clock = {
    now: () => now,
    sleep: (ms) => new Promise((resolve) => sleepers.add({ until: now + ms, wake: resolve as () => void })),
  };
  const rest = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  async function advance(ms: number): Promise<void> {
    const end = now + ms;
    await rest();
    for (;;) {
      const [next] = [...sleepers].filter(({ until }) => until <= end).sort((a, b) => a.until - b.until);
      if (!next) break;
      sleepers.delete(next);
      now = Math.max(now, next.until);
      next.wake();
      await rest();
    }
    now = end;
  }
  return { clock, advance };
}

interface Scene {
  /** What stands at the forge, by repository, commit and form. */
  readonly standing?: Map<string, Posted>;
  readonly records?: Map<string, WorkloadRecord>;
}

function startReports(t: TestContext, { standing = new Map(), records = new Map() }: Scene = {}) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { clock, advance } = createVirtualClock();
  const closing = new AbortController();
  t.after(() => closing.abort());
  const posts: string[] = [];
  const counts = { reads: 0, tokens: 0 };
  const problems = new Map<string, string | undefined>();
  const trouble: { now?: (place: ReportPlace) => ForgeTrouble | undefined } = {};
  const keyOf = ({ repository, sha, form, context }: ReportPlace) => `${repository.path} ${sha} ${form} ${context}`;
  const reports: Reports = {
    async last(place) {
      counts.reads += 1;
      return trouble.now?.(place) ?? { kind: "known", posted: standing.get(keyOf(place)) };
    },
    async post(place, report: Report) {
      const refused = trouble.now?.(place);
      if (refused) return refused;
      standing.set(keyOf(place), { state: report.state, text: report.text });
      posts.push(`${place.context.split("/").at(-1)} ${place.sha.slice(0, 1)} ${report.state}: ${report.text}`);
      return { kind: "posted" };
    },
  };
  const told = createCommitReports({
    ...{ workloads: { get: ({ name }) => records.get(name) }, reports, clock, stopping: closing.signal },
    ...{ cluster: "prod", publicUrl: undefined, graceMs: 5 * MINUTE },
    withLogin(_target, use) {
      counts.tokens += 1;
      return use("a-token");
    },
    onProblem: ({ name }, problem) => problems.set(name, problem),
  });
  const runsNow = async (name: string, tag: string, rollout: WorkloadRecord["rollout"] = "done", replicas = 3) => {
    records.set(name, recordOf(name, tag, rollout, replicas));
    t.mock.timers.tick(1_000);
    await advance(10_000);
  };
  return { ...{ told, advance, posts, counts, problems, trouble, standing, records, runsNow } };
}

function recordOf(name: string, tag: string, rollout: WorkloadRecord["rollout"], replicas: number): WorkloadRecord {
  const containers = [{ name, image: `team/${name}:${tag}` }];
  return { kind: "Deployment", namespace: "default", name, annotations: {}, containers, ...(rollout && { rollout, replicas }) };
}

function reported(name: string, more: Partial<Target> = {}): Target {
  return targetOf(name, {
    buildToken: { namespace: "default", name: "forge", field: "forge-token", forge: "github" },
    report: { forms: ["status"], environment: "prod", environmentUrl: undefined },
    ...more,
  });
}

const shop = reported("shop");
const tip = (sha: string, parent?: string): NonNullable<RunFound["tip"]> => ({
  ...{
    sha,
    tag: sha,
    words: "",
    summary: { author: "", subject: "", time: 0 },
    origin: "main",
    commit: () => Promise.reject(new Error("nobody asks")),
  },
  ...(parent !== undefined && { parent }),
});
const found = (sha: string): RunFound => ({ tip: tip(sha) });
const patched = (to: string): Outcome => ({ kind: "patched", to, commit: COMMIT });
const upToDate = (to: string): Outcome => ({ kind: "up_to_date", to });
const failed = (code: ErrorCode, message: string): Outcome => ({ kind: "failed", error: new ReconcileError(code, message) });
const awaited = (sha: string): readonly [RunFound, Outcome] => [
  { tip: tip(sha), verdict: { kind: "waiting", text: "" } },
  { kind: "waiting", step: "" },
];
const IN_MANIFESTS = "pending: in manifests as 1a2b3c4, waiting for the rollout";

test("words are posted when they change: runs that bring nothing new post nothing, and what changes within two seconds is one post", async (t) => {
  const { told, advance, posts, counts, runsNow } = startReports(t);
  for (let run = 0; run < 5; run++) {
    told.ended(shop, ...awaited(A));
    await advance(10_000);
  }
  assert.deepEqual(posts, ["shop a pending: waiting for the image team/shop:aaaaaaa"]);
  told.ended(shop, found(A), patched(A));
  await advance(1_000);
  await runsNow("shop", A);
  for (let run = 0; run < 5; run++) {
    told.ended(shop, found(A), upToDate(A));
    await advance(10_000);
  }
  assert.deepEqual(posts.slice(1), ["shop a success: runs in prod: 3 of 3 ready, 1 s after the push"]);
  assert.deepEqual(counts, { reads: 1, tokens: 2 }, "the list is read once, and the token for each post");
});

test("once a commit has run, neither Pods that are replaced nor failures of later runs change its words; that it was taken back does", async (t) => {
  const { told, advance, posts, runsNow } = startReports(t);
  told.ended(shop, found(A), patched(A));
  await runsNow("shop", A);
  const ran = [...posts];
  assert.equal(ran.length, 1);
  await runsNow("shop", A, "under_way");
  await runsNow("shop", A, "stuck");
  for (let run = 0; run < 4; run++) {
    told.ended(shop, found(A), failed("git_push_refused", "the server says no; ask it"));
    await advance(10_000);
  }
  told.disabled(shop);
  await advance(10_000);
  assert.deepEqual(posts, ran);
  told.ended(shop, found(A), { kind: "skipped", reason: "held", to: A, commit: COMMIT });
  await advance(10_000);
  assert.deepEqual(posts.slice(1), ["shop a success: not deployed here: held"]);
});

test("a rollout that is stuck is told, and that it went on after all", async (t) => {
  const { told, posts, runsNow } = startReports(t);
  told.ended(shop, found(A), patched(A));
  await runsNow("shop", A, "under_way");
  await runsNow("shop", A, "stuck");
  await runsNow("shop", A);
  assert.deepEqual(posts, [
    `shop a ${IN_MANIFESTS}`,
    "shop a failure: rollout failed: ProgressDeadlineExceeded; see kubectl describe deployment shop",
    "shop a success: runs in prod: 3 of 3 ready, 20 s after the push",
  ]);
});

test("what never ran gets its last word when another commit is written, and when the Deployment is disabled or deleted", async (t) => {
  const { told, advance, posts } = startReports(t);
  const [web, job] = [reported("web"), reported("job")];
  for (const target of [shop, web, job]) told.ended(target, found(A), patched(A));
  await advance(10_000);
  const before = posts.length;
  told.ended(shop, ...awaited(B));
  await advance(10_000);
  assert.deepEqual(posts.slice(before), ["shop b pending: waiting for the image team/shop:bbbbbbb"], "the manifests still name the other");
  told.ended(shop, found(B), patched(B));
  told.disabled(web);
  told.retain([shop, web]);
  await advance(10_000);
  assert.deepEqual(posts.slice(before + 1).sort(), [
    "job a success: not deployed here: deleted",
    "shop a success: not deployed here: superseded by bbbbbbb",
    `shop b ${IN_MANIFESTS}`,
    "web a success: not deployed here: disabled",
  ]);
  told.retain([shop, web]);
  await advance(10_000);
  assert.equal(posts.length, before + 5);
});

test("a commit whose build failed keeps that word when another comes", async (t) => {
  const { told, advance, posts } = startReports(t);
  told.ended(shop, found(A), failed("build_failed", "no"));
  await advance(10_000);
  told.ended(shop, found(B), patched(B));
  await advance(10_000);
  assert.deepEqual(posts, ["shop a failure: not deployed: the build failed", `shop b ${IN_MANIFESTS}`]);
});

test("where an older commit goes out, both say what is the matter with them", async (t) => {
  const { told, advance, posts } = startReports(t);
  const candidate = tip(A);
  const verdict = { kind: "found", candidate, digest: undefined } as const;
  told.ended(shop, { tip: tip(B), verdict: { ...verdict, isAwaited: true } }, patched(A));
  await advance(10_000);
  told.ended(shop, { tip: tip(B), verdict: { ...verdict, isBuildFailed: true } }, upToDate(A));
  await advance(10_000);
  assert.deepEqual(posts.sort(), [
    `shop a ${IN_MANIFESTS}`,
    "shop b failure: not deployed: the build failed",
    "shop b pending: waiting for the image team/shop:bbbbbbb",
  ]);
});

test("after a restart nothing that is right is posted again, and what another commit left waiting is ended", async (t) => {
  const first = startReports(t);
  first.told.ended(shop, found(A), patched(A));
  await first.advance(10_000);
  const web = reported("web");
  first.told.ended(web, found(A), patched(A));
  await first.runsNow("web", A);
  t.mock.timers.reset();

  const { told, advance, posts } = startReports(t, first);
  told.ended(web, found(A), upToDate(A));
  told.ended(shop, found(A), upToDate(A));
  await advance(10_000);
  assert.deepEqual(posts, []);
  t.mock.timers.reset();

  const third = startReports(t, { standing: first.standing });
  third.told.ended(shop, { tip: tip(B, A) }, patched(B));
  third.told.ended(web, { tip: tip(B, A) }, patched(B));
  await third.advance(10_000);
  assert.deepEqual(third.posts.sort(), [
    "shop a success: not deployed here: superseded by bbbbbbb",
    `shop b ${IN_MANIFESTS}`,
    `web b ${IN_MANIFESTS}`,
  ]);
});

// S28
test("nothing is told of a commit that the run's own key did not show, however often it fails", async (t) => {
  const { told, advance, posts, counts, problems } = startReports(t);
  for (let run = 0; run < 5; run++) {
    told.ended(shop, {}, failed("git_denied", "the key opens nothing"));
    told.ended(reported("public"), { isUnopened: true }, patched(A));
    told.ended(reported("none", { report: undefined }), found(A), patched(A));
    told.ended(reported("tokenless", { buildToken: undefined }), found(A), patched(A));
    await advance(MINUTE);
  }
  assert.deepEqual([posts, counts], [[], { reads: 0, tokens: 0 }]);
  assert.match(problems.get("public") ?? "", /^app_repository is read without a key, /);
});

// S28
test("that a commit is read without a key is a problem only until a run reads it with one, even where nothing is left to be told", async (t) => {
  const { told, advance, problems, posts } = startReports(t);
  const unopened = () => told.ended(shop, { isUnopened: true }, patched(A));
  unopened();
  assert.match(problems.get("shop") ?? "", /^app_repository is read without a key, /);
  told.ended(shop, found(A), patched(A));
  assert.equal(problems.get("shop"), undefined);
  await advance(MINUTE);
  unopened();
  told.ended(shop, found(A), patched(A));
  assert.equal(problems.get("shop"), undefined);
  await advance(MINUTE);
  assert.equal(posts.length, 1);
});

// S28
test("what was told of one repository is no word for another: its commits are told by the run that reads them", async (t) => {
  const { told, advance, standing } = startReports(t);
  told.ended(shop, ...awaited(A));
  await advance(10_000);
  const path = "/team/fork.git";
  told.ended({ ...shop, appRepository: { ...shop.appRepository, path } as Target["appRepository"] }, ...awaited(B));
  await advance(10_000);
  assert.deepEqual(
    [...standing].map(([key, { text }]) => `${key.split(" ").slice(0, 2).join(" ")} ${text}`),
    [`/team/shop.git ${A} not deployed here: superseded by bbbbbbb`, `${path} ${B} waiting for the image team/shop:bbbbbbb`],
  );
});

test("trouble of ours is told at the third run in a row, and not while runs end well between", async (t) => {
  const { told, advance, posts } = startReports(t);
  const down = failed("registry_unavailable", "registry.example is down (HTTP 503); it is asked again");
  for (const outcome of [down, down, upToDate(B), down, down]) told.ended(shop, found(A), outcome);
  await advance(10_000);
  assert.deepEqual(posts, []);
  told.ended(shop, found(A), down);
  await advance(10_000);
  assert.deepEqual(posts, ["shop a error: registry.example is down (HTTP 503)"]);
});

// F53
test("a forge that is gone for an hour has the right words some minutes after it is back, and was asked ever less", async (t) => {
  const { told, advance, posts, counts, trouble, standing, runsNow } = startReports(t);
  const targets = Array.from({ length: 20 }, (_, index) => reported(`app${index}`, { namespace: `team${index % 5}` }));
  const early = targets[2] as Target;
  told.ended(early, found(A), patched(A));
  await advance(10_000);
  trouble.now = () => ({ kind: "unavailable", reason: "HTTP 503" });
  for (const target of targets) told.ended(target, ...awaited(A));
  await advance(30 * MINUTE);
  for (const target of targets) told.ended(target, found(A), patched(A));
  await runsNow("app0", A);
  told.ended(targets[1] as Target, found(B), patched(B));
  await runsNow("app2", A);
  told.ended(early, found(B), patched(B));
  await advance(30 * MINUTE);
  assert.ok(counts.reads < 100, `${counts.reads}`);
  assert.equal(posts.length, 1);
  trouble.now = () => undefined;
  await advance(6 * MINUTE);
  const words = (name: string) => [...standing].filter(([key]) => key.endsWith(`/${name}`)).map(([, { text }]) => text);
  assert.match(String(words("app0")), /^runs in prod: 3 of 3 ready, \d+ s after the push$/);
  assert.deepEqual(words("app1"), ["in manifests as 1a2b3c4, waiting for the rollout"]);
  const [ran, next] = words("app2");
  assert.match(String(ran), /^runs in prod: 3 of 3 ready, \d+ s after the push$/, "what ran meanwhile has, whatever came then");
  assert.equal(next, "in manifests as 1a2b3c4, waiting for the rollout");
  for (const { name } of targets.slice(3)) assert.deepEqual(words(name), ["in manifests as 1a2b3c4, waiting for the rollout"]);
  assert.equal(posts.length, 22, "each was told once");
});

// S33
test("one namespace's limit, or its Secret that can't be read, holds up nobody else", async (t) => {
  const { told, advance, posts, trouble } = startReports(t);
  trouble.now = ({ context }) => (context.includes("/greedy/") ? { kind: "limited", reason: "its share is used up" } : undefined);
  for (let index = 0; index < 50; index++) told.ended(reported(`app${index}`, { namespace: "greedy" }), ...awaited(A));
  told.ended(shop, ...awaited(A));
  await advance(2_000);
  assert.equal(posts.length, 1);
});

test("what a forge refuses is told once, costs one try in ten minutes, and is mended by itself", async (t) => {
  const { told, advance, posts, problems, trouble, counts } = startReports(t);
  trouble.now = () => ({ kind: "refused", reason: "GitHub does not let the token write" });
  for (let run = 0; run < 9; run++) {
    told.ended(shop, ...awaited(A));
    await advance(MINUTE);
  }
  assert.deepEqual([...problems], [["shop", "GitHub does not let the token write"]]);
  assert.equal(counts.reads, 1);
  trouble.now = () => undefined;
  await advance(2 * MINUTE);
  told.ended(shop, ...awaited(A));
  await advance(10_000);
  assert.deepEqual([posts.length, problems.get("shop")], [1, undefined]);
});

test("a commit has twenty posts of a Deployment at most", async (t) => {
  const { told, advance, posts } = startReports(t);
  for (let run = 0; run < 30; run++) {
    told.ended(shop, found(A), failed(run % 2 ? "image_missing" : "build_failed", "no"));
    await advance(10_000);
  }
  assert.equal(posts.length, 20);
});
