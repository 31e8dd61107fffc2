import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createBareRepository } from "../../../sandbox/bare-repository.ts";
import { startGitHost } from "../../../sandbox/git-host.ts";
import { git } from "../../../sandbox/git-process.ts";
import type { UpdateOrder, UpdateReport } from "./update-once.ts";

const PROGRAM = fileURLToPath(new URL("update-once.ts", import.meta.url));

/** A host with one small manifests repository, and the program that updates it, in a process of its own. */
async function startWorld(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "bounded-means-"));
  const root = join(folder, "git");
  const workDir = join(folder, "work");
  await mkdir(workDir);
  const repository = await createBareRepository(join(root, "team/manifests.git"), { files: { "shop/deployment.yaml": "a: 1\n" } });
  const host = await startGitHost({ root });
  t.after(async () => {
    await host.close();
    await rm(folder, { recursive: true, force: true });
  });
  const { privateKey } = await host.newKey();
  const order = {
    repository: host.repository("team/manifests.git"),
    knownHosts: host.knownHosts,
    privateKey,
    workDir,
    path: "shop/deployment.yaml",
  };
  /** `command`: what to start the program by. */
  async function update(command: readonly string[] = [], more: Partial<UpdateOrder> = {}): Promise<UpdateReport> {
    const [program = process.execPath, ...args] = [...command, process.execPath, PROGRAM];
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.end(JSON.stringify({ ...order, maxMegabytes: 64, ...more }));
    return JSON.parse(await text(child.stdout)) as UpdateReport;
  }
  return { repository, workDir, update };
}

/** Such a blob goes into a pack at once, which is later sent as it is. */
async function store({ directory }: { directory: string }, blob: Buffer): Promise<string> {
  return (
    await git(directory, ["-c", "core.bigFileThreshold=1m", "-c", "core.compression=1", "hash-object", "-w", "--stdin"], { input: blob })
  )
    .toString()
    .trim();
}

/** Puts those blobs beside the manifest, without a second copy in this process. */
async function addBlobs(repository: { directory: string; branch: string }, ids: readonly string[]): Promise<void> {
  const run = async (args: string[], input = "") => (await git(repository.directory, args, { input })).toString().trim();
  const shop = await run(["rev-parse", `${repository.branch}:shop`]);
  const lines = [`040000 tree ${shop}\tshop`, ...ids.map((id, i) => `100644 blob ${id}\tblob-${i}`)];
  const root = await run(["mktree"], `${lines.join("\n")}\n`);
  await run(["update-ref", `refs/heads/${repository.branch}`, await run(["commit-tree", "-m", "blobs", root])]);
}

// P10, S10
test("a blob of 130 MB of zeros is refused, and costs neither memory nor disk", async (t) => {
  const { repository, workDir, update } = await startWorld(t);
  await addBlobs(repository, [await store(repository, Buffer.alloc(130_000_000))]);
  const { outcome, message, peakMegabytes } = await update();
  assert.equal(outcome, "git_limit");
  assert.match(
    message,
    /team\/manifests\.git holds a file of 124 MiB, more than 32 MiB \(half of MAX_REPO_MB\); raise MAX_REPO_MB, now 64 /,
  );
  assert.ok(peakMegabytes < 300, `${peakMegabytes} MB`);
  assert.deepEqual(await readdir(workDir), []);
});

// S10
test("many blobs just below the limit are refused together, in little memory", async (t) => {
  const { repository, update } = await startWorld(t);
  const blobs = Array.from({ length: 9 }, (_, i) => Buffer.alloc(2 ** 23 - i));
  await addBlobs(repository, await Promise.all(blobs.map((blob) => store(repository, blob))));
  const { outcome, message, peakMegabytes } = await update([], { maxMegabytes: 16 });
  assert.equal(outcome, "git_limit", message);
  assert.match(message, /more than 64 MiB of files and folders/);
  assert.ok(peakMegabytes < 280, `${peakMegabytes} MB`);
});

/** Starts a program with a work directory on a small disk of its own; the disk is gone with the process. */
const onDisk = (options: string, workDir: string) => [
  "unshare",
  "-m",
  "sh",
  "-c",
  `mount -t tmpfs -o ${options} tmpfs "$0" && exec "$@"`,
  workDir,
];
const skipWithoutMounts =
  spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", tmpdir()]).status === 0 ? false : "mounting needs root";

for (const [what, options, expected] of [
  ["no space for the pack", "size=64k", /work directory.*ENOSPC.*WORK_DIR.*free space and inodes/],
  ["no inodes for the folders", "size=8m,nr_inodes=3", /work directory.*ENOSPC.*WORK_DIR.*free space and inodes/],
  ["no inode for the new objects", "size=8m,nr_inodes=5", /work directory.*ENOSPC.*WORK_DIR.*free space and inodes/],
] as const) {
  // F13-F14
  test(`a full disk fails with the remedy and pushes nothing: ${what}`, { skip: skipWithoutMounts }, async (t) => {
    const { repository, workDir, update } = await startWorld(t);
    await repository.commit({ big: { content: randomBytes(200_000) } });
    const { outcome, message } = await update(onDisk(options, workDir));
    assert.equal(outcome, "work_dir", message);
    assert.match(message, expected);
    assert.equal((await repository.log()).length, 2);
  });
}

test("a small disk that is large enough works", { skip: skipWithoutMounts }, async (t) => {
  const { repository, workDir, update } = await startWorld(t);
  const { outcome, message } = await update(onDisk("size=256k,nr_inodes=40", workDir));
  assert.equal(outcome, "accepted", message);
  assert.equal(await repository.read("shop/deployment.yaml"), "a: 1\nchanged\n");
  await repository.fsck();
});

test("a leftover that can't be removed is no trouble", { skip: skipWithoutMounts }, async (t) => {
  const { workDir, update } = await startWorld(t);
  const leftover = join(workDir, "run-999999999-0123abcd");
  await mkdir(leftover);
  const { outcome, message } = await update(onDisk("size=64k", leftover));
  assert.equal(outcome, "accepted", message);
});
