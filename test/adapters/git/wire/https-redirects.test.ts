import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { Agent } from "undici";
import { createSelfSignedCertificate } from "../../../../sandbox/cluster-api/self-signed-certificate.ts";
import { createHostBreaker } from "../../../../src/adapters/egress/host-breaker.ts";
import { openHttpsWire } from "../../../../src/adapters/git/wire/https-wire.ts";

/** A wire to a host that answers the first request with that `location`; the paths of all. */
async function redirected(t: TestContext, location: string) {
  const { certPem, keyPem } = createSelfSignedCertificate();
  const paths: string[] = [];
  const server = createServer({ cert: certPem, key: keyPem }, ({ url = "" }, response) => {
    paths.push(url);
    if (paths.length > 1) response.end("0000");
    else response.writeHead(302, { location }).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  t.after(async () => {
    await dispatcher.close();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const limits = { maxBytes: 1_000, signal: t.signal, dispatcher, breaker: createHostBreaker(), notBefore: 0 };
  return { paths, wire: openHttpsWire({ transport: "https", host: "127.0.0.1", port, path: "/team/app.git" }, limits) };
}

test("a redirect to what is no URL is the git host's fault", async (t) => {
  for (const location of ["http://[", "https://", "//:x"]) {
    const { wire } = await redirected(t, location);
    await assert.rejects(wire.advertisement(), { code: "git_protocol", message: /redirects to what is no URL/ }, location);
  }
});

test("a redirect to a path that begins with two slashes names no other host for what is asked next", async (t) => {
  const { wire, paths } = await redirected(t, "/.//evil.example/x/info/refs?service=git-upload-pack");
  await wire.advertisement();
  await wire.request(Buffer.from("0000"));
  assert.equal(paths.at(-1), "//evil.example/x/git-upload-pack");
});
