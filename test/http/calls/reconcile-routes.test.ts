import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { test } from "node:test";
import type { Filter } from "../../../src/core/types.ts";
import { ReconcileError } from "../../../src/errors.ts";
import { startEndpoints } from "../start-endpoints.ts";

test("without a token /reconcile is open, as the kubelet needs it", async (t) => {
  const { calls, ask } = await startEndpoints(t);
  assert.equal((await ask("/reconcile")).status, 200);
  assert.equal(calls.length, 1);
});

test("a filter that is repeated starts nothing; other keys are nobody's business, as probes and proxies add their own", async (t) => {
  const { calls, ask } = await startEndpoints(t);
  for (const query of ["namespace=a&namespace=b", "deployment=a&x=y&deployment=b"]) {
    for (const method of ["GET", "POST"]) {
      const response = await ask(`/reconcile?${query}`, { method });
      assert.equal(response.status, 400, query);
      assert.match(((await response.json()) as { error: string }).error, /namespace=….*deployment=…/);
    }
  }
  assert.deepEqual(calls, []);
  const asked: [query: string, filter: Filter][] = [
    ["", {}],
    ["?", {}],
    ["?namespace=a&deployment=b", { namespace: "a", deployment: "b" }],
    ["?deployment=b", { deployment: "b" }],
    ["?t=1&t=2&Namespace=a&namespace[]=a&__proto__=a&deployment[a]=b&x", {}],
    ["?pretty&namespace=a", { namespace: "a" }],
  ];
  for (const [query] of asked) assert.equal((await ask(`/reconcile${query}`)).status, 200, query);
  assert.deepEqual(
    calls,
    asked.map(([, filter]) => filter),
  );
});

// S16
test("the answer for many Deployments is made in slices, once for all who share it, and everything else has its turn between them", async (t) => {
  const count = 2_000;
  let made = 0;
  const results = Array.from({ length: count }, (_, index) => {
    const error = new ReconcileError("manifest_missing", `message "${index}"`);
    const described = { kind: "Deployment", name: `d${index}`, namespace: "tenant", outcome: { kind: "failed", error } } as const;
    return {
      ...described,
      get outcome() {
        made += 1;
        return described.outcome;
      },
    };
  });
  const { ask } = await startEndpoints(t, { ask: async () => results });
  const perTurn: number[] = [];
  let isOver = false;
  const watch = () => {
    perTurn.push(made - perTurn.reduce((sum, before) => sum + before, 0));
    if (!isOver) setImmediate(watch);
  };
  setImmediate(watch);
  const [text, same] = await Promise.all([1, 2].map(async () => (await ask("/reconcile")).text()));
  isOver = true;
  assert.equal(made, count);
  assert.ok(Math.max(...perTurn) < 200, `${Math.max(...perTurn)} in one turn`);
  assert.equal(same, text);
  const entries = JSON.parse(text ?? "") as { deployment: string; message: string }[];
  assert.deepEqual(
    entries.map(({ deployment, message }) => `${deployment} ${message}`),
    Array.from({ length: count }, (_, index) => `d${index} message "${index}"`),
  );
});

// S14
test("a page of another origin can't start a pass, whatever its browser says of it; the operator's own page, people and programs can", async (t) => {
  const { calls, ask } = await startEndpoints(t);
  const mozilla = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140" };
  const foreign: [method: string, headers: Record<string, string>][] = [
    ["POST", { ...mozilla, origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
    ["POST", { ...mozilla, origin: "https://other.team.example", "sec-fetch-site": "same-site" }],
    ["GET", { ...mozilla, "sec-fetch-site": "cross-site" }],
    ["POST", { ...mozilla, origin: "http://evil.example" }],
    ["POST", { ...mozilla, origin: "null" }],
    // Over plain http a browser does not say whose image, link or form it is.
    ["GET", mozilla],
    ["GET", { ...mozilla, origin: "http://evil.example" }],
  ];
  for (const [method, headers] of foreign) {
    const response = await send(ask, method, headers);
    assert.equal(response.status, 403, JSON.stringify([method, headers]));
    assert.match(response.text, /nothing was started/);
  }
  assert.deepEqual(calls, []);
  const own: [method: string, headers: Record<string, string>][] = [
    ["POST", { ...mozilla, "sec-fetch-site": "same-origin" }],
    ["POST", { ...mozilla, origin: "SELF" }],
    ["GET", { ...mozilla, "sec-fetch-site": "none" }],
    ["POST", { "user-agent": "Mozilla/5.0 PowerShell/7.5" }],
    ["GET", { "user-agent": "curl/8" }],
    ["GET", { "user-agent": "kube-probe/1.34" }],
    ["GET", {}],
  ];
  for (const [method, headers] of own) assert.equal((await send(ask, method, headers)).status, 200, JSON.stringify([method, headers]));
  assert.equal(calls.length, own.length);
});

/** By hand: fetch sets these headers itself. */
async function send(ask: (path: string) => Promise<Response>, method: string, headers: Record<string, string>) {
  const { url } = await ask("/health");
  const { origin } = new URL(url);
  const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value === "SELF" ? origin : value]));
  const asked = request(new URL("/reconcile", url), { method, headers: given }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return { status: response.statusCode, text: Buffer.concat(await response.toArray()).toString() };
}
