/** What the soak looks for afterwards: each rule sees its fault, and nothing in a history without one. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createBareRepository } from "../sandbox/bare-repository.ts";
import { git } from "../sandbox/git-process.ts";
import { manifestOf } from "../sandbox/world.ts";
import { auditHistory, behind } from "../soak/audit.ts";
import type { Changes } from "../soak/changes.ts";
import { notFlat } from "../soak/flat.ts";
import type { Measured } from "../soak/operator.ts";
import { type App, FIRST_TAG, type Town } from "../soak/town.ts";

const [FIRST, SECOND, UNBUILT] = ["1", "2", "3"].map((digit) => digit.repeat(40)) as [string, string, string];
const PATH = "apps/shop/deployment.yaml";
const own = { name: "GitOps Operator", email: "gitops-operator@noreply.local" };
const manifest = (tag: string) => manifestOf("shop", `registry.example/team/shop:${tag}`);

/** A manifests repository of one Deployment, with one commit of the operator's and one of somebody else's. */
async function startTown(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "soak-audit-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const repository = await createBareRepository(join(folder, "manifests.git"));
  await repository.config("core.logAllRefUpdates", "always");
  await repository.commit({ [PATH]: manifest(FIRST_TAG), "README.md": "0\n" });
  const app = { namespace: "blue", name: "shop", manifests: repository, path: PATH, image: "team/shop" };
  const town = {
    manifests: [repository],
    apps: [{ ...app, commits: [FIRST, SECOND, UNBUILT], built: new Set([FIRST, SECOND]) } as unknown as App],
  } as unknown as Town;
  const others = new Set<string>();
  const changes = { others: new Map([[repository, others]]), dropped: new Set<string>(), forced: new Set<string>() };
  const update = (tag: string, files: Record<string, string> = { [PATH]: manifest(tag) }, imageTag = tag) => {
    const trailers = { Deployment: "blue/shop", Image: `registry.example/team/shop:${imageTag}`, Commit: tag, File: PATH };
    const lines = Object.entries(trailers).map(([name, value]) => `Gitops-Operator-${name}: ${value}\n`);
    const message = `chore\n\n${lines.join("")}`;
    return repository.commit(files, { author: own, message });
  };
  const edit = async (files: Record<string, string>) => {
    const sha = await repository.commit(files);
    others.add(sha);
    return sha;
  };
  /** What the operator said that it did. */
  const patched = new Set([`blue/shop ${FIRST}`]);
  const audit = () => auditHistory(town, changes as unknown as Changes, patched);
  await update(FIRST);
  const other = await edit({ "README.md": "1\n" });
  return { repository, town, changes, patched, update, edit, audit, other, tip: async () => (await repository.tip()) ?? "" };
}

type Scene = Awaited<ReturnType<typeof startTown>>;

test("a history that keeps every promise has no problem, and a manifest at the newest commit is not behind", async (t) => {
  const { town, changes, patched, update, edit, audit, other, repository, tip } = await startTown(t);
  await update(SECOND);
  patched.add(`blue/shop ${SECOND}`);
  assert.deepEqual(await audit(), { commits: 2, problems: [] });
  // What was taken back may be written as another text.
  const rollback = await edit({ [PATH]: manifest(FIRST) });
  await update(SECOND, { [PATH]: manifest(SECOND.slice(0, 7)) }, SECOND.slice(0, 7));
  assert.deepEqual(await audit(), { commits: 3, problems: [] });
  // What a writer takes away by a force-push of its own is nobody's fault, nor is what the operator said before that; and it may be written again.
  const from = await tip();
  await repository.forceBranch("main", `${other}~2`);
  changes.forced.add(`${from} ${await tip()}`);
  for (const sha of [other, rollback]) changes.dropped.add(sha);
  await update(FIRST);
  assert.deepEqual(await audit(), { commits: 1, problems: [] });
  assert.deepEqual(await behind(town), town.apps);
  await update(UNBUILT);
  assert.deepEqual(await behind(town), []);
});

const faults: [what: string, problem: RegExp, make: (scene: Scene) => Promise<unknown>][] = [
  [
    "another writer's commit that a push on an older tip took away",
    /P1: another writer's commit [0-9a-f]{40} is lost/,
    async ({ repository, other, update }) => {
      await repository.forceBranch("main", `${other}~1`);
      await update(SECOND);
    },
  ],
  [
    "a branch that was moved back and on again",
    /P1: the branch went from [0-9a-f]{40} to [0-9a-f]{40}, which is no fast-forward/,
    async ({ repository, tip }) => {
      const now = await tip();
      await repository.forceBranch("main", `${now}~1`);
      await repository.forceBranch("main", now);
    },
  ],
  [
    "a merge",
    /the history is not linear/,
    async ({ repository, tip }) => {
      const now = await tip();
      const args = ["commit-tree", "-p", now, "-p", `${now}~2`, "-m", "Merge", `${now}^{tree}`];
      await repository.forceBranch("main", (await git(repository.directory, args)).toString().trim());
    },
  ],
  [
    "an application commit that is written again after it was taken back",
    new RegExp(`P2: a second commit writes registry\\.example/team/shop:${FIRST} \\(application commit ${FIRST}\\) in ${PATH}$`),
    async ({ edit, update }) => {
      await edit({ [PATH]: manifest(FIRST_TAG) });
      await update(FIRST);
    },
  ],
  [
    "an application commit that is written again into a file that others have changed meanwhile",
    /P2: a second commit writes /,
    async ({ edit, update }) => {
      await edit({ [PATH]: `# by hand\n${manifest(FIRST_TAG)}` });
      await update(FIRST, { [PATH]: `# by hand\n${manifest(FIRST)}` });
    },
  ],
  [
    "patched without a commit",
    new RegExp(`P3: answered patched without a commit: blue/shop ${SECOND}`),
    async ({ patched }) => patched.add(`blue/shop ${SECOND}`),
  ],
  ["a tag without image", new RegExp(`P4: [0-9a-f]{40} writes ${UNBUILT}, which was never built`), ({ update }) => update(UNBUILT)],
  [
    "a step back to an older commit",
    /goes back to an older commit of blue\/shop/,
    async ({ edit, update }) => {
      await update(SECOND);
      await edit({ [PATH]: `# by hand\n${manifest(SECOND)}` });
      await update(FIRST);
    },
  ],
  [
    "another file of a commit",
    /changes apps\/shop\/deployment\.yaml, zebra\.md/,
    ({ update }) => update(SECOND, { [PATH]: manifest(SECOND), "zebra.md": "2\n" }),
  ],
  ["a commit without a change", /of blue\/shop changes nothing/, ({ update }) => update(SECOND, {})],
  [
    "a missing object",
    /fsck/,
    async ({ repository, tip }) => {
      // The tree of the first commit, which no other rule reads.
      const id = (await git(repository.directory, ["rev-parse", `${await tip()}:README.md`])).toString().trim();
      await git(repository.directory, ["unpack-objects", "-q"], { input: await packOf(repository.directory) });
      await rm(join(repository.directory, "objects", id.slice(0, 2), id.slice(2)));
    },
  ],
];

/** All objects, taken out of their packs. */
async function packOf(directory: string): Promise<Buffer> {
  const ids = (await git(directory, ["rev-list", "--objects", "--all", "--no-object-names"])).toString();
  const pack = await git(directory, ["pack-objects", "-q", "--stdout"], { input: ids });
  for (const name of await readdir(join(directory, "objects", "pack"))) await rm(join(directory, "objects", "pack", name), { force: true });
  return pack;
}

for (const [what, problem, make] of faults) {
  // F47
  test(`the audit sees ${what}`, async (t) => {
    const scene = await startTown(t);
    assert.deepEqual((await scene.audit()).problems, []);
    await make(scene);
    const { problems } = await scene.audit();
    assert.ok(
      problems.some((text) => problem.test(text)),
      `${problems}`,
    );
  });
}

test("a manifest behind its newest commit is named", async (t) => {
  const { town, update } = await startTown(t);
  await update(SECOND);
  assert.deepEqual(
    (await behind(town)).map(({ name }) => name),
    ["shop"],
  );
});

type Figure = (at: number) => number;

/** 90 samples of one process. */
function lifeOf({ pid = 1, rssMb = () => 100, handles = () => 30 }: { pid?: number; rssMb?: Figure; handles?: Figure }): Measured[] {
  return Array.from({ length: 90 }, (_, at) => ({ pid, rssMb: rssMb(at), handles: handles(at), children: 0 }));
}

// F47
test("growth of the last process is seen in memory and in open files; a flat life, a burst and the ones before it are not", () => {
  const flat = lifeOf({ pid: 2, rssMb: (at) => 100 + (at % 7) });
  const bursts = lifeOf({ rssMb: (at) => (at % 10 === 0 ? 100 : 300), handles: (at) => (at % 10 === 0 ? 30 : 300) });
  const grown = lifeOf({ rssMb: (at) => 100 + 9 * at, handles: (at) => 30 + 9 * at });
  for (const samples of [flat, bursts, [...grown, ...flat]]) assert.deepEqual(notFlat(samples), []);
  assert.deepEqual(notFlat(lifeOf({ rssMb: (at) => 100 + 3 * at })), ["memory grew from 190 to 280 MB"]);
  assert.deepEqual(notFlat(lifeOf({ handles: (at) => 30 + 2 * at })), ["open files grew from 90 to 150"]);
  assert.match(notFlat([...flat, { pid: 3, rssMb: 1, handles: 1, children: 0 }])[0] ?? "", /lived too short/);
});
