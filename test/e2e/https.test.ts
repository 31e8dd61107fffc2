import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { createSelfSignedCertificate } from "../../sandbox/cluster-api/self-signed-certificate.ts";
import { type HttpsGitHost, type HttpsGitHostOptions, startHttpsGitHost } from "../../sandbox/https-git-host.ts";
import { createRedactor } from "../../src/telemetry/redact.ts";
import { deployShop, OLD, startStage } from "./stage.ts";

/** A stage whose git host is reached over https, and that host. */
async function httpsStage(t: TestContext, options: Partial<HttpsGitHostOptions> = {}, more: Parameters<typeof startStage>[1] = {}) {
  let host: HttpsGitHost | undefined;
  const stage = await startStage(t, {
    ...more,
    startHost: async (given) => {
      host = await startHttpsGitHost({ ...given, ...options });
      return host;
    },
  });
  if (!host) throw new Error("no host");
  return { stage, host };
}

/** A Secret as it is given, and what it is bound to. */
function putSecret(stage: Awaited<ReturnType<typeof startStage>>, name: string, data: Readonly<Record<string, string>>, bound?: string) {
  const encoded = Object.entries(data).map(([field, text]) => [field, Buffer.from(text).toString("base64")]);
  const annotations = bound === undefined ? {} : { annotations: { "gitops.operator.allowed_repositories": bound } };
  const metadata = { namespace: "gitops-operator", name, ...annotations };
  stage.cluster.put({ apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data: Object.fromEntries(encoded) });
}

/** What the operator says, wherever it does. */
async function allThatIsSaid(stage: Awaited<ReturnType<typeof startStage>>, entries: unknown): Promise<string> {
  const pages = await Promise.all(["/status", "/debug", "/metrics"].map(stage.text));
  return JSON.stringify([entries, pages, stage.logLines, stage.cluster.list?.("Event") ?? ""]);
}

// P1, P2
test("over https with a token and as a GitHub App the same commit is pushed as over SSH", async (t) => {
  const written: string[] = [];
  for (const door of ["ssh", "token", "app"] as const) {
    const stage = door === "ssh" ? await startStage(t) : (await httpsStage(t, { door })).stage;
    const { app, manifests } = await deployShop(stage);
    const sha = (await app.tip()) ?? "";
    const entry = await stage.reconcileOne("shop");
    assert.deepEqual([entry.action, entry.to_sha], ["patched", sha], `${door}: ${entry.message}`);
    assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
    const [commit, ...older] = await manifests.log();
    assert.equal(older.length, 1);
    await manifests.fsck();
    const said = [commit?.subject, commit?.author, commit?.body, await manifests.read("shop/deployment.yaml")];
    written.push(
      JSON.stringify(said)
        .replaceAll(sha, "SHA")
        .replaceAll(new URL(stage.gitHost.url("x")).host, "HOST")
        .replaceAll(/(?:ssh|https):\/\/[^" ]*/g, "URL"),
    );
  }
  assert.deepEqual(written.slice(1), [written[0], written[0]]);
});

test("a pass without news is a GET and one listing for each repository, over one kept connection", async (t) => {
  const { stage, host } = await httpsStage(t);
  await deployShop(stage);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const [requests, connections] = [host.requests.length, host.connectionCount()];
  for (let pass = 0; pass < 5; pass++) assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  const asked = host.requests.slice(requests).map(({ method, path }) => `${method} ${path.replace(/^\/team\/\w+\.git/, "")}`);
  const counts = Object.fromEntries(
    Map.groupBy(asked, (one) => one)
      .entries()
      .map(([one, all]) => [one, all.length]),
  );
  assert.deepEqual(counts, { "GET /info/refs?service=git-upload-pack": 10, "POST /git-upload-pack": 10 });
  // Both repositories are listed at once.
  assert.ok(host.connectionCount() - connections <= 1, `${host.connectionCount() - connections} more connections`);
});

test("ten applications whose commits are read for the first time share four connections, though what is not wanted of an answer is left", async (t) => {
  const { stage, host } = await httpsStage(t);
  await deployShop(stage);
  for (let number = 0; number < 9; number++) {
    await stage.repository(`team/app-${number}.git`, { "index.html": String(number) });
    await stage.deploy({ name: `app-${number}`, annotations: { deployment_path: "shop/deployment.yaml", image_name: "team/shop" } });
  }
  await stage.reconcile();
  assert.ok(host.requests.length >= 30, `${host.requests.length} requests`);
  // Four, and on a busy machine one more for an answer whose rest did not come within half a second; were all hung up on, there would be one for each application.
  assert.ok(host.connectionCount() < 9, `${host.connectionCount()} connections`);
});

// S33
test("a token or an App that only lacks a right is no failed login: another of its namespace is tried at once", async (t) => {
  for (const door of ["token", "app"] as const) {
    const { stage } = await httpsStage(t, { door });
    const reader = await stage.gitHost.newKey({ read: ["team/shop.git", "team/manifests.git"] });
    stage.secret("gitops-operator", "reader", { "ssh-privatekey": reader.privateKey });
    await deployShop(stage, { manifest_ssh_key_name: "reader" });
    assert.match((await stage.reconcileOne("shop")).message, /it may not push there; |the permission contents: write/);
    await stage.deploy({ name: "shop" });
    const { action, message } = await stage.reconcileOne("shop");
    assert.equal(action, "patched", message);
  }
});

// S27
test("a token that is bound to nothing is sent nowhere, unless nobody may name another namespace's Secret", async (t) => {
  for (const door of ["token", "app"] as const) {
    const { stage, host } = await httpsStage(t, { door });
    await deployShop(stage);
    putSecret(stage, "ssh-key", host.secretOf(stage.key.privateKey) ?? {});
    const { action, message } = await stage.reconcileOne("shop");
    assert.equal(action, "failed");
    const what = door === "app" ? "a GitHub App" : "a token";
    const place = `${host.host}:${host.port}/team/*`;
    assert.equal(
      message,
      `Failed to get SSH key: Secret gitops-operator/ssh-key holds ${what} and is bound to nothing; annotate it with gitops.operator.allowed_repositories=${place}`,
    );
    assert.deepEqual(host.requests, []);
    putSecret(stage, "ssh-key", host.secretOf(stage.key.privateKey) ?? {}, `${host.host}:${host.port}/others/*`);
    assert.match(
      (await stage.reconcileOne("shop")).message,
      /^Failed to get SSH key: Secret gitops-operator\/ssh-key is not for 127\.0\.0\.1/,
    );
    assert.deepEqual(host.requests, []);
  }
  const { stage, host } = await httpsStage(t, {}, { env: { SECRET_REFS: "strict", IMAGE_CHECK: "off" } });
  stage.secret("default", "own", { "ssh-privatekey": stage.key.privateKey });
  const own = host.secretOf(stage.key.privateKey) ?? {};
  const data = Object.fromEntries(Object.entries(own).map(([field, text]) => [field, Buffer.from(text).toString("base64")]));
  stage.cluster.put({ apiVersion: "v1", kind: "Secret", metadata: { namespace: "default", name: "own" }, type: "Opaque", data });
  await deployShop(stage, {
    ssh_key_name: null as never,
    ssh_key_namespace: null as never,
    git_secret_name: "own",
    git_secret_namespace: "default",
  });
  const entry = await stage.reconcileOne("shop");
  assert.equal(entry.action, "patched", entry.message);
});

// F54
test("an App's token that ends within a run is replaced by one new one, for reading and for the push; no more are made than are needed", async (t) => {
  const { stage, host } = await httpsStage(t, { door: "app" });
  const { app } = await deployShop(stage);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const scopes = host.apps.made.map(({ repository, permissions }) => `${repository} ${JSON.stringify(permissions)}`);
  assert.deepEqual(scopes.sort(), ['manifests {"contents":"read"}', 'manifests {"contents":"write"}', 'shop {"contents":"read"}']);
  for (let pass = 0; pass < 3; pass++) await stage.reconcileOne("shop");
  assert.equal(host.apps.made.length, 3);
  const sha = await app.commit({ "index.html": "2" });
  host.apps.expireAll();
  const entry = await stage.reconcileOne("shop");
  assert.deepEqual([entry.action, entry.to_sha], ["patched", sha], entry.message);
  assert.equal(host.apps.made.length, 6);
});

// F54, S11
test("a token that is refused is told with its Secret and tried once a minute; as soon as the Secret has another one, that is used", async (t) => {
  const redactor = createRedactor();
  const { stage, host } = await httpsStage(t, {}, { redactor });
  const { app } = await deployShop(stage);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const { password = "" } = host.secretOf(stage.key.privateKey) ?? {};
  host.revoke(stage.key.privateKey);
  // A host that says back what it was shown.
  const echo = host.answer(({ headers }, response) =>
    response
      .writeHead(401, { "content-type": "text/plain" })
      .end(`no: ${headers.authorization} ${password} ${Buffer.from(`git:${password}`).toString("base64")}`),
  );
  const sha = await app.commit({ "index.html": "2" });
  const before = host.requests.length;
  const entries = [await stage.reconcileOne("shop"), await stage.reconcileOne("shop"), await stage.reconcileOne("shop")];
  for (const { action, message } of entries) {
    assert.equal(action, "failed");
    assert.match(
      message,
      /refuses the token of Secret gitops-operator\/ssh-key \(HTTP 401: .*\): it is wrong, expired or revoked; put a valid one/,
    );
  }
  // Both repositories are asked at once, and none again.
  assert.equal(host.requests.length - before, 2);
  const said = await allThatIsSaid(stage, entries);
  for (const secret of [password, Buffer.from(`git:${password}`).toString("base64")]) assert.ok(!said.includes(secret));
  assert.equal(redactor.watchedCount, 0);
  echo();
  const other = await stage.gitHost.newKey();
  stage.secret("gitops-operator", "ssh-key", { "ssh-privatekey": other.privateKey });
  assert.deepEqual([(await stage.reconcileOne("shop")).to_sha], [sha]);
});

test("a redirect to another origin is not followed: nothing of the credential arrives there; one within the origin is", async (t) => {
  const { certPem: cert, keyPem: key } = createSelfSignedCertificate();
  const arrived: unknown[] = [];
  const elsewhere = createServer({ cert, key }, ({ url, headers }, response) => {
    arrived.push([url, headers]);
    response.end();
  }).listen(0, "127.0.0.1");
  t.after(() => elsewhere.close());
  const { stage, host } = await httpsStage(t);
  await deployShop(stage);
  const { port } = elsewhere.address() as AddressInfo;
  for (const origin of [`https://127.0.0.1:${port}`, `http://127.0.0.1:${host.port}`, `https://localhost:${host.port}`]) {
    const end = host.answer(({ url }, response) => response.writeHead(302, { location: `${origin}${url}` }).end());
    const { action, message } = await stage.reconcileOne("shop");
    end();
    assert.equal(action, "failed");
    assert.match(
      message,
      /redirects to another host, which is not followed; write the repository's present URL, or put a valid token into Secret gitops-operator\/ssh-key/,
    );
  }
  assert.deepEqual(arrived, []);
  await stage.deploy({ name: "shop", annotations: { app_repository: host.url("moved/shop.git") } });
  const end = host.answer((request, response) => {
    if (request.url?.startsWith("/moved/"))
      return void response.writeHead(301, { location: request.url.replace("/moved/", "/team/") }).end();
    end();
    response.writeHead(500).end();
  });
  putSecret(stage, "ssh-key", host.secretOf(stage.key.privateKey) ?? {}, `${host.host}:${host.port}/**`);
  await stage.reconcileOne("shop");
  assert.ok(host.requests.some(({ path, authorization }) => path.startsWith("/team/shop.git/info/refs") && authorization !== undefined));
});

test("what a Secret holds must fit its repository, and be one thing", async (t) => {
  const { stage, host } = await httpsStage(t);
  await deployShop(stage);
  const token = host.secretOf(stage.key.privateKey) ?? {};
  const bound = `${host.host}:${host.port}/**`;
  const cases: [Readonly<Record<string, string>>, RegExp][] = [
    [{ ...token, "ssh-privatekey": stage.key.privateKey }, /holds an SSH key and a token \(ssh-privatekey, username\); keep one of them/],
    [{ ...token, githubAppID: "1" }, /holds a token and a GitHub App \(username, githubAppID\); keep one of them/],
    [{ "ssh-privatekey": stage.key.privateKey }, /holds an SSH key, which does not open https:.*: write its SSH form/],
    [{ password: "x".repeat(20) }, /Failed to read field: username in data of Secret gitops-operator\/ssh-key; add it/],
    [
      { "webhook-url": "x" },
      /Failed to read field: password in data, consider recreating the secret with kubectl .*--from-literal=username=… --from-literal=password=…/,
    ],
    [{ ...token, username: "a:b" }, /field username holds a colon/],
    [{ ...token, password: "a\nb" }, /field password holds a line break/],
    [{ ...token, "ca.crt": "nonsense" }, /field ca\.crt holds no certificate/],
    [{ githubAppID: "1", githubAppInstallationID: "2", githubAppPrivateKey: stage.key.privateKey }, /githubAppPrivateKey is no RSA key/],
  ];
  for (const [data, words] of cases) {
    putSecret(stage, "ssh-key", data, bound.replace("**", "**"));
    const { action, message } = await stage.reconcileOne("shop");
    assert.deepEqual([action, words.test(message)], ["failed", true], message);
  }
  await stage.deploy({ name: "shop", annotations: { manifest_repository: `ssh://git@${host.host}:${host.port}/team/manifests.git` } });
  putSecret(stage, "ssh-key", token, bound);
  assert.match(
    (await stage.reconcileOne("shop")).message,
    /holds a token, which does not open ssh:.*: write its https form \(https:\/\/host\/path\)/,
  );
  await stage.deploy({ name: "shop", annotations: { git_secret_name: "another" } });
  assert.match(
    (await stage.reconcileOne("shop")).message,
    /git_secret_name and gitops\.operator\.ssh_key_name mean the same and are set to different values; remove one of them/,
  );
  assert.deepEqual(host.requests, []);
});

// S2
test("two tokens share nothing: what one may not read it does not get from what the other has read, and each has connections of its own", async (t) => {
  const { stage, host } = await httpsStage(t);
  await deployShop(stage);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const connections = host.connectionCount();
  const other = await stage.gitHost.newKey({ read: ["team/shop.git"] });
  stage.secret("gitops-operator", "other", { "ssh-privatekey": other.privateKey });
  await stage.deploy({
    name: "thief",
    annotations: {
      app_repository: host.url("team/shop.git"),
      deployment_path: "shop/deployment.yaml",
      image_name: "team/shop",
      ssh_key_name: "other",
    },
  });
  const { action, message } = await stage.reconcileOne("thief");
  assert.equal(action, "failed");
  assert.match(
    message,
    /does not exist, or the token of Secret gitops-operator\/other has no access to it \(HTTP 404: Repository not found\.\)/,
  );
  assert.ok(host.connectionCount() > connections);
  const reader = await stage.gitHost.newKey({ read: ["team/shop.git", "team/manifests.git"] });
  stage.secret("gitops-operator", "reader", { "ssh-privatekey": reader.privateKey });
  await stage.repository("team/more.git", { x: "1" });
  await stage.deploy({
    name: "thief",
    annotations: {
      app_repository: host.url("team/more.git"),
      deployment_path: "shop/deployment.yaml",
      image_name: "team/shop",
      manifest_ssh_key_name: "reader",
    },
  });
  assert.match(
    (await stage.reconcileOne("thief")).message,
    /refuses the token of Secret gitops-operator\/reader \(HTTP 403: .*\): it may not push there; give it the right to write/,
  );
});

test("a host that ends the kept connections between two passes is asked again", async (t) => {
  const { stage, host } = await httpsStage(t);
  const { app } = await deployShop(stage);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  host.dropConnections();
  const sha = await app.commit({ "index.html": "2" });
  assert.equal((await stage.reconcileOne("shop")).to_sha, sha);
  assert.notEqual(sha, OLD);
});
