import assert from "node:assert/strict";
import { test } from "node:test";
import { everything, parseStatusQuery, queryText } from "../../../src/http/rows/status-query.ts";

test("what a form sends is a query, empty fields say nothing, and other keys are nobody's business", () => {
  assert.deepEqual(parseStatusQuery({}), everything);
  assert.deepEqual(parseStatusQuery({ namespace: "", state: "", text: " " }), everything);
  assert.deepEqual(parseStatusQuery({ namespace: "shop", state: "failing", text: " a&b ", utm: ["1", "2"] }), {
    ...{ filter: { namespace: "shop" }, state: "failing", text: "a&b" },
  });
});

test("a query that can't be meant says what may be", () => {
  assert.match(String(parseStatusQuery({ state: "failling" })), /^no state 'failling'; did you mean 'failing'\?$/);
  assert.match(String(parseStatusQuery({ state: "x".repeat(200) })), /; there are failing, incomplete, /);
  assert.match(String(parseStatusQuery({ text: ["a", "b"] })), /once each, 253 characters at most$/);
  assert.match(String(parseStatusQuery({ text: "x".repeat(254) })), /253 characters at most$/);
});

test("a query as text says the same again, whatever it holds", () => {
  for (const text of ["a b", "a&b=c", "#", "%", "é\u202e", "+"]) {
    const query = { filter: { namespace: "n", kind: "Rollout" }, state: "held", text } as const;
    assert.deepEqual(parseStatusQuery(Object.fromEntries(new URLSearchParams(queryText(query)))), query, text);
  }
  assert.equal(queryText(everything), "");
});
