import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import express from "express";
import { annotationNames } from "../../src/core/annotation-names.ts";
import { annotationPrefix } from "../../src/core/annotations.ts";
import { parseTarget } from "../../src/core/targets/target.ts";
import type { WorkloadRecord } from "../../src/core/types.ts";
import { createApp } from "../../src/http/app.ts";
import { startHttpServer } from "../../src/http/http-server.ts";
import { debugRoutes } from "../../src/http/plain/plain-routes.ts";
import type { StatusKnown } from "../../src/http/rows/page-facts.ts";
import { createPieceSender } from "../../src/http/send-pieces.ts";
import { statusRoutes } from "../../src/http/status/status-routes.ts";
import { onceEach } from "../../src/sharing/once-each.ts";
import { eventually } from "../eventually.ts";
import { manyWorkloads } from "./many-workloads.ts";

const COUNT = 500;
const MOST_IN_A_SLICE = 256 * 1024;
const long = "https://user:pw@h/?a=b ".repeat(100).slice(0, 2_000);

/** As one tenant may write them, just below every cap. */
function recordOf(index: number): WorkloadRecord {
  const known = annotationNames.map((name) => [annotationPrefix + name, `${long}${index}`]);
  const name = `deployment-${String(index).padStart(4, "0")}`;
  return {
    kind: "Deployment",
    namespace: "tenant",
    name,
    annotations: Object.fromEntries(known),
    containers: [{ name: "app", image: `team/${name}:1` }],
  };
}

/** The pages of a cluster, and how many characters of them were made. */
async function startPages(t: TestContext) {
  const records = Array.from({ length: COUNT }, (_, index) => recordOf(index));
  const parse = onceEach((record: WorkloadRecord) => parseTarget(record, "operator"));
  const made = { characters: 0, largestPiece: 0, open: 0 };
  function* counted(pieces: Iterable<string>): Generator<string> {
    made.open += 1;
    try {
      for (const piece of pieces) {
        made.characters += piece.length;
        made.largestPiece = Math.max(made.largestPiece, piece.length);
        yield piece;
      }
    } finally {
      made.open -= 1;
    }
  }
  const nothing = () => undefined;
  const known: StatusKnown = {
    ...manyWorkloads(0).known,
    ...{ workloads: { list: () => records, synced: true, refusal: nothing, refusals: [] }, parse },
    ...{ lastResult: nothing, branchesOf: nothing, hooks: { isOpen: false, areForAll: false, last: nothing, now: () => 0 } },
    log: { error: (fields) => assert.fail(JSON.stringify(fields)) },
  };
  const log = { info() {}, warn() {}, ...known.log };
  const send = createPieceSender();
  const sendPieces: typeof send = (response, pieces) => send(response, counted(pieces));
  const routes = [
    statusRoutes(known, { sendPieces, reconcileToken: undefined, stopping: undefined }),
    debugRoutes(known, { ...known, sendPieces }),
  ];
  const server = await startHttpServer(createApp(routes, log), { port: 0, host: "127.0.0.1" });
  t.after(() => server.close());
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);
  return { port: server.port, made, ask };
}

/** Asks and reads nothing of the answer. */
async function askWithoutReading(t: TestContext, port: number, path: string, localAddress = "127.0.0.1") {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  t.after(() => socket.destroy());
  await once(socket, "connect");
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\naccept: text/html\r\n\r\n`);
  return socket;
}

for (const [path, accept] of [
  ["/debug", "*/*"],
  ["/status", "text/plain"],
  ["/status", "text/html"],
  ["/status", "application/json"],
] as const) {
  // S16
  test(`${path} as ${accept} is made in slices, and everything else has its turn between them`, async (t) => {
    const { made, ask } = await startPages(t);
    let turns = 0;
    let isOver = false;
    const slices: number[] = [];
    let before = 0;
    const count = () => {
      turns += 1;
      if (made.characters > before) slices.push(made.characters - before);
      before = made.characters;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const text = await (await ask(path, { headers: { accept } })).text();
    isOver = true;
    assert.equal(text.length, made.characters);
    assert.ok(text.includes(`deployment-${COUNT - 1}`.replace("-4", "-04")));
    assert.ok(text.length > 4 * MOST_IN_A_SLICE, `${text.length} characters`);
    assert.ok(Math.max(...slices) < MOST_IN_A_SLICE, `${Math.max(...slices)} characters in one turn of ${turns}`);
    if (accept === "application/json") assert.equal((JSON.parse(text) as { workloads: object[] }).workloads.length, COUNT);
    if (path === "/debug") assert.equal((JSON.parse(text) as object[]).length, COUNT);
  });
}

// S16
test("of a page that nobody reads only the beginning is made, and none of it stays when the reader is gone", async (t) => {
  const { port, made } = await startPages(t);
  const socket = await askWithoutReading(t, port, "/debug");
  let last = -1;
  await eventually(async () => {
    const isStill = made.characters > 0 && made.characters === last;
    last = made.characters;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return isStill;
  });
  // What the kernel's buffers take on both sides.
  assert.ok(made.characters < 16 * 2 ** 20, `${made.characters} characters`);
  assert.equal(made.open, 1);
  socket.destroy();
  await eventually(() => made.open === 0);
});

test("HEAD of a long page makes no more than its beginning; a short page has its length", async (t) => {
  const { made, ask } = await startPages(t);
  const head = await ask("/debug", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-type")], [200, "application/json"]);
  assert.equal(await head.text(), "");
  assert.ok(made.characters < MOST_IN_A_SLICE, `${made.characters} characters`);
});

/** Pages without end. */
async function startEndless(t: TestContext, stallMs?: number) {
  const send = createPieceSender(stallMs);
  let closedCount = 0;
  const app = express().get("/", (_request, response) =>
    send(
      response.once("close", () => {
        closedCount += 1;
      }),
      (function* () {
        for (;;) yield "x".repeat(10_000);
      })(),
    ),
  );
  const server = await startHttpServer(app, { port: 0, host: "127.0.0.1" });
  t.after(() => server.close());
  return { port: server.port, closedCount: () => closedCount };
}

// S16
test("so many pages are sent at once, and one more when a reader has gone", async (t) => {
  const { port } = await startEndless(t);
  const addresses = Array.from({ length: 16 }, (_, index) => `127.0.0.${2 + Math.floor(index / 4)}`);
  const sockets = await Promise.all(addresses.map((address) => askWithoutReading(t, port, "/", address)));
  const status = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    await response.body?.cancel();
    return response.status;
  };
  await eventually(async () => (await status()) === 503);
  sockets[0]?.destroy();
  await eventually(async () => (await status()) === 200);
});

// S16
test("one address has a few of them, and every other has its own", async (t) => {
  const { port } = await startEndless(t);
  const beginningOf = async (localAddress: string) => {
    const socket = await askWithoutReading(t, port, "/", localAddress);
    const [chunk] = await once(socket.resume(), "data");
    socket.pause();
    return String(chunk).slice(0, 500);
  };
  for (let i = 0; i < 4; i++) assert.match(await beginningOf("127.0.0.2"), /^HTTP\/1\.1 200 /);
  for (let i = 0; i < 4; i++)
    assert.match(await beginningOf("127.0.0.2"), /^HTTP\/1\.1 503 .*"4 such pages are being sent to this address/s);
  for (const address of ["127.0.0.3", "127.0.0.4"]) assert.match(await beginningOf(address), /^HTTP\/1\.1 200 /);
});

// S16
test("who stops reading is hung up on", async (t) => {
  const { port, closedCount } = await startEndless(t, 50);
  await askWithoutReading(t, port, "/");
  await eventually(() => closedCount() === 1);
});
