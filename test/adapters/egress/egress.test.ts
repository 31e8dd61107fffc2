import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { fetch, request } from "undici";
import { createAddressRules, parseCidr } from "../../../src/adapters/egress/address-rules.ts";
import { createEgress, type EgressOptions } from "../../../src/adapters/egress/egress.ts";
import { EgressRefused, explainNetworkError } from "../../../src/adapters/egress/network-error.ts";
import { startConnectProxy } from "./connect-proxy.ts";

function startEgress(t: TestContext, options: Partial<EgressOptions> = {}) {
  const dispatcher = createEgress({ allowCidrs: [], ...options });
  t.after(() => dispatcher.destroy());
  return dispatcher;
}

/** Answers "here" and counts connections. */
async function startServer(t: TestContext, host = "127.0.0.1", port = 0) {
  const server = createServer((_, response) => response.setHeader("connection", "close").end("here"));
  let connections = 0;
  server.on("connection", () => connections++);
  server.listen(port, host);
  await once(server, "listening");
  t.after(() => server.close());
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
  };
}

const rules = createAddressRules([]);
/** Special-purpose ranges (IANA) that are neither public nor private: documentation, benchmarks, discard, site-local and others. */
const NEITHER = [
  "192.0.2.1",
  "198.18.0.1",
  "203.0.113.1",
  "192.88.99.1",
  "2001:db8::1",
  "100::1",
  "fec0::1",
  "2001:2::1",
  "5f00::1",
  "3fff::1",
];

for (const [what, addresses] of Object.entries({
  "a loopback address": [
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::1",
    "::127.0.0.1",
  ],
  "a link-local address": [
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::",
    "::ffff:0:169.254.169.254",
  ],
  "a cloud metadata address": [
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd00:ec2:ffff::1",
    "fd20:ce::254",
    "fd00:42::42",
    "fd00:c1::a9fe:a9fe",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "64:ff9b::6464:64c8",
  ],
  "a multicast address": ["224.0.0.1", "239.255.255.255", "ff02::1", "::ffff:224.0.0.1"],
  "an unspecified or reserved address": [
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "240.0.0.1",
    "255.255.255.255",
    "::ffff:0.0.0.0",
    "64:ff9b::",
    ...NEITHER,
  ],
  "an address that stands for another": ["64:ff9b:1::7f00:1", "64:ff9b:1:7f00:0:100::", "2001:0:7f00:1::"],
  "no address": ["registry.example", "", "127.1"],
})) {
  for (const address of addresses) test(`${JSON.stringify(address)} is ${what}`, () => assert.equal(rules(address), what));
}

test("private and public addresses are no one's business, over NAT64 as well", () => {
  for (const address of [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "fd12:3456::1",
    "fd00:ec3::1",
    "140.82.121.34",
    "2606:50c0::1",
    "64:ff9b::8c52:7922",
    "64:ff9b::a00:1",
  ]) {
    assert.equal(rules(address), undefined, address);
  }
});

// S4
test("the API server's address is refused in every spelling, unless it is opened", () => {
  for (const spelling of ["10.96.0.1", "::ffff:10.96.0.1", "64:ff9b::10.96.0.1", "2002:a60:1::"]) {
    assert.match(String(rules(spelling, ["10.96.0.1"])), /API server/);
  }
  assert.equal(rules("10.96.0.2", ["10.96.0.1"]), undefined);
  assert.equal(createAddressRules(["10.96.0.0/16"])("10.96.0.1", ["10.96.0.1"]), undefined);
});

test("only CIDRs are CIDRs", () => {
  assert.deepEqual(parseCidr("10.0.0.0/8")?.map(String), ["10.0.0.0", "8"]);
  assert.deepEqual(parseCidr("::1")?.map(String), ["::1", "128"]);
  for (const text of ["", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "10.0.0.0/8 ", "example.com", "10.0.0.0/-1", "fe80::1%eth0"]) {
    assert.equal(parseCidr(text), undefined, text);
  }
});

for (const host of [
  "127.0.0.1",
  "0x7f.1",
  "2130706433",
  "0177.0.0.1",
  "127.1",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "0",
  "localhost",
  "localhost.",
  "[64:ff9b::7f00:1]",
]) {
  test(`nothing is sent to http://${host}/ by request or fetch`, async (t) => {
    const server = await startServer(t);
    const dispatcher = startEgress(t, { resolve: async () => [{ address: "127.0.0.1", family: 4 }] });
    const url = `http://${host}:${server.port}/`;
    await assert.rejects(request(url, { dispatcher }), EgressRefused);
    await assert.rejects(fetch(url, { dispatcher }), (error: Error) => error.cause instanceof EgressRefused);
    assert.equal(server.connections, 0);
  });
}

// S4
test("a name that turns from an allowed address to loopback is connected to the address that was checked, then no more", async (t) => {
  const inside = await startServer(t);
  const outside = await startServer(t, "127.0.0.2", inside.port);
  const answers = ["127.0.0.2", "127.0.0.1"];
  let questions = 0;
  const resolve = async () => [{ address: answers[Math.min(questions++, 1)] ?? "", family: 4 }];
  const dispatcher = startEgress(t, { allowCidrs: ["127.0.0.2/32"], resolve });
  const url = `http://rebinding.example:${inside.port}/`;
  assert.equal(await (await request(url, { dispatcher })).body.text(), "here");
  assert.equal(questions, 1, "between the check and the connection nobody is asked again");
  await assert.rejects(
    request(url, { dispatcher }),
    /rebinding\.example has the address 127\.0\.0\.1, which is a loopback address.*EGRESS_ALLOW_CIDRS/,
  );
  assert.deepEqual([outside.connections, inside.connections], [1, 0]);
});

test("one refused address among several refuses the name", async (t) => {
  const server = await startServer(t, "127.0.0.2");
  const resolve = async () => ["127.0.0.2", "127.0.0.1"].map((address) => ({ address, family: 4 }));
  const dispatcher = startEgress(t, { allowCidrs: ["127.0.0.2"], resolve });
  await assert.rejects(request(`http://mixed.example:${server.port}/`, { dispatcher }), EgressRefused);
  assert.equal(server.connections, 0);
});

test("EGRESS_ALLOW_CIDRS opens loopback, by IPv6-mapped address as well", async (t) => {
  const server = await startServer(t);
  const dispatcher = startEgress(t, { allowCidrs: ["127.0.0.0/8"] });
  for (const host of ["127.0.0.1", "[::ffff:127.0.0.1]"]) {
    assert.equal(await (await request(`http://${host}:${server.port}/`, { dispatcher })).body.text(), "here");
  }
});

test("an API server that has a name is refused by each of its addresses", async (t) => {
  const resolve = async () => [{ address: "10.1.2.3", family: 4 }];
  const dispatcher = startEgress(t, { apiServerHost: "api.example", resolve });
  await assert.rejects(request("http://registry.example/", { dispatcher }), /API server/);
  await assert.rejects(request("http://10.1.2.3/", { dispatcher }), /API server/);
});

test("when the API server's name cannot be resolved for now, nothing is sent", async (t) => {
  const server = await startServer(t);
  const failing = (code: string) => async (host: string) => {
    if (host === "api.example") throw Object.assign(new Error("DNS"), { code });
    return [{ address: "127.0.0.1", family: 4 }];
  };
  const options = { allowCidrs: ["127.0.0.1"], apiServerHost: "api.example" };
  const url = `http://registry.example:${server.port}/`;
  await assert.rejects(request(url, { dispatcher: startEgress(t, { ...options, resolve: failing("EAI_AGAIN") }) }), { code: "EAI_AGAIN" });
  assert.equal((await request(url, { dispatcher: startEgress(t, { ...options, resolve: failing("ENOTFOUND") }) })).statusCode, 200);
});

test("a name without an address is told as such", async (t) => {
  const dispatcher = startEgress(t, { resolve: async () => [] });
  const error = await request("http://empty.example/", { dispatcher }).catch((cause: unknown) => cause);
  assert.match(explainNetworkError(error), /does not resolve.*ENOTFOUND/);
});

// S4
test("behind HTTPS_PROXY names go to the proxy unresolved, refused addresses and localhost do not", async (t) => {
  const proxy = await startConnectProxy(t, 0);
  const resolved: string[] = [];
  const resolve = async (host: string) => {
    resolved.push(host);
    return [{ address: "127.0.0.1", family: 4 }];
  };
  const options = { httpsProxy: proxy.url, noProxy: "direct.example,.inside.example", apiServerHost: "api.example", resolve };
  const dispatcher = startEgress(t, options);
  const error = await request("https://registry.example/", { dispatcher }).catch((cause: unknown) => cause);
  assert.match(explainNetworkError(error), /proxy/);
  assert.deepEqual(proxy.asked, ["registry.example:443"]);
  assert.deepEqual(resolved, []);
  for (const host of [
    "169.254.169.254",
    "0x7f.1",
    "[::ffff:127.0.0.1]",
    "localhost",
    "a.localhost",
    "metadata.google.internal",
    "metadata.google.internal.",
    "api.example",
  ]) {
    await assert.rejects(request(`https://${host}/`, { dispatcher }), EgressRefused, host);
    await assert.rejects(fetch(`https://${host}/`, { dispatcher }), (failure: Error) => failure.cause instanceof EgressRefused, host);
  }
  await assert.rejects(request("https://direct.example/", { dispatcher }), /direct\.example has the address 127\.0\.0\.1/);
  await assert.rejects(request("https://a.inside.example/", { dispatcher }), EgressRefused);
  assert.equal(proxy.asked.length, 1);
});

test("the proxy variables of the process itself are nobody's but main's", async (t) => {
  const server = await startServer(t);
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY"]) {
    const before = process.env[name];
    process.env[name] = "http://127.0.0.1:1";
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
  const dispatcher = startEgress(t, { allowCidrs: ["127.0.0.1"] });
  assert.equal((await request(`http://127.0.0.1:${server.port}/`, { dispatcher })).statusCode, 200);
  await assert.rejects(request(`https://127.0.0.1:${server.port}/`, { dispatcher }));
  assert.equal(server.connections, 2, "https came directly as well; the server speaks none");
});

// S10
test("an answer in pieces of a byte each is not read on, one in lines is read to its end", async (t) => {
  const pieces = (text: string, count: number) => `${text.length.toString(16)}\r\n${text}\r\n`.repeat(count);
  const server = createServer(({ url }, { socket }) => {
    socket?.on("error", () => {});
    const body = url === "/lines" ? pieces(`${"0".repeat(40)} refs/heads/x\n`, 50_000) : pieces("x", 50_000);
    socket?.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n${body}0\r\n\r\n`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const dispatcher = startEgress(t, { allowCidrs: ["127.0.0.1/32"] });
  const bytesOf = async (path: string) => (await (await request(`http://127.0.0.1:${port}${path}`, { dispatcher })).body.text()).length;
  assert.equal(await bytesOf("/lines"), 54 * 50_000);
  await assert.rejects(bytesOf("/crumbs"), (error) => /in pieces of a few bytes/.test(explainNetworkError(error)));
});
