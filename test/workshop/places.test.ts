import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { editManifest } from "../../src/core/places/edit-manifest.ts";
import { createPlaces } from "../../src/workshop/places.ts";
import { createWorkshop, type Workshop } from "../../src/workshop/workshop.ts";
import { targetOf } from "../core/targets.ts";

const target = targetOf("shop");
const { image } = target;
const [{ path }] = target.files;
const { signal } = new AbortController();

function manifestOf(tag: string, fill = ""): string {
  const container = `{ name: shop, image: "${image.repository}:${tag}" }`;
  return `apiVersion: apps/v1\nkind: Deployment\nspec: { template: { spec: { containers: [${container}] } } }\n${fill}`;
}

/** Larger than what is edited at once. */
const fillOf = (bytes: number) => `---\n${`- ${"text ".repeat(10)}\n`.repeat(bytes / 53)}`;
const LARGE = fillOf(100_000);

function openPlaces(t: TestContext, jobMs?: number) {
  const workshop = createWorkshop(jobMs === undefined ? {} : { jobMs });
  t.after(() => workshop.close());
  const asked: string[] = [];
  const counted: Workshop = {
    ...workshop,
    run(job, ...rest) {
      asked.push(job);
      return workshop.run(job, ...rest);
    },
  };
  return { places: createPlaces(counted), asked };
}

// S9
test("a large manifest is edited in a thread as a small one is here: the same edit, the same refusals", async (t) => {
  const { places, asked } = openPlaces(t);
  for (const fill of ["", LARGE]) {
    const question = { text: manifestOf("old", fill), path, image, tag: "new" };
    assert.deepEqual(await places.edit(question, target, signal), editManifest(question));
    const pinned = {
      ...question,
      text: question.text.replace(":old", `:old@sha256:${"0".repeat(64)}`),
      digest: `sha256:${"1".repeat(64)}`,
    };
    const edit = await places.edit(pinned, target, signal);
    assert.ok(edit.kind === "update" && edit.isPinned && edit.text.includes(`:new@${pinned.digest}"`));
    const other = { ...question, image: { ...image, repository: "team/other" } };
    assert.deepEqual(await places.edit(other, target, signal), editManifest(other));
    const broken = { ...question, text: `a: [\n${fill}` };
    await assert.rejects(places.edit(broken, target, signal), {
      code: "manifest_invalid",
      message: /^shop\/deployment\.yaml can't be used/,
    });
  }
  assert.equal(asked.length, 4);
});

test("where nothing is to be done, the thread is asked once for all passes; another tag, image, ref or text is another question", async (t) => {
  const { places, asked } = openPlaces(t);
  const question = { text: manifestOf("new", LARGE), path, image, tag: "new" };
  for (let pass = 0; pass < 3; pass++) assert.equal((await places.edit(question, target, signal)).kind, "up_to_date");
  assert.equal(asked.length, 1);
  assert.equal((await places.edit({ ...question, tag: "newer" }, target, signal)).kind, "update");
  assert.equal((await places.edit({ ...question, text: manifestOf("old", LARGE) }, target, signal)).kind, "update");
  assert.equal((await places.edit({ ...question, image: { ...image, repository: "team/other" } }, target, signal)).kind, "none");
  const ref = { repository: "github.com/team/shop", commit: "1".repeat(40) };
  for (const commit of [ref.commit, "2".repeat(40)]) await places.edit({ ...question, ref: { ...ref, commit } }, target, signal);
  assert.equal(asked.length, 6);
});

// S9, S32
test("files of 1 MiB that one tenant has edited at once keep no other tenant's file waiting for all of them", async (t) => {
  const { places } = openPlaces(t);
  const large = `# ${"x".repeat(2 ** 20 - 1_000)}\n`;
  let done = 0;
  const flood = Array.from({ length: 25 }, async (_, at) => {
    await places.edit({ text: manifestOf(`old-${at}`, large), path, image, tag: "new" }, targetOf("shop", { namespace: "flood" }), signal);
    done += 1;
  });
  await places.edit({ text: manifestOf("old", fillOf(5_000)), path, image, tag: "new" }, targetOf("shop", { namespace: "other" }), signal);
  assert.ok(done < 12, `${done} of the other tenant's 25 were done before`);
  await Promise.all(flood);
});

// S9, S32
test("a manifest that costs more than a job may is told as that file's problem, with what to do", async (t) => {
  const { places } = openPlaces(t, 1);
  await assert.rejects(places.edit({ text: manifestOf("old", LARGE), path, image, tag: "new" }, target, signal), {
    code: "work_limit",
    message:
      /^reading shop\/deployment\.yaml of .*team\/manifests.* took more than 1 seconds of a processor, so it was given up; check the file, and/,
  });
});

test("what a large manifest costs is spent in the thread", async (t) => {
  const { places } = openPlaces(t);
  /** Each text is another, for what was read once is remembered. */
  const spent = async (name: string, edit: (text: string) => unknown) => {
    let least = Infinity;
    for (let count = 0; count < 5; count++) {
      const before = process.threadCpuUsage();
      await edit(manifestOf("old", `# ${name} ${count}\n${fillOf(200_000)}`));
      const { user, system } = process.threadCpuUsage(before);
      least = Math.min(least, user + system);
    }
    return least;
  };
  const here = await spent("here", (text) => editManifest({ text, path, image, tag: "new" }));
  const aside = await spent("aside", (text) => places.edit({ text, path, image, tag: "new" }, target, signal));
  assert.ok(aside < here / 5, `${aside} of ${here} microseconds`);
});

/** Of one format as much as it may hold, filled up to 1 MiB: which one it is, is the thread's matter alone. */
const ENTRIES = `images:\n- {name: ${image.repository}, newTag: old}\n${"- {name: team/other, newTag: old}\n".repeat(4_000)}`;
const LARGEST = ENTRIES + `# ${"x".repeat(97)}\n`.repeat((2 ** 20 - ENTRIES.length - 100) / 100);

/** The most processor time, in microseconds, that the main thread spends in one go while something is done elsewhere. */
async function longestStall(work: Promise<unknown>): Promise<number> {
  let longest = 0;
  let before = process.threadCpuUsage();
  let next: NodeJS.Timeout;
  // A callback: of promises the test runner follows each one.
  const look = () => {
    const { user, system } = process.threadCpuUsage(before);
    longest = Math.max(longest, user + system);
    before = process.threadCpuUsage();
    next = setTimeout(look, 1);
  };
  next = setTimeout(look, 1);
  await work;
  clearTimeout(next);
  return longest;
}

// S9
test("while 1 MiB is edited, the main thread never works longer in one go than a tenth of what the edit costs", async (t) => {
  const { places } = openPlaces(t);
  const question = (count: number) => ({ text: `# ${count}\n${LARGEST}`, path: "shop/kustomization.yaml", image, tag: "new" });
  const before = process.threadCpuUsage();
  assert.equal(editManifest(question(0)).kind, "update");
  const { user, system } = process.threadCpuUsage(before);
  // The start of a thread is not the edit's.
  await places.edit({ text: manifestOf("old", LARGE), path, image, tag: "new" }, target, signal);
  let least = Infinity;
  // Whatever else the thread does can only add: a stretch that is short once, is short.
  for (let count = 1; count <= 3 && least >= (user + system) / 10; count++) {
    const begun = process.threadCpuUsage();
    const edit = places.edit(question(count), target, signal);
    const { user: asked, system: posted } = process.threadCpuUsage(begun);
    least = Math.min(least, Math.max(asked + posted, await longestStall(edit)));
  }
  t.diagnostic(`${Math.round((user + system) / 1_000)} ms, the longest stall ${(least / 1_000).toFixed(1)} ms`);
  assert.ok(least < (user + system) / 10, `${least} of ${user + system} microseconds`);
});
