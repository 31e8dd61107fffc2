/**
 * A property of everything that a generator makes: a moment of inputs in `npm test`, always the same ones, and FUZZ_TIMES as many in the gate;
 * with FUZZ_SECONDS as long as that, always others.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import fc from "fast-check";
import { ReconcileError } from "../../src/errors.ts";
import { escapeControl } from "../../src/text/escape.ts";

const fuzzMs = Number(process.env.FUZZ_SECONDS ?? 0) * 1_000;
const times = Number(process.env.FUZZ_TIMES ?? 1);
const MOMENT_MS = 500 * times;
/** No single input may cost more processor time: others cost a thousandth. */
const INPUT_MS = 2_000;

export async function holds<T>(
  t: TestContext,
  inputs: fc.Arbitrary<T>,
  check: (input: T) => void | Promise<void>,
  /** `known`: inputs that once broke it. */
  { runs = 500, known = [] }: { readonly runs?: number; readonly known?: readonly NoInfer<T>[] } = {},
): Promise<void> {
  const property = fc.asyncProperty(inputs, async (input) => {
    const before = process.threadCpuUsage();
    await check(input);
    const ms = process.threadCpuUsage(before).user / 1_000;
    assert.ok(ms < INPUT_MS, `took ${Math.round(ms)} ms`);
  });
  const details = await fc.check(property, {
    ...(fuzzMs > 0 ? {} : { seed: 1 }),
    numRuns: fuzzMs > 0 ? Number.MAX_SAFE_INTEGER : runs * times,
    interruptAfterTimeLimit: fuzzMs || MOMENT_MS,
    examples: known.map((input) => [input] as [T]),
  });
  t.diagnostic(`${details.numRuns} inputs`);
  if (details.failed && details.counterexample) assert.fail(fc.defaultReportMessage(details) ?? "failed");
}

/** The answer, or undefined for a failure that a user may read; any other one is a bug. */
export async function answerOf<T>(work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ReconcileError)) throw error;
    assert.notEqual(error.code, "internal");
    assert.equal(error.message, escapeControl(error.message), "control characters in a message");
    assert.ok(error.message.length < 2_500, `a message of ${error.message.length} characters`);
    return undefined;
  }
}

/** Bytes with some of them changed, taken out, put in, repeated or cut off. */
export function damaged(originals: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const edit = fc.oneof(
    fc.record({ place, drop: fc.constantFrom(0, 1, 4), put: fc.uint8Array({ minLength: 1, maxLength: 4 }) }),
    fc.record({ place, drop: fc.integer({ min: 1, max: 60 }), put: fc.constant(new Uint8Array()) }),
    fc.record({
      place,
      drop: fc.constantFrom(4, 0),
      put: fc.constantFrom("0000", "0001", "0002", "0003", "0004", "0005", "fff0", "ffff").map((text) => new Uint8Array(Buffer.from(text))),
    }),
    fc.record({ place, drop: fc.constant(Number.MAX_SAFE_INTEGER), put: fc.constant(new Uint8Array()) }),
  );
  return fc.tuple(fc.constantFrom(...originals), fc.array(edit, { minLength: 1, maxLength: 4 })).map(([original, edits]) =>
    edits.reduce((bytes, { place: where, drop, put }) => {
      const at = Math.floor(where * bytes.length);
      return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(Math.min(bytes.length, at + drop))]);
    }, original),
  );
}

/** Any UTF-16, halves of surrogate pairs too; fast-check's own unit of that kind takes a second to build. */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)), maxLength });
}

/** Texts made of parts that mean something to a parser, and of anything. */
export function made(parts: readonly string[], maxLength = 12): fc.Arbitrary<string> {
  const part = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...parts) }, { weight: 1, arbitrary: anyText(3) });
  return fc.array(part, { maxLength }).map((all) => all.join(""));
}
