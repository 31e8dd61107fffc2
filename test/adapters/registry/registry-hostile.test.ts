/** docs/ASSURANCE.md, S4, S5, S20: what a registry does to get credentials out, or the operator to where it must not go. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { dockerConfigJson, startRegistry } from "../../../sandbox/registry.ts";
import { createEgress } from "../../../src/adapters/egress/egress.ts";
import { createRegistry } from "../../../src/adapters/registry/registry.ts";
import { ann, startRegistryWorld } from "./registry-world.ts";

for (const at of ["manifest", "token"] as const) {
  // S5
  test(`a redirect of the ${at} to another origin is not followed; one within the origin is, three times`, async (t) => {
    const other = await startRegistry();
    t.after(() => other.close());
    const { double, check, annsConfig } = await startRegistryWorld(t, { auth: { kind: "bearer", ...ann } });
    for (const location of [
      `${other.url}/v2/team/app/manifests/v1?canary=1`,
      `//${other.host}/x`,
      double.url.replace("http:", "https:"),
      "ftp://x.example/y",
    ]) {
      const end = double.answer({ status: 307, headers: { location } }, at);
      const answer = await check(annsConfig);
      end();
      assert.ok(answer.kind === "unavailable" && /redirects to [^ ]+, which is not followed/.test(answer.reason), JSON.stringify(answer));
      assert.doesNotMatch(answer.reason, /canary/);
    }
    assert.equal(other.requests.length, 0);
    const before = double.requests.length;
    double.answer({ status: 302, headers: { location: "/token?again" } }, "token");
    const endless = await check(annsConfig);
    assert.ok(endless.kind === "unavailable" && /without end/.test(endless.reason), JSON.stringify(endless));
    assert.equal(double.requests.length - before, 1 + 4);
  });
}

test("a redirect within the origin is followed with the credentials", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t, { auth: { kind: "basic", ...ann } });
  await check(annsConfig);
  double.answer({ status: 308, headers: { location: "/v2/team/app/manifests/v1?moved" } }, "manifest", 1);
  assert.equal((await check(annsConfig)).kind, "found");
  assert.equal(double.requests.at(-1)?.path, "/v2/team/app/manifests/v1?moved");
});

// S4
test("a registry, realm or redirect at a refused address is not connected to, and the reason says how to open it", async (t) => {
  const double = await startRegistry();
  const dispatcher = createEgress({ allowCidrs: [], resolve: async () => [{ address: "127.0.0.1", family: 4 }] });
  t.after(async () => {
    await dispatcher.destroy();
    await double.close();
  });
  const registry = createRegistry({ dispatcher, insecureRegistries: [], realms: [] });
  const { port } = new URL(double.url);
  for (const registryUrl of [
    double.url,
    `http://0x7f.1:${port}`,
    `http://[::ffff:127.0.0.1]:${port}`,
    `http://rebinding.example:${port}`,
    "https://169.254.169.254",
    "https://docker.io",
  ]) {
    const answer = await registry.check({ registryUrl, repository: "team/app" }, "v1", undefined);
    assert.ok(answer.kind === "unavailable" && /EGRESS_ALLOW_CIDRS/.test(answer.reason), JSON.stringify(answer));
  }
  assert.equal(double.listener.connectionCount, 0);
});

// S20, F19-F23
test("a token that never ends is given up at 40 KiB, headers that never end at 16 KiB", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t, { auth: { kind: "bearer", ...ann } });
  const before = process.memoryUsage().rss;
  for (const [at, reason] of [
    ["token", /more than 40960 bytes .* check that the URL/],
    ["manifest", /headers are too long/],
  ] as const) {
    const end = double.neverEnd(at);
    const answer = await check(annsConfig);
    end();
    assert.ok(answer.kind === "unavailable" && reason.test(answer.reason), JSON.stringify(answer));
  }
  assert.ok(process.memoryUsage().rss - before < 100 * 2 ** 20);
});

// S20
test("of a refusal 16 KiB are read, and it stays one, however long it is", async (t) => {
  let sent = 0;
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      const more = () => {
        sent += 1_024;
        if (!socket.destroyed) socket.write("x".repeat(1_024), () => setImmediate(more));
      };
      socket.write("HTTP/1.1 403 Forbidden\r\nwww-authenticate: Basic\r\n\r\nthe token has expired ", more);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const dispatcher = createEgress({ allowCidrs: ["127.0.0.1"] });
  t.after(async () => {
    await dispatcher.destroy();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const registry = createRegistry({ dispatcher, insecureRegistries: [host], realms: [] });
  const config = dockerConfigJson(host, "AWS", "canary");
  const image = { registryUrl: `http://${host}`, repository: "team/app" };
  const answer = await registry.check(image, "v1", config);
  assert.ok(answer.kind === "denied" && /has expired/.test(answer.reason), JSON.stringify(answer));
  // Beside what was under way in the kernel's buffers, for each of three questions.
  assert.ok(sent < 8 * 2 ** 20, `${sent} bytes`);
});

// S20
test("a token that does not come is given up with the time for a request", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t, { auth: { kind: "bearer", ...ann } }, { requestTimeoutMs: 300 });
  double.hang("token");
  const answer = await check(annsConfig);
  assert.ok(answer.kind === "unavailable" && /in time/.test(answer.reason), JSON.stringify(answer));
});

test("a second answer hidden in the body of a first one answers no later question", async (t) => {
  let questions = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("data", () => {
      questions += 1;
      const hidden = `HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n`;
      socket.write(`HTTP/1.1 404 Not Found\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const dispatcher = createEgress({ allowCidrs: ["127.0.0.1"] });
  t.after(async () => {
    await dispatcher.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const registry = createRegistry({ dispatcher, insecureRegistries: [], realms: [] });
  const registryUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (let round = 1; round <= 10; round++) {
    const { kind } = await registry.check({ registryUrl, repository: "team/app" }, `v${round}`, undefined);
    assert.notEqual(kind, "found");
    assert.equal(questions, round);
  }
});

/** What the registry says of an image that a server stands for which gives that answer to everything. */
async function answerTo(t: TestContext, said: string) {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", () => socket.end(said));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const dispatcher = createEgress({ allowCidrs: ["127.0.0.1"] });
  t.after(async () => {
    await dispatcher.destroy();
    server.close();
  });
  const registry = createRegistry({ dispatcher, insecureRegistries: [], realms: [] });
  const registryUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return registry.check({ registryUrl, repository: "team/app" }, "v1", undefined);
}

for (const [bytes, expected] of [
  [8 * 1024, "missing"],
  [20 * 1024, "unavailable"],
] as const) {
  // S20
  test(`an answer with ${bytes} bytes of headers is ${expected}`, async (t) => {
    const said = `HTTP/1.1 404 Not Found\r\nx: ${"x".repeat(bytes)}\r\ncontent-length: 0\r\n\r\n`;
    assert.equal((await answerTo(t, said)).kind, expected);
  });
}

for (const garbage of [
  "SSH-2.0-OpenSSH_9.2\r\n",
  "\0\0\0\0",
  "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
  "HTTP/1.1 999999 OK\r\n\r\n",
  "HTTP/1.1 200 OK\r\nx y z\r\n\r\n",
]) {
  test(`an answer that is no HTTP is unavailable: ${JSON.stringify(garbage)}`, async (t) => {
    const answer = await answerTo(t, garbage);
    assert.ok(answer.kind === "unavailable" && /HTTP|closed/.test(answer.reason), JSON.stringify(answer));
  });
}
