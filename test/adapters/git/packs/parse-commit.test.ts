import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createBareRepository } from "../../../../sandbox/bare-repository.ts";
import { git } from "../../../../sandbox/git-process.ts";
import { parseCommit } from "../../../../src/adapters/git/packs/parse-commit.ts";
import { growthOf, MOST_GROWTH } from "../../../growth.ts";

const TREE = "0".repeat(40);
const commit = (author: string, message = "m\n") => Buffer.from(`tree ${TREE}\nauthor ${author}\ncommitter c <c> 7 +0000\n\n${message}`);

for (const [what, make] of [
  ["< in the author", (size: number) => commit(`x ${"<".repeat(size)}`)],
  ["spaces in the author", (size: number) => commit(`x${" ".repeat(size)}`)],
  ["< and a > in the author", (size: number) => commit(`x ${"<".repeat(size)}>`)],
  ["> in the author", (size: number) => commit(`x <a${">".repeat(size)}`)],
  [
    "digits in the committer",
    (size: number) => Buffer.from(`tree ${TREE}\nauthor a <a> 1 +0000\ncommitter c <c> ${"1".repeat(size)} +0000`),
  ],
  ["> and spaces in the committer", (size: number) => Buffer.from(`tree ${TREE}\nauthor a <a>\ncommitter c <c${"> 1 ".repeat(size)}`)],
  ["parents", (size: number) => Buffer.from(`tree ${TREE}\n${`parent ${TREE}\n`.repeat(size / 40)}author a <a>`)],
  ["parents of no length", (size: number) => Buffer.from(`tree ${TREE}\n${"parent \n".repeat(size / 8)}`)],
  ["lines of a character", (size: number) => Buffer.from(`tree ${TREE}\n${"a\n".repeat(size)}`)],
  ["line feeds in the message", (size: number) => commit("a <a> 1 +0000", "\n".repeat(size))],
] as const) {
  // S10, S32
  test(`a commit of many ${what} costs in proportion to its bytes`, async () => {
    const growth = await growthOf(10_000, (size) => parseCommit(make(size)));
    assert.ok(growth < MOST_GROWTH, `${growth} times`);
  });
}

test("of a commit little is kept, however much it says, and no character in halves", () => {
  const { parents, author, subject } = parseCommit(
    Buffer.from(
      `tree ${TREE}\n${`parent ${"a".repeat(40)}\n`.repeat(1_000)}author ${"🐙".repeat(9_999)} <${"é".repeat(9_999)}> 1 +0000\n\n€${"€".repeat(99_999)}`,
    ),
  );
  assert.equal(parents.length, 100);
  assert.equal(author.name, "🐙".repeat(128));
  assert.equal(author.email, "é".repeat(256));
  assert.equal(subject, "€".repeat(333));
});

test("what is kept of a commit does not keep its bytes in memory", () => {
  const before = process.memoryUsage().heapUsed;
  // Of half a MiB: the texts of larger ones are outside the heap.
  const kept = Array.from({ length: 300 }, (_, i) => parseCommit(commit("a <a> 1 +0000", `${i} ${"m".repeat(2 ** 19)}`)));
  const held = process.memoryUsage().heapUsed - before;
  assert.ok(kept.length === 300 && held < 64 * 2 ** 20, `${held} bytes`);
});

test("the subject is the first line that is not blank, without blanks around it", () => {
  const subjectOf = (message: string) => parseCommit(commit("a <a> 1 +0000", message)).subject;
  assert.equal(subjectOf("Add search\n\nlong story\n"), "Add search");
  assert.equal(subjectOf("\n \r\n  Add search \r\nmore"), "Add search");
  for (const none of ["", "\n", " \n\n"]) assert.equal(subjectOf(none), "");
});

test("broken people and times are empty, not wrong", () => {
  const person = (line: string) => parseCommit(commit(line)).author;
  assert.deepEqual(person("Jo <jo@example.com> 1 +0000"), { name: "Jo", email: "jo@example.com" });
  assert.deepEqual(person("<jo@example.com> 1 +0000"), { name: "", email: "jo@example.com" });
  assert.deepEqual(person("Jo  <<jo>> 1 +0000"), { name: "Jo ", email: "<jo" });
  for (const line of ["", "Jo", "Jo > <", "Jo <jo"]) assert.deepEqual(person(line), { name: "", email: "" });
  const timeOf = (line: string) => parseCommit(Buffer.from(`tree ${TREE}\nauthor a <a> 1 +0000\ncommitter ${line}\n\nm`)).time;
  assert.equal(timeOf("c <c> 1700000000 -0730"), 1_700_000_000);
  assert.equal(timeOf("c <c>> 1700000000 +0000"), 1_700_000_000);
  for (const line of ["c <c>", "c <c> x +0000", "c <c> 1 +0000 1", `c <c> ${"9".repeat(400)} +0000`, "1 +0000"])
    assert.equal(timeOf(line), 0);
});

test("parents out of git's order are none, as for git itself", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "parse-commit-"));
  t.after(() => rm(folder, { recursive: true }));
  const { directory } = await createBareRepository(join(folder, "r.git"), { files: { a: "0" } });
  const tree = `${await git(directory, ["rev-parse", "main^{tree}"])}`.trim();
  const content = Buffer.from(`tree ${tree}\nauthor a <a> 1 +0000\nparent ${TREE}\ncommitter c <c> 7 +0000\n\nm\n`);
  const id = `${await git(directory, ["hash-object", "-w", "-t", "commit", "--literally", "--stdin"], { input: content })}`.trim();
  const { sha, parents } = parseCommit(content);
  assert.equal(sha, id);
  assert.equal(parents.join(" "), `${await git(directory, ["log", "-1", "--format=%P", id])}`.trim());
});
