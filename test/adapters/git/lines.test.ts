import assert from "node:assert/strict";
import { test } from "node:test";
import { git } from "../../../sandbox/git-process.ts";
import { type Conversation, noObserver } from "../../../src/core/observer.ts";
import { growthOf, MOST_GROWTH } from "../../growth.ts";
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

/** Branches `line-0`, `line-1` … of so many commits each, all with that subject. */
async function importLines(directory: string, lengths: readonly number[], subject: string): Promise<void> {
  const commit = (branch: number, count: number) =>
    `commit refs/heads/line-${branch}\ncommitter ${subject.slice(0, 500)} <a@example.org> ${1_700_000_000 + count} +0000\n` +
    `data ${subject.length}\n${subject}\n${count === 0 ? "deleteall\n" : ""}\n`;
  const chunks = lengths.flatMap((length, branch) => Array.from({ length }, (_, count) => commit(branch, count)));
  await git(directory, ["fast-import", "--quiet", "--force", "--date-format=raw"], { input: Buffer.from(chunks.join("")) });
}

// S32
test("a long line costs each of its commits no more than a short one", async (t) => {
  const { port, at, repository } = await startLine(t, 1);
  const [short, long] = [120, 960];
  await importLines(repository.directory, [short, long], "m");
  const walk = async (length: number) => {
    // A listing from before is good enough, so nothing is asked of the remote again.
    const line = await port.commits({ ...at, branch: `line-${length === short ? 0 : 1}` }, 0);
    for (let index = 0; index < length; index++) if (!(await line.at(index))) throw new Error(`commit ${index} is missing`);
  };
  const growth = await growthOf(short, walk);
  assert.ok(growth < MOST_GROWTH, `${growth.toFixed(1)} times as dear where it is 8 times as long`);
});

// S33
test("lines that are walked at once and have no room together are received step by step all the same", async (t) => {
  const { port, at, repository, conversations } = await startLine(t, 1);
  const branches = 6;
  // Of 4.5 KB each in memory.
  await importLines(repository.directory, Array<number>(branches).fill(1_000), "m".repeat(1_000));
  const lines = await Promise.all(
    Array.from({ length: branches }, (_, branch) => port.commits({ ...at, branch: `line-${branch}` }, performance.now())),
  );
  for (let index = 0; index < 1_000; index++) for (const line of lines) assert.ok(await line.at(index));
  // What was driven out begins anew at each step: 10; 10, 50; 10, 50, 250 …
  assert.ok(conversations.length <= branches * (1 + 1 + 2 + 3 + 4), `${conversations.length} conversations`);
});

/** Text that no compression makes smaller than three quarters. */
function noise(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(65_536)))
    .toString("base64")
    .repeat(Math.ceil(bytes / 87_384))
    .slice(0, bytes);
}
