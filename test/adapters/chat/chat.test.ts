import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "undici";
import { type ChatWebhook, startChatWebhook } from "../../../sandbox/chat-webhook.ts";
import { createChat } from "../../../src/adapters/chat/chat.ts";
import type { ChatPost } from "../../../src/core/ports.ts";

const path = "/services/T0CANARY1/B0CANARY1/canarycanarycanary12";

interface Setting {
  readonly webhook: ChatWebhook;
  readonly chat: Pick<ReturnType<typeof createChat>, "close" | "counts"> & {
    send(webhookUrl: string, text: string, namespace: string): string | undefined;
  };
  readonly slept: number[];
  /** Everything that was logged, as text. */
  logged(): string;
}

async function start(t: TestContext, options: { deadlineMs?: number; httpHosts?: string[]; realSleep?: boolean } = {}): Promise<Setting> {
  const webhook = await startChatWebhook();
  t.after(() => webhook.close());
  const dispatcher = new Agent();
  t.after(() => dispatcher.destroy());
  const slept: number[] = [];
  const lines: string[] = [];
  const line = (fields: object, message: string) => void lines.push(JSON.stringify({ ...fields, message }));
  const chat = createChat({
    dispatcher,
    log: { info: line, warn: line, error: line },
    clock: {
      now: () => performance.now(),
      async sleep(ms, signal) {
        slept.push(ms);
        if (options.realSleep) await sleep(ms, undefined, { signal });
      },
    },
    httpHosts: [webhook.host],
    ...options,
  });
  t.after(() => chat.close(0));
  t.after(() => {
    assert.ok(!/canary|services/i.test(lines.join("\n")), `the URL was logged: ${lines.join("\n")}`);
  });
  const send = (webhookUrl: string, sentence: string, namespace: string) =>
    chat.send({ webhookUrl, hookSecrets: undefined }, postOf(sentence), namespace);
  return { webhook, chat: { ...chat, send }, slept, logged: () => lines.join("\n") };
}

const postOf = (text: string): ChatPost => ({ body: { text }, headers: {}, isEvent: false });

test("messages arrive as Slack's webhooks take them, one at a time and in order", async (t) => {
  const { webhook, chat } = await start(t);
  const texts = Array.from({ length: 20 }, (_, index) => `message ${index} "quoted" – ü`);
  for (const text of texts) chat.send(`${webhook.url(path)}\n`, text, "team");
  await chat.close(60_000);
  assert.deepEqual(
    webhook.messages,
    texts.map((text) => ({ path, text, details: "" })),
  );
  assert.deepEqual(chat.counts, { delivered: 20, failed: 0, dropped: 0 });
});

test("a message sent after the others were delivered is delivered too", async (t) => {
  const { webhook, chat } = await start(t);
  for (let i = 1; i <= 30; i++) {
    chat.send(webhook.url(path), `message ${i}`, "team");
    await webhook.received(i);
  }
  assert.equal(webhook.messages.length, 30);
});

// F26-F27
test("500 and 429 are tried again with growing waits; Retry-After is honoured up to a minute", async (t) => {
  const { webhook, chat, slept } = await start(t);
  webhook.answer({ status: 500 }, 2);
  webhook.answer({ status: 503 }, 1);
  chat.send(webhook.url(path), "one", "team");
  await webhook.received(1);
  assert.deepEqual(slept, [1_000, 2_000, 4_000]);
  webhook.answer({ status: 429, headers: { "retry-after": "7" } }, 1);
  webhook.answer({ status: 429, headers: { "retry-after": "86400" } }, 1);
  chat.send(webhook.url(path), "two", "team");
  await webhook.received(2);
  assert.deepEqual(slept.slice(3), [7_000, 60_000]);
  assert.deepEqual(
    webhook.messages.map(({ text }) => text),
    ["one", "two"],
  );
});

test("a chat that keeps failing costs four tries, one line in the log, and not the next message", async (t) => {
  const { webhook, chat, logged } = await start(t);
  const end = webhook.answer({ status: 500 });
  chat.send(webhook.url(path), "lost", "team");
  await t.waitFor(() => assert.equal(chat.counts.failed, 1), { timeout: 60_000 });
  assert.equal(webhook.requestCount, 4);
  assert.equal(logged(), JSON.stringify({ host: webhook.host, problem: "HTTP 500", failed: 1, message: "Chat message not delivered" }));
  end();
  chat.send(webhook.url(path), "next", "team");
  assert.equal((await webhook.received(1))[0]?.text, "next");
});

test("what will not pass is not tried again, and the log says what to do without an echo of the URL", async (t) => {
  const rows: [status: number, body: string, expected: RegExp][] = [
    [410, "channel_is_archived", /HTTP 410 channel_is_archived; check webhook-url/],
    [404, "no_service", /HTTP 404 no_service; check webhook-url/],
    [403, "services", /HTTP 403; check webhook-url/],
    [400, `<b>${path}</b>`, /HTTP 400; check webhook-url/],
    [301, "", /HTTP 301: redirects are not followed; put the final URL/],
  ];
  for (const [status, body, expected] of rows) {
    const { webhook, chat, logged } = await start(t);
    webhook.answer({ status, body, headers: { location: webhook.url("/elsewhere") } });
    chat.send(webhook.url(path), "text", "team");
    await chat.close(60_000);
    assert.equal(webhook.requestCount, 1, `${status}`);
    assert.match(logged(), expected);
  }
});

// F26-F27
test("a host that can't be reached and one that never answers are given up after four tries", async (t) => {
  const { webhook, chat, slept, logged } = await start(t, { deadlineMs: 50 });
  webhook.hang();
  chat.send(webhook.url(path), "slow", "team");
  await t.waitFor(() => assert.equal(chat.counts.failed, 1), { timeout: 60_000 });
  // By the pauses between them: on a busy machine a try may end before it has reached the host.
  assert.equal(slept.length, 3);
  assert.ok(webhook.requestCount <= 4, `${webhook.requestCount} requests`);
  assert.match(logged(), /did not answer in time/);
  await webhook.close();
  chat.send(webhook.url(path), "gone", "team");
  await t.waitFor(() => assert.equal(chat.counts.failed, 2), { timeout: 60_000 });
  assert.equal(slept.length, 6);
  assert.match(logged(), /could not be asked: .*ECONNREFUSED/);
});

test("one webhook that hangs holds back no other, and sending returns at once", async (t) => {
  const hanging = await start(t);
  const { webhook } = hanging;
  const other = await startChatWebhook();
  t.after(() => other.close());
  const { chat } = await start(t, { httpHosts: [webhook.host, other.host] });
  webhook.hang();
  for (let i = 0; i < 50; i++) chat.send(webhook.url(path), `${i}`, "team");
  chat.send(other.url(path), "through", "team");
  assert.equal((await other.received(1))[0]?.text, "through");
});

test("about a hundred messages wait for one webhook, then the oldest goes and is counted; long ones are fewer", async (t) => {
  for (const [length, least, most] of [
    [250, 100, 200],
    [2_900, 12, 25],
  ] as const) {
    const { webhook, chat, logged } = await start(t);
    const end = webhook.hang();
    const texts = Array.from({ length: 300 }, (_, index) => `${index} `.padEnd(length, "x"));
    for (const text of texts) chat.send(webhook.url(path), text, "team");
    const { dropped } = chat.counts;
    assert.ok(300 - dropped >= least && 300 - dropped <= most, `${dropped} of ${length} characters dropped`);
    assert.match(logged(), new RegExp(`"dropped":${dropped},"message":"Chat message dropped, too many are waiting"`));
    end();
    await chat.close(60_000);
    assert.deepEqual(
      webhook.messages.map(({ text }) => text),
      [texts[0], ...texts.slice(1 + dropped)],
    );
    assert.deepEqual(chat.counts, { delivered: 300 - dropped, failed: 0, dropped });
  }
});

test("what waits when the operator stops is counted as failed", async (t) => {
  const { webhook, chat, logged } = await start(t);
  webhook.hang();
  for (let i = 0; i < 11; i++) chat.send(webhook.url(path), `${i}`, "team");
  await chat.close(0);
  assert.equal(chat.counts.failed, 11);
  assert.match(logged(), /"undelivered":10,"message":"Chat messages not delivered before the shutdown"/);
});

// S33
test("all that waits is bounded by bytes, and who has most of it, in however many webhooks, loses its own oldest", async (t) => {
  const { webhook, chat } = await start(t);
  const end = webhook.hang();
  const long = "\uff3f".repeat(2_900);
  const [webhooks, each] = [50, 50];
  for (let i = 0; i < 10; i++) chat.send(webhook.url("/other"), `${i} ${long.slice(0, 1_000)}`, "other");
  for (let i = 0; i < each; i++) {
    for (let at = 0; at < webhooks; at++) chat.send(webhook.url(`/${at}`), `${i} ${long}`, "flood");
  }
  end();
  await chat.close(60_000);
  const ofFlood = webhook.messages.filter(({ path: to }) => to !== "/other");
  const first = ofFlood.filter(({ text }) => text.startsWith("0 "));
  assert.equal(webhook.messages.length - ofFlood.length, 10);
  assert.equal(first.length, webhooks);
  // The newest of all their webhooks, beside those that were being delivered.
  const waited = ofFlood.length - first.length;
  assert.ok(waited > 300 && 2 * long.length * waited < 4 * 2 ** 20, `${waited} waited`);
  assert.ok(ofFlood.every(({ text }) => text.startsWith("0 ") || Number.parseInt(text, 10) >= each - 15));
  assert.equal(chat.counts.dropped, webhooks * each - ofFlood.length);
});

// S17
test("a namespace that floods a webhook of all loses its own messages, and the others' come next", async (t) => {
  const { webhook, chat } = await start(t);
  const end = webhook.hang();
  const long = "x".repeat(500);
  for (let i = 0; i < 200; i++) chat.send(webhook.url(path), `flood ${i} ${long}`, "flood");
  for (const team of ["one", "two"]) chat.send(webhook.url(path), `of ${team}`, team);
  for (let i = 200; i < 300; i++) chat.send(webhook.url(path), `flood ${i} ${long}`, "flood");
  const { dropped } = chat.counts;
  assert.ok(dropped > 50);
  end();
  await chat.close(60_000);
  const texts = webhook.messages.map(({ text }) => text).filter((text) => text !== `flood 0 ${long}`);
  assert.equal(texts.length, 301 - dropped);
  assert.deepEqual(texts.slice(0, 4), [`flood ${dropped + 1} ${long}`, "of one", "of two", `flood ${dropped + 2} ${long}`]);
});

test("40 namespaces with 100 webhooks each that hang leave room for another's", { timeout: 60_000 }, async (t) => {
  const { webhook: hanging } = await start(t);
  const other = await startChatWebhook();
  t.after(() => other.close());
  const { chat } = await start(t, { httpHosts: [hanging.host, other.host] });
  hanging.hang();
  for (let team = 0; team < 40; team++) {
    for (let i = 0; i < 100; i++) chat.send(hanging.url(`/${team}-${i}`), "text", `hanging-${team}`);
  }
  chat.send(other.url(path), "through", "other");
  assert.equal((await other.received(1))[0]?.text, "through");
});

test("URLs that are none, plain http and users in URLs are refused without naming the URL", async (t) => {
  const { webhook, chat } = await start(t, { httpHosts: [] });
  const urls: [url: string, problem: RegExp][] = [
    ["", /^it is no URL$/],
    ["canary", /^it is no URL$/],
    ["ftp://canary.example/x", /^it does not begin with https:\/\/$/],
    [webhook.url(path), new RegExp(`begins with http://; use https, .* add ${webhook.host} to INSECURE_WEBHOOKS$`)],
    ["https://user:canary@127.0.0.1/x", /^it holds a user or password$/],
    ["http://user:canary@127.0.0.1/x", /^it holds a user or password$/],
    ["https://127.0.0.1/a b canary", /^it is no URL$/],
    ["javascript:canary", /^it does not begin with https:\/\/$/],
  ];
  for (const [url, problem] of urls) {
    const said = chat.send(url, "text", "team") ?? assert.fail(url);
    assert.match(said, problem);
    assert.doesNotMatch(said, /canary|services/i);
  }
  await chat.close(1_000);
  assert.equal(webhook.requestCount, 0);
  assert.equal(chat.counts.failed, urls.length);
});

test("http is allowed for the named host and port only", async (t) => {
  const { webhook, chat } = await start(t, { httpHosts: ["127.0.0.1:1"] });
  chat.send(webhook.url(path), "text", "team");
  await chat.close(60_000);
  assert.equal(webhook.requestCount, 0);
});

test("close ends a wait between tries at its deadline, and nothing is sent afterwards", async (t) => {
  const { webhook, chat } = await start(t, { realSleep: true });
  webhook.answer({ status: 503, headers: { "retry-after": "60" } });
  chat.send(webhook.url(path), "text", "team");
  await t.waitFor(() => assert.equal(webhook.requestCount, 1), { timeout: 60_000 });
  await chat.close(100);
  assert.equal(chat.counts.failed, 1);
  const before = webhook.requestCount;
  chat.send(webhook.url(path), "late", "team");
  assert.equal(chat.counts.dropped, 1);
  assert.equal(webhook.requestCount, before);
});

test("close waits for a retry that succeeds in time", async (t) => {
  const { webhook, chat } = await start(t);
  webhook.answer({ status: 500 }, 1);
  chat.send(webhook.url(path), "text", "team");
  await chat.close(60_000);
  assert.deepEqual(chat.counts, { delivered: 1, failed: 0, dropped: 0 });
});

test("over https only a certificate that is trusted gets the message", async (t) => {
  const webhook = await startChatWebhook("https");
  t.after(() => webhook.close());
  const lines: object[] = [];
  const line = (fields: object) => void lines.push(fields);
  const clock = { now: () => 0, sleep: async () => {} };
  for (const ca of [undefined, webhook.caPem ?? ""]) {
    const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca } });
    const chat = createChat({ dispatcher, log: { info: line, warn: line, error: line }, clock });
    chat.send({ webhookUrl: webhook.url(path), hookSecrets: undefined }, postOf(`trusted: ${ca !== undefined}`), "team");
    await chat.close(60_000);
    await dispatcher.destroy();
  }
  assert.deepEqual(webhook.messages, [{ path, text: "trusted: true", details: "" }]);
  assert.match(JSON.stringify(lines), /certificate is not trusted; give its authority in NODE_EXTRA_CA_CERTS/);
});

test("an event is signed, known by one id at each try, and says when; where nothing can sign it, it is not sent", async (t) => {
  const requests: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      requests.push({ headers: request.headers, body });
      response.writeHead(requests.length === 1 ? 503 : 200).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dispatcher = new Agent();
  t.after(() => dispatcher.destroy());
  const line = () => undefined;
  const clock = { now: () => 0, sleep: async () => {} };
  const chat = createChat({ dispatcher, log: { info: line, warn: line, error: line }, clock, httpHosts: [host] });
  const post = { body: { event: "patched" }, headers: { "ce-type": "gitops-operator.patched" }, isEvent: true };
  chat.send({ webhookUrl: `http://${host}/events`, hookSecrets: ["canary-secret-of-16"] }, post, "team");
  const unsigned = chat.send({ webhookUrl: `http://${host}/events`, hookSecrets: [] }, post, "team");
  assert.match(unsigned ?? "", /hook-secret holds no secret of 16 to 512 characters/);
  await chat.close(60_000);
  const [first, second] = requests;
  assert.equal(requests.length, 2);
  assert.equal(first?.body, second?.body);
  const { "ce-id": id, "webhook-timestamp": at, "webhook-signature": signature, "content-type": type } = second?.headers ?? {};
  assert.equal(id, first?.headers["ce-id"]);
  assert.equal(second?.headers["webhook-id"], id);
  assert.equal(type, "application/json");
  const expected = createHmac("sha256", "canary-secret-of-16").update(`${id}.${at}.${second?.body}`).digest("base64");
  assert.equal(signature, `v1,${expected}`);
  assert.equal(Math.floor(Date.parse(String(second?.headers["ce-time"])) / 1_000), Number(at));
  assert.equal(second?.headers["ce-type"], "gitops-operator.patched");
  assert.equal(second?.body, '{"event":"patched"}');
});
