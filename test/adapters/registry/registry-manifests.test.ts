/** What a 200 for a manifest counts for, and what is asked where the answer to HEAD says too little. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SandboxRegistry } from "../../../sandbox/registry.ts";
import { createEgress } from "../../../src/adapters/egress/egress.ts";
import { createRegistry } from "../../../src/adapters/registry/registry.ts";
import { eventually } from "../../eventually.ts";
import { usedBytes } from "../../held-memory.ts";
import { ann, startRegistryWorld } from "./registry-world.ts";

const type = "application/vnd.oci.image.manifest.v1+json";
const digest = `sha256:${"a".repeat(64)}`;
const methods = (double: SandboxRegistry) => double.requests.map(({ method, at }) => `${method} ${at}`);
const sha256 = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

for (const headers of [
  {},
  { "content-type": "text/plain" },
  { "content-type": "application/json" },
  { "content-type": "image/png" },
  { "content-type": "TEXT/HTML" },
  { "content-type": "text/html", "docker-content-digest": digest },
  { "content-type": "application/xhtml+xml" },
  { "content-type": `text/plain; x=${type}` },
  { "docker-content-digest": "sha256:x" },
  { "docker-content-digest": `md5:${"a".repeat(32)}` },
]) {
  for (const wantsDigest of [false, true]) {
    // F19-F23
    test(`a 200 with ${JSON.stringify(headers)} is no image${wantsDigest ? ", whatever its bytes" : ""}`, async (t) => {
      const { double, check } = await startRegistryWorld(t);
      double.answer({ status: 200, headers, body: '{"schemaVersion":2}' });
      const answer = await check(undefined, "v1", "team/app", wantsDigest);
      assert.ok(answer.kind === "unavailable" && /web page|without a manifest/.test(answer.reason), JSON.stringify(answer));
    });
  }
}

for (const [headers, expected] of [
  [{ "content-type": type }, undefined],
  [{ "content-type": `${type.toUpperCase()} ; charset=utf-8` }, undefined],
  [{ "content-type": "application/octet-stream", "docker-content-digest": digest }, digest],
] as const) {
  test(`a 200 with ${JSON.stringify(headers)} is an image, asked for once`, async (t) => {
    const { double, check } = await startRegistryWorld(t);
    double.answer({ status: 200, headers });
    assert.deepEqual(await check(), { kind: "found", digest: expected });
    assert.deepEqual(methods(double), ["HEAD manifest"]);
  });
}

test("a digest that is wanted and not told is counted from the manifest's bytes, even when they are no UTF-8", async (t) => {
  const { double, check } = await startRegistryWorld(t, { auth: { kind: "basic", ...ann } });
  const manifest = `{"annotations":{"odd":"\u00e9\ud83d\ude00"},"mediaType":"${type}"}`;
  double.put("team/app", "v2", { manifest, mediaType: type });
  double.leftOut.add("docker-content-digest");
  const config = JSON.stringify({ auths: { [double.host]: ann } });
  assert.deepEqual(await check(config, "v2"), { kind: "found", digest: undefined });
  assert.deepEqual(await check(config, "v2", "team/app", true), { kind: "found", digest: sha256(manifest) });
  assert.deepEqual(methods(double), ["HEAD manifest", "HEAD manifest", "HEAD manifest", "GET manifest"]);
  assert.match(String(double.requests.at(-1)?.headers.accept), /oci\.image\.index/);
});

test("a digest that is told is taken as it is, without a second question", async (t) => {
  const { double, check } = await startRegistryWorld(t);
  double.put("team/app", "v2", { digest });
  assert.deepEqual(await check(undefined, "v2", "team/app", true), { kind: "found", digest });
  assert.deepEqual(methods(double), ["HEAD manifest"]);
});

test("a manifest whose bytes are not what the digest beside them says is no image", async (t) => {
  const { double, check } = await startRegistryWorld(t);
  double.put("team/app", "v2", { digest });
  double.refusesHead = true;
  const answer = await check(undefined, "v2", "team/app", true);
  assert.ok(answer.kind === "unavailable" && /digest that is not its manifest's/.test(answer.reason), JSON.stringify(answer));
});

test("an answer to HEAD without type and digest is asked for once more with GET", async (t) => {
  const { double, check } = await startRegistryWorld(t);
  double.put("team/app", "v2", { manifest: "{}" });
  double.leftOut.add("docker-content-digest").add("content-type");
  assert.deepEqual(await check(undefined, "v2"), { kind: "found", digest: sha256("{}") });
  assert.deepEqual(methods(double), ["HEAD manifest", "GET manifest"]);
});

test("a registry that knows no HEAD is asked with GET, and logged in to all the same", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t, { auth: { kind: "bearer", ...ann } });
  double.refusesHead = true;
  double.put("team/app", "v2", { manifest: "{}" });
  assert.deepEqual(await check(annsConfig, "v2"), { kind: "found", digest: sha256("{}") });
  assert.deepEqual(methods(double), ["HEAD manifest", "GET token", "HEAD manifest", "GET manifest"]);
  assert.deepEqual(await check(annsConfig, "v3"), { kind: "missing" });
  const end = double.answer({ status: 405 }, "manifest", 1);
  assert.equal((await check(undefined, "v2")).kind, "denied");
  end();
});

test("a manifest over 4 MiB, the most that a registry has to take, is unavailable; one of 4 MiB is found", async (t) => {
  const { double, check } = await startRegistryWorld(t);
  double.leftOut.add("docker-content-digest");
  const manifest = `{"x":"${"y".repeat(4 * 2 ** 20 - 8)}"}`;
  double.put("team/app", "v2", { manifest });
  assert.deepEqual(await check(undefined, "v2", "team/app", true), { kind: "found", digest: sha256(manifest) });
  double.put("team/app", "v3", { manifest: `${manifest} ` });
  const answer = await check(undefined, "v3", "team/app", true);
  assert.ok(answer.kind === "unavailable" && /more than 4194304 bytes/.test(answer.reason), JSON.stringify(answer));
});

// S20
test("manifests of many images that are never sent to their end take no memory for what has come", async (t) => {
  const manifest = Buffer.alloc(4 * 2 ** 20, " ");
  const images = 40;
  let sent = 0;
  const server = createServer((request, response) => {
    response.writeHead(200, { "content-type": type, "content-length": manifest.length });
    if (request.method === "HEAD") response.end();
    else response.write(manifest.subarray(1), () => (sent += 1));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const dispatcher = createEgress({ allowCidrs: ["127.0.0.0/8"] });
  t.after(async () => {
    await dispatcher.destroy();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const patience = { requestTimeoutMs: 60_000, overallTimeoutMs: 60_000 };
  const registry = createRegistry({ dispatcher, insecureRegistries: [host], realms: [], ...patience });
  const before = await usedBytes();
  const asked = Array.from({ length: images }, (_, index) =>
    registry.check({ registryUrl: `http://${host}`, repository: `team/app-${index}` }, "v1", undefined, true),
  );
  await eventually(() => sent === images);
  // What has been sent is read in the turns after.
  for (let turn = 0; turn < images; turn++) await sleep(5);
  const held = (await usedBytes()) - before;
  assert.ok(held < (images / 8) * manifest.length, `${held} bytes`);
  server.closeAllConnections();
  for (const answer of await Promise.all(asked)) assert.equal(answer.kind, "unavailable");
});
