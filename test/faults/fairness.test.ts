import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import ssh2 from "ssh2";
import type { BareRepository } from "../../sandbox/bare-repository.ts";
import { newSshKeyPair } from "../../sandbox/ssh-key-pair.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { OLD, type Stage, startStage } from "../e2e/stage.ts";
import { startSilentHost } from "../silent-host.ts";

/** Many Deployments without waiting for each: like a first one, but for namespace, name and repositories. */
function deployLike(
  stage: Stage,
  first: string,
  others: readonly { namespace: string; name: string; key: string; repository?: string }[],
): void {
  const object = stage.cluster.get("Deployment", "default", first);
  assert.ok(object);
  for (const { namespace, name, key, repository } of others) {
    const annotations = {
      ...(object.metadata.annotations as object),
      "gitops.operator.ssh_key_name": key,
      "gitops.operator.ssh_key_namespace": namespace,
      ...(repository === undefined ? {} : { "gitops.operator.app_repository": repository }),
    };
    stage.cluster.put({ ...object, metadata: { namespace, name, annotations } });
  }
}

/** Manifests of their own: on a shared branch the others' pushes would wait 2 s for the undecided. */
const elsewhere = (stage: Stage) => ({ manifest_repository: stage.gitHost.url("team/elsewhere.git") });

/** Namespaces `NAME-0` and on, of five Deployments with repositories of their own on that host. */
async function deploySlow(stage: Stage, name: string, tenants: number, port: number): Promise<void> {
  const repository = (of: string) => `ssh://git@127.0.0.1:${port}/${of}.git`;
  await stage.deploy({ name, annotations: { app_repository: repository(name), ...elsewhere(stage) } });
  for (let tenant = 0; tenant < tenants; tenant++) {
    const namespace = `${name}-${tenant}`;
    stage.secret(namespace, "key", { "ssh-privatekey": newSshKeyPair().privateKey });
    const others = Array.from({ length: 5 }, (_, i) => ({
      namespace,
      name: `${name}-${i}`,
      key: "key",
      repository: repository(`${name}-${i}`),
    }));
    deployLike(stage, name, others);
  }
}

/** 50 of one application, in those namespaces in turn; their manifests. */
async function deployHealthy(stage: Stage, namespaces: readonly string[]): Promise<BareRepository> {
  const names = Array.from({ length: 50 }, (_, i) => `app-${i}`);
  const files = Object.fromEntries(names.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `team/${name}:${OLD}`)]));
  const manifests = await stage.repository("team/manifests.git", files);
  await stage.repository("team/shop.git", { "index.html": "1" });
  const annotations = { app_repository: stage.gitHost.url("team/shop.git") };
  for (const [i, name] of names.entries())
    await stage.deploy({ name, namespace: namespaces[i % namespaces.length] as string, annotations });
  return manifests;
}

/** A call for each namespace: all is patched within 30 s. */
async function assertServed(t: TestContext, stage: Stage, namespaces: readonly string[], manifests: BareRepository): Promise<void> {
  const startedAt = performance.now();
  const entries = (await Promise.all(namespaces.map((namespace) => stage.reconcile(`?namespace=${namespace}`)))).flat();
  const ms = performance.now() - startedAt;
  t.diagnostic(`healthy after ${Math.round(ms)} ms`);
  assert.deepEqual(new Set(entries.map(({ status }) => status)), new Set(["success"]));
  assert.equal(entries.length, 50);
  assert.ok(ms < 30_000, `healthy after ${ms} ms`);
  assert.equal((await manifests.log()).length, 51);
}

/** Lets everybody in, starts every command, and then says nothing, or a byte of a long line now and then: alive on the wire, never done. */
async function startStallingHost(t: TestContext, stage: Stage, byteEveryMs?: number): Promise<{ port: number; commands: () => number }> {
  const hostKey = newSshKeyPair();
  let commands = 0;
  const trickles: NodeJS.Timeout[] = [];
  const server = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => context.accept());
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec) => {
        commands += 1;
        const channel = acceptExec();
        if (byteEveryMs === undefined) return;
        channel.write("ffff");
        trickles.push(setInterval(() => channel.writable && channel.write("x"), byteEveryMs));
      });
    });
  });
  const sockets = new Set<Socket>();
  const front = createServer((socket) => {
    sockets.add(socket);
    server.injectSocket(socket);
  }).listen(0, "127.0.0.1");
  await once(front, "listening");
  t.after(() => {
    front.close();
    for (const trickle of trickles) clearInterval(trickle);
    for (const socket of sockets) socket.destroy();
  });
  const { port } = front.address() as AddressInfo;
  await appendFile(stage.env.SSH_KNOWN_HOSTS as string, `[127.0.0.1]:${port} ${hostKey.publicKey}\n`);
  return { port, commands: () => commands };
}

// A silent host is given up after 1 s instead of 10; each of the 500 asked anew in 8 places would take more than 60 s.
// S17, F1
test("500 Deployments on a silent host: a few tries find it out, the pass ends, and a healthy tenant is served", async (t) => {
  const patience = { ssh: { readyTimeoutMs: 1_000 } };
  const stage = await startStage(t, { operator: { patience } });
  const silent = await startSilentHost(t, stage.env);
  const { port } = silent;
  await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  await stage.repository("team/shop.git", { "index.html": "1" });
  const deadRepository = (name: string) => `ssh://git@127.0.0.1:${port}/${name}.git`;
  await stage.deploy({ name: "dead", annotations: { app_repository: deadRepository("dead"), ...elsewhere(stage) } });
  for (let key = 0; key < 20; key++) stage.secret("dead", `key-${key}`, { "ssh-privatekey": newSshKeyPair().privateKey });
  const others = Array.from({ length: 499 }, (_, i) => ({
    ...{ namespace: "dead", name: `dead-${i}`, key: `key-${i % 20}` },
    repository: deadRepository(`dead-${i}`),
  }));
  deployLike(stage, "dead", others);
  await stage.deploy({ name: "shop", namespace: "zoo" });
  const startedAt = performance.now();
  const pass = stage.reconcile();
  const healthy = await stage.reconcileOne("shop", "zoo");
  const healthyMs = performance.now() - startedAt;
  const entries = await pass;
  const passMs = performance.now() - startedAt;
  assert.deepEqual([healthy.status, entries.length], ["success", 501]);
  const failed = entries.filter(({ action }) => action === "failed");
  assert.equal(failed.length, 500);
  assert.ok(failed.every(({ message }) => message.includes(`127.0.0.1:${port}`)));
  assert.ok(failed.filter(({ message }) => message.includes("did not answer a moment ago")).length > 400);
  t.diagnostic(`healthy after ${Math.round(healthyMs)} ms, the pass after ${Math.round(passMs)} ms`);
  assert.ok(silent.connections > 0 && silent.connections < 40, `${silent.connections} tries`);
  assert.ok(passMs < 20_000, `the pass took ${passMs} ms`);
});

// Without leases the 8 places would be free after 60 s, when the conversations end.
// S17, F2, F38-F41
test("8 tenants whose host answers the handshake and then stalls: 50 healthy Deployments are done in 30 s", async (t) => {
  const stage = await startStage(t);
  const host = await startStallingHost(t, stage);
  const manifests = await deployHealthy(stage, ["zoo"]);
  await deploySlow(stage, "stalled", 8, host.port);
  void stage.reconcile().catch(() => undefined);
  await t.waitFor(() => assert.ok(host.commands() >= 8, `${host.commands()} stalled`), { timeout: 60_000 });
  await assertServed(t, stage, ["zoo"], manifests);
});

// A place is held for 5 s; the conversations end after 60 s, the runs after 240.
// S17, F38-F41
test("40 namespaces whose host gives a byte a second have been there first: 50 healthy Deployments are done in 30 s", async (t) => {
  const stage = await startStage(t);
  const host = await startStallingHost(t, stage, 1_000);
  const namespaces = Array.from({ length: 10 }, (_, i) => `zoo-${i}`);
  const manifests = await deployHealthy(stage, namespaces);
  await deploySlow(stage, "slow", 40, host.port);
  for (let tenant = 0; tenant < 40; tenant++) void stage.reconcile(`?namespace=slow-${tenant}`).catch(() => undefined);
  await t.waitFor(() => assert.ok(host.commands() >= 32, `${host.commands()} slow`), { timeout: 60_000 });
  await assertServed(t, stage, namespaces, manifests);
});
