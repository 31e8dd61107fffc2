import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { createSelfSignedCertificate } from "../../sandbox/cluster-api/self-signed-certificate.ts";
import { compileCache } from "../../sandbox/compile-cache.ts";
import { startGitHost } from "../../sandbox/git-host.ts";
import { gitEnvironment } from "../../sandbox/git-process.ts";
import { newSshKeyPair } from "../../sandbox/ssh-key-pair.ts";
import { skipWithoutSshd, startOpenSsh } from "../openssh.ts";
import { deployShop, door, sshAlone, startStage } from "./stage.ts";

for (const protocol of ["http", "https", "h2"] as const) {
  test(`the API server over ${protocol}: the whole job, Secrets over a kept connection`, async (t) => {
    const stage = await startStage(t, { cluster: { protocol, token: "a-token" } });
    const { app } = await deployShop(stage);
    assert.equal((await stage.reconcileOne("shop")).to_sha, await app.tip());
    const { connectionCount, openWatchCount } = stage.cluster;
    // HTTP/1.1 needs one for each watch, and one for each of the lists with which they began at once.
    assert.ok(connectionCount <= (protocol === "h2" ? 3 : 2 * openWatchCount), `${connectionCount} connections, ${openWatchCount} watches`);
    for (let pass = 0; pass < 6; pass++) await stage.reconcile();
    assert.ok(stage.cluster.connectionCount <= connectionCount, `${stage.cluster.connectionCount} connections, then ${connectionCount}`);
    const versions = new Set(stage.cluster.requests.map(({ httpVersion }) => httpVersion));
    assert.deepEqual([...versions], [protocol === "h2" ? "2.0" : "1.1"]);
  });
}

test("the forms of a repository's URL all lead to the same repository", async (t) => {
  const stage = await startStage(t);
  const { app } = await deployShop(stage);
  const sha = await app.tip();
  const { user, port, knownHosts } = stage.gitHost;
  await writeFile(stage.env.SSH_KNOWN_HOSTS as string, knownHosts + knownHosts.replaceAll("127.0.0.1", "localhost"));
  const url = stage.gitHost.url("team/shop.git");
  // Which host is GitHub's is said by its name.
  const named = door === "app" ? [] : [url.replace("127.0.0.1", "LocalHost")];
  for (const form of [url, ...named, `${url}/`, url.replace(".git", "")]) {
    await stage.deploy({ name: "shop", annotations: { app_repository: form } });
    const entry = await stage.reconcileOne("shop");
    assert.equal(entry.to_sha, sha, `${form}: ${entry.message}`);
  }
  assert.match(url, new RegExp(`^(ssh://${user}@|https://)127\\.0\\.0\\.1:${port}/`));
});

for (const [name, make] of Object.entries({
  "ed25519, OpenSSH": () => newSshKeyPair("ed25519"),
  "ecdsa, PEM": () => newSshKeyPair("ecdsa"),
  "rsa, PEM (rsa-sha2)": () => newSshKeyPair("rsa"),
  "ed25519 with CRLF, trailing spaces and no final newline": () => {
    const pair = newSshKeyPair("ed25519");
    return { ...pair, privateKey: pair.privateKey.trimEnd().replaceAll("\n", " \r\n") };
  },
})) {
  test(`a key: ${name}`, {
    skip: sshAlone("what a Secret over https may hold is in test/adapters/git/git-credential.test.ts"),
  }, async (t) => {
    const stage = await startStage(t);
    const pair = make();
    await stage.gitHost.allow(pair.publicKey);
    stage.secret("default", "own", { "ssh-privatekey": pair.privateKey });
    const { app } = await deployShop(stage, { ssh_key_name: "own", ssh_key_namespace: "default" });
    const entry = await stage.reconcileOne("shop");
    assert.deepEqual([entry.action, entry.to_sha], ["patched", await app.tip()], entry.message);
  });
}

test("a key of its own for the manifests: the application's key can read, only the other can write", async (t) => {
  const stage = await startStage(t);
  const reader = await stage.gitHost.newKey({ read: ["team/shop.git"] });
  const writer = await stage.gitHost.newKey({ write: ["team/manifests.git"] });
  stage.secret("default", "reader", { "ssh-privatekey": reader.privateKey });
  stage.secret("default", "writer", { "ssh-privatekey": writer.privateKey });
  const { app } = await deployShop(stage, {
    ssh_key_name: "reader",
    ssh_key_namespace: "default",
    manifest_ssh_key_name: "writer",
    manifest_ssh_key_namespace: "default",
  });
  const entry = await stage.reconcileOne("shop");
  assert.deepEqual([entry.action, entry.to_sha], ["patched", await app.tip()], entry.message);
});

test("a key that may only read: the push is refused, in words that say what to allow", async (t) => {
  const stage = await startStage(t);
  const reader = await stage.gitHost.newKey({ read: ["team/shop.git", "team/manifests.git"] });
  stage.secret("default", "reader", { "ssh-privatekey": reader.privateKey });
  const { manifests } = await deployShop(stage, { ssh_key_name: "reader", ssh_key_namespace: "default" });
  const entry = await stage.reconcileOne("shop");
  assert.equal(entry.action, "failed");
  assert.match(
    entry.message,
    /^Failed to commit changes for shop \(version [0-9a-f]{40}\): .*(write access|give it the right to write|contents: write)/,
  );
  assert.equal((await manifests.log()).length, 1);
});

test("a server without protocol v2 serves as well", async (t) => {
  const start = skipWithoutSshd() ? startGitHost : startOpenSsh;
  const stage = await startStage(t, { startHost: (options) => start({ ...options, acceptEnv: false }) });
  const { app, manifests } = await deployShop(stage);
  assert.equal((await stage.reconcileOne("shop")).to_sha, await app.tip());
  const sha = await app.commit({ "index.html": "2" });
  await manifests.commit({ other: "1" });
  assert.equal((await stage.reconcileOne("shop")).to_sha, sha);
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
});

test("a public application repository over https, protocol v2 and v0, in a process that trusts the server's certificate", async (t) => {
  const stage = await startStage(t);
  const { app } = await deployShop(stage);
  const { certPem, keyPem } = createSelfSignedCertificate();
  const ca = join(stage.folder, "ca.pem");
  await writeFile(ca, certPem);
  let protocol: string | undefined;
  const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    const { pathname, search } = new URL(request.url ?? "", "https://localhost");
    const env = {
      ...gitEnvironment,
      GIT_PROJECT_ROOT: join(stage.folder, "git"),
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method ?? "GET",
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      ...(protocol === "v0" ? {} : { GIT_PROTOCOL: String(request.headers["git-protocol"] ?? "") }),
    };
    const backend = spawn("git", ["http-backend"], { env });
    request.pipe(backend.stdin);
    const chunks: Buffer[] = [];
    backend.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    backend.on("close", () => {
      const output = Buffer.concat(chunks);
      const end = output.indexOf("\r\n\r\n");
      for (const line of output.toString("latin1", 0, end).split("\r\n")) {
        const [field = "", value = ""] = line.split(": ");
        if (field === "Status") response.statusCode = Number.parseInt(value, 10);
        else response.setHeader(field, value);
      }
      response.end(output.subarray(end + 4));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  const base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const script = `
    const { createGit } = await import(${JSON.stringify(new URL("../../src/adapters/git/git.ts", import.meta.url).href)});
    const { createWorkshop } = await import(${JSON.stringify(new URL("../../src/workshop/workshop.ts", import.meta.url).href)});
    const { Agent } = await import("undici");
    const git = createGit({ connections: {}, dispatcher: new Agent(), workshop: createWorkshop(), workDir: ${JSON.stringify(join(stage.folder, "w"))}, maxRepositoryBytes: 1e6, identity: { name: "a", email: "b" } });
    const [host, port] = new URL(process.argv[1]).host.split(":");
    const repository = { transport: "https", host, port: Number(port), path: "/team/shop.git" };
    const { tip } = await git.commits({ repository, branch: "master", key: undefined, namespace: "shop" }, 0);
    console.log(tip.sha, tip.author.name);
    await git.commits({ repository: { ...repository, path: "/team/none.git" }, branch: "master", key: undefined, namespace: "shop" }, 0).catch((error) => console.log(error.code, error.message));
  `;
  for (protocol of ["v2", "v0"]) {
    const env = { PATH: process.env.PATH, ...compileCache, NODE_EXTRA_CA_CERTS: ca };
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script, base], { env });
    const [first, second] = stdout.split("\n");
    assert.equal(first, `${await app.tip()} Sandbox`);
    assert.match(second ?? "", /^git_repository_missing .*not a public repository \(HTTP 404\)/);
  }
});
