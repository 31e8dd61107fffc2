import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type TestContext, test } from "node:test";
import { Agent } from "undici";
import { createBareRepository } from "../../../sandbox/bare-repository.ts";
import { createGit } from "../../../src/adapters/git/git.ts";
import type { ManifestsBranch } from "../../../src/core/ports.ts";
import { inChunks, type LocalService, localConnections, startService } from "./local-git.ts";

type Start = Parameters<typeof localConnections>[0];

/** A manifests repository, and the Git port over whatever service `start` gives; by default the real ones. */
async function startWorld(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "manifests-copy-"));
  const repository = await createBareRepository(join(folder, "r.git"), { files: { "shop/a.yaml": "a: 1\n" } });
  const services: LocalService[] = [];
  const dispatcher = new Agent();
  t.after(async () => {
    for (const service of services) service.stop();
    await dispatcher.close();
    await rm(folder, { recursive: true, force: true });
  });
  const real: Start = (service, path) => {
    const started = startService(service, path, service === "git-upload-pack" ? 2 : 0);
    services.push(started);
    return started;
  };
  const at = {
    repository: { transport: "ssh", user: "git", host: "git.example", port: 22, path: repository.directory },
    branch: "main",
    key: { id: "SHA256:key", privateKey: "unused" },
  } as unknown as ManifestsBranch;
  const workDir = join(folder, "work");
  const open = (start: Start = real) => {
    const identity = { name: "Operator", email: "operator@example.com" };
    return createGit({ connections: localConnections(start), dispatcher, workDir, maxRepositoryBytes: 2 ** 20, identity });
  };
  return { repository, at, workDir, services, open };
}

/** The folder of the copy in use. */
async function copyFolder(workDir: string): Promise<string> {
  const [run = ""] = await readdir(workDir);
  const [copy = ""] = await readdir(join(workDir, run));
  return join(workDir, run, copy, "0");
}

test("a folder that vanishes between the commit and its push: the copy is made anew, and the push arrives", async (t) => {
  const { repository, at, workDir, open } = await startWorld(t);
  let attempts = 0;
  const result = await open().withManifests(at, async (copy) => {
    attempts += 1;
    const base = await copy.refresh(performance.now());
    const head = await copy.commit(base, "shop/a.yaml", "a: 2\n", "Change");
    if (attempts === 1) await rm(await copyFolder(workDir), { recursive: true });
    return copy.push(base, head);
  });
  assert.deepEqual([result, attempts], [{ kind: "accepted" }, 2]);
  assert.equal(await repository.read("shop/a.yaml"), "a: 2\n");
  assert.equal((await repository.log()).length, 2);
  await repository.fsck();
});

test("a pass on an unmoved branch reads nothing from disk and fetches nothing", async (t) => {
  const { at, workDir, services, open } = await startWorld(t);
  const git = open();
  const read = () => git.withManifests(at, async (copy) => copy.read(await copy.refresh(performance.now()), "shop/a.yaml"));
  assert.equal(await read(), "a: 1\n");
  await rm(await copyFolder(workDir), { recursive: true });
  assert.equal(await read(), "a: 1\n");
  assert.equal(services.length, 2, "a listing each");
  assert.deepEqual(await readdir(join(await copyFolder(workDir), "..")).catch(() => []), [], "and nothing made anew");
});

test("a push is one file on disk, from which the next pass goes on", async (t) => {
  const { repository, at, workDir, open } = await startWorld(t);
  const git = open();
  for (let round = 1; round <= 3; round++) {
    const result = await git.withManifests(at, async (copy) => {
      const base = await copy.refresh(performance.now());
      let head = base;
      for (let i = 0; i < 5; i++) head = await copy.commit(head, "shop/a.yaml", `a: ${round}${i}\n`, "Change");
      return copy.push(base, head);
    });
    assert.equal(result.kind, "accepted");
    assert.equal((await readdir(await copyFolder(workDir))).length, 1 + round);
  }
  assert.equal((await repository.log()).length, 16);
  await repository.fsck();
});

test("a pack cut at any byte leaves no copy behind, and the next whole one is taken", async (t) => {
  const { at, workDir, services, open } = await startWorld(t);
  const refreshed = (git: ReturnType<typeof open>) => git.withManifests(at, (copy) => copy.refresh(performance.now()));
  const tip = await refreshed(open());
  const recorded = services[0]?.recorded() ?? Buffer.alloc(0);
  assert.ok(recorded.length > 500);
  let size = 0;
  const replayed: Start = () => {
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

test("a fast-forward that would inflate to too much is fetched as a fresh copy instead", async (t) => {
  const { repository, at, open } = await startWorld(t);
  const git = open();
  const read = () => git.withManifests(at, async (copy) => copy.read(await copy.refresh(performance.now()), "shop/a.yaml"));
  await read();
  for (let i = 0; i < 6; i++) await repository.commit({ "shop/a.yaml": `${i}`.repeat(500_000) });
  await repository.commit({ "shop/a.yaml": "a: 3\n", large: "y".repeat(500_000), larger: "z".repeat(500_000) });
  for (let i = 0; i < 3; i++) await repository.commit({ large: "abc".charAt(i).repeat(500_000) });
  assert.equal(await read(), "a: 3\n");
});
