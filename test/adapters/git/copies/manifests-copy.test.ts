import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join, matchesGlob } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { git as runGit } from "../../../../sandbox/git-process.ts";
import { directorySize } from "../../../../src/adapters/git/copies/directory-size.ts";
import { mostFiles } from "../../../../src/core/file-patterns.ts";
import { inChunks, startService } from "../local-git.ts";
import { type StartService, startManifestsWorld } from "../manifests-world.ts";

async function copyFolders(workDir: string): Promise<string[]> {
  const [run = ""] = await readdir(workDir);
  return (await readdir(join(workDir, run))).map((copy) => join(workDir, run, copy, "0"));
}

/** The folder of the copy in use. */
async function copyFolder(workDir: string): Promise<string> {
  const [folder = ""] = await copyFolders(workDir);
  return folder;
}

test("a folder that vanishes between the commit and its push: the copy is made anew, and the push arrives", async (t) => {
  const { repository, at, workDir, open } = await startManifestsWorld(t);
  let attempts = 0;
  const result = await open().withManifests(at, async (copy) => {
    attempts += 1;
    const base = await copy.refresh(performance.now());
    const head = await copy.commit(base, [{ path: "shop/a.yaml", text: "a: 2\n" }], "Change");
    if (attempts === 1) await rm(await copyFolder(workDir), { recursive: true });
    return copy.push(base, head);
  });
  assert.deepEqual([result, attempts], [{ kind: "accepted" }, 2]);
  assert.equal(await repository.read("shop/a.yaml"), "a: 2\n");
  assert.equal((await repository.log()).length, 2);
  await repository.fsck();
});

test("a pass on an unmoved branch reads nothing from disk and fetches nothing", async (t) => {
  const { at, workDir, services, open } = await startManifestsWorld(t);
  const git = open();
  const read = () => git.withManifests(at, async (copy) => copy.read(await copy.refresh(performance.now()), "shop/a.yaml"));
  assert.equal(await read(), "a: 1\n");
  await rm(await copyFolder(workDir), { recursive: true });
  assert.equal(await read(), "a: 1\n");
  assert.equal(services.length, 2, "a listing each");
  assert.deepEqual(await readdir(join(await copyFolder(workDir), "..")).catch(() => []), [], "and nothing made anew");
});

test("a push is one file on disk, from which the next pass goes on", async (t) => {
  const { repository, at, workDir, open } = await startManifestsWorld(t);
  const git = open();
  for (let round = 1; round <= 3; round++) {
    const result = await git.withManifests(at, async (copy) => {
      const base = await copy.refresh(performance.now());
      let head = base;
      for (let i = 0; i < 5; i++) head = await copy.commit(head, [{ path: "shop/a.yaml", text: `a: ${round}${i}\n` }], "Change");
      return copy.push(base, head);
    });
    assert.equal(result.kind, "accepted");
    assert.equal((await readdir(await copyFolder(workDir))).length, 1 + round);
  }
  assert.equal((await repository.log()).length, 16);
  await repository.fsck();
});

// F3-F5
test("a pack cut at any byte leaves no copy behind, and the next whole one is taken", async (t) => {
  const { at, workDir, services, open } = await startManifestsWorld(t);
  const refreshed = (git: ReturnType<typeof open>) => git.withManifests(at, (copy) => copy.refresh(performance.now()));
  const tip = await refreshed(open());
  const recorded = services[0]?.recorded() ?? Buffer.alloc(0);
  assert.ok(recorded.length > 500);
  let size = 0;
  const replayed: StartService = () => {
    const stdin = new PassThrough();
    stdin.resume();
    return { stdin, said: () => inChunks(recorded.subarray(0, size), 100), stop: () => {} };
  };
  const git = open(replayed);
  for (; size < recorded.length; size += 3) {
    await assert.rejects(refreshed(git), { code: /^git_(unreachable|protocol|copy_damaged)$/ }, `${size}`);
  }
  size = recorded.length;
  assert.equal(await refreshed(git), tip);
  assert.equal((await readdir(join(await copyFolder(workDir), ".."))).length, 1, "only what the whole pack made");
});

// F3-F5
test("a fast-forward cut at any byte leaves no half pack beside the copy, and the next whole one is taken", async (t) => {
  const { repository, at, workDir, services, open } = await startManifestsWorld(t);
  const refreshed = (git: ReturnType<typeof open>) => git.withManifests(at, (copy) => copy.refresh(performance.now()));
  let said: Buffer | undefined;
  const git = open((service, path) => {
    const started = startService(service, path, 2);
    services.push(started);
    return said ? { ...started, said: () => inChunks(said ?? Buffer.alloc(0), 100) } : started;
  });
  await refreshed(git);
  const other = open(undefined, { workDir: `${workDir}-recorded` });
  await refreshed(other);
  const tip = await repository.commit({ "shop/a.yaml": "a: 2\n" });
  await refreshed(other);
  const recorded = services.at(-1)?.recorded() ?? Buffer.alloc(0);
  assert.ok(recorded.includes("PACK"));
  const packs = async () => (await readdir(workDir, { recursive: true })).filter((path) => path.endsWith(".pack")).length;
  for (let size = recorded.indexOf("PACK"); size < recorded.length; size += 7) {
    said = recorded.subarray(0, size);
    await assert.rejects(refreshed(git), { code: /^git_(unreachable|protocol)$/ }, `${size}`);
    assert.equal(await packs(), 1, `${size}`);
  }
  said = undefined;
  assert.equal(await refreshed(git), tip);
});

test("a fast-forward that would inflate to too much is fetched as a fresh copy instead", async (t) => {
  const { repository, at, open } = await startManifestsWorld(t);
  const git = open();
  const read = () => git.withManifests(at, async (copy) => copy.read(await copy.refresh(performance.now()), "shop/a.yaml"));
  await read();
  for (let i = 0; i < 6; i++) await repository.commit({ "shop/a.yaml": `${i}`.repeat(500_000) });
  await repository.commit({ "shop/a.yaml": "a: 3\n", large: "y".repeat(500_000), larger: "z".repeat(500_000) });
  for (let i = 0; i < 3; i++) await repository.commit({ large: "abc".charAt(i).repeat(500_000) });
  assert.equal(await read(), "a: 3\n");
});

test("a fast-forward whose deltas are on objects of the copy, as some servers send unasked, is fetched as a fresh copy", async (t) => {
  const { repository, at, workDir, real, open } = await startManifestsWorld(t);
  const lines = Array.from({ length: 200 }, (_, i) => `line: ${i}`).join("\n");
  await repository.commit({ "shop/a.yaml": lines });
  let thin = 0;
  const git = open((service, path) => {
    const started = real(service, path);
    const write = started.stdin.write.bind(started.stdin);
    // What is asked of the server here is not what the operator has asked.
    const thinly = (chunk: Buffer) => {
      const asked = `${chunk}`.includes("have ") ? `${chunk}`.replace("000eofs-delta\n", "000eofs-delta\n000ethin-pack\n") : `${chunk}`;
      if (asked !== `${chunk}`) thin += 1;
      return write(asked);
    };
    started.stdin.write = thinly as typeof started.stdin.write;
    return started;
  });
  const read = () => git.withManifests(at, async (copy) => copy.read(await copy.refresh(performance.now()), "shop/a.yaml"));
  assert.equal(await read(), lines);
  for (const round of [1, 2]) {
    const before = await copyFolder(workDir);
    await repository.commit({ "shop/a.yaml": `${lines}\nround: ${round}` });
    assert.equal(await read(), `${lines}\nround: ${round}`);
    assert.equal(thin, round);
    assert.notEqual(await copyFolder(workDir), before);
  }
});

// S10
test("what a fast-forward may hold goes by what it may bring, not by a whole clone: the indexes of a hundred would not fit", async (t) => {
  const { repository, at, workDir, real, open } = await startManifestsWorld(t);
  const git = open(real, { maxRepositoryBytes: 2 ** 24 });
  const refreshed = () => git.withManifests(at, (copy) => copy.refresh(performance.now()));
  await refreshed();
  // 3 KB when it comes, and more than half of what a fast-forward may bring.
  const tip = await repository.commit({ large: "y".repeat(3 * 2 ** 20) });
  assert.equal(await refreshed(), tip);
  assert.deepEqual(await readdir(join(await copyFolder(workDir), "..")), ["1"], "a fresh copy");
});

// P10
test("idle copies go when what all keep in memory is more than they may", async (t) => {
  const { repository, at, workDir, real, open } = await startManifestsWorld(t);
  await repository.commit(Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`many/${i}.yaml`, `a: ${i}\n`])));
  // An index has 28 bytes for each object, so two copies fit, and not a third.
  const git = open(real, { maxCopiesMemoryBytes: 80_000 });
  for (const [key, copies] of Object.entries({ a: 1, b: 2, c: 2, d: 2 })) {
    const read = git.withManifests({ ...at, key: { ...at.key, id: key } }, async (copy) =>
      copy.read(await copy.refresh(performance.now()), "shop/a.yaml"),
    );
    assert.equal(await read, "a: 1\n");
    assert.equal((await copyFolders(workDir)).length, copies, key);
  }
});

test("what was committed and never pushed counts as kept in memory", async (t) => {
  const { at, workDir, real, open } = await startManifestsWorld(t);
  const git = open(real, { maxCopiesMemoryBytes: 10_000 });
  const commit = (bytes: number) =>
    git.withManifests(at, async (copy) =>
      copy.commit(await copy.refresh(performance.now()), [{ path: "shop/a.yaml", text: randomBytes(bytes).toString("hex") }], "Change"),
    );
  await commit(1_000);
  assert.equal((await copyFolders(workDir)).length, 1);
  await commit(20_000);
  assert.equal((await copyFolders(workDir)).length, 0);
});

// S10
test("packs that arrive at once and never end leave disk and room for a small one", async (t) => {
  const { repository, at, workDir, services, real, open } = await startManifestsWorld(t);
  await repository.commit({ big: { content: randomBytes(500_000) } });
  const refreshed = (git: ReturnType<typeof open>, key: string) =>
    git.withManifests({ ...at, key: { ...at.key, id: key } }, (copy) => copy.refresh(performance.now()));
  await refreshed(open(), "recorded");
  const recorded = services[0]?.recorded() ?? Buffer.alloc(0);
  const ends: (() => void)[] = [];
  const stalled: StartService = () => {
    const stdin = new PassThrough();
    stdin.resume();
    const end = Promise.withResolvers<void>();
    ends.push(end.resolve);
    async function* said() {
      yield* inChunks(recorded.subarray(0, -50), 10_000);
      await end.promise;
    }
    return { stdin, said, stop: end.resolve };
  };
  let start = stalled;
  const git = open((service, path) => start(service, path), { maxCopiesBytes: 2 ** 21 });
  const failures: string[] = [];
  const all = ["a", "b", "c", "d", "e"].map((key) => refreshed(git, key).catch(({ message }) => void failures.push(message)));
  await t.waitFor(() => assert.equal(failures.length, 2, failures.join("; ")), { timeout: 60_000 });
  assert.match(failures[0] ?? "", /too much arrives from all git servers together .*; it is asked again at the next pass/);
  const onDisk = await directorySize(workDir);
  assert.ok(onDisk < 2 ** 21, `${onDisk} bytes`);
  start = real;
  await repository.commit({ big: null });
  assert.ok(await refreshed(git, "small"));
  for (const end of ends) end();
  await Promise.all(all);
});

for (const [what, budgets, kept] of [
  ["two copies", { maxCopies: 2 }, ["a", "d"]],
  ["fewer bytes than a copy has", { maxCopiesBytes: 1 }, []],
] as const) {
  // P10, S10
  test(`over a budget of ${what} the copies that were unused longest go from the disk, and none that is in use`, async (t) => {
    const { repository, at, workDir, services, open } = await startManifestsWorld(t);
    const git = open(undefined, budgets);
    const branches = ["a", "b", "c", "d"];
    for (const branch of branches) await repository.commit({ "shop/a.yaml": `${branch}\n` }, { branch });
    const read = (branch: string, meanwhile = async () => {}) =>
      git.withManifests({ ...at, branch }, async (copy) => {
        const tip = await copy.refresh(performance.now());
        await meanwhile();
        assert.equal(await copy.read(tip, "shop/a.yaml"), `${branch}\n`);
      });
    await read("a", async () => {
      for (const branch of ["b", "c", "d"]) await read(branch);
    });
    const [run = ""] = await readdir(workDir);
    assert.equal((await readdir(join(workDir, run))).length, kept.length);
    // The third takes the place of the first, which was used before the second.
    for (const branch of ["d", "a", "b", "a"]) {
      await read(branch);
      const isFetched = services.at(-1)?.recorded().includes("PACK");
      assert.equal(isFetched, !(kept as readonly string[]).includes(branch), branch);
    }
  });
}

// S8
test("local paths hold nothing of a repository's, a branch's or a key's name", async (t) => {
  const { repository, at, workDir, open } = await startManifestsWorld(t);
  const branch = "feature/one";
  await repository.commit({ "shop/a.yaml": "a: 1\n" }, { branch });
  await open().withManifests({ ...at, branch }, (copy) => copy.refresh(performance.now()));
  const paths = (await readdir(workDir, { recursive: true })).toSorted();
  assert.match(paths.join(" "), /^(run-\d+-[0-9a-f]{8}) \1\/([0-9a-f]{32}) \1\/\2\/0 \1\/\2\/0\/0\.pack$/);
});

test("a branch that is not named shares the copy of the one it turns out to be, costs no conversation more, and is followed when the remote changes it", async (t) => {
  const { repository, at, workDir, services, open } = await startManifestsWorld(t);
  const git = open();
  t.after(git.close);
  const unnamed = { ...at, branch: undefined };
  const read = async (wanted: typeof unnamed | typeof at) => {
    const notBefore = performance.now();
    git.refreshAhead(wanted, notBefore);
    const found = await git.manifestsBranch(wanted, notBefore);
    return [found.branch, await git.withManifests(found, async (copy) => copy.read(await copy.refresh(notBefore), "shop/a.yaml"))];
  };
  const many = await Promise.all([unnamed, at, unnamed, at].map(read));
  assert.deepEqual(many, Array(4).fill(["main", "a: 1\n"]));
  assert.ok(services.length <= 2, `${services.length} conversations for two questions`);
  assert.equal((await copyFolders(workDir)).length, 1);

  const before = services.length;
  assert.deepEqual(await read(unnamed), ["main", "a: 1\n"]);
  await repository.commit({ "shop/a.yaml": "a: 2\n" });
  assert.deepEqual(await read(unnamed), ["main", "a: 2\n"]);
  assert.equal(services.length, before + 2, "listing and fetch are one conversation");

  await repository.commit({ "shop/a.yaml": "a: 3\n" }, { branch: "trunk" });
  await runGit(repository.directory, ["symbolic-ref", "HEAD", "refs/heads/trunk"]);
  assert.deepEqual(await read(unnamed), ["trunk", "a: 3\n"]);
  assert.equal((await copyFolders(workDir)).length, 2);
});

test("a damaged copy of a branch that is not named is made anew", async (t) => {
  const { repository, at, workDir, open } = await startManifestsWorld(t);
  const git = open();
  t.after(git.close);
  const unnamed = { ...at, branch: undefined };
  const read = async () => {
    const notBefore = performance.now();
    const found = await git.manifestsBranch(unnamed, notBefore);
    return git.withManifests(found, async (copy) => copy.read(await copy.refresh(notBefore), "shop/a.yaml"));
  };
  assert.equal(await read(), "a: 1\n");
  for (const folder of await copyFolders(workDir)) await rm(folder, { recursive: true });
  await repository.commit({ "shop/a.yaml": "a: 2\n" });
  assert.equal(await read(), "a: 2\n");
});

test("whether the branch holds a commit: what lies behind the shallow copy is looked for on the remote, and looked for once while the tip stands", async (t) => {
  const { repository, at, services, open } = await startManifestsWorld(t);
  const git = open();
  t.after(git.close);
  const behind = (await repository.tip()) ?? "";
  const tip = await repository.commit({ "shop/a.yaml": "a: 2\n" });
  const foreign = await repository.commit({ other: "1" }, { branch: "other" });
  const holds = (sha: string) =>
    git.withManifests(at, async (copy) => {
      await copy.refresh(0);
      return copy.holds(sha);
    });
  assert.deepEqual([await holds(tip), services.length], [true, 1], "the copy has it");
  assert.deepEqual([await holds(behind), services.length], [true, 2]);
  assert.deepEqual([await holds(behind), services.length], [true, 2], "known");
  assert.equal(await holds(foreign), false);
  const looked = services.at(-1)?.recorded().length ?? 0;
  assert.equal(await holds(foreign), false);
  assert.ok((services.at(-1)?.recorded().length ?? 0) < looked, "the tip stands: a listing, no commits");
  const merged = await repository.commit({ "shop/a.yaml": "a: 3\n" });
  assert.deepEqual([await holds(merged), await holds(foreign)], [true, false]);
});

test("several files change in one commit, wherever they lie, and nothing else does", async (t) => {
  const { repository, at, open } = await startManifestsWorld(t);
  const files = ["top.yaml", "shop/b.yaml", "shop/deep/er/c.yaml", "shop/deep/d.yaml", "other/e.yaml"];
  await repository.commit(Object.fromEntries(files.map((path) => [path, "1\n"])));
  await repository.commit({ "shop/run.sh": { content: "#!/bin/sh\n", mode: "100755" } });
  const changed = [...files.slice(0, 4), "shop/run.sh"];
  const base = await repository.tip();
  const result = await open().withManifests(at, async (copy) => {
    const from = await copy.refresh(performance.now());
    return copy.push(
      from,
      await copy.commit(
        from,
        changed.map((path) => ({ path, text: `${path} 2\n` })),
        "Change",
      ),
    );
  });
  assert.equal(result.kind, "accepted");
  const diff = await repository.diff(base ?? "", "main");
  assert.deepEqual(
    [...diff.matchAll(/^\+\+\+ b\/(.*)$/gm)].map(([, path]) => path),
    [...changed].sort(),
  );
  assert.equal(await repository.mode("shop/run.sh"), "100755");
  assert.equal((await repository.log()).length, 4);
  await repository.fsck();
  await assert.rejects(
    open().withManifests(at, async (copy) =>
      copy.commit(
        await copy.refresh(performance.now()),
        [
          { path: "top.yaml", text: "3" },
          { path: "gone.yaml", text: "3" },
        ],
        "Change",
      ),
    ),
    { code: "manifest_missing" },
  );
});

test("patterns name the regular files that Node's own wildcards name, and what is remembered of folders is no other's", async (t) => {
  const { repository, at, open } = await startManifestsWorld(t);
  const paths = [
    "a.yaml",
    "apps/a/dev/k.yaml",
    "apps/a/prod/k.yaml",
    "apps/b/prod/k.yaml",
    "apps/k.yaml",
    "apps/b/prod/k.yml",
    ".hidden/k.yaml",
  ];
  await repository.commit(Object.fromEntries([...paths, "apps/a/.dot.yaml", "apps/ü/k.yaml"].map((path) => [path, "1\n"])));
  await repository.commit({ "apps/link.yaml": { content: "k.yaml", mode: "120000" } });
  const port = open();
  const list = (pattern: string) =>
    port.withManifests(at, async (copy) => [...(await copy.list(await copy.refresh(performance.now()), pattern))].sort());
  const files = [...paths, "apps/a/.dot.yaml", "apps/ü/k.yaml", "shop/a.yaml"];
  for (const pattern of [
    "**/k.yaml",
    "apps/*/prod/*.yaml",
    "apps/**",
    "**",
    "*.yaml",
    "apps/*",
    "apps/**/prod/**",
    ".hidden/*",
    "apps/a/.*",
    "apps/ü/*",
    "none/*",
    "**/**/k.yaml",
  ]) {
    // A leading dot is meant only where it is written.
    const isMeant = (path: string) => !`/${path}`.includes("/.") || `/${pattern}`.includes("/.");
    const wanted = files.filter((path) => matchesGlob(path, pattern) && isMeant(path));
    assert.deepEqual(await list(pattern), wanted.sort(), pattern);
  }
  await repository.commit({ "apps/new/k.yaml": "1\n", "apps/a/dev/k.yaml": null });
  assert.deepEqual(await list("apps/*/*/k.yaml"), ["apps/a/prod/k.yaml", "apps/b/prod/k.yaml"]);
  assert.deepEqual(await list("apps/*/k.yaml"), ["apps/new/k.yaml", "apps/ü/k.yaml"]);
  await repository.commit(Object.fromEntries(Array.from({ length: mostFiles + 10 }, (_, i) => [`many/${i}.yaml`, "1\n"])));
  assert.equal((await list("many/*")).length, mostFiles + 1);
});
