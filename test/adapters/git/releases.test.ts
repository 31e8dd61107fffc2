import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { SemVer } from "semver";
import { gitProfiles } from "../../../sandbox/git-profiles.ts";
import type { ReleasePattern } from "../../../src/core/app-history.ts";
import { parseReleasePattern } from "../../../src/core/release-pattern.ts";
import { skipWithoutSshd } from "../../openssh.ts";
import { startReadWorld } from "./read-world.ts";

const skip = skipWithoutSshd();

function patternOf(glob: string): ReleasePattern<SemVer> {
  const parsed = parseReleasePattern(glob);
  if (parsed.kind === "error") throw new Error(parsed.problem);
  return parsed.pattern;
}
const VERSIONS = patternOf("v*");
const now = () => performance.now();

for (const acceptEnv of [true, false]) {
  test(`the releases of a real repository, the highest first, and each one's commit (protocol ${acceptEnv ? 2 : 0})`, {
    skip,
  }, async (t) => {
    const { repository, at, open, run, spent, asked } = await startReadWorld(t, { acceptEnv });
    const first = await run(["rev-parse", "main"]);
    await repository.config("uploadpack.allowFilter", "true");
    await run(["tag", "v1.9.0"]);
    const second = await repository.commit({ "README.md": "more\n" }, { message: "Second\n\nbody" });
    await run(["tag", "-a", "-m", "annotated", "v1.10.0", second]);
    await run(["tag", "-a", "-m", "a tag of a tag", "v1.10.1", "v1.10.0"]);
    await repository.commit({ "README.md": "tip\n" });
    await run(["tag", "v2.0.0-rc.1"]);
    await run(["tag", "V3.0.0"]);
    await run(["tag", "nightly"]);
    const git = open();
    assert.deepEqual(await git.releases(at, VERSIONS, now()), [
      { name: "v1.10.1", sha: second },
      { name: "v1.10.0", sha: second },
      { name: "v1.9.0", sha: first },
    ]);
    if (acceptEnv) assert.match(asked.flat().join(""), /ref-prefix refs\/tags\/v\n/);
    spent();
    const commit = await git.commit(at, second);
    assert.deepEqual([commit.sha, commit.subject, commit.parents], [second, "Second", [first]]);
    assert.equal(commit.tree, await run(["rev-parse", `${second}^{tree}`]));
    const { conversations, requests, receivedBytes } = spent();
    assert.deepEqual({ conversations, requests }, { conversations: 1, requests: 1 });
    assert.ok(receivedBytes < 2_500, `${receivedBytes} bytes`);
    assert.equal((await git.commit(at, first)).sha, first);
    spent();
    await Promise.all([git.commit(at, first), git.commit(at, second), git.commit(at, second)]);
    assert.equal(spent().conversations, 0, "a commit never changes");
  });
}

test("a server that can't leave files out is not read beyond the commit", { skip }, async (t) => {
  const noise = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}`, `${Math.random()}`.repeat(3_000)]));
  const { at, open, run, spent } = await startReadWorld(t, { files: noise });
  await run(["tag", "-a", "-m", "annotated", "v1.0.0"]);
  const git = open();
  const [release] = await git.releases(at, VERSIONS, now());
  spent();
  assert.equal((await git.commit(at, release?.sha ?? "")).sha, await run(["rev-parse", "main"]));
  const { receivedBytes, goodbyes } = spent();
  assert.ok(receivedBytes < 300_000, `${receivedBytes} bytes`);
  assert.equal(goodbyes, 0, "it is hung up on");
});

test("a tag that names a folder or a file is no release's commit, in words", { skip }, async (t) => {
  for (const acceptEnv of [true, false]) {
    const { repository, at, open, run } = await startReadWorld(t, { acceptEnv });
    await repository.config("uploadpack.allowFilter", "true");
    for (const [name, object] of [
      ["v1.0.0", "main^{tree}"],
      ["v2.0.0", "main:README.md"],
    ] as const) {
      await run(["tag", name, object]);
      const git = open();
      const release = (await git.releases(at, VERSIONS, now())).find((one) => one.name === name);
      assert.ok(release);
      await assert.rejects(git.commit(at, release.sha), {
        code: "git_no_commit",
        message: /has no commit [0-9a-f]{40}: a tag that names a folder or file/,
      });
    }
  }
});

test("of a flood of tags the highest 1,001 are kept, whatever order they come in, and those that asked at once asked once", {
  skip,
}, async (t) => {
  const { repository, at, open, run, spent } = await startReadWorld(t);
  const sha = await run(["rev-parse", "main"]);
  const names = [..."vw"].flatMap((letter) => Array.from({ length: 3_000 }, (_, i) => `${letter}1.${i}.0`)).sort();
  const packed = `# pack-refs with: sorted\n${names.map((name) => `${sha} refs/tags/${name}\n`).join("")}`;
  await writeFile(join(repository.directory, "packed-refs"), packed);
  const git = open();
  const asked = now();
  const [releases, again] = await Promise.all([git.releases(at, VERSIONS, asked), git.releases(at, VERSIONS, asked)]);
  assert.equal(spent().conversations, 1);
  assert.deepEqual(
    releases.map(({ name }) => name),
    Array.from({ length: 1_001 }, (_, i) => `v1.${2_999 - i}.0`),
  );
  assert.deepEqual(again, releases);
  await git.releases(at, patternOf("v1.2999.0"), now());
  assert.ok(spent().receivedBytes < 1_000, "only what begins like the glob is listed");
});

for (const name of Object.keys(gitProfiles) as (keyof typeof gitProfiles)[]) {
  test(`releases of a server like ${name}'s, asked for nothing that it did not offer`, async (t) => {
    const refused: string[] = [];
    const { at, open, run } = await startReadWorld(t, { profile: gitProfiles[name], onRefusal: (problem) => refused.push(problem) });
    await run(["tag", "-a", "-m", "annotated", "v1.0.0"]);
    const git = open();
    const [release] = await git.releases(at, VERSIONS, now());
    assert.deepEqual(release, { name: "v1.0.0", sha: await run(["rev-parse", "main"]) });
    assert.equal((await git.commit(at, release?.sha ?? "")).subject, "Initial commit");
    assert.deepEqual(refused, []);
  });
}
