import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { type TestContext, test } from "node:test";
import type { Filter } from "../../src/core/types.ts";
import { ReconcileError } from "../../src/errors.ts";
import { type AppOptions, createApp, type Endpoints } from "../../src/http/app.ts";
import { startHttpServer } from "../../src/http/http-server.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

type Options = AppOptions & Partial<Pick<Endpoints, "reconcile">>;

async function start(t: TestContext, { reconcile, ...options }: Options = {}, { isDebugOff = false } = {}) {
  const calls: Filter[] = [];
  const endpoints: Endpoints = {
    async reconcile(filter, call) {
      calls.push(filter);
      return reconcile ? reconcile(filter, call) : [];
    },
    status: (form) => (form === "text" ? ["stat", "", "us"] : [form === "json" ? "{}" : "page"]),
    listen: async () => () => {},
    changesText: () => "{}",
    factsText: () => "{}",
    *shown() {
      yield "";
      return "";
    },
    workload: (form) => [form === "json" ? "{}" : "one"],
    ...(!isDebugOff && { debug: () => ["[", "]"] }),
    health: () => ({ status: "ok", tracked_deployments: 0 }),
    ready: () => {},
    history: () => ["[]"],
    metrics: async () => ({ contentType: "text/plain", text: "metrics" }),
  };
  const log = { info() {}, warn() {}, error() {} };
  const server = await startHttpServer(createApp(endpoints, log, options), { port: 0, host: "127.0.0.1" });
  t.after(() => server.close());
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);
  return { calls, ask };
}

const bearer = (text: string) => ({ headers: { authorization: text } });

// S14
test("with a token /reconcile starts nothing and /history tells nothing without it, and each says what to send; the other paths stay open", async (t) => {
  const { calls, ask } = await start(t, { reconcileToken: TOKEN });
  const wrong = ["", TOKEN, "Bearer", `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, `Bearer ${TOKEN} ${TOKEN}`];
  for (const path of [
    "/reconcile",
    "/reconcile/",
    "/RECONCILE",
    "/reconcile?namespace=a",
    `/reconcile?token=${TOKEN}`,
    "/history?namespace=a&deployment=b",
  ]) {
    for (const text of wrong) {
      const method = text === "" ? "POST" : "GET";
      const response = await ask(path, { method, ...(text === "" ? {} : bearer(text)) });
      assert.equal(response.status, 401, `${path} ${text}`);
      assert.equal(response.headers.get("www-authenticate"), "Bearer");
      const { error } = (await response.json()) as { error: string };
      assert.match(error, /Authorization: Bearer .*RECONCILE_TOKEN/);
      assert.ok(!error.includes(TOKEN));
    }
  }
  assert.deepEqual(calls, []);
  for (const scheme of ["Bearer", "bearer"]) assert.equal((await ask("/reconcile", bearer(`${scheme} ${TOKEN}`))).status, 200);
  assert.equal((await ask("/reconcile", { method: "POST", ...bearer(`Bearer ${TOKEN}`) })).status, 200);
  assert.equal(calls.length, 3);
  assert.equal((await ask("/history?namespace=a&deployment=b", bearer(`Bearer ${TOKEN}`))).status, 200);
  for (const path of ["/status", "/debug", "/health", "/ready", "/metrics"]) assert.equal((await ask(path)).status, 200, path);
});

test("without a token /reconcile is open, as the kubelet needs it", async (t) => {
  const { calls, ask } = await start(t);
  assert.equal((await ask("/reconcile")).status, 200);
  assert.equal(calls.length, 1);
});

test("DEBUG_ENDPOINT=off: /debug is a path like any unknown one, for metrics too", async (t) => {
  const routes: string[] = [];
  const requestStarted = (_method: string, route: string) => {
    routes.push(route);
    return () => {};
  };
  const { ask } = await start(t, { requestStarted }, { isDebugOff: true });
  for (const method of ["GET", "HEAD", "POST"]) assert.equal((await ask("/debug", { method })).status, 404, method);
  const [debug, unknown] = await Promise.all(["/debug", "/unknown"].map(async (path) => (await ask(path)).json()));
  assert.deepEqual(JSON.parse(JSON.stringify(debug).replace("/debug", "/unknown")), unknown);
  assert.doesNotMatch(JSON.stringify(unknown), /debug/);
  assert.deepEqual([...new Set(routes)], ["other"]);
});

test("a filter that is repeated starts nothing; other keys are nobody's business, as probes and proxies add their own", async (t) => {
  const { calls, ask } = await start(t);
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
  const { ask } = await start(t, { reconcile: async () => results });
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

test("JSON is application/json and nothing more, in every answer and failure", async (t) => {
  const { ask } = await start(t, { reconcileToken: TOKEN });
  const failing = await start(t, { reconcile: () => Promise.reject(new Error("a mistake")) });
  const stopped = await start(t, { reconcile: () => Promise.reject(new ReconcileError("shutdown", "the operator is shutting down")) });
  const unknown = await start(t, { reconcile: () => Promise.reject(new ReconcileError("name_unknown", "no such Deployment")) });
  const answers: [status: number, response: Response][] = [
    [200, await ask("/reconcile", bearer(`Bearer ${TOKEN}`))],
    [200, await ask("/reconcile", { ...bearer(`Bearer ${TOKEN}`), method: "HEAD" })],
    [200, await ask("/debug")],
    [200, await ask("/health")],
    [200, await ask("/health", { method: "HEAD" })],
    [400, await ask("/reconcile?namespace=a&namespace=b", bearer(`Bearer ${TOKEN}`))],
    [401, await ask("/reconcile")],
    [404, await ask("/nowhere")],
    [404, await unknown.ask("/reconcile?deployment=x")],
    [405, await ask("/health", { method: "POST" })],
    [500, await failing.ask("/reconcile")],
    [503, await stopped.ask("/reconcile")],
  ];
  for (const [status, response] of answers) {
    assert.equal(response.status, status, response.url);
    assert.equal(response.headers.get("content-type"), "application/json", response.url);
    const text = await response.text();
    if (text !== "") assert.equal(response.headers.get("content-length"), String(Buffer.byteLength(text)), response.url);
    if (status >= 400) assert.deepEqual(Object.keys(JSON.parse(text)), ["error"], response.url);
  }
});

// S14
test("a page of another origin can't start a pass, whatever its browser says of it; the operator's own page, people and programs can", async (t) => {
  const { calls, ask } = await start(t);
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
