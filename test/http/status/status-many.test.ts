import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { type TestContext, test } from "node:test";
import { createApp } from "../../../src/http/app.ts";
import { startHttpServer } from "../../../src/http/http-server.ts";
import { everything } from "../../../src/http/rows/status-query.ts";
import { createPieceSender } from "../../../src/http/send-pieces.ts";
import { createStatusAnswers } from "../../../src/http/status/status-answers.ts";
import { statusRoutes } from "../../../src/http/status/status-routes.ts";
import { growthOf, MOST_GROWTH } from "../../growth.ts";
import { manyWorkloads } from "../many-workloads.ts";

const COUNT = 2_000;
const MOST_IN_A_TURN = 256 * 1024;
const log = { info() {}, warn() {}, error: (fields: object) => assert.fail(JSON.stringify(fields)) };

async function start(t: TestContext) {
  const many = manyWorkloads(COUNT);
  const made = { characters: 0 };
  function* counted(pieces: Iterable<string>): Generator<string> {
    for (const piece of pieces) {
      made.characters += piece.length;
      yield piece;
    }
  }
  const send = createPieceSender();
  const sendPieces: typeof send = (response, pieces) => send(response, counted(pieces));
  const routes = statusRoutes(many.known, { sendPieces, reconcileToken: undefined, stopping: undefined });
  const server = await startHttpServer(createApp([routes], log), { port: 0, host: "127.0.0.1" });
  t.after(() => server.close());
  const ask = async (accept: string) => {
    const [response] = (await once(get({ port: server.port, host: "127.0.0.1", path: "/status", headers: { accept } }), "response")) as [
      IncomingMessage,
    ];
    return response;
  };
  return { ...many, made, ask };
}

test("2,000 workloads: the page begins before they are looked at, and is sent while it is made", async (t) => {
  const { ask, looks, made } = await start(t);
  const response = await ask("text/html");
  const [first] = (await once(response, "data")) as [Buffer];
  const looksAtFirst = looks();
  const madeAtFirst = made.characters;
  const rest = Buffer.concat(await response.toArray()).toString();
  assert.match(first.toString(), /^<!DOCTYPE html>/);
  assert.ok(looksAtFirst < looks() / 2, `${looksAtFirst} of ${looks()} looks`);
  assert.ok(madeAtFirst < made.characters / 4, `${madeAtFirst} of ${made.characters} characters`);
  assert.match(rest, /<\/html>\s*$/);
  assert.equal(rest.match(/<li class="row /g)?.length, COUNT);
  assert.equal(response.headers["transfer-encoding"], "chunked");
});

// S16
test("2,000 workloads: everything else has its turn while the page or its JSON is made", async (t) => {
  const { ask, made } = await start(t);
  for (const accept of ["text/html", "application/json"]) {
    let isOver = false;
    let before = made.characters;
    const perTurn: number[] = [];
    const count = () => {
      perTurn.push(made.characters - before);
      before = made.characters;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await (await ask(accept)).toArray();
    isOver = true;
    assert.ok(made.characters > 4 * MOST_IN_A_TURN, `${made.characters} characters`);
    assert.ok(Math.max(...perTurn) < MOST_IN_A_TURN, `${Math.max(...perTurn)} characters in one turn`);
  }
});

// S16
test("what the page costs grows with the workloads, and so does a search", async () => {
  const page = (count: number, text: string) => {
    const { status } = createStatusAnswers(manyWorkloads(count).known);
    for (const _ of status("page", { ...everything, text })) void _;
  };
  for (const text of ["", "mailer"]) {
    const growth = await growthOf(50, (count) => page(count, text));
    assert.ok(growth < MOST_GROWTH, `${growth} times with '${text}'`);
  }
});

test("the manifest's commit is that of the history, where no run since the start has made it; without the token it is not known", () => {
  const { workload } = createStatusAnswers(manyWorkloads(5).known);
  const commitOf = (mayRead: boolean) => {
    const [text = ""] = workload("json", { namespace: "team-4", deployment: "mailer" }, everything, mayRead);
    const { manifest_commit, changes } = JSON.parse(text) as { manifest_commit: string | null; changes: { commit: string }[] | null };
    return [manifest_commit, changes?.[0]?.commit];
  };
  const [known, newest] = commitOf(true);
  assert.ok(known);
  assert.equal(known, newest);
  assert.deepEqual(commitOf(false), [null, undefined]);
});
