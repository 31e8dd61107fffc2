import assert from "node:assert/strict";
import { test } from "node:test";
import { createLineReader, createPktReader, MANY_REFS, pkt, readLines } from "../../../../src/adapters/git/wire/pkt-line.ts";
import { inChunks } from "../local-git.ts";

const MIB = 2 ** 20;
const read = (bytes: string | Buffer, chunkBytes = 1 << 16) => createPktReader(inChunks(Buffer.from(bytes), chunkBytes), 64 * MIB);

test("lines, empty lines and marks are told apart, in chunks of any size", async () => {
  for (const size of [1, 3, 100]) {
    const reader = read("0009hello0004000100020000000aworld\n", size);
    const seen: string[] = [];
    for (let line = await reader.next(); line; line = await reader.next())
      seen.push(line.kind === "data" ? line.data.toString() : line.kind);
    assert.deepEqual(seen, ["hello", "", "delim", "end", "flush", "world\n"]);
  }
});

test("what is framed is read again, also beyond ASCII", async () => {
  assert.deepEqual(await readLines(read(`${pkt("caf\u00e9\n")}${pkt("b")}0000`)), ["caf\u00e9", "b"]);
});

test("a stream cut anywhere before the flush is refused", async () => {
  const whole = `${pkt("one")}${pkt("two\n")}0000`;
  for (let size = 0; size < whole.length; size++) {
    await assert.rejects(readLines(read(whole.slice(0, size))), { code: /git_protocol|git_unreachable/ });
  }
});

test("what is no pkt-line is refused", async () => {
  for (const bytes of ["Welcome to git!\n", "0003", "+001", "-001", "zzzz", "\xff\xff\xff\xff"]) {
    await assert.rejects(readLines(read(bytes)), { code: "git_protocol" }, bytes);
  }
});

test("more bytes than allowed are refused while they come", async () => {
  let sent = 0;
  async function* endless() {
    for (;;) {
      sent += 1;
      yield Buffer.from(pkt("x".repeat(1_000)));
    }
  }
  const section = createLineReader(createPktReader(endless(), MIB), MANY_REFS);
  const readAll = async () => {
    while ((await section.next()) !== undefined);
  };
  await assert.rejects(readAll, { code: "git_limit", message: /MAX_REPO_MB/ });
  assert.ok(sent < 1_100);
});

async function* forever(line: string) {
  for (;;) yield Buffer.from(line.repeat(1_000));
}

for (const [what, line] of [
  ["lines", pkt("x")],
  ["empty lines", "0004"],
  ["marks", "0001"],
  ["long lines", pkt("x".repeat(60_000))],
] as const) {
  // S10
  test(`a listing of endless ${what} is refused long before the bytes are too many`, async () => {
    const reader = createPktReader(forever(line), 2 ** 40);
    await assert.rejects(readLines(reader), { code: "git_limit", message: /no end/ });
  });
}

test("a server's refusal is told in its words, cleaned and cut", async () => {
  const nasty = `ERR access denied\x1b[31m\n\u202e\u200b${"x".repeat(2_000)}`;
  await assert.rejects(readLines(read(pkt(nasty))), (error: Error & { code: string }) => {
    assert.equal(error.code, "git_denied");
    assert.match(error.message, /^the git server refused: access denied \[31m x{400,}; check/);
    assert.ok(error.message.length < 620);
    return true;
  });
});

// S17
test("a server that sends without a pause gives all others a turn every 32 KiB", async () => {
  const piece = Buffer.from(pkt("x".repeat(1_020)).repeat(16));
  async function* pour() {
    for (let i = 0; i < 256; i++) yield piece;
  }
  const reader = createPktReader(pour(), 2 ** 30);
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  while (await reader.next());
  isOver = true;
  assert.ok(turns >= (256 * piece.length) / (32 * 1024), `${turns} turns`);
});
