import assert from "node:assert/strict";
import { test } from "node:test";
import { createLoopTurns } from "../../src/sharing/loop-turns.ts";

test("of a crowd, so many go on per turn of the event loop, in order, and other work has its turns in between", async () => {
  const turn = createLoopTurns(3);
  const went: string[] = [];
  const crowd = Array.from({ length: 7 }, (_, index) => turn().then(() => went.push(`${index}`)));
  const tick = () => {
    went.push("|");
    if (went.filter((what) => what !== "|").length < 7) setImmediate(tick);
  };
  setImmediate(tick);
  await Promise.all(crowd);
  assert.match(went.join(""), /^012\|+345\|+6\|*$/);
});

test("who comes alone waits for one turn only, and a crowd that has gone holds up nobody", async () => {
  const turn = createLoopTurns(1);
  await turn();
  await Promise.all([turn(), turn()]);
  await turn();
});
