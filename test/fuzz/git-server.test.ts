import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { type BareRepository, createBareRepository } from "../../sandbox/bare-repository.ts";
import { git } from "../../sandbox/git-process.ts";
import { readCommits } from "../../src/adapters/git/packs/commit-pack.ts";
import { readFolders } from "../../src/adapters/git/packs/folder-pack.ts";
import { indexPack } from "../../src/adapters/git/packs/pack-index.ts";
import type { GitWire } from "../../src/adapters/git/wire/git-wire.ts";
import { FLUSH, pkt } from "../../src/adapters/git/wire/pkt-line.ts";
import { pushRef } from "../../src/adapters/git/wire/receive-pack.ts";
import { openUploadPack } from "../../src/adapters/git/wire/upload-pack.ts";
import { parseReleasePattern } from "../../src/core/release-pattern.ts";
import { replayWire, serviceWire, startService } from "../adapters/git/local-git.ts";
import { sealed } from "../adapters/git/packs/pack-bytes.ts";
import { answerOf, anyText, damaged, holds } from "./property.ts";

const PUSHED = "0123456789abcdef0123456789abcdef01234567";
const limits = { repository: "r", maxBytes: 2 ** 20 };

async function newRepository(t: TestContext): Promise<BareRepository> {
  const folder = await mkdtemp(join(tmpdir(), "fuzz-git-"));
  t.after(() => rm(folder, { recursive: true }));
  const repository = await createBareRepository(join(folder, "r.git"), {
    files: { "a/b.yaml": "image: a:1\n", "c.md": "c\n".repeat(200) },
  });
  for (const round of [1, 2, 3]) await repository.commit({ "a/b.yaml": `image: a:${round}\n` }, { time: 1_700_000_000 + round });
  return repository;
}

async function fetchAll(wire: GitWire, commitsOnly: boolean): Promise<{ tip: string | undefined; pack: Buffer }> {
  const server = await openUploadPack(wire);
  const { tip, defaultBranch } = await server.list("main");
  assert.match(tip ?? PUSHED, /^[0-9a-f]{40}$/);
  assert.doesNotMatch(defaultBranch ?? "", /\p{Cc}/u);
  const chunks: Buffer[] = [];
  const shallow = new Set<string>();
  for await (const chunk of server.pack({ want: tip ?? PUSHED, depth: 2, withoutTrees: commitsOnly }, shallow)) chunks.push(chunk);
  for (const sha of shallow) assert.match(sha, /^[0-9a-f]{40}$/);
  return { tip, pack: Buffer.concat(chunks) };
}

/** The same answer in lines whose framing is right, and some of which are gone, doubled, or say something else. */
function reworded(recordings: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const hostile = fc.oneof(
    fc.constantFrom(
      "\0",
      "ERR \u001b[31mno\n",
      "version 2\n",
      "shallow x",
      "\u0001PACK",
      "\u0003fatal",
      "\u0002hi\r",
      "# service=x",
      `${PUSHED} refs/heads/main`,
      "unpack ok",
      "ok refs/heads/main\n",
    ),
    anyText(40),
  );
  const edit = fc.record({ at: fc.nat(60), drop: fc.nat(2), put: fc.array(hostile, { maxLength: 2 }), flush: fc.boolean() });
  return fc.tuple(fc.constantFrom(...recordings), fc.array(edit, { minLength: 1, maxLength: 3 })).map(([recording, edits]) => {
    const lines = linesOf(recording);
    for (const { at, drop, put, flush } of edits)
      lines.splice(at % (lines.length + 1), drop, ...put.map((text) => Buffer.from(pkt(text))), ...(flush ? [Buffer.from(FLUSH)] : []));
    return Buffer.concat(lines);
  });
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Math.max(4, Number.parseInt(bytes.toString("latin1", at, at + 4), 16));
    lines.push(bytes.subarray(at, at + length));
    at += length;
  }
  return lines;
}

test("a hostile server's listing and pack end soon in an answer or a failure that says so", async (t) => {
  const { directory } = await newRepository(t);
  const recordings: Buffer[] = [];
  for (const protocol of [0, 2] as const) {
    const service = startService("git-upload-pack", directory, protocol);
    t.after(service.stop);
    await fetchAll(serviceWire(service), false);
    recordings.push(service.recorded());
  }
  let answers = 0;
  await holds(t, fc.tuple(fc.oneof(damaged(recordings), reworded(recordings)), fc.boolean()), async ([bytes, commitsOnly]) => {
    const fetched = await answerOf(() => fetchAll(replayWire(bytes, 300), commitsOnly));
    if (!fetched) return;
    answers += 1;
    await answerOf(async () => indexPack(fetched.pack, limits));
    const commits = await answerOf(async () => readCommits(fetched.pack));
    if (commits !== "incomplete") for (const [id, commit] of commits ?? []) assert.equal(commit.sha, id);
  });
  assert.ok(answers > 0, `${answers} answers`);
});

test("a hostile server's word on a push is a yes only when it says so of our ref", async (t) => {
  const { directory, tip } = await newRepository(t);
  const from = (await tip()) ?? "";
  const to = (await git(directory, ["commit-tree", "-p", from, "-m", "next", `${from}^{tree}`])).toString().trim();
  const pack = await git(directory, ["pack-objects", "--stdout"], { input: `${to}\n` });
  const update = { branch: "main", from, to };
  const push = (wire: GitWire) =>
    pushRef(
      wire,
      update,
      async () => pack,
      () => {},
    );
  const service = startService("git-receive-pack", directory, 0);
  t.after(service.stop);
  assert.equal((await push(serviceWire(service))).kind, "accepted");
  const recordings = [service.recorded()];
  await holds(t, fc.oneof(damaged(recordings), reworded(recordings)), async (bytes) => {
    const result = await answerOf(() => push(replayWire(bytes, 300)));
    if (result?.kind === "refused") assert.doesNotMatch(result.reason, /\p{Cc}/u);
    if (result?.kind !== "accepted") return;
    assert.ok(bytes.includes("unpack ok") && bytes.includes("ok refs/heads/main"));
  });
});

test("a hostile server's folders and tags end soon in an answer or a failure that says so", async (t) => {
  const { directory } = await newRepository(t);
  await git(directory, ["tag", "v1.0.0"]);
  await git(directory, ["tag", "-a", "-m", "annotated", "v1.1.0"]);
  await git(directory, ["config", "uploadpack.allowFilter", "true"]);
  const [want = "", ...others] = (await git(directory, ["log", "--format=%T"])).toString().trim().split("\n");
  const folders = [want, ...others].map((tree) => ({ tree, names: ["c.md", "a"] }));
  const pattern = parseReleasePattern("v*");
  assert.ok(pattern.kind === "ok");
  const fetchFolders = async (wire: GitWire) => {
    const server = await openUploadPack(wire);
    const releases = await server.releases(pattern.pattern);
    for (const { name, sha } of releases) assert.match(`${sha} ${name}`, /^[0-9a-f]{40} v[0-9.]+$/);
    const chunks: Buffer[] = [];
    for await (const chunk of server.pack({ want, others, withoutTrees: true }, new Set())) chunks.push(chunk);
    return readFolders(Buffer.concat(chunks), folders);
  };
  const service = startService("git-upload-pack", directory, 2);
  t.after(service.stop);
  const whole = await fetchFolders(serviceWire(service));
  assert.ok(whole !== "incomplete" && whole.every((view) => view?.named[0]?.mode === "100644"));
  const recordings = [service.recorded()];
  await holds(t, fc.oneof(damaged(recordings), reworded(recordings)), async (bytes) => {
    const views = await answerOf(() => fetchFolders(replayWire(bytes, 300)));
    // A folder is what its id says, or not there at all.
    if (views && views !== "incomplete") for (const [i, view] of views.entries()) if (view) assert.deepEqual(view, whole[i]);
  });
});

test("a damaged pack with a right checksum is indexed as git would, or refused", async (t) => {
  const { directory } = await newRepository(t);
  const objects = await git(directory, ["rev-list", "--objects", "--all"]);
  const ids = objects.toString().replace(/ .*$/gm, "");
  const packs = await Promise.all(
    [["--delta-base-offset"], []].map((options) => git(directory, ["pack-objects", "--stdout", ...options], { input: ids })),
  );
  let compared = 0;
  await holds(t, damaged(packs.map((pack) => pack.subarray(0, -20))), async (body) => {
    const pack = sealed(body);
    const index = await answerOf(async () => indexPack(pack, limits));
    if (!index || compared >= 10) return;
    compared += 1;
    const folder = await mkdtemp(join(tmpdir(), "fuzz-pack-"));
    try {
      await git(folder, ["init", "--quiet", "--bare", "."]);
      await git(folder, ["index-pack", "--stdin"], { input: pack });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
