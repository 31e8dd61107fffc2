import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createBareRepository } from "../../../../sandbox/bare-repository.ts";
import { git } from "../../../../sandbox/git-process.ts";
import type { GitWire } from "../../../../src/adapters/git/wire/git-wire.ts";
import { FLUSH, pkt } from "../../../../src/adapters/git/wire/pkt-line.ts";
import { pushRef, type RefUpdate } from "../../../../src/adapters/git/wire/receive-pack.ts";
import type { PushResult } from "../../../../src/core/git-ports.ts";
import { replayWire, serviceWire, startService } from "../local-git.ts";

/** A repository, and a push of one commit on top of it that it has not got yet. */
async function startPush(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "receive-pack-"));
  t.after(() => rm(folder, { recursive: true }));
  const repository = await createBareRepository(join(folder, "r.git"), { files: { a: "1" } });
  const from = (await repository.tip()) ?? "";
  await git(folder, ["clone", "--quiet", "--bare", "r.git", "next.git"]);
  const tree = (await git(join(folder, "next.git"), ["rev-parse", "main^{tree}"])).toString().trim();
  const to = (await git(join(folder, "next.git"), ["commit-tree", "-p", from, "-m", "next", tree])).toString().trim();
  const pack = await git(join(folder, "next.git"), ["pack-objects", "--stdout"], { input: `${to}\n` });
  return { repository, pack, update: { branch: "main", from, to } };
}

async function push(wire: GitWire, update: RefUpdate, pack: Buffer): Promise<{ result: PushResult; sent: boolean }> {
  let sent = false;
  const onSend = () => {
    sent = true;
  };
  return { result: await pushRef(wire, update, async () => pack, onSend), sent };
}

// P3
test("a real git takes the push; its answer cut at any byte is never taken for a yes", async (t) => {
  const { repository, pack, update } = await startPush(t);
  const service = startService("git-receive-pack", repository.directory, 0);
  t.after(service.stop);
  assert.deepEqual(await push(serviceWire(service), update, pack), { result: { kind: "accepted" }, sent: true });
  assert.equal(await repository.tip(), update.to);
  const recorded = service.recorded();
  assert.deepEqual((await push(replayWire(recorded, 3), update, pack)).result, { kind: "accepted" });
  for (let size = 0; size < recorded.length; size++) {
    await assert.rejects(push(replayWire(recorded.subarray(0, size)), update, pack), { code: /^git_(unreachable|protocol)$/ }, `${size}`);
  }
});

test("a branch that has moved or is gone gets no byte of a pack", async (t) => {
  const { repository, pack, update } = await startPush(t);
  for (const change of [() => repository.commit({ a: "2" }), () => repository.deleteBranch("main")]) {
    await change();
    const service = startService("git-receive-pack", repository.directory, 0);
    t.after(service.stop);
    assert.deepEqual(await push(serviceWire(service), update, pack), { result: { kind: "raced" }, sent: false });
  }
});

// F6
test("a hook's refusal is told in its words, cleaned and cut", async (t) => {
  const { repository, pack, update } = await startPush(t);
  await repository.installHook("pre-receive", `printf '\\033[31mfrozen\\007\\n' >&2; head -c 3000 /dev/zero | tr '\\0' x >&2; exit 1`);
  const service = startService("git-receive-pack", repository.directory, 0);
  t.after(service.stop);
  const { result } = await push(serviceWire(service), update, pack);
  assert.equal(result.kind, "refused");
  const { reason } = result as Extract<PushResult, { kind: "refused" }>;
  assert.match(reason, /^pre-receive hook declined \(\[31mfrozen x{400,}\)$/);
  assert.ok(reason.length < 550);
  assert.equal(await repository.tip(), update.from);
});

test("a damaged pack is refused by a real git", async (t) => {
  const { repository, pack, update } = await startPush(t);
  const damaged = Buffer.from(pack);
  damaged.fill(0xff, 14, 30);
  const service = startService("git-receive-pack", repository.directory, 0);
  t.after(service.stop);
  const { result } = await push(serviceWire(service), update, damaged);
  assert.equal(result.kind, "refused");
  assert.equal(await repository.tip(), update.from);
});

const SHA = "0123456789abcdef0123456789abcdef01234567";
const TO = "f".repeat(40);
const shown = `${pkt(`${SHA} refs/heads/main\0report-status side-band-64k`)}${FLUSH}`;
const answered = (...lines: string[]) => shown + pkt(`\x01${lines.map((line) => pkt(`${line}\n`)).join("")}${FLUSH}`) + FLUSH;
const update = { branch: "main", from: SHA, to: TO };

for (const [what, answer, expected] of [
  ["another's branch alone", answered("unpack ok", "ok refs/heads/other"), { code: "git_unreachable" }],
  ["no unpack line", answered("ok refs/heads/main"), { code: "git_unreachable" }],
  ["nothing", shown + FLUSH, { code: "git_unreachable" }],
  ["a fatal error with control characters", shown + pkt(`\x03dis\x1bk full\n`) + FLUSH, { code: "git_protocol", message: /: dis k full$/ }],
  ["endless progress", shown + pkt("\x02.").repeat(25_000), { code: "git_limit" }],
  ["an endless report", shown + pkt(`\x01${"x".repeat(60_000)}`).repeat(20), { code: "git_limit" }],
  ["no report-status", `${pkt(`${SHA} refs/heads/main\0side-band-64k`)}${FLUSH}`, { code: "git_protocol" }],
] as const) {
  test(`a push acknowledged by ${what} is no success`, async () => {
    await assert.rejects(push(replayWire(answer, 1 << 16), update, Buffer.alloc(0)), expected);
  });
}

test("a refusal is told in the server's words, cleaned and cut, or as one without a reason", async () => {
  const reasonOf = async (...report: string[]) => {
    const { result } = await push(replayWire(answered(...report)), update, Buffer.alloc(0));
    return (result as { reason: string }).reason;
  };
  assert.equal(await reasonOf("unpack ok", "ng refs/heads/main failed to update ref"), "failed to update ref");
  assert.equal(await reasonOf("unpack ok", "ng refs/heads/main"), "no reason given");
  assert.match(await reasonOf("unpack ok", `ng refs/heads/main no\x1b[0m\u202e${"x".repeat(900)}`), /^no \[0m x{480,495}$/);
});
