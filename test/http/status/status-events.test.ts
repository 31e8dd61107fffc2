import assert from "node:assert/strict";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import express from "express";
import { parseTarget } from "../../../src/core/targets/target.ts";
import type { WorkloadRecord } from "../../../src/core/types.ts";
import { startHttpServer } from "../../../src/http/http-server.ts";
import type { Known } from "../../../src/http/rows/known.ts";
import { everything, parseStatusQuery, type StatusQuery } from "../../../src/http/rows/status-query.ts";
import type { Match } from "../../../src/http/rows/status-rows.ts";
import { createStatusAnswers } from "../../../src/http/status/status-answers.ts";
import { createEventSender, MOST_ROWS } from "../../../src/http/status/status-events.ts";
import { createStatusFeed } from "../../../src/http/status/status-feed.ts";
import { eventually } from "../../eventually.ts";
import { manyWorkloads } from "../many-workloads.ts";

const nothing = () => undefined;

function recordOf(index: number, changes: Partial<WorkloadRecord> = {}): WorkloadRecord {
  const annotations = {
    ...{ enabled: "true", app_repository: "git@github.com:team/shop.git", manifest_repository: "git@github.com:team/manifests.git" },
    ...{ image_name: "team/shop", deployment_path: "shop.yaml", ssh_key_name: "key", ssh_key_namespace: "default" },
  };
  const own = Object.entries(annotations).map(([name, value]) => [`gitops.operator.${name}`, value]);
  return {
    ...{ kind: "Deployment", namespace: index % 2 === 0 ? "even" : "odd", name: `shop-${index}`, annotations: Object.fromEntries(own) },
    ...{ containers: [{ name: "shop", image: `team/shop:${index}` }], ...changes },
  };
}

async function start(t: TestContext, count = 4, heartbeatMs = 60_000) {
  const stopping = new AbortController();
  const records = Array.from({ length: count }, (_, index) => recordOf(index));
  let looks = 0;
  const known: Known = {
    workloads: { list: () => [...records], refusal: nothing, refusals: [] },
    parse(record) {
      looks += 1;
      return parseTarget(record, "operator");
    },
    ...{ lastResult: nothing, branchesOf: nothing, imageOf: nothing, isUnboundKey: nothing, chatProblem: nothing },
    ...{ buildTokenProblem: nothing, reportProblem: nothing },
    hooks: { isOpen: false, areForAll: false, last: nothing, now: () => 0 },
  };
  const feed = createStatusFeed({ known, redact: (text) => text, onMistake: assert.fail, lookMs: 20 });
  let textSize = 0;
  const send = createEventSender(
    {
      listen: feed.listen,
      changesText: ({ rows, gone, counts }) =>
        JSON.stringify({
          rows: rows.map(({ workload, match }) => [workload.name, match.state]),
          gone: gone.map(({ name }) => name),
          counts: counts && [...counts],
          filler: "x".repeat(textSize),
        }),
      factsText: () => JSON.stringify({ facts: "<dl></dl>" }),
      *shown() {
        yield "";
        return "now";
      },
    },
    { stopping: stopping.signal, heartbeatMs },
  );
  let closedCount = 0;
  const app = express().get("/status/events", (request, response) => {
    response.once("close", () => {
      closedCount += 1;
    });
    return send(request, response, parseStatusQuery(request.query) as StatusQuery);
  });
  const server = await startHttpServer(app, { port: 0, host: "127.0.0.1" });
  t.after(() => server.close());

  async function listen(query = "?shown=now", localAddress = "127.0.0.1", headers = "") {
    const socket = connect({ port: server.port, host: "127.0.0.1", localAddress });
    t.after(() => socket.destroy());
    socket.write(`GET /status/events${query} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`);
    const got = { text: "", isOver: false };
    socket.on("data", (data) => {
      got.text += data;
    });
    socket.once("close", () => {
      got.isOver = true;
    });
    socket.on("error", () => {});
    await eventually(() => /\r\n\r\n[\s\S]*data: |HTTP\/1.1 503/.test(got.text) || got.isOver);
    const events = () => [...got.text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => JSON.parse(data));
    return { socket, got, events };
  }
  const change = (index: number) => {
    records[index] = recordOf(index, { containers: [{ name: "shop", image: `team/shop:new-${performance.now()}` }] });
  };
  return {
    ...{ listen, change, records, stopping, server },
    looks: () => looks,
    closedCount: () => closedCount,
    fill: (size: number) => {
      textSize = size;
    },
  };
}

test("a change is told to those whose query means it, and to others that it is gone", async (t) => {
  const { listen, change, records } = await start(t);
  const all = await listen();
  const odd = await listen("?namespace=odd&shown=now");
  const failing = await listen("?state=failing&shown=now");
  const text = await listen("?text=shop-1&shown=now");
  assert.match(all.got.text, /^HTTP\/1\.1 200 [\s\S]*content-type: text\/event-stream[\s\S]*retry: 3000\n\n[\s\S]*id: 1\ndata: \{\}\n/i);
  change(1);
  await eventually(() => [all, odd, failing, text].every(({ events }) => events().length === 2));
  const counts = [["unseen", 4]];
  const event = (more: object) => ({ rows: [], gone: [], filler: "", ...more });
  assert.deepEqual(all.events()[1], event({ rows: [["shop-1", "unseen"]], counts }));
  assert.deepEqual(odd.events()[1], event({ rows: [["shop-1", "unseen"]], counts: [["unseen", 2]] }));
  assert.deepEqual(failing.events()[1], event({ gone: ["shop-1"], counts }));
  assert.deepEqual(text.events()[1], event({ rows: [["shop-1", "unseen"]] }));
  records.splice(0, 1);
  await eventually(() => all.events().length === 3);
  assert.deepEqual(all.events()[2], event({ gone: ["shop-0"], counts: [["unseen", 3]] }));
  assert.equal(odd.events().length, 2);
});

test("who shows something else, or comes back, is told to load the page; so is who would get too much at once", async (t) => {
  const { listen, change, fill } = await start(t, MOST_ROWS + 10);
  assert.deepEqual((await listen("?shown=then")).events(), [{ stale: true }]);
  assert.deepEqual((await listen("?shown=now", "127.0.0.1", "last-event-id: 1\r\n")).events(), [{ stale: true }]);
  const one = await listen();
  for (let index = 0; index < MOST_ROWS + 5; index++) change(index);
  await eventually(() => one.events().length === 2);
  assert.deepEqual(one.events()[1], { stale: true });
  fill(300 * 1024);
  change(1);
  await eventually(() => one.events().length === 3);
  assert.deepEqual(one.events()[2], { stale: true });
});

test("nothing is looked at while nobody listens, and what has not changed is looked at once", async (t) => {
  const { listen, looks } = await start(t);
  assert.equal(looks(), 0);
  const one = await listen();
  const before = looks();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(looks(), before);
  one.socket.destroy();
});

test("a heartbeat keeps the connection, and says what is true of the operator now", async (t) => {
  const { listen } = await start(t, 1, 20);
  const one = await listen();
  await eventually(() => one.events().filter(({ facts }) => facts === "<dl></dl>").length >= 3);
});

// S16
test("listeners are bounded, in all and for one address, and one more comes when one has gone", async (t) => {
  const { listen } = await start(t, 1);
  const many = [];
  for (let index = 0; index < 64; index++) many.push(await listen("?shown=now", `127.0.0.${2 + Math.floor(index / 6)}`));
  assert.ok(many.every(({ got }) => got.text.startsWith("HTTP/1.1 200")));
  assert.match((await listen("?shown=now", "127.0.0.50")).got.text, /^HTTP\/1\.1 503 .*too many pages are live/s);
  many[0]?.socket.destroy();
  await eventually(async () => (await listen("?shown=now", "127.0.0.51")).got.text.startsWith("HTTP/1.1 200"));
});

// S16
test("one address has a few once half are taken", async (t) => {
  const { listen } = await start(t, 1);
  for (let index = 0; index < 32; index++) assert.match((await listen("?shown=now", "127.0.0.2")).got.text, /^HTTP\/1\.1 200/);
  assert.match((await listen("?shown=now", "127.0.0.2")).got.text, /^HTTP\/1\.1 503/);
  assert.match((await listen("?shown=now", "127.0.0.3")).got.text, /^HTTP\/1\.1 200/);
});

// S16
test("who does not read is let go before much waits for them", async (t) => {
  const { listen, change, fill, closedCount } = await start(t, 2);
  const slow = await listen();
  const quick = await listen();
  slow.socket.pause();
  fill(200 * 1024);
  let changes = 0;
  await eventually(async () => {
    changes += 1;
    change(0);
    await new Promise((resolve) => setTimeout(resolve, 40));
    return closedCount() === 1;
  });
  assert.equal(quick.got.isOver, false);
  // What the kernel takes on both sides is some megabytes.
  assert.ok(changes < 200, `${changes} changes`);
});

// P7
test("who listens does not hold up the end", async (t) => {
  const { listen, stopping, server } = await start(t);
  const one = await listen();
  stopping.abort();
  await eventually(() => /\r\n0\r\n\r\n$/.test(one.got.text));
  one.socket.destroy();
  await server.close();
});

// F46
test("a change that can't be shown is told in the log, and the other changes are told all the same", () => {
  const mistakes: unknown[] = [];
  const { known, records } = manyWorkloads(2, { error: ({ deployment }) => mistakes.push(deployment) });
  const [broken, whole] = records as [WorkloadRecord, WorkloadRecord];
  const incomplete = { namespace: "team", name: whole.name, kind: "Deployment", problems: ["a problem"] };
  const matches = {
    get seen(): never {
      throw new Error("a bug");
    },
  };
  const rows = [
    { workload: broken, match: matches as unknown as Match },
    { workload: whole, match: { state: "incomplete", face: "", incomplete } as unknown as Match },
  ];
  const { rows: told } = JSON.parse(createStatusAnswers(known).changesText({ rows, gone: [], counts: undefined }, everything)) as {
    rows: { html: string }[];
  };
  assert.equal(told.length, 1);
  assert.match(told[0]?.html ?? "", /a problem/);
  assert.deepEqual(mistakes, [broken.name]);
});
