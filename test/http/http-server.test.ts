import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { type HttpLimits, startHttpServer } from "../../src/http/http-server.ts";

async function start(t: TestContext, limits?: HttpLimits, answer = "ok") {
  const server = await startHttpServer((request, response) => void request.resume().once("end", () => response.end(answer)), {
    ...{ port: 0, host: "127.0.0.1" },
    ...(limits && { limits }),
  });
  t.after(() => server.close());
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const open = async (localAddress = "127.0.0.1") => {
    const socket = connect({ port: server.port, host: "127.0.0.1", localAddress });
    socket.on("error", () => {});
    sockets.push(socket);
    await once(socket, "connect");
    return socket;
  };
  return { port: server.port, open };
}

/** All that comes until the server hangs up. */
async function answerOf(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  // Being hung up on may be a reset.
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

// S16
test("2,000 idle sockets hold nobody up: calls take as long as without them", async (t) => {
  const { port, open } = await start(t);
  const { port: quietPort } = await start(t);
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 100 }, () => open()));
  const agent = new Agent({ keepAlive: false });
  const times: Record<number, number[]> = { [port]: [], [quietPort]: [] };
  // In turns, so that what else the machine does meets both.
  for (let i = 0; i < 300; i++) {
    for (const at of [port, quietPort]) {
      const startedAt = performance.now();
      const [response] = await once(request({ port: at, host: "127.0.0.1", path: "/health", agent }).end(), "response");
      assert.equal(response.statusCode, 200);
      response.resume();
      times[at]?.push(performance.now() - startedAt);
    }
  }
  const median = (at: number) => times[at]?.sort((a, b) => a - b)[150] ?? Number.NaN;
  assert.ok(median(port) < 3 * median(quietPort), `${median(port)} ms, ${median(quietPort)} without idle sockets`);
});

const small: HttpLimits = { headersMs: 200, requestMs: 400, headerBytes: 2_048, connections: 3, connectionShare: 3, unreadMs: 500 };

// S16
test("who sends nothing, or headers byte by byte, is hung up on when the time for headers is over", { timeout: 60_000 }, async (t) => {
  const { open } = await start(t, { ...small, requestMs: 30_000 });
  const idle = await open();
  const slow = await open();
  slow.write("GET /health HTTP/1.1\r\n");
  const drip = setInterval(() => slow.write("x: y\r\n"), 50);
  t.after(() => clearInterval(drip));
  assert.match((await Promise.all([answerOf(idle), answerOf(slow)])).join(), /^HTTP\/1\.1 408 .*,HTTP\/1\.1 408 /s);
});

// S16
test("who sends a body without end is hung up on when the time for requests is over", { timeout: 60_000 }, async (t) => {
  const { open } = await start(t, small);
  const body = await open();
  body.write("POST /reconcile HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n");
  const drip = setInterval(() => body.write("x"), 50);
  t.after(() => clearInterval(drip));
  assert.doesNotMatch(await answerOf(body), / 200 /);
});

// S16
test("who reads nothing of an answer that is ready is hung up on; who reads slowly gets all of it", { timeout: 60_000 }, async (t) => {
  const answer = "x".repeat(32 * 2 ** 20);
  const { open } = await start(t, { ...small, headersMs: 30_000, requestMs: 30_000 }, answer);
  const [unread, slow] = [await open(), await open()];
  for (const socket of [unread, slow]) socket.pause().write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  let bytes = 0;
  // Now and then what the socket holds: far less than the whole.
  const sip = setInterval(() => {
    bytes += slow.read()?.length ?? 0;
  }, 5);
  t.after(() => clearInterval(sip));
  await once(slow, "end");
  assert.ok(bytes > answer.length, `${bytes} bytes came`);
  // What was sent before is still read here.
  assert.ok((await answerOf(unread.resume())).length < answer.length);
});

// S16
test("headers above the limit are refused", async (t) => {
  const { open } = await start(t, small);
  const socket = await open();
  socket.write(`GET / HTTP/1.1\r\nhost: x\r\nlong: ${"x".repeat(3_000)}\r\n\r\n`);
  assert.match(await answerOf(socket), /^HTTP\/1\.1 431 /);
});

// S16
test("one connection more than the cap is hung up on, and there is room again when others go", async (t) => {
  const { open } = await start(t, { ...small, headersMs: 5_000, requestMs: 5_000 });
  const held = [await open(), await open(), await open()];
  assert.equal(await answerOf(await open()), "");
  held[0]?.destroy();
  for (let tries = 0; ; tries++) {
    const socket = await open();
    socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    if (/^HTTP\/1\.1 200 /.test(await answerOf(socket))) return;
    assert.ok(tries < 50);
  }
});

// S16
test("who has its share gets no more once half of all are taken, and another address does", async (t) => {
  const { open } = await start(t, { ...small, headersMs: 60_000, requestMs: 60_000, connections: 40, connectionShare: 4 });
  const isServed = async (address: string) => {
    const socket = await open(address);
    socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    return /^HTTP\/1\.1 200 /.test(await answerOf(socket));
  };
  for (let i = 0; i < 100; i++) await open("127.0.0.2");
  assert.equal(await isServed("127.0.0.2"), false);
  for (const address of ["127.0.0.3", "127.0.0.4"]) assert.equal(await isServed(address), true);
});
