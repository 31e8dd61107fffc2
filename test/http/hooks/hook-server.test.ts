import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Hint } from "../../../src/core/hints/hint.ts";
import { readEvent } from "../../../src/core/hints/read-event.ts";
import type { SecretRef } from "../../../src/core/types.ts";
import { ReconcileError } from "../../../src/errors.ts";
import { createHookListener, type HookServerOptions } from "../../../src/http/hooks/hook-server.ts";
import { startHttpServer } from "../../../src/http/http-server.ts";
import { targetOf } from "../../core/targets.ts";

const SECRET = "a-secret-of-some-length";
const PATH = "/hook/default/hook";

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

async function start(t: TestContext, more: Partial<HookServerOptions> = {}) {
  const reads: string[] = [];
  const events: Hint[] = [];
  const counted: string[] = [];
  const listeners = [{ target: targetOf("shop"), observed: "master" }];
  const looks: SecretRef[] = [];
  const gather = (ref: SecretRef) => ({
    share: ref.namespace,
    listeners() {
      looks.push(ref);
      return listeners;
    },
  });
  const listener = createHookListener({
    requireReady() {},
    audience: (ref) => (ref.namespace === "default" && ref.name === "hook" ? gather(ref) : undefined),
    readEvent: async (body) => readEvent(body),
    async readSecret(ref: SecretRef) {
      reads.push(`${ref.namespace}/${ref.name}`);
      return { secrets: [SECRET], pathTokens: ["a-token-of-some-length"] };
    },
    onEvent: (hint) => void events.push(hint),
    onRequest: (kind, result) => void counted.push(`${kind} ${result}`),
    log: { info() {}, warn() {}, error: (fields) => assert.fail(JSON.stringify(fields)) },
    ...more,
  });
  const server = await startHttpServer(listener, { port: 0, host: "127.0.0.1" });
  t.after(() => server.close());
  async function send({ path = PATH, method = "POST", headers = {}, body = "" }: Sent = {}) {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(method === "POST" && { body }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
  }
  const bearer = { authorization: `Bearer ${SECRET}` };
  return { send, bearer, reads, looks, events, counted, port: server.port };
}

const push = (ref: string, path = "team/shop") =>
  JSON.stringify({ ref, after: "1", repository: { clone_url: `https://git.example/${path}.git` } });
const signed = (body: string) => ({ "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}` });

test("the answers, word for word", async (t) => {
  const { send, bearer, events, counted } = await start(t);
  const answers: [body: string, answer: object][] = [
    [push("refs/heads/master"), { deployments: 1 }],
    ["", { deployments: 1 }],
    [push("refs/heads/feature/x"), { deployments: 0, ignored: "branch 'feature/x' is not observed" }],
    ['{"image":"registry.example/team/shop:latest"}', { deployments: 0, ignored: "tag 'latest' is no commit" }],
    [
      push("refs/heads/master", "team/other"),
      { deployments: 0, ignored: "no Deployment that names this Secret uses git.example/team/other" },
    ],
    ['{"zen":1}', { deployments: 0, ignored: "the event is of no kind that is known here" }],
    ["null", { deployments: 0, ignored: "the event is of no kind that is known here" }],
    ["no JSON", { deployments: 0, ignored: "the body is no JSON" }],
  ];
  for (const [body, answer] of answers) {
    const { status, headers, body: said } = await send({ headers: bearer, body });
    assert.deepEqual([status, said], [202, answer]);
    assert.equal(headers.get("content-type"), "application/json");
  }
  const form = { ...bearer, "content-type": "application/x-www-form-urlencoded" };
  assert.deepEqual((await send({ headers: form, body: '{"image":"team/shop"}' })).body, { deployments: 0, ignored: "the body is no JSON" });
  assert.deepEqual(counted, [
    ...["push accepted", "other accepted", "push ignored", "image ignored", "push ignored"],
    ...Array(4).fill("other ignored"),
  ]);
  assert.equal(events.length, 2);
});

// S24
test("unknown, denied, absent and wrong have one answer, and a Secret that nobody names is not read", async (t) => {
  const missing = new ReconcileError("secret_missing", "gone");
  const absent = await start(t, { readSecret: () => Promise.reject(missing) });
  const { send, reads, events, counted } = await start(t);
  const wrong = { authorization: "Bearer a-wrong-one-of-some-length" };
  const answers = [
    await send({ headers: wrong }),
    await send({ headers: wrong, path: "/hook/default/other" }),
    await send({ headers: wrong, path: "/hook/kube-system/hook" }),
    await send({ path: `${PATH}/a-wrong-token-of-some-length` }),
    await send(),
    await absent.send({ headers: absent.bearer }),
  ];
  const error = "no such hook, or the signature does not fit; compare the Secret's hook-secret with the sender's";
  for (const { status, body } of answers) assert.deepEqual([status, body], [401, { error }]);
  assert.deepEqual(reads, ["default/hook"]);
  assert.deepEqual(events, []);
  assert.deepEqual([...new Set(counted)], ["other denied"]);
});

test("paths, methods and media types that are none", async (t) => {
  const { send, bearer, reads } = await start(t);
  const paths = ["/", "/hook", "/hook/default", "/hook/Default/hook", "/hook/a..b/hook", "/hook/default/-x", "/hook/default/a/b/c"];
  for (const path of [...paths, "/reconcile", "/status", "/debug", "/hook/default/%2e%2e", `/hook/default/${"x".repeat(254)}`])
    assert.equal((await send({ path, headers: bearer })).status, 404, path);
  for (const method of ["GET", "PUT", "DELETE"]) {
    const { status, headers } = await send({ method });
    assert.deepEqual([status, headers.get("allow")], [405, "POST"]);
  }
  assert.equal((await send({ headers: { ...bearer, "content-type": "text/plain" }, body: "{}" })).status, 415);
  assert.deepEqual(reads, []);
  for (const type of [
    "application/json; charset=utf-8",
    "application/vnd.docker.distribution.events.v1+json",
    "application/cloudevents+json",
  ])
    assert.equal((await send({ headers: { ...bearer, "content-type": type }, body: "{}" })).status, 202, type);
  const form = new URLSearchParams({ payload: push("refs/heads/master") }).toString();
  const sentForm = await send({ headers: { ...signed(form), "content-type": "application/x-www-form-urlencoded" }, body: form });
  assert.deepEqual(sentForm.body, { deployments: 1 });
});

// S23
test("nothing is parsed before the proof: a body that is no JSON, or that costs much, is told what any forged one is told", async (t) => {
  const { send, events } = await start(t);
  const parse = t.mock.method(JSON, "parse");
  for (const body of ["{", "[".repeat(500_000), '{"__proto__":{"a":1}}', "\0"]) {
    assert.equal((await send({ headers: { "x-hub-signature-256": "sha256=00" }, body })).status, 401);
    assert.ok(parse.mock.calls.every(({ arguments: [text] }) => text !== body));
  }
  assert.deepEqual(events, []);
});

// S23
test("a body beyond 2 MiB is cut while it comes, said beforehand or not", async (t) => {
  const { send, bearer, counted, port, reads } = await start(t);
  assert.equal((await send({ headers: bearer, body: " ".repeat(2 * 2 ** 20) })).status, 202);
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  let answer = "";
  socket.on("data", (bytes) => (answer += bytes));
  socket.write(`POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`);
  const chunk = `10000\r\n${" ".repeat(0x10000)}\r\n`;
  for (let sent = 0; sent < 64 && answer === ""; sent++) {
    socket.write(chunk);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await t.waitFor(() => assert.match(answer, /^HTTP\/1\.1 413 /), { timeout: 10_000 });
  socket.destroy();
  assert.deepEqual(counted, ["other ignored", "other too_large"]);
  assert.deepEqual(reads, ["default/hook"]);
});

// S25
test("a signed event that comes again is a duplicate, whatever its unsigned headers say; a token's is not", async (t) => {
  const { send, bearer, events } = await start(t);
  const body = push("refs/heads/master");
  assert.deepEqual((await send({ headers: signed(body), body })).body, { deployments: 1 });
  const again = await send({ headers: { ...signed(body), "x-github-delivery": "another" }, body });
  assert.deepEqual(again.body, { deployments: 0, ignored: "duplicate" });
  const upper = { "x-hub-signature-256": signed(body)["x-hub-signature-256"].toUpperCase().replace("SHA", "sha") };
  assert.deepEqual((await send({ headers: upper, body })).body, { deployments: 0, ignored: "duplicate" });
  for (let count = 0; count < 2; count++) assert.deepEqual((await send({ headers: bearer, body })).body, { deployments: 1 });
  assert.equal(events.length, 3);
});

// S25, F51
test("a storm of forged events reads one Secret once in 5 s and starts nothing; who forges is slowed, and genuine ones still come through", async (t) => {
  const { send, bearer, reads, looks, events, counted } = await start(t);
  const forged = Array.from({ length: 1_000 }, (_, index) => {
    const path = index % 4 === 0 ? `/hook/team-${index}/hook` : PATH;
    return { path, headers: { authorization: `Bearer forged-${index}-of-some-length`, "x-forwarded-for": "192.0.2.1" } };
  });
  const statuses = new Set<number>();
  const startedAt = performance.now();
  for (let at = 0; at < forged.length; at += 50) {
    for (const { status } of await Promise.all(forged.slice(at, at + 50).map(send))) statuses.add(status);
  }
  assert.deepEqual([...statuses].sort(), [401, 429]);
  // Kept for 5 s, which the storm takes on a busy machine.
  assert.deepEqual([...new Set(reads)], ["default/hook"]);
  assert.ok(reads.length <= 1 + (performance.now() - startedAt) / 5_000, `${reads.length} reads`);
  assert.deepEqual([events, looks], [[], []]);
  const genuine = await send({ headers: { ...bearer, "x-forwarded-for": "192.0.2.2" }, body: push("refs/heads/master") });
  assert.deepEqual([genuine.status, events.length], [202, 1]);
  assert.ok(counted.filter((one) => one === "other limited").length > 500);
});

// F51
test("of genuine events 50 at once are taken for a Secret, then 10 a second, with Retry-After for the others", async (t) => {
  const { send, bearer, events } = await start(t);
  const answers = [];
  for (let count = 0; count < 100; count++) answers.push(await send({ headers: bearer, body: push("refs/heads/master") }));
  const limited = answers.filter(({ status }) => status === 429);
  assert.ok(events.length >= 50 && limited.length > 0);
  assert.equal(limited[0]?.headers.get("retry-after"), "1");
});

// S25, S32, S33
test("long events of one address are proved up to a budget, whatever Secrets it makes up: all are told the same, and short ones and others' still come through", async (t) => {
  const { send, bearer, counted } = await start(t);
  const startedAt = performance.now();
  t.mock.method(performance, "now", () => startedAt);
  const long = " ".repeat(2 * 2 ** 20);
  const forger = { "x-hub-signature-256": `sha256=${"0".repeat(64)}`, "x-forwarded-for": "192.0.2.1" };
  for (let index = 0; index < 16; index++)
    assert.equal((await send({ path: `/hook/team-${index}/hook`, headers: forger, body: long })).status, 401);
  const refused = [];
  for (const path of [PATH, "/hook/default/other", "/hook/team-0/hook"]) refused.push(await send({ path, headers: forger, body: long }));
  const [first] = refused;
  assert.equal(first?.status, 429);
  for (const { status, body } of refused) assert.deepEqual([status, body], [429, first?.body]);
  const short = push("refs/heads/master");
  assert.equal((await send({ headers: { ...bearer, "x-forwarded-for": "192.0.2.1" }, body: short })).status, 202);
  assert.equal((await send({ headers: { ...bearer, "x-forwarded-for": "192.0.2.2" }, body: short.padEnd(2 * 2 ** 20) })).status, 202);
  assert.equal(counted.filter((one) => one === "other limited").length, 3);
});

// F51
test("slow senders do not keep out others: a body that trickles loses its place", async (t) => {
  const { send, bearer, port } = await start(t);
  const slow = Array.from({ length: 12 }, () => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`);
    return socket;
  });
  t.after(() => {
    for (const socket of slow) socket.destroy();
  });
  const forwarded = { ...bearer, "x-forwarded-for": "192.0.2.9" };
  let status = 0;
  // Each waits a second for its turn, and the slow ones are hung up on after five.
  for (let tries = 0; tries < 2 && status !== 202; tries++) ({ status } = await send({ headers: forwarded }));
  assert.equal(status, 202);
});

/** Begins bodies that never end, each in the name of another sender. */
function trickle(t: TestContext, port: number, localAddress: string, count: number, bytes: number): Promise<void>[] {
  return Array.from({ length: count }, (_, index) => {
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    t.after(() => socket.destroy());
    const { promise, resolve } = Promise.withResolvers<void>();
    // A sender may hang up before all is written.
    socket.on("error", () => resolve());
    const head = `POST ${PATH} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 198.51.100.${index}\r\ncontent-type: application/json\r\n`;
    socket.write(`${head}content-length: ${bytes + 1}\r\n\r\n${" ".repeat(bytes)}`, () => resolve());
    return promise;
  });
}

// S33
test("whatever slow senders call themselves, they take none of another address's places, and who was not waited for is forgotten", async (t) => {
  const { send, bearer, port } = await start(t);
  await Promise.all(trickle(t, port, "127.0.0.2", 100, 10));
  await sleep(600);
  await Promise.all(trickle(t, port, "127.0.0.2", 200, 10));
  const { status } = await send({ headers: bearer, body: push("refs/heads/master") });
  assert.equal(status, 202);
});

// S33
test("one address's bodies fill the room of all, and another's event is still received: who holds the most gives up", async (t) => {
  const { send, bearer, port } = await start(t);
  await Promise.all(trickle(t, port, "127.0.0.2", 12, 2 * 2 ** 20 - 2));
  await sleep(100);
  const body = push("refs/heads/master").padEnd(2 ** 20);
  for (let times = 0; times < 3; times++) assert.equal((await send({ headers: bearer, body })).status, 202);
});

test("before the first list, while shutting down and where the Secret can't be read: 503", async (t) => {
  for (const more of [
    { requireReady: () => assert.fail(new ReconcileError("cluster_unsynced", "not yet")) },
    { requireReady: () => assert.fail(new ReconcileError("shutdown", "the end")) },
    { readSecret: () => Promise.reject(new ReconcileError("secret_unreadable", "HTTP 500")) },
  ]) {
    const { send, bearer, events } = await start(t, more);
    const { status, headers } = await send({ headers: bearer });
    assert.deepEqual([status, headers.get("retry-after"), events.length], [503, "5", 0]);
  }
});
