import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { readTrailers } from "../../../src/core/commits/trailers.ts";
import { createWriters, type Seat } from "../../../src/core/delivery/writer.ts";
import type { Git, ManifestsCopy, PushResult } from "../../../src/core/git-ports.ts";
import type { Outcome } from "../../../src/core/outcome.ts";
import { editManifest } from "../../../src/core/places/edit-manifest.ts";
import type { Places } from "../../../src/core/ports.ts";
import type { Target } from "../../../src/core/types.ts";
import { ReconcileError } from "../../../src/errors.ts";
import { createRandom } from "../../random.ts";
import { commitOf } from "../commits.ts";
import { targetOf } from "../targets.ts";

const OLD = "0".repeat(40);
const NEW = "a".repeat(40);
const keyOf = (name: string) => ({
  kind: "key" as const,
  id: /^app-[135]$/.test(name) ? "other key" : "key",
  privateKey: "",
  secret: { namespace: "team", name: "key" },
});

function manifestOf(name: string): string {
  const container = `{ name: ${name}, image: "team/${name}:${OLD}" }`;
  return `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name} }\nspec: { template: { spec: { containers: [${container}] } } }\n`;
}

type Files = Readonly<Record<string, string>>;

/** A manifests branch in memory. `onPush` may answer instead of it, or move it first. */
function createBranch(names: readonly string[]) {
  const commits = new Map<string, { readonly parent: string | undefined; readonly files: Files; readonly message: string }>();
  let count = 0;
  const commit = (parent: string | undefined, files: Files, message = "") => {
    const sha = `commit-${count++}`;
    commits.set(sha, { parent, files, message });
    return sha;
  };
  const first = commit(undefined, Object.fromEntries(names.map((name) => [`${name}/deployment.yaml`, manifestOf(name)])));
  const branch = {
    tip: first,
    pushes: 0,
    atOnce: 0,
    mostAtOnce: 0,
    /** `PATH KEY` of every commit. */
    writtenWith: new Set<string>(),
    /** The namespace of every push. */
    pushedFor: [] as string[],
    onPush: async (_pushed: Files, _to: string): Promise<PushResult | undefined> => undefined,
    /** Since when histories were asked for. */
    asked: [] as number[],
    onHistory: async (_since: number): Promise<void> => {},
    move(files: Files = { other: String(count) }): void {
      branch.tip = commit(branch.tip, { ...commits.get(branch.tip)?.files, ...files });
    },
    history(from?: string): string[] {
      const shas: string[] = [];
      let sha: string | undefined = from ?? branch.tip;
      while (sha) {
        shas.push(sha);
        sha = commits.get(sha)?.parent;
      }
      return shas;
    },
    read(path: string, at?: string): string {
      return commits.get(at ?? branch.tip)?.files[path] ?? "";
    },
  };
  const notAsked = () => Promise.reject(new Error("not asked here"));
  const copy: ManifestsCopy = {
    holds: notAsked,
    tip: () => branch.tip,
    recent: notAsked,
    written: async (head, since) => {
      branch.asked.push(since);
      await branch.onHistory(since);
      const written = branch.history(head).flatMap((sha) => readTrailers(sha, commits.get(sha)?.message ?? ""));
      return { kind: "known", written };
    },
    standing: notAsked,
    propose: notAsked,
    requests: notAsked,
    request: notAsked,
    refresh: async () => branch.tip,
    read: async (at, path) => branch.read(path, at),
    list: () => Promise.reject(new Error("not asked here")),
    commit: async (parent, files, message) =>
      commit(parent, { ...commits.get(parent)?.files, ...Object.fromEntries(files.map(({ path, text }) => [path, text])) }, message),
    async push(from, to) {
      branch.pushes += 1;
      branch.atOnce += 1;
      branch.mostAtOnce = Math.max(branch.mostAtOnce, branch.atOnce);
      const instead = await branch.onPush(commits.get(to)?.files ?? {}, to);
      await turn();
      branch.atOnce -= 1;
      if (instead) return instead;
      if (branch.tip !== from) return { kind: "raced" };
      branch.tip = to;
      return { kind: "accepted" };
    },
  };
  const git: Git = {
    ...{ commits: notAsked, releases: notAsked, commit: notAsked, prints: notAsked },
    refreshAhead: () => undefined,
    manifestsBranch: notAsked,
    withManifests: ({ key, namespace }, work) =>
      work({
        ...copy,
        push(from, to) {
          branch.pushedFor.push(namespace);
          return copy.push(from, to);
        },
        commit(parent, files, message) {
          for (const { path } of files) branch.writtenWith.add(`${path} ${key.id}`);
          return copy.commit(parent, files, message);
        },
      }),
  };
  return { branch, git };
}

/** What became of it: the code of a failure, else its kind. */
const inShort = (outcome: Outcome) => (outcome.kind === "failed" ? outcome.error.code : outcome.kind);

function createWorld(
  names: readonly string[],
  recheck: (target: Target) => Outcome | undefined = () => undefined,
  edit: Places["edit"] = async (question) => editManifest(question),
) {
  const { branch, git } = createBranch(names);
  const flushes: (() => void)[] = [];
  const writers = createWriters({
    git,
    places: { edit },
    recheck,
    log: { warn: () => {} },
    workloads: {
      staleForMs: () => 0,
      refusal: () => undefined,
    },
    clock: {
      now: () => performance.now(),
      // The wait for the undecided ends by hand, the jitter between tries by itself.
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
          if (signal.aborted) reject(signal.reason);
          else if (ms === 2_000) flushes.push(resolve);
          else setImmediate(resolve);
        }),
    },
  });
  const write = (seat: Seat, name: string, signal = new AbortController().signal, wasRefused = false, namespace = "default", time = 0) => {
    const target = targetOf(name, { namespace });
    const at = { repository: target.manifestRepository, branch: "master", key: keyOf(name), namespace: target.namespace };
    const appCommit = commitOf(NEW, { time });
    return seat.write({
      target,
      at,
      appCommit,
      image: target.image,
      tag: NEW,
      isChecked: true,
      digest: undefined,
      signing: undefined,
      signal,
      notBefore: 0,
      wasRefused,
    });
  };
  return { branch, writers, write, flush: () => flushes.splice(0).forEach((end) => void end()) };
}

test("a run whose branch is not known yet is undecided at every branch of its repository, so named and not named go out together", async () => {
  const { branch, writers, write } = createWorld(["a", "b"]);
  const [named, unnamed, third] = ["a", "b", "c"].map((name, index) =>
    writers.seat({ ...targetOf(name), manifestBranch: index === 0 ? "master" : undefined }),
  ) as [Seat, Seat, Seat];
  const outcomes = [write(named, "a"), write(unnamed, "b")];
  for (let left = 5; left > 0; left--) await turn();
  assert.equal(branch.pushes, 0, "c is undecided");
  third.leave();
  assert.deepEqual(
    (await Promise.all(outcomes)).map(({ kind }) => kind),
    ["patched", "patched"],
  );
  assert.equal(branch.pushes, 1);
});

test("what is ready together goes out in one push, as soon as nobody is undecided", async () => {
  const { branch, writers, write } = createWorld(["a", "b", "c"]);
  const seats = ["a", "b", "c", "d"].map((name) => writers.seat(targetOf(name)));
  const outcomes = ["a", "b", "c"].map((name, index) => write(seats[index] as Seat, name));
  for (let left = 5; left > 0; left--) await turn();
  assert.equal(branch.pushes, 0, "d is undecided");
  seats[3]?.leave();
  assert.deepEqual(
    (await Promise.all(outcomes)).map(({ kind }) => kind),
    ["patched", "patched", "patched"],
  );
  assert.equal(branch.pushes, 1);
  assert.equal(branch.history().length, 4);
});

// S10, S32
test("what is in memory until it is pushed is bounded: the rest of a large batch goes in the next push, one commit each, whoever is first meanwhile", async () => {
  const names = Array.from({ length: 80 }, (_, i) => `a${i}`);
  const fill = `# ${"x".repeat(2 ** 20)}\n`;
  const large: Places["edit"] = async (question) => {
    const answer = editManifest(question);
    return answer.kind === "update" ? { ...answer, text: answer.text + fill } : answer;
  };
  const { branch, writers, write } = createWorld(names, undefined, large);
  const pushed: number[] = [];
  branch.onPush = async (files) => {
    // Somebody else is first at the second push.
    if (branch.pushes === 2) branch.move();
    else pushed.push(Object.values(files).filter((text) => text.endsWith(fill)).length);
    return undefined;
  };
  const seats = names.map((name) => writers.seat(targetOf(name)));
  const outcomes = await Promise.all(names.map((name, at) => write(seats[at] as Seat, name)));
  assert.deepEqual(new Set(outcomes.map(inShort)), new Set(["patched"]));
  assert.deepEqual(pushed, [32, 64, 80]);
  assert.equal(branch.history().length, 1 + 80 + 1);
});

test("the undecided are waited for no longer than the flush", async () => {
  const { branch, writers, write, flush } = createWorld(["a"]);
  writers.seat(targetOf("undecided"));
  const outcome = write(writers.seat(targetOf("a")), "a");
  await turn();
  assert.equal(branch.pushes, 0);
  flush();
  assert.equal((await outcome).kind, "patched");
});

test("others were first five times: failed, and it is said; a refusal fails the culprit alone", async () => {
  const raced = createWorld(["a"]);
  raced.branch.onPush = async () => void raced.branch.move();
  const lost = await raced.write(raced.writers.seat(targetOf("a")), "a");
  assert.equal(lost.kind === "failed" && lost.error.code, "git_push_raced");
  assert.equal(raced.branch.pushes, 5);

  const { branch, writers, write } = createWorld(["a", "bad", "c"]);
  branch.onPush = async (files) => (files["bad/deployment.yaml"]?.includes(NEW) ? { kind: "refused", reason: "policy" } : undefined);
  const names = ["a", "bad", "c"];
  const seats = names.map((name) => writers.seat(targetOf(name)));
  const outcomes = await Promise.all(names.map((name, index) => write(seats[index] as Seat, name)));
  assert.deepEqual(outcomes.map(inShort), ["patched", "git_push_refused", "patched"]);
});

test("a push that landed without a word is not held at the next try; where its revert came on top, it is", async () => {
  for (const [revert, kind] of [
    [false, "up_to_date"],
    [true, "skipped"],
  ] as const) {
    const { branch, writers, write } = createWorld(["a"]);
    branch.onPush = async (_pushed, to) => {
      branch.tip = to;
      if (revert) branch.move({ "a/deployment.yaml": manifestOf("a") });
      return { kind: "raced", cause: new Error("cut") };
    };
    const outcome = await write(writers.seat(targetOf("a")), "a");
    assert.deepEqual([outcome.kind, branch.pushes], [kind, 1]);
  }
});

test("who was refused before does not spoil the push of others; while the refused go one by one, others of the branch come in between", async () => {
  const { branch, writers, write } = createWorld(["a", "b", "bad-1", "bad-2", "late"]);
  const pushed: string[] = [];
  branch.onPush = async (files) => {
    const now = Object.keys(files).filter((path) => files[path]?.includes(NEW));
    pushed.push(now.map((path) => path.replace("/deployment.yaml", "")).join("+"));
    return now.some((path) => path.startsWith("bad")) ? { kind: "refused", reason: "policy" } : undefined;
  };
  const names = ["a", "b", "bad-1", "bad-2"];
  const seats = names.map((name) => writers.seat(targetOf(name)));
  const outcomes = names.map((name, index) => write(seats[index] as Seat, name, undefined, name.startsWith("bad")));
  while (pushed.length < 3) await turn();
  const late = write(writers.seat(targetOf("late")), "late");
  assert.equal((await late).kind, "patched");
  assert.deepEqual(
    (await Promise.all(outcomes)).map(({ kind }) => kind),
    ["patched", "patched", "failed", "failed"],
  );
  assert.deepEqual(pushed, ["a+b", "a+b+bad-1+bad-2", "a+b+bad-1", "a+b+late", "a+b+bad-2+late"]);
  assert.equal(branch.mostAtOnce, 1);
});

// S33
test("a push that fails for want of one namespace's share fails for that one alone: the others go by themselves", async () => {
  const looks: string[] = [];
  const { branch, writers, write } = createWorld(["a", "b", "c"], ({ name }) => void looks.push(name));
  branch.onPush = async () => {
    if (branch.pushedFor.at(-1) !== "greedy") return undefined;
    throw new ReconcileError("git_unreachable", "no look-up left", { shareOf: "greedy" });
  };
  // One has no file on the branch.
  const namespaces = { a: "greedy", b: "team", spoilt: "team", c: "other" };
  const seats = Object.keys(namespaces).map((name) => writers.seat(targetOf(name)));
  const writeAll = Object.entries(namespaces).map(([name, namespace], i) => write(seats[i] as Seat, name, undefined, false, namespace));
  assert.deepEqual(
    (await Promise.all(writeAll)).map(({ kind }) => kind),
    ["failed", "patched", "failed", "patched"],
  );
  assert.deepEqual(branch.pushedFor, ["greedy", "team", "other"]);
  assert.equal(looks.filter((name) => name === "spoilt").length, 2, "who was told how it ended does not go again");
});

// P9
test("a manifest that was spoilt between the run's look and the push fails alone", async () => {
  // The second has no file on the branch.
  const { branch, writers, write } = createWorld(["a", "c"]);
  const names = ["a", "spoilt", "c"];
  const seats = names.map((name) => writers.seat(targetOf(name)));
  const outcomes = await Promise.all(names.map((name, index) => write(seats[index] as Seat, name)));
  assert.deepEqual(outcomes.map(inShort), ["patched", "manifest_no_container", "patched"]);
  assert.equal(branch.pushes, 1);
});

test("after the close nothing is pushed, what waits is told so, and a push in flight is waited for", async () => {
  const { branch, writers, write } = createWorld(["a", "b"]);
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  branch.onPush = async () => {
    arrive();
    await opened;
    return undefined;
  };
  const inFlight = write(writers.seat(targetOf("a")), "a");
  await arrived;
  const waiting = write(writers.seat(targetOf("b")), "b");
  let isClosed = false;
  const closed = writers.close().then(() => {
    isClosed = true;
  });
  for (let left = 5; left > 0; left--) await turn();
  assert.equal(isClosed, false);
  open();
  await closed;
  assert.equal((await inFlight).kind, "patched");
  const refused = await waiting;
  assert.equal(refused.kind === "failed" && refused.error.code, "shutdown");
  const late = await write(writers.seat(targetOf("b")), "b");
  assert.equal(late.kind === "failed" && late.error.code, "shutdown");
  assert.equal(branch.pushes, 1);
});

// P3, P5
test("over random races, refusals, cuts, aborts and two keys: one push at a time, every run is told once, and patched means that its commit is on the branch", async () => {
  const kinds = new Map<string, number>();
  for (let seed = 1; seed <= 100; seed++) {
    const { integer } = createRandom(seed);
    const names = Array.from({ length: 1 + integer(6) }, (_, index) => `app-${index}`);
    const { branch, writers, write, flush } = createWorld(names, () => (integer(8) ? undefined : { kind: "skipped", reason: "disabled" }));
    branch.onPush = async () => {
      for (let left = integer(3); left > 0; left--) await turn();
      const what = integer(8);
      if (what === 0) branch.move();
      if (what === 1) return { kind: "refused", reason: "policy" };
      if (what === 2) return { kind: "raced", cause: new ReconcileError("git_unreachable", "cut") };
      return undefined;
    };
    const work = async (name: string): Promise<void> => {
      const seat = writers.seat(targetOf(name));
      for (let left = integer(4); left > 0; left--) await turn();
      if (integer(6) === 0) return seat.leave();
      const run = new AbortController();
      if (integer(8) === 0) setImmediate(() => run.abort(new ReconcileError("superseded", "newer")));
      const outcome = await write(seat, name, run.signal, integer(3) === 0);
      kinds.set(outcome.kind, (kinds.get(outcome.kind) ?? 0) + 1);
      const isThere = branch.read(`${name}/deployment.yaml`).includes(NEW);
      assert.equal(isThere, outcome.kind === "patched" || outcome.kind === "up_to_date", `seed ${seed}: ${name} is ${outcome.kind}`);
      if (outcome.kind === "patched") assert.ok(branch.history().includes(outcome.commit), `seed ${seed}: ${outcome.commit} is lost`);
    };
    const all = Promise.all(names.map(work));
    let isDone = false;
    void all.then(() => {
      isDone = true;
    });
    for (let tries = 0; !isDone; tries++) {
      assert.ok(tries < 5_000, `seed ${seed}: somebody is never told`);
      if (integer(3) === 0) flush();
      await turn();
    }
    await all;
    await writers.close();
    for (const written of branch.writtenWith) {
      assert.ok(
        names.some((name) => written === `${name}/deployment.yaml ${keyOf(name).id}`),
        `seed ${seed}: S2: ${written}`,
      );
    }
    // Here, not in the push: what it throws would be one more failed run.
    assert.ok(branch.mostAtOnce <= 1, `seed ${seed}: ${branch.mostAtOnce} pushes at once`);
  }
  for (const kind of ["patched", "failed", "skipped"]) assert.ok((kinds.get(kind) ?? 0) > 10, `${kind}: ${kinds.get(kind)}`);
});

// P9
test("a history that can't be had fails who needs it, and nobody else; none is asked for from before 1970", async () => {
  const names = ["old", "a", "b"];
  const { branch, writers, write } = createWorld(names);
  const now = Date.now() / 1_000;
  branch.onHistory = async (since) => {
    if (since < now - 30 * 86_400) throw new ReconcileError("git_denied", "the git server refused: no commits selected");
  };
  const seats = names.map((name) => writers.seat(targetOf(name)));
  const signal = new AbortController().signal;
  const outcomes = await Promise.all(
    names.map((name, index) => write(seats[index] as Seat, name, signal, false, "default", name === "old" ? 0 : now - index)),
  );
  assert.deepEqual(outcomes.map(inShort), ["git_denied", "patched", "patched"]);
  assert.ok(
    branch.asked.every((since) => since > 0),
    `${branch.asked}`,
  );
  assert.equal(branch.asked.filter((since) => since < now - 30 * 86_400).length, 1, "the whole is asked for once");
});
