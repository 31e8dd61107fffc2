/** A push that the server did not take: whether another was first is seen by looking at the branch, whatever the server says. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { type TestContext, test } from "node:test";
import { FLUSH, pkt } from "../../../../src/adapters/git/wire/pkt-line.ts";
import type { ManifestsCopy, PushResult } from "../../../../src/core/git-ports.ts";
import { type StartService, startManifestsWorld } from "../manifests-world.ts";

type World = Awaited<ReturnType<typeof startManifestsWorld>>;

/** One commit, pushed once. */
async function pushOnce({ at, open }: World, start?: StartService): Promise<{ result: PushResult; from: string; to: string }> {
  return open(start).withManifests(at, async (copy: ManifestsCopy) => {
    const from = await copy.refresh(performance.now());
    const to = await copy.commit(from, [{ path: "shop/a.yaml", text: "a: 2\n" }], "Change");
    return { result: await copy.push(from, to), from, to };
  });
}

const WORDS = "frozen until Monday";
/** In an `update` hook: git has taken the pack, and asks whether the branch may move from $2 to $3. */
const refuse = `echo '${WORDS}' >&2; exit 1`;
const moveTo = (commit: string) => `git update-ref refs/heads/main ${commit}`;

const moveToTheirsOn = (parent: string) => moveTo(`$(git commit-tree -p ${parent} -m Theirs ${parent}^{tree})`);

async function startHooked(t: TestContext, script: string): Promise<World> {
  const world = await startManifestsWorld(t);
  await world.repository.installHook("update", script);
  return world;
}

// P1
test("a refusal while the branch stands is told in the server's words, and the branch is as it was", async (t) => {
  const world = await startHooked(t, refuse);
  const { result, from } = await pushOnce(world);
  assert.equal(result.kind, "refused");
  assert.match((result as { reason: string }).reason, new RegExp(`^hook declined \\(${WORDS}`));
  assert.equal(await world.repository.tip(), from);
  await world.repository.fsck();
});

for (const [what, script] of [
  ["git says that the ref could not be updated", `${moveToTheirsOn("$2")}; exit 0`],
  ["a hook says whatever it says", `${moveToTheirsOn("$2")}; ${refuse}`],
] as const) {
  // P1
  test(`a refusal after another's push is a lost race: ${what}`, async (t) => {
    const world = await startHooked(t, script);
    const { result, from } = await pushOnce(world);
    assert.equal(result.kind, "raced");
    const [theirs] = await world.repository.log();
    assert.deepEqual([theirs?.subject, theirs?.parents], ["Theirs", [from]]);
  });
}

for (const [what, move] of [
  ["the branch is at our commit", moveTo("$3")],
  ["another's commit stands on ours", moveToTheirsOn("$3")],
] as const) {
  test(`a refusal although ${what} was none: the push is accepted`, async (t) => {
    const world = await startHooked(t, `${move}; ${refuse}`);
    const { result, to } = await pushOnce(world);
    assert.deepEqual(result, { kind: "accepted" });
    assert.ok((await world.repository.log()).some(({ sha }) => sha === to));
  });
}

test("a branch that is gone after a refusal is not brought back, and the next look says that it is missing", async (t) => {
  const world = await startHooked(t, `git update-ref -d refs/heads/main; ${refuse}`);
  assert.equal((await pushOnce(world)).result.kind, "raced");
  await assert.rejects(pushOnce(world), { code: "git_branch_missing" });
  assert.equal(await world.repository.tip(), undefined);
});

test("a pack that the server can't store is refused in its words, and the branch is as it was", async (t) => {
  const world = await startManifestsWorld(t);
  await world.repository.config("receive.maxInputSize", "10");
  const { result, from } = await pushOnce(world);
  assert.equal(result.kind, "refused");
  assert.match((result as { reason: string }).reason, /unpack|index-pack|exceeds/);
  assert.equal(await world.repository.tip(), from);
});

/** Shows the branch, takes a pack, lets `meanwhile` happen and answers. */
function answering(world: World, answer: string, meanwhile: () => Promise<unknown>): StartService {
  return (service, path) => {
    if (service === "git-upload-pack") return world.real(service, path);
    const stdin = new PassThrough();
    const stopped = Promise.withResolvers<void>();
    async function* said() {
      yield Buffer.from(`${pkt(`${await world.repository.tip()} refs/heads/main\0report-status side-band-64k`)}${FLUSH}`);
      for await (const chunk of stdin) if (chunk.includes("PACK")) break;
      await meanwhile();
      yield Buffer.from(answer);
    }
    return { stdin, said, stop: stopped.resolve };
  };
}

const report = (...lines: string[]) => pkt(`\x01${lines.map((line) => pkt(`${line}\n`)).join("")}${FLUSH}`) + FLUSH;
const TF401028 =
  "TF401028: The reference 'refs/heads/main' has already been updated by another client, so you cannot update it. Please try again.";

for (const [what, answer, standing] of [
  ["Azure DevOps' TF401028", report("unpack ok", `ng refs/heads/main ${TF401028}`), /^refused: TF401028: The reference/],
  ["git's own words for a race", report("unpack ok", "ng refs/heads/main non-fast-forward"), /^refused: non-fast-forward$/],
  ["no reason at all", report("unpack ok", "ng refs/heads/main"), /^refused: no reason given$/],
  ["a failed unpacking", report("unpack disk full", "ng refs/heads/main unpacker error"), /^refused: disk full; unpacker error$/],
  ["a fatal error", pkt("\x03it broke\n") + FLUSH, /^git_protocol: the git server failed: it broke$/],
  ["an ERR line", pkt(`ERR ${WORDS}\n`), new RegExp(`^git_denied: the git server refused: ${WORDS}`)],
] as const) {
  test(`${what}: a lost race where the branch has moved, refused where it stands`, async (t) => {
    const world = await startManifestsWorld(t);
    const before = await world.repository.tip();
    const stands = await pushOnce(
      world,
      answering(world, answer, async () => {}),
    ).then(
      ({ result }) => `${result.kind}: ${"reason" in result ? result.reason : ""}`,
      (error) => `${error.code}: ${error.message}`,
    );
    assert.match(stands, standing);
    assert.equal(await world.repository.tip(), before);
    let other = "";
    const moved = answering(world, answer, async () => {
      other = await world.repository.commit({ "other.txt": "another's\n" });
    });
    assert.equal((await pushOnce(world, moved)).result.kind, "raced");
    assert.equal(await world.repository.tip(), other);
  });
}

test("a refusal after which the branch can't be seen says both, and counts as neither", async (t) => {
  const world = await startManifestsWorld(t);
  let isGone = false;
  const refusing = answering(world, report("unpack ok", "ng refs/heads/main frozen"), async () => {
    isGone = true;
  });
  const start: StartService = (service, path) => {
    if (isGone) throw new Error("gone");
    return refusing(service, path);
  };
  await assert.rejects(pushOnce(world, start), {
    code: "git_unreachable",
    message: /refused the push \(frozen\).*can't be asked.*next pass/,
  });
});
