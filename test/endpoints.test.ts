import assert from "node:assert/strict";
import { test } from "node:test";
import { ReconcileError } from "../src/errors.ts";
import { startEndpoints } from "./http/start-endpoints.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

const bearer = (text: string) => ({ headers: { authorization: text } });

// S14
test("with a token /reconcile starts nothing and /history tells nothing without it, and each says what to send; the other paths stay open", async (t) => {
  const { calls, ask } = await startEndpoints(t, { reconcileToken: TOKEN });
  const wrong = ["", TOKEN, "Bearer", `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, `Bearer ${TOKEN} ${TOKEN}`];
  for (const path of [
    "/reconcile",
    "/reconcile/",
    "/RECONCILE",
    "/reconcile?namespace=a",
    `/reconcile?token=${TOKEN}`,
    "/history?namespace=team-0&deployment=api",
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
  assert.equal((await ask("/history?namespace=team-0&deployment=api", bearer(`Bearer ${TOKEN}`))).status, 200);
  for (const path of ["/status", "/debug", "/health", "/ready", "/metrics"]) assert.equal((await ask(path)).status, 200, path);
});

test("DEBUG_ENDPOINT=off: /debug is a path like any unknown one, for metrics too", async (t) => {
  const routes: string[] = [];
  const requestStarted = (_method: string, route: string) => {
    routes.push(route);
    return () => {};
  };
  const { ask } = await startEndpoints(t, { requestStarted, hasDebug: false });
  for (const method of ["GET", "HEAD", "POST"]) assert.equal((await ask("/debug", { method })).status, 404, method);
  const [debug, unknown] = await Promise.all(["/debug", "/unknown"].map(async (path) => (await ask(path)).json()));
  assert.deepEqual(JSON.parse(JSON.stringify(debug).replace("/debug", "/unknown")), unknown);
  assert.doesNotMatch(JSON.stringify(unknown), /debug/);
  assert.deepEqual([...new Set(routes)], ["other"]);
});

test("JSON is application/json and nothing more, in every answer and failure", async (t) => {
  const { ask } = await startEndpoints(t, { reconcileToken: TOKEN });
  const failing = await startEndpoints(t, { ask: () => Promise.reject(new Error("a mistake")) });
  const stopped = await startEndpoints(t, { ask: () => Promise.reject(new ReconcileError("shutdown", "the operator is shutting down")) });
  const unknown = await startEndpoints(t, { ask: () => Promise.reject(new ReconcileError("name_unknown", "no such Deployment")) });
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
    // On a busy machine /debug is sent in pieces, before its length is known.
    if (text !== "" && !response.url.endsWith("/debug"))
      assert.equal(response.headers.get("content-length"), String(Buffer.byteLength(text)), response.url);
    if (status >= 400) assert.deepEqual(Object.keys(JSON.parse(text)), ["error"], response.url);
  }
});
