import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { eventually } from "./eventually.ts";
import { startTcpProxy, type TcpFault } from "./tcp-proxy.ts";

/** A server that greets with 100 bytes and counts what it gets; the proxy in front of it. */
async function startGreeter(t: TestContext) {
  const got = { bytes: 0, end: false, error: "" };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.write("g".repeat(100));
    socket.on("data", (chunk) => {
      got.bytes += chunk.length;
    });
    socket.on("end", () => {
      got.end = true;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      got.error = error.code ?? "";
    });
    t.after(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { got, proxy: await startTcpProxy(t, (server.address() as AddressInfo).port) };
}

/** What a client sees that sends 50 bytes, a moment after it has got so many. */
async function visit(t: TestContext, port: number, bytes = 0) {
  const seen = { bytes: 0, end: false, error: "" };
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  t.after(() => socket.destroy());
  socket.on("data", (chunk) => {
    seen.bytes += chunk.length;
  });
  socket.on("end", () => {
    seen.end = true;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    seen.error = error.code ?? "";
  });
  socket.write("c".repeat(50));
  await eventually(() => seen.bytes >= bytes || seen.end || seen.error !== "", "the bytes never came");
  await new Promise((resolve) => setTimeout(resolve, 120));
  return seen;
}

const cases: readonly [
  TcpFault["side"],
  number,
  Exclude<TcpFault["how"], () => void>,
  client: { bytes?: number; end?: boolean; error?: string },
  server: object,
][] = [
  ["server", 7, "stall", { bytes: 7, end: false, error: "" }, {}],
  ["server", 7, "close", { bytes: 7, end: true, error: "" }, { end: true, error: "" }],
  ["server", 7, "half-close", { bytes: 7, end: true, error: "" }, { bytes: 50, end: false }],
  ["server", 7, "reset", { error: "ECONNRESET" }, { error: "ECONNRESET" }],
  ["client", 9, "stall", { end: false, error: "" }, { bytes: 9, end: false, error: "" }],
  ["client", 9, "half-close", { bytes: 100, end: false }, { bytes: 9, end: true }],
  ["server", 7, "throttle", { bytes: 100, end: false, error: "" }, { bytes: 50, end: false, error: "" }],
  ["client", 0, "delay", { bytes: 100, end: false, error: "" }, { bytes: 50, end: false, error: "" }],
  ["client", 0, "reset", { error: "ECONNRESET" }, {}],
];
for (const [side, afterBytes, how, client, server] of cases) {
  test(`${how} after ${afterBytes} bytes of the ${side}, and the next connection is whole`, async (t) => {
    const { got, proxy } = await startGreeter(t);
    const fault = proxy.inject({ side, afterBytes, how });
    const seen = await visit(t, proxy.port, client.bytes);
    assert.partialDeepStrictEqual(seen, client);
    assert.partialDeepStrictEqual(got, server);
    assert.equal(fault.happened, true);
    assert.equal((await visit(t, proxy.port, 100)).bytes, 100);
  });
}

test("delay and throttle hold every byte back, and lose none", async (t) => {
  const { proxy } = await startGreeter(t);
  proxy.delayMs = 60;
  assert.equal((await visit(t, proxy.port, 100)).bytes, 100);
  proxy.delayMs = 0;
  proxy.bytesPerSecond = 200;
  assert.ok((await visit(t, proxy.port)).bytes < 50);
});
