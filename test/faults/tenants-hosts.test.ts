/** Attacks by way of hosts, logins and connections, against an operator that has the Pod's memory: the neighbour is served, and `/health` answers (S16, S33). */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../sandbox/free-port.ts";
import { newSshKeyPair } from "../../sandbox/ssh-key-pair.ts";
import { manifestOf } from "../../sandbox/world.ts";
import type { OperatorProcess } from "../e2e/operator-process.ts";
import { eventually } from "../eventually.ts";
import { skipWithoutSshd, startOpenSsh } from "../openssh.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { deployEvil, evilManifests } from "./evil-deployments.ts";
import { startHostileHttps } from "./hostile-https.ts";
import { ask, endure, skipWithoutProgram, startNeighbourhood, usualHost } from "./neighbour.ts";
import { type Door, startDoor } from "./penalties.ts";
import { skipWithoutMounts, startSlowNames } from "./slow-names.ts";

const skip = skipWithoutProgram;

// S33
test("a registry that gives out a token of a megabyte for each of 250 images", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  const { world } = there;
  const server = await startHostileHttps(t, world.env, { token: "t".repeat(1_040_000) });
  const image = (i: number) => `${server.host}/team/app-${i}`;
  const files = Array.from({ length: 250 }, (_, i) => [`${i}.yaml`, manifestOf("evil", `${image(i)}:old`, "evil")]);
  await world.repository("evil/manifests.git", Object.fromEntries(files));
  world.secret("evil", "regcred", { ".dockerconfigjson": '{"auths":{}}' });
  const registry = { registry_secret_name: "regcred", registry_secret_namespace: "evil" };
  await endure(t, there, {
    begin: () => deployEvil(there, 250, (i) => ({ deployment_path: `${i}.yaml`, image_name: image(i), ...registry })),
  });
});

// S33
test("names that no nameserver tells anything about: the others' are found meanwhile", {
  skip: skip || skipWithoutMounts(),
}, async (t) => {
  const proxies: TcpProxy[] = [];
  const there = await startNeighbourhood(t, async (options) => {
    const host = await usualHost(options);
    const proxy = await startTcpProxy(t, host.port);
    proxies.push(proxy);
    const named = (text: string) => text.replaceAll("127.0.0.1", "git.good.test").replaceAll(`:${host.port}`, `:${proxy.port}`);
    return { ...host, url: (path) => named(host.url(path)), knownHosts: named(host.knownHosts) };
  });
  const names = await startSlowNames(t, there.world.folder);
  await evilManifests(there);
  await endure(t, there, {
    through: names.through,
    begin: () => deployEvil(there, 64, (i) => ({ app_repository: `https://x${i}.evil.test/app.git` })),
    async first(operator) {
      const before = names.silentQuestions;
      void ask(operator, "/reconcile?namespace=evil");
      await eventually(() => names.silentQuestions > before, "nobody asked for the silent names");
      // The neighbour's connection is not for ever: for a new one its name is looked up.
      for (const proxy of proxies) proxy.cutAll();
    },
  });
});

// S33
test("keys that the git host does not know: it never has to shut the operator out", {
  skip: skip || skipWithoutSshd(),
}, async (t) => {
  const doors: Door[] = [];
  const there = await startNeighbourhood(t, async (options) => {
    const host = await startOpenSsh(options);
    const door = await startDoor(t, host);
    doors.push(door);
    const through = (text: string) => text.replace(`:${host.port}`, `:${door.port}`);
    return { ...host, port: door.port, url: (path) => through(host.url(path)), knownHosts: through(host.knownHosts) };
  });
  const [door] = doors;
  assert.ok(door);
  await evilManifests(there);
  for (let i = 0; i < 12; i++) there.world.secret("evil", `key-${i}`, { "ssh-privatekey": newSshKeyPair().privateKey });
  await endure(t, there, {
    begin: () => deployEvil(there, 12, (i) => ({ ssh_key_name: `key-${i}` })),
    async first(operator) {
      for (let pass = 0; pass < 3; pass++) await ask(operator, "/reconcile?namespace=evil");
      // The neighbour's connection is not for ever: a new one has to be let in.
      door.endAll();
      t.diagnostic(`${door.failedLogins} failed logins so far, ${door.refused} connections refused for them`);
    },
  });
  assert.equal(door.refused, 0, `refused after ${door.failedLogins} failed logins`);
});

// S33
test("a tenant with 100 keys, at a host that takes ten strangers at a time", { skip: skip || skipWithoutSshd() }, async (t) => {
  const there = await startNeighbourhood(t, (options) => startOpenSsh({ ...options, maxStartups: "10" }));
  await evilManifests(there);
  for (let i = 0; i < 100; i++) {
    const { privateKey } = await there.world.gitHost.newKey();
    there.world.secret("evil", `key-${i}`, { "ssh-privatekey": privateKey });
  }
  await endure(t, there, { begin: () => deployEvil(there, 100, (i) => ({ ssh_key_name: `key-${i}` })) });
});

/** Opens connections from that address until `closed`, and each again as soon as it is hung up on. */
function holdConnections(t: TestContext, { url }: OperatorProcess, localAddress: string, count: number): () => void {
  let isOpen = true;
  const sockets = new Set<Socket>();
  const hold = () => {
    if (!isOpen) return;
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port), localAddress });
    sockets.add(socket);
    socket.on("connect", () => socket.write("GET /status HTTP/1.1\r\nHost: x\r\nX: "));
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      setTimeout(hold, 20).unref();
    });
  };
  for (let i = 0; i < count; i++) hold();
  const end = () => {
    isOpen = false;
    for (const socket of sockets) socket.destroy();
  };
  t.after(end);
  return end;
}

// S16
test("4,200 connections from one address, each held as long as it may be", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  let end = () => {};
  await endure(t, there, {
    probeFrom: "127.0.0.3",
    begin() {},
    async first(operator) {
      end();
      end = holdConnections(t, operator, "127.0.0.2", 4_200);
      await sleep(3_000);
    },
    turn: () => sleep(1_000),
    turns: 8,
  });
});

// S16
test("5,000 connections from 100 addresses: the kubelet has a port of its own", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  const healthPort = await freePort();
  const ends: (() => void)[] = [];
  await endure(t, there, {
    env: { HEALTH_PORT: String(healthPort) },
    healthPort,
    begin() {},
    async first(operator) {
      for (const end of ends.splice(0)) end();
      for (let i = 0; i < 100; i++) ends.push(holdConnections(t, operator, `127.0.1.${i + 1}`, 50));
      await sleep(3_000);
    },
    turn: () => sleep(1_000),
    turns: 8,
  });
});
