import assert from "node:assert/strict";
import { test } from "node:test";
import { selectorProblem } from "../../src/core/label-selector.ts";

test("label selectors are what kubectl get -l takes", () => {
  for (const text of [
    "team=shop",
    "team==shop,tier!=web",
    "gitops.example.com/managed",
    "!legacy",
    "tier in (web, api), env notin (dev)",
    "tier in(web)",
    "empty=",
    "a,b,c",
  ])
    assert.equal(selectorProblem(text), undefined, text);
});

test("what kubectl refuses is refused at the start, and it is shown which part", () => {
  for (const text of [
    "team shop",
    "team=shop,,x",
    "=x",
    "a=b=c",
    "tier in web",
    "tier in (web",
    "a=b&limit=1",
    "-a",
    "a=-",
    `${"k".repeat(64)}`,
    "",
  ])
    assert.match(String(selectorProblem(text)), /^must be a label selector as kubectl get -l takes it/, text);
  assert.match(String(selectorProblem("ok=yes,not ok")), /not 'not ok'$/);
  assert.match(String(selectorProblem("a".repeat(2_000))), /at most 1000 characters/);
});
