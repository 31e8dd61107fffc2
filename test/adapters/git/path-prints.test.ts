import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gitProfiles } from "../../../sandbox/git-profiles.ts";
import type { PathPrinter } from "../../../src/core/app-history.ts";
import { createPathPrinter, isChanged, missingPath } from "../../../src/core/commits/app-paths.ts";
import type { AppPaths } from "../../../src/core/types.ts";
import { inReferences } from "../../growth.ts";
import { skipWithoutSshd } from "../../openssh.ts";
import { startReadWorld } from "./read-world.ts";

const skip = skipWithoutSshd();
const APPS = 12;

/** Twelve apps and as many libraries, in 62 folders. */
const MONOREPO: Record<string, string> = Object.fromEntries(
  Array.from({ length: APPS }, (_, app) => [
    ...Array.from({ length: 20 }, (_, i) => [`services/app-${app}/src/file-${i}.ts`, `${app} ${i}\n`]),
    [`services/app-${app}/docs/guide.md`, `${app}\n`],
    [`services/app-${app}/src/deep/er/x.ts`, `${app}\n`],
    [`libs/lib-${app}/index.ts`, `${app}\n`],
  ]).flat(),
);

const pathsOf = (...written: string[]): AppPaths => ({
  include: written.filter((path) => !path.startsWith("!")),
  exclude: written.filter((path) => path.startsWith("!")).map((path) => path.slice(1)),
});
const printerOf = (...written: string[]): PathPrinter => createPathPrinter(pathsOf(...written));

/** A monorepo, and so many commits on it, each of which changes a file of one app in turn. */
async function startMonorepo(t: Parameters<typeof startReadWorld>[0], commits: number, options: Parameters<typeof startReadWorld>[1] = {}) {
  const world = await startReadWorld(t, { files: MONOREPO, ...options });
  const { repository, run } = world;
  await repository.config("uploadpack.allowFilter", "true");
  const commit = (i: number) => `commit refs/heads/main
committer Sandbox <sandbox@example.com> ${1_700_000_000 + i} +0000
data 0
${i === 1 ? "from refs/heads/main^0\n" : ""}M 100644 inline services/app-${i % APPS}/src/file-${i % 20}.ts
data <<.
${i}
.
`;
  await run(["fast-import", "--quiet"], Array.from({ length: commits }, (_, i) => commit(i + 1)).join(""));
  const trees = async (revision = "main") => (await run(["log", "--first-parent", "--format=%T", revision])).split("\n");
  return { ...world, trees, change: repository.commit };
}

for (const acceptEnv of [true, false]) {
  test(`of fifty commits those that change the paths are told by a few kilobytes of folders, a request for each level (protocol ${acceptEnv ? 2 : 0})`, {
    skip,
  }, async (t) => {
    const { at, open, spent, asked, trees, repository } = await startMonorepo(t, 50, { acceptEnv });
    if (!acceptEnv) await repository.config("uploadpack.allowAnySHA1InWant", "true");
    const line = await trees();
    const git = open();
    const prints = await git.prints(at, line, printerOf("services/app-3/src", "libs/lib-3"));
    for (const [i, tree] of line.entries()) {
      const [print, before] = [prints.get(tree), prints.get(line[i + 1] ?? "")];
      assert.ok(print);
      const number = line.length - 1 - i;
      assert.equal(isChanged(print, before), number === 0 || number % APPS === 3, `commit ${number}`);
    }
    const requests = asked.flat().map((request) => request.match(/want [0-9a-f]{40}/g)?.length);
    // The roots; their folders services and libs; of services each app-3 that there was.
    assert.equal(requests.length, 3);
    assert.equal(requests[0], 51);
    const { conversations, receivedBytes } = spent();
    assert.equal(conversations, acceptEnv ? 1 : 3);
    assert.ok(receivedBytes < (acceptEnv ? 20_000 : 25_000), `${receivedBytes} bytes`);
  });
}

test("what is known is not asked for again: a branch that moved costs its new folders alone, equal questions one answer", {
  skip,
}, async (t) => {
  const { at, open, spent, asked, trees, change } = await startMonorepo(t, 10);
  const git = open();
  const paths = ["services/app-3/src", "!services/app-3/src/deep"] as const;
  const before = await trees();
  const ask = (line: readonly string[]) => git.prints(at, line, printerOf(...paths));
  const [one, other] = await Promise.all([ask(before), ask(before)]);
  assert.deepEqual(one, other);
  assert.equal(spent().conversations, 1);
  await ask(before);
  assert.equal(spent().conversations, 0);
  await change({ "services/app-5/docs/guide.md": "new\n" });
  const after = await trees();
  const prints = await ask(after);
  assert.deepEqual(prints.get(after[0] ?? ""), prints.get(after[1] ?? ""));
  // The new root and the new `services`; app-3 is the folder that it was.
  assert.deepEqual(
    asked.flat().map((request) => request.match(/want [0-9a-f]{40}/g)?.length),
    [1, 1],
  );
  spent();
  // Another key might see another repository.
  await git.prints(
    { ...at, key: { ...(at.key as NonNullable<typeof at.key>), id: "SHA256:other" } },
    after.slice(0, 1),
    printerOf(...paths),
  );
  assert.equal(spent().conversations, 1);
});

test("files, folders, symlinks and submodules, names that are no ASCII, and a path that no commit has", { skip }, async (t) => {
  const { at, open, trees, repository, run } = await startMonorepo(t, 0);
  const tell = async (...written: string[]) => {
    const line = await trees();
    const prints = await open().prints(at, line, printerOf(...written));
    const [after, before] = [prints.get(line[0] ?? ""), prints.get(line[1] ?? "")];
    assert.ok(after && before);
    return isChanged(after, before);
  };
  await repository.commit({ "übung/grüße.md": "1\n", link: { content: "services/app-1", mode: "120000" } });
  assert.deepEqual([await tell("übung/grüße.md"), await tell("übung"), await tell("link"), await tell("libs")], [true, true, true, false]);
  await repository.commit({ link: { content: "services/app-2", mode: "120000" } });
  assert.deepEqual([await tell("link"), await tell("link/src"), await tell("!link")], [true, false, false]);
  await repository.commit({ "libs/lib-1/index.ts": { content: "1\n", mode: "100755" } });
  assert.deepEqual([await tell("libs/lib-1/index.ts"), await tell("libs/lib-2")], [true, false]);
  const tip = await run(["rev-parse", "main"]);
  const entries = `${await run(["ls-tree", "main"])}\n160000 commit ${tip}\tvendor\n`;
  await run([
    "update-ref",
    "refs/heads/main",
    await run(["commit-tree", "-p", tip, "-m", "vendor", await run(["mktree", "--missing"], entries)]),
  ]);
  assert.deepEqual([await tell("vendor"), await tell("vendor/src", "libs"), await tell("services")], [true, false, false]);
  await repository.commit({ "libs/lib-1/index.ts": null });
  assert.deepEqual([await tell("libs/lib-1"), await tell("libs", "!libs/lib-1")], [true, false]);
  const line = await trees();
  const paths = pathsOf("libs/lib-1", "lib", "!link");
  assert.equal(missingPath(paths, (await open().prints(at, line, createPathPrinter(paths))).values()), "lib");
});

test("thousands of tags that protocol 0 lists are no hindrance", { skip }, async (t) => {
  const { repository, at, open, run } = await startReadWorld(t, { acceptEnv: false });
  for (const key of ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"]) await repository.config(key, "true");
  const sha = await run(["rev-parse", "main"]);
  const names = Array.from({ length: 21_000 }, (_, i) => `t${i}`).sort();
  const packed = `# pack-refs with: sorted\n${names.map((name) => `${sha} refs/tags/${name}\n`).join("")}`;
  await writeFile(join(repository.directory, "packed-refs"), packed);
  const tree = await run(["rev-parse", "main^{tree}"]);
  assert.deepEqual((await open().prints(at, [tree], printerOf("README.md"))).get(tree)?.found, ["README.md"]);
});

for (const [what, acceptEnv, config] of [
  ["does not offer the filter (protocol 2)", true, []],
  ["does not offer the filter (protocol 0)", false, ["uploadpack.allowAnySHA1InWant"]],
  ["gives out nothing but what it lists", false, ["uploadpack.allowFilter"]],
] as const) {
  test(`a server that ${what} is refused with what to do, and sends no files`, { skip }, async (t) => {
    const { repository, at, open, run, spent } = await startReadWorld(t, { acceptEnv });
    for (const key of config) await repository.config(key, "true");
    // A branch's tip may always be wanted, this folder not.
    const tree = await run(["rev-parse", "main^{tree}"]);
    await assert.rejects(open().prints(at, [tree], printerOf("README.md")), {
      code: "git_protocol",
      message:
        /team\/app\.git can't send folders without files; remove gitops\.operator\.app_paths, or let its server .*uploadpack\.allowFilter/,
    });
    assert.ok(spent().receivedBytes < 1_500);
  });
}

for (const [name, profile] of Object.entries(gitProfiles)) {
  test(`folders of a server like ${name}'s: ${name === "gitHub" ? "told" : "refused with what to do"}, and asked for nothing that it did not offer`, async (t) => {
    const refused: string[] = [];
    const { at, open, run } = await startReadWorld(t, { profile, onRefusal: (problem) => refused.push(problem) });
    const tree = await run(["rev-parse", "main^{tree}"]);
    const prints = open().prints(at, [tree], printerOf("README.md"));
    if (name === "gitHub") assert.deepEqual((await prints).get(tree)?.found, ["README.md"]);
    else await assert.rejects(prints, { code: "git_protocol", message: /remove gitops\.operator\.app_paths/ });
    assert.deepEqual(refused, []);
  });
}

// S32
test("paths as long and many as may be are looked for in hundreds of commits with little work, level by level", { skip }, async (t) => {
  const { at, open, repository, run } = await startReadWorld(t);
  await repository.config("uploadpack.allowFilter", "true");
  const chains = ["x", "y", "z"].map((name) => [name, ...Array<string>(31).fill("a")].join("/"));
  const files = chains.map((path) => `M 100644 inline ${path}\ndata 1\n1\n`).join("");
  const commit = (i: number) =>
    `commit refs/heads/main\ncommitter S <s@e> ${1_700_000_000 + i} +0000\ndata 0\n${i === 0 ? files : ""}M 100644 inline n\ndata ${`${i}`.length}\n${i}\n\n`;
  await run(["fast-import", "--quiet", "--force"], Array.from({ length: 250 }, (_, i) => commit(i)).join(""));
  const trees = (await run(["log", "--first-parent", "--format=%T", "main"])).split("\n");
  const before = process.threadCpuUsage();
  const prints = await open().prints(at, trees, printerOf(...chains));
  const { user, system } = process.threadCpuUsage(before);
  assert.deepEqual([...prints.values()].at(-1)?.found, chains);
  const cost = await inReferences((user + system) / 1_000);
  assert.ok(cost < 1_500, `${Math.round(cost)} times a millisecond's work`);
});
