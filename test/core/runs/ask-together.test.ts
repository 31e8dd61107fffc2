import assert from "node:assert/strict";
import { test } from "node:test";
import { askTogether } from "../../../src/core/runs/ask-together.ts";
import { noTracer, type Span } from "../../../src/core/tracer.ts";

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("equal questions of one turn get one answer, begun after the last of them; other questions and later ones get their own", async () => {
  const begun: string[] = [];
  const ask = askTogether(async (question: { name?: string }) => {
    begun.push(question.name ?? "all");
    return {};
  });
  const first = [ask({}), ask({ name: "shop" }), ask({}), ask({})];
  assert.deepEqual(begun, [], "nothing begins while others may still ask");
  const [all, shop, same, again] = await Promise.all(first);
  assert.equal(all, same);
  assert.equal(all, again);
  assert.notEqual(all, shop);
  assert.notEqual(await ask({}), all);
  assert.deepEqual(begun, ["all", "shop", "all"]);
});

test("a question that comes while the work goes on is not answered by it", async () => {
  const release = Promise.withResolvers<void>();
  let works = 0;
  const ask = askTogether(async (_: object) => {
    works += 1;
    await release.promise;
    return works;
  });
  const before = ask({});
  await nextTurn();
  const after = ask({});
  await nextTurn();
  release.resolve();
  await Promise.all([before, after]);
  assert.equal(works, 2);
});

test("a failure is the answer of all that asked, and nobody's later", async () => {
  let works = 0;
  const ask = askTogether(async (_: object) => {
    if (++works === 1) throw new Error("not ready");
    return "ready";
  });
  const answers = await Promise.allSettled([ask({}), ask({})]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  assert.equal(await ask({}), "ready");
});

test("each call keeps its own trace: those that share are linked to the first", async () => {
  const spans = ["first", "second", "third"].map((name) => ({ name, set() {}, fail() {} }) satisfies Span & { name: string });
  let active: Span | undefined;
  const links: [Span | undefined, Span | undefined][] = [];
  const ask = askTogether(async (_: object) => undefined, { ...noTracer, active: () => active, link: (to) => links.push([active, to]) });
  const answers = spans.map((span) => {
    active = span;
    return ask({});
  });
  await Promise.all(answers);
  assert.deepEqual(links, [
    [spans[1], spans[0]],
    [spans[2], spans[0]],
  ]);
});
