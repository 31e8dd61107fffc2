import assert from "node:assert/strict";
import { test } from "node:test";
import { type LongLine, splitLines } from "../../../src/adapters/kubernetes/split-lines.ts";
import { growthOf, MOST_GROWTH } from "../../growth.ts";

const MEBIBYTE = 2 ** 20;

async function linesOf(...chunks: Buffer[]): Promise<(string | LongLine)[]> {
  return Array.fromAsync(
    splitLines(
      (async function* () {
        yield* chunks;
      })(),
      MEBIBYTE,
    ),
  );
}

test("lines are the same wherever the stream is cut, within a character too", async () => {
  const lines = ['{"a":"ü€😀"}', '{"b":"\u2028\u2029\r"}'];
  const bytes = Buffer.from(`${lines.join("\n\n")}\n`);
  for (let cut = 0; cut <= bytes.length; cut++) assert.deepEqual(await linesOf(bytes.subarray(0, cut), bytes.subarray(cut)), lines);
});

test("a stream that ends within a line is broken", async () => {
  await assert.rejects(linesOf(Buffer.from('{"a":1}\n{"b"')), { kind: "protocol", message: "the watch ended within a line" });
});

test("of a line that is too long only the beginning is kept, and the next ones come", async () => {
  const fits = "x".repeat(MEBIBYTE);
  const tooLong = Buffer.from(`begins${"x".repeat(20 * MEBIBYTE)}\n`);
  const pieces = Array.from({ length: 21 }, (_, i) => tooLong.subarray(i * MEBIBYTE, (i + 1) * MEBIBYTE));
  const [first, long, next, ...rest] = await linesOf(Buffer.from(`${fits}\n`), ...pieces, Buffer.from("next\n"));
  assert.deepEqual([first, next, rest], [fits, "next", []]);
  assert.ok(typeof long === "object" && /^beginsx+$/.test(long.beginning) && long.beginning.length < 4_096);
});

test("a long line in small pieces costs in proportion to its length", async () => {
  const piece = Buffer.alloc(1_024, "x");
  const growth = await growthOf(100, (count) => linesOf(...Array<Buffer>(count).fill(piece), Buffer.from("\n")));
  assert.ok(growth < MOST_GROWTH, `${growth}`);
});
