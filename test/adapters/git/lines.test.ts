import assert from "node:assert/strict";
import { test } from "node:test";
import { git } from "../../../sandbox/git-process.ts";
import { type Conversation, noObserver } from "../../../src/core/observer.ts";
import { startManifestsWorld } from "./manifests-world.ts";

/** So many commits along first parents, and at each tenth a merge of a branch of nine. */
async function importHistory(directory: string, commits: number): Promise<void> {
  const chunks: string[] = [];
  const commit = (mark: number, words: string, parents: readonly number[]) => {
    const [from, merge] = parents;
    chunks.push(
      `commit refs/heads/${words.startsWith("Side") ? "side" : "main"}\nmark :${mark}\n`,
      `committer A <a@example.org> ${1_700_000_000 + mark} +0000\n`,
      `data ${Buffer.byteLength(words)}\n${words}\n`,
      from === undefined ? "" : `from :${from}\n`,
      merge === undefined ? "" : `merge :${merge}\n`,
      `M 644 inline file\ndata ${String(mark).length}\n${mark}\n\n`,
    );
  };
  let mark = 0;
  let tip: number | undefined;
  for (let i = 0; i < commits; i++) {
    const isMerge = i % 10 === 9;
    const parents = tip === undefined ? [] : [tip];
    for (let s = 0; isMerge && s < 9; s++) commit(++mark, `Side ${i}.${s}`, s === 0 ? parents : [mark - 1]);
    commit(++mark, `Change ${i}`, isMerge ? [...parents, mark - 1] : parents);
    tip = mark;
  }
  await git(directory, ["fast-import", "--quiet", "--force", "--date-format=raw"], { input: Buffer.from(chunks.join("")) });
}

async function startLine(t: Parameters<typeof startManifestsWorld>[0], commits: number) {
  const world = await startManifestsWorld(t);
  await importHistory(world.repository.directory, commits);
  const conversations: Conversation[] = [];
  const port = world.open(world.real, {
    maxRepositoryBytes: 2 ** 24,
    observer: { ...noObserver, conversed: (one) => void conversations.push(one) },
  });
  t.after(() => port.close());
  const received = () => conversations.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
  return { ...world, port, conversations, received, ask: () => port.commits(world.at, performance.now()) };
}

test("of a branch with many merges no more is received than is asked for, step by step, and what was received once is known", async (t) => {
  const { conversations, received, ask, repository } = await startLine(t, 2_000);
  const line = await ask();
  assert.deepEqual([conversations.length, line.tip.subject], [1, "Change 1999"]);
  const atTip = received();
  assert.equal((await line.at(9))?.subject, "Change 1990");
  assert.equal(conversations.length, 2);
  const ten = received() - atTip;
  assert.equal((await line.at(3))?.subject, "Change 1996");
  assert.equal(conversations.length, 2);
  assert.equal((await line.at(30))?.subject, "Change 1969");
  assert.equal(conversations.length, 3);
  const fifty = received() - ten - atTip;
  assert.ok(fifty < 20 * ten, `${ten} bytes, then ${fifty}`);
  t.diagnostic(`bytes of the tip, 10 and 50 generations: ${atTip}, ${ten}, ${fifty}`);

  // The tip moves on: its commit leads to what is known.
  await repository.commit({ file: "new" }, { message: "Newer" });
  const moved = await ask();
  assert.deepEqual([moved.tip.subject, (await moved.at(31))?.subject, conversations.length], ["Newer", "Change 1969", 4]);

  // Left behind: nothing of the old line is in the new one.
  await repository.forceBranch("main", (await moved.at(5))?.sha ?? "");
  await repository.commit({ file: "other" }, { message: "Other" });
  const forced = await ask();
  assert.deepEqual([forced.tip.subject, (await forced.at(1))?.subject], ["Other", "Change 1995"]);
});

test("the history's end is known, the thousandth commit is the last, and too much for so few commits ends it as well", async (t) => {
  const short = await startLine(t, 7);
  const line = await short.ask();
  assert.deepEqual([(await line.at(6))?.subject, await line.at(7), await line.at(999)], ["Change 0", undefined, undefined]);
  assert.equal(short.conversations.length, 2);

  const long = await startLine(t, 1_200);
  const thousand = await long.ask();
  assert.deepEqual([(await thousand.at(999))?.subject, await thousand.at(1_000)], ["Change 200", undefined]);
  assert.equal(long.conversations.length, 5);

  const wordy = await startLine(t, 1);
  const tell = (story: number) => wordy.repository.commit({ file: `${story}` }, { message: `Story ${story}\n\n${noise(900_000)}` });
  for (let story = 0; story < 4; story++) await tell(story);
  assert.equal((await (await wordy.ask()).at(4))?.subject, "Change 0");
  await wordy.repository.forceBranch("main", "main~4");
  for (let story = 4; story < 12; story++) await tell(story);
  const told = await wordy.ask();
  assert.deepEqual([told.tip.subject, await told.at(1)], ["Story 11", undefined]);
});

/** Text that no compression makes smaller than three quarters. */
function noise(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(65_536)))
    .toString("base64")
    .repeat(Math.ceil(bytes / 87_384))
    .slice(0, bytes);
}
