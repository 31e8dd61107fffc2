import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { Agent } from "undici";
import { createSelfSignedCertificate } from "../../../../sandbox/cluster-api/self-signed-certificate.ts";
import { createCredentialConnections } from "../../../../src/adapters/egress/credential-connections.ts";
import { createHostBreaker } from "../../../../src/adapters/egress/host-breaker.ts";
import { createAppTokens } from "../../../../src/adapters/forge/app-tokens.ts";
import { createHttpsAccess } from "../../../../src/adapters/git/wire/https-access.ts";
import { openHttpsWire } from "../../../../src/adapters/git/wire/https-wire.ts";

/** A wire to a host that answers the first request with that `location`; the paths of all. */
async function redirected(t: TestContext, location: string) {
  const { wire, paths } = await answered(t, (response) => response.writeHead(302, { location }).end());
  return { wire, paths };
}

/** A wire to a host that answers the first request so, and others with an end; what it was asked. */
async function answered(t: TestContext, answer: (response: ServerResponse) => void) {
  const { certPem, keyPem } = createSelfSignedCertificate();
  const paths: string[] = [];
  const asked: IncomingHttpHeaders[] = [];
  const server = createServer({ cert: certPem, key: keyPem }, ({ url = "", headers }, response) => {
    paths.push(url);
    asked.push(headers);
    if (paths.length > 1) response.end("0000");
    else answer(response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  t.after(async () => {
    await dispatcher.close();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const limits = { maxBytes: 1_000, signal: t.signal, dispatcher, breaker: createHostBreaker(), notBefore: 0 };
  return { port, paths, asked, wire: openHttpsWire({ transport: "https", host: "127.0.0.1", port, path: "/team/app.git" }, limits) };
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

test("an answer that is compressed, which nobody asked for, is not unpacked", async (t) => {
  for (const coding of ["gzip", "gzip, gzip", "br", "zstd"]) {
    const { wire, asked } = await answered(t, (response) => response.writeHead(200, { "content-encoding": coding }).end("x"));
    await assert.rejects(wire.advertisement(), { code: "git_protocol", message: /sends what is compressed/ }, coding);
    assert.equal(asked[0]?.["accept-encoding"], "identity");
  }
});

test("a certificate that is not trusted is told with both places for its authority, where the Secret that was used may hold one", async (t) => {
  const { port } = await answered(t, (response) => response.end());
  const repository = { transport: "https", host: "127.0.0.1", port, path: "/team/app.git" } as const;
  const connections = createCredentialConnections(() => new Agent());
  t.after(() => connections.close());
  const limits = { maxBytes: 1_000, signal: t.signal, dispatcher: new Agent(), breaker: createHostBreaker(), notBefore: 0 };
  const secret = { namespace: "team", name: "git" };
  const key = { kind: "token", id: "1", username: "robot", password: "secret", caPem: undefined, secret } as const;
  const access = createHttpsAccess({ apps: createAppTokens({ forges: [], connect: (app) => connections.use(app) }), connections });
  const login = access.open(key, { repository, service: "git-upload-pack", namespace: "team", signal: t.signal });
  const message = "its certificate is not trusted; give its authority in NODE_EXTRA_CA_CERTS (DEPTH_ZERO_SELF_SIGNED_CERT)";
  const told = (more: string) => ({
    code: "git_unreachable",
    message: `127.0.0.1:${port} could not be reached over https: ${message}${more}`,
  });
  await assert.rejects(
    openHttpsWire(repository, { ...limits, login }).advertisement(),
    told(", or in the field ca.crt of Secret team/git"),
  );
  await assert.rejects(openHttpsWire(repository, limits).advertisement(), told(""));
});
