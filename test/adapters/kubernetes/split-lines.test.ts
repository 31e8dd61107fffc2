import assert from "node:assert/strict";
import { test } from "node:test";
import { splitLines } from "../../../src/adapters/kubernetes/split-lines.ts";

async function linesOf(...chunks: Buffer[]): Promise<string[]> {
  return Array.fromAsync(
    splitLines(
      (async function* () {
        yield* chunks;
      })(),
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

test("a line without end is refused", async () => {
  const mebibyte = Buffer.alloc(1024 * 1024, "x");
  await assert.rejects(linesOf(...Array<Buffer>(20).fill(mebibyte)), { kind: "protocol", message: "a line of the watch is endless" });
});
