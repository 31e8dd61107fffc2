import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { KubeConfig, type User } from "@kubernetes/client-node";
import { createSelfSignedCertificate } from "../../../sandbox/cluster-api/self-signed-certificate.ts";
import { startClusterApi } from "../../../sandbox/cluster-api.ts";
import { createKubeClient, type KubeClient } from "../../../src/adapters/kubernetes/kube-client.ts";
import type { KubeError } from "../../../src/adapters/kubernetes/kube-error.ts";
import { kubeConfigOf, never, protocols, startCluster } from "./start-cluster.ts";

const limits = { deadlineMs: 2000, signal: never };

function configFor(server: string, user: Omit<User, "name">, cluster: object = { skipTLSVerify: true }): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: "c", server, skipTLSVerify: false, ...cluster }, { name: "u", ...user });
  return config;
}

function startClient(t: TestContext, config: KubeConfig): KubeClient {
  const client = createKubeClient(config);
  t.after(() => client.close());
  return client;
}

async function startServer(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function temporaryFile(t: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), "kube-client-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "file");
  writeFileSync(path, text);
  return path;
}

for (const protocol of protocols) {
  test(`over ${protocol}, twenty requests one after another use one connection and carry the token and our name`, async (t) => {
    const { api, client } = await startCluster(t, { protocol, token: "t0ken" });
    for (let i = 0; i < 20; i++) assert.equal((await client.get("/api/v1/namespaces", limits)).status, 200);
    assert.equal(api.connectionCount, 1);
    assert.equal(api.requests.length, 20);
    assert.ok(api.requests.every(({ userAgent }) => userAgent === "gitops-operator"));
  });

  test(`over ${protocol}, a request after the server restarted is answered`, async (t) => {
    const { api, client } = await startCluster(t, { protocol });
    assert.equal((await client.get("/version", limits)).status, 200);
    await api.restart();
    assert.equal((await client.get("/version", limits)).status, 200);
  });

  test(`over ${protocol}, closing cuts a request and a watch at once`, async (t) => {
    const { api, client } = await startCluster(t, { protocol });
    api.faults.hang(/version/);
    const request = assert.rejects(client.get("/version", { deadlineMs: 60_000, signal: never }), { name: "KubeError" });
    const watch = client.watch("/api/v1/namespaces?watch=true", { deadlineMs: 60_000, signal: never });
    await watch.next();
    client.close();
    await request;
    await assert.rejects(async () => {
      for await (const _ of watch);
    });
  });
}

test("a token file that was rotated is read again as soon as the old token gets 401", async (t) => {
  const { api } = await startCluster(t, { protocol: "h2", token: "old" });
  const tokenFile = temporaryFile(t, "old");
  const caData = Buffer.from(api.caPem ?? "").toString("base64");
  const client = startClient(t, configFor(api.url, { authProvider: { name: "tokenFile", config: { tokenFile } } }, { caData }));
  assert.equal((await client.get("/api", limits)).status, 200);
  writeFileSync(tokenFile, "new");
  api.token = "new";
  assert.equal((await client.get("/api", limits)).status, 200);
  api.token = "newer";
  assert.equal((await client.get("/api", limits)).status, 401);
});

test("a token file that ends with a newline is sent without it", async (t) => {
  const { api } = await startCluster(t, { token: "t0ken" });
  const tokenFile = temporaryFile(t, "t0ken\n");
  const client = startClient(t, configFor(api.url, { authProvider: { name: "tokenFile", config: { tokenFile } } }));
  assert.equal((await client.get("/api", limits)).status, 200);
  rmSync(tokenFile);
  const without = startClient(t, configFor(api.url, { authProvider: { name: "tokenFile", config: { tokenFile } } }));
  await assert.rejects(without.get("/api", limits), { kind: "credentials", message: `the token file ${tokenFile} can't be read (ENOENT)` });
});

/** A credential plugin that does this, in a shell. */
function plugin(t: TestContext, script: string, more: object = {}): Pick<User, "exec"> {
  const command = temporaryFile(t, `#!/bin/sh\n${script}\n`);
  chmodSync(command, 0o755);
  return { exec: { apiVersion: "client.authentication.k8s.io/v1", command, ...more } };
}

test("a credential plugin gives the token, with its own environment", async (t) => {
  const { api } = await startCluster(t, { token: "from-plugin" });
  const script = `echo '{"kind":"ExecCredential","status":{"token":"'$ANSWER'"}}'`;
  const client = startClient(t, configFor(api.url, plugin(t, script, { env: [{ name: "ANSWER", value: "from-plugin" }] })));
  assert.equal((await client.get("/api", limits)).status, 200);
});

test("a credential plugin that is missing is named with its installHint, and is asked for once", async (t) => {
  const { api } = await startCluster(t);
  const exec = { command: "no-such-plugin-here", installHint: "Get it from\n  https://plugins.example/install" };
  await assert.rejects(startClient(t, configFor(api.url, { exec })).get("/api", limits), {
    name: "KubeError",
    kind: "credentials",
    message:
      "the credential plugin 'no-such-plugin-here' of the kubeconfig's user 'u' is not there: Get it from https://plugins.example/install",
  });
  await assert.rejects(startClient(t, configFor(api.url, { exec: { command: "no-such-plugin-here" } })).get("/api", limits), {
    message: /'u' is not there: install it, or write its whole path$/,
  });
  assert.equal(api.requests.length, 0);
});

test("a credential plugin that fails is quoted in one line; what it printed for the API server is not", async (t) => {
  const { api } = await startCluster(t);
  const ask = (script: string) => startClient(t, configFor(api.url, plugin(t, script))).get("/api", limits);
  await assert.rejects(ask("echo 'log in' >&2; echo first >&2; exit 1"), { kind: "credentials", message: /' failed: log in first$/ });
  for (const printed of ["s3cret", '{"status":', '{"token":"s3cret"}']) {
    await assert.rejects(ask(`echo '${printed}'`), ({ message }: Error) => {
      assert.match(message, /printed no ExecCredential; run it by hand/);
      assert.doesNotMatch(message, /s3cret/);
      return true;
    });
  }
});

test("a refusal tells whether any credentials have reached the server", async (t) => {
  let answer = { status: 401, text: "Unauthorized\n" };
  const url = await startServer(t, (_, response) => void response.writeHead(answer.status).end(answer.text));
  const nobody = startClient(t, configFor(url, {}));
  const someone = startClient(t, configFor(url, { token: "t" }));
  const seen = async (client: KubeClient) => (await client.get("/", limits)).isAnonymous;
  assert.deepEqual([await seen(nobody), await seen(someone)], [true, false]);
  // Behind a proxy that takes credentials away, or adds them, the server says whom it saw.
  answer = { status: 403, text: JSON.stringify({ message: 'deployments.apps is forbidden: User "system:anonymous" cannot list' }) };
  assert.deepEqual([await seen(nobody), await seen(someone)], [true, true]);
  answer = { status: 403, text: JSON.stringify({ message: 'deployments.apps is forbidden: User "alice" cannot list' }) };
  assert.deepEqual([await seen(nobody), await seen(someone)], [false, false]);
  answer = { status: 200, text: "" };
  assert.equal(await seen(nobody), false);
});

test("a server that is too busy is asked again after the time that it tells, a POST and a watch too, within the deadline", async (t) => {
  const asked: string[] = [];
  let busy = 1;
  const url = await startServer(t, (request, response) => {
    asked.push(String(request.method));
    if (busy-- <= 0) return void response.end("fine\n");
    response.writeHead(429, { "content-type": "text/plain", "retry-after": "1" }).end("Too many requests, please try again later.\n");
  });
  const client = startClient(t, configFor(url, {}));
  assert.equal((await client.get("/", limits)).status, 200);
  busy = 1;
  assert.equal((await client.post("/", {}, limits)).status, 200);
  busy = 1;
  assert.deepEqual((await client.watch("/", limits).next()).value, "fine");
  assert.deepEqual(asked, ["GET", "GET", "POST", "POST", "GET", "GET"]);
  busy = 9;
  const given = await client.get("/", { deadlineMs: 900, signal: never });
  assert.equal(given.status, 429);
  assert.equal(asked.length, 7);
  await assert.rejects(client.watch("/", { deadlineMs: 900, signal: never }).next(), {
    status: 429,
    message: "HTTP 429: Too many requests, please try again later.",
  });
});

test("a certificate authority that was replaced is used by a new connection", async (t) => {
  const first = await startClusterApi({ protocol: "h2" });
  const { port } = new URL(first.url);
  const caFile = temporaryFile(t, first.caPem ?? "");
  const client = startClient(t, configFor(first.url, {}, { caFile }));
  assert.equal((await client.get("/version", limits)).status, 200);
  await first.close();
  const second = await startClusterApi({ protocol: "h2", port: Number(port) });
  t.after(() => second.close());
  await assert.rejects(client.get("/version", limits), { name: "KubeError", kind: "network", message: /self-signed|certificate/ });
  writeFileSync(caFile, second.caPem ?? "");
  assert.equal((await client.get("/version", limits)).status, 200);
});

test("a server with another certificate is refused", async (t) => {
  const { api } = await startCluster(t, { protocol: "https" });
  const caData = Buffer.from(createSelfSignedCertificate().certPem).toString("base64");
  const client = startClient(t, configFor(api.url, {}, { caData }));
  await assert.rejects(client.get("/version", limits), { kind: "network" });
  assert.equal(api.requests.length, 0);
});

test("a server below a path is asked below that path, with basic credentials", async (t) => {
  const asked: unknown[] = [];
  const url = await startServer(t, ({ url, headers: { authorization } }, response) => {
    asked.push(url, authorization);
    response.end("{}");
  });
  await startClient(t, configFor(`${url}/k8s/clusters/c-1/`, { username: "me", password: "pass" })).get("/api?x=1", limits);
  assert.deepEqual(asked, ["/k8s/clusters/c-1/api?x=1", `Basic ${Buffer.from("me:pass").toString("base64")}`]);
});

test("a GET on a connection that has died is asked once more, a POST is not", async (t) => {
  const asked: string[] = [];
  const url = await startServer(t, (request, response) => {
    asked.push(String(request.method));
    if (asked.length % 2 === 1) request.socket.destroy();
    else response.end("fine");
  });
  const client = startClient(t, configFor(url, {}));
  assert.deepEqual(await client.get("/", limits), { status: 200, text: "fine", isAnonymous: false, isDoubtful: false });
  await assert.rejects(client.post("/", {}, limits), { kind: "network" });
  assert.deepEqual(asked, ["GET", "GET", "POST"]);
});

// P6
test("a body that never ends is cut at the deadline", async (t) => {
  const url = await startServer(t, (_, response) => void response.write("beginning"));
  const client = startClient(t, configFor(url, {}));
  await assert.rejects(client.get("/", { deadlineMs: 100, signal: never }), { kind: "deadline", message: "no answer within 0.1 s" });
});

// P6
test("a watch lives as long as something arrives, and dies of silence", async (t) => {
  const { api, client } = await startCluster(t);
  const timer = setInterval(() => api.faults.sendToWatches("{}"), 20);
  t.after(() => clearInterval(timer));
  const startMs = performance.now();
  let lines = 0;
  await assert.rejects(
    async () => {
      for await (const line of client.watch("/apis/apps/v1/deployments?watch=true", { deadlineMs: 200, signal: never })) {
        assert.equal(line, "{}");
        lines += 1;
        if (performance.now() - startMs > 600) api.faults.silenceWatches();
      }
    },
    { kind: "deadline", message: "no answer within 0.2 s" },
  );
  assert.ok(lines > 10 && performance.now() - startMs > 750, `${lines}`);
});

test("a watch that is refused says why", async (t) => {
  const { api, client } = await startCluster(t);
  api.faults.answer(403);
  await assert.rejects(client.watch("/apis/apps/v1/deployments?watch=true", limits).next(), {
    kind: "status",
    status: 403,
    message: "HTTP 403: injected: 403",
  });
});

test("a refusal is doubtful until the same is refused once more, and again once it was answered otherwise", async (t) => {
  const { api, client } = await startCluster(t);
  const [path, other] = ["/api/v1/namespaces/team/secrets/a", "/api/v1/namespaces/team/secrets/b"];
  const seen = async (asked: string) => (await client.get(asked, limits)).isDoubtful;
  const watched = () =>
    client
      .watch(`${path}?watch=true`, limits)
      .next()
      .catch((refusal: KubeError) => refusal.isDoubtful);
  const allow = api.faults.answer(403);
  assert.deepEqual([await seen(path), await seen(`${path}?limit=1`), await seen(path), await seen(other)], [true, false, false, true]);
  assert.deepEqual([await watched(), await seen(path), await watched()], [true, false, false]);
  allow();
  assert.equal(await seen(path), false);
  api.faults.answer(403);
  assert.deepEqual([await seen(path), await seen(other), await seen(path)], [true, false, false]);
});

test("the caller's signal ends a request with its own reason", async (t) => {
  const { api, client } = await startCluster(t);
  api.faults.hang(/./);
  const reason = new Error("enough");
  const aborter = new AbortController();
  const request = client.get("/", { deadlineMs: 5000, signal: aborter.signal });
  aborter.abort(reason);
  await assert.rejects(request, reason);
});

test("an Event is created with a MicroTime and refused with milliseconds", async (t) => {
  const { api, client } = await startCluster(t, { protocol: "h2" });
  api.put({ kind: "Namespace", metadata: { name: "team" } });
  const event = {
    metadata: { generateName: "app.", namespace: "team" },
    eventTime: "2026-01-02T03:04:05.678901Z",
    reportingController: "gitops-operator",
    reportingInstance: "pod-1",
    action: "Patch",
    reason: "Patched",
    type: "Normal",
    regarding: { kind: "Deployment", name: "app", namespace: "team" },
    note: "patched",
  };
  const path = "/apis/events.k8s.io/v1/namespaces/team/events";
  assert.equal((await client.post(path, event, limits)).status, 201);
  assert.equal(api.list("Event").length, 1);
  const refused = await client.post(path, { ...event, eventTime: "2026-01-02T03:04:05.678Z" }, limits);
  assert.equal(refused.status, 400);
  assert.match(refused.text, /cannot be handled as a Event/);
});

test("a kubeconfig that the double prints is one that client-node reads", async (t) => {
  const { api } = await startCluster(t, { protocol: "h2", token: "t" });
  assert.equal(kubeConfigOf(api.kubeconfig).getCurrentCluster()?.server, api.url);
});
