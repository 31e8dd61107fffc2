import assert from "node:assert/strict";
import { test } from "node:test";
import { pausedOutcome, readPause } from "../../../src/core/targets/pause.ts";

function read(until: string | undefined, reason?: string) {
  const problems: string[] = [];
  const values = { ...(until !== undefined && { paused_until: until }), ...(reason !== undefined && { paused_reason: reason }) };
  const pause = readPause(values, (name, problem) => problems.push(`${name} ${problem}`));
  return { pause, problems };
}

const instant = Date.parse("2026-05-04T10:00:00Z");

test("a pause holds until its instant, in whatever offset it is written, and ends by itself", () => {
  for (const until of [
    "2026-05-04T10:00:00Z",
    "2026-05-04T12:00:00+02:00",
    "2026-05-03T20:30:00-13:30",
    "2026-05-04t10:00:00z",
    "2026-05-04T10:00:00.000+00:00",
  ]) {
    const { pause, problems } = read(until);
    assert.deepEqual(problems, []);
    assert.deepEqual(pausedOutcome(pause, instant - 1), { kind: "skipped", reason: "paused", until });
    assert.equal(pausedOutcome(pause, instant), undefined);
  }
  assert.equal(pausedOutcome(read(undefined, "freeze").pause, 0), undefined);
});

test("what is no time as RFC 3339 has it is told, and what Date would take for another day too", () => {
  for (const until of [
    "tomorrow",
    "2026-05-04",
    "2026-05-04T10:00:00",
    "2026-05-04T10:00Z",
    "2026-05-04 10:00:00Z",
    "2026-02-30T10:00:00Z",
    "2025-02-29T10:00:00Z",
    "2026-04-31T10:00:00Z",
    "2026-13-01T10:00:00Z",
    "2026-00-10T10:00:00Z",
    "2026-05-00T10:00:00Z",
    "2026-05-04T24:00:00Z",
    "2026-05-04T10:60:00Z",
    "2026-05-04T10:00:60Z",
    "2026-05-04T10:00:00+24:00",
    "2026-05-04T10:00:00+0200",
    "+002026-05-04T10:00:00Z",
    "2026-05-04T10:00:00.Z",
    "2026-05-04T10:00:00Z ",
    "1777888800",
    "٢٠٢٦-05-04T10:00:00Z",
  ]) {
    const { problems } = read(until);
    assert.deepEqual(
      problems,
      ["paused_until is no time as RFC 3339 has it; write date, time and offset, for example '2030-01-31T18:00:00Z'"],
      until,
    );
  }
  assert.deepEqual(read("2028-02-29T10:00:00Z").problems, []);
});

// S18
test("the reason is one short printable line, whatever a tenant writes; one that is empty then is none", () => {
  const why = (reason: string) => read("2026-05-04T10:00:00Z", reason).pause.pausedReason;
  assert.equal(why("Black Friday freeze"), "Black Friday freeze");
  assert.equal(why("a\n  b\u202ec\u0000\u001b[31md"), "a b c [31md");
  assert.equal(why("\u200b\n"), undefined);
  assert.equal(why("😀".repeat(500)), `${"😀".repeat(119)}…`);
});
