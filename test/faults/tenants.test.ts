/** Attacks by the owner of Deployments in one namespace, against an operator that has the Pod's memory: the neighbour is served, and `/health` answers (S10, S16, S17, S32, S33). */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../sandbox/free-port.ts";
import { newSshKeyPair } from "../../sandbox/ssh-key-pair.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { rawPack } from "../adapters/git/packs/pack-bytes.ts";
import type { OperatorProcess } from "../e2e/operator-process.ts";
import { eventually } from "../eventually.ts";
import { skipWithoutSshd, startOpenSsh } from "../openssh.ts";
import { startSilentHost } from "../silent-host.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { pktLine, startHostileHttps } from "./hostile-https.ts";
import { byteByByte, commitChain, commitText, hugeRsaKey, idOf } from "./hostile-objects.ts";
import { ask, EVIL_KEY, endure, type Neighbourhood, skipWithoutProgram, startNeighbourhood, usualHost } from "./neighbour.ts";
import { type Door, startDoor } from "./penalties.ts";
import { skipWithoutMounts, startSlowNames } from "./slow-names.ts";

const skip = skipWithoutProgram;

/** Hostile Deployments `NAME-0` and on, sound but for those annotations. */
function deployEvil(
  { world }: Neighbourhood,
  count: number,
  annotationsOf: (i: number) => Readonly<Record<string, string | null>>,
  name = "evil",
): void {
  for (let i = 0; i < count; i++) {
    const sound = {
      ...{ app_repository: world.gitHost.url("team/shop.git"), manifest_repository: world.gitHost.url("evil/manifests.git") },
      ...{ deployment_path: "evil.yaml", image_name: "team/evil", ...EVIL_KEY },
    };
    world.deploy({ namespace: "evil", name: `${name}-${i}`, annotations: { ...sound, ...annotationsOf(i) } });
  }
}

const evilManifests = ({ world }: Neighbourhood) =>
  world.repository("evil/manifests.git", { "evil.yaml": manifestOf("evil", "team/evil:old", "evil") });

// S10, S32
test("a commit whose author is a megabyte of <", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  const app = await there.world.repository("evil/app.git", { a: "b" });
  const people = (tree: string) => `tree ${tree}\nauthor x ${"<".repeat(1_000_000)}\ncommitter x <x> 1700000000 +0000\n\nm\n`;
  await commitText(app, people);
  await endure(t, there, { begin: () => deployEvil(there, 4, () => ({ app_repository: there.world.gitHost.url("evil/app.git") })) });
});

// S32
test("Secrets of slashes, of zeros and of lines that are alike", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  const { world } = there;
  const { host } = world.registry;
  const image = `${host}/team/evil`;
  await world.repository("evil/manifests.git", { "evil.yaml": manifestOf("evil", `${image}:old`, "evil") });
  const docker = (auths: object) => ({ ".dockerconfigjson": JSON.stringify({ auths }) });
  world.secret("evil", "slashes", docker({ [`${host}${"/".repeat(60_000)}x`]: { auth: "YTpi" } }));
  world.secret("evil", "zeros", docker({ [host]: { auth: Buffer.from(`u:${"\0".repeat(45_000)}x`).toString("base64") } }));
  const alike = Array.from({ length: 500 }, (_, i) => `${"A".repeat(110)}${String(i).padStart(3, "0")}`);
  world.secret("evil", "alike", { ...docker({ [host]: { username: "u", password: alike.join("\n") } }), "webhook-url": alike.join("\n") });
  await endure(t, there, {
    begin: () =>
      deployEvil(there, 12, (i) => ({
        ...{ image_name: image, registry_secret_name: ["slashes", "zeros", "alike"][i % 3] ?? "", registry_secret_namespace: "evil" },
        ...{ notifications_secret_name: "alike", notifications_secret_namespace: "evil" },
      })),
  });
});

// S10
test("listings of refs without an end, in as many conversations as a namespace may have", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  // One character beyond Latin-1: such a text takes twice the memory.
  const line = (i: number) => pktLine(`${"0".repeat(40)} refs/heads/${String(i).padStart(90, "x")}\u20ac\n`);
  const endlessRefs = Buffer.concat(Array.from({ length: 500 }, (_, i) => line(i)));
  const server = await startHostileHttps(t, there.world.env, { endlessRefs });
  const repository = (i: number) => `https://${server.host}/${i % 2 ? "v0" : "new"}/${i}.git`;
  await endure(t, there, { begin: () => deployEvil(there, 16, (i) => ({ app_repository: repository(i) })) });
});

// S10, S32
test("listings without an end in HTTP chunks of one byte", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  const endlessRefs = Buffer.concat([pktLine(`${"0".repeat(40)} refs/heads/${"x".repeat(60_000)}`)]);
  const server = await startHostileHttps(t, there.world.env, { refs: () => [pktLine("x")], endlessRefs, chunkBytes: 1 });
  const repository = (i: number) => `https://${server.host}/${i % 2 ? "v0" : "new"}/${i}.git`;
  await endure(t, there, { begin: () => deployEvil(there, 16, (i) => ({ app_repository: repository(i) })) });
});

const hugeCommit = Buffer.from(`tree ${"0".repeat(40)}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\n\u20ac${"m".repeat(1_040_000)}\n`);
const hugeCommitAnswers = {
  refs: (branch: string) => [pktLine(`${idOf("commit", hugeCommit)} refs/heads/${branch}\n`)],
  pack: rawPack([{ type: 1, content: hugeCommit }]),
};

// S10, S32
test("250 commits whose messages have a megabyte", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  const server = await startHostileHttps(t, there.world.env, hugeCommitAnswers);
  await endure(t, there, { begin: () => deployEvil(there, 250, (i) => ({ app_repository: `https://${server.host}/${i}.git` })) });
});

// S33
test("Deployments that name another branch before every pass, each with a commit of a megabyte", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  const server = await startHostileHttps(t, there.world.env, hugeCommitAnswers);
  let branch = 0;
  const move = () => deployEvil(there, 8, (i) => ({ app_repository: `https://${server.host}/${i}.git`, observe_branch: `b-${branch++}` }));
  await endure(t, there, {
    begin: move,
    turns: 80,
    async turn(operator) {
      move();
      await sleep(50);
      await ask(operator, "/reconcile?namespace=evil");
    },
  });
});

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

// P10, S17
test("200 Deployments of 1.4 MB without an annotation of ours, on one page of the API server's", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  const value = "x".repeat(1_400_000);
  const containers = [{ name: "a", image: "b", env: [{ name: "X", value }] }];
  await endure(t, there, {
    begin() {
      for (let i = 0; i < 200; i++) {
        there.world.cluster.put({
          kind: "Deployment",
          metadata: { namespace: "evil", name: `big-${i}` },
          spec: { replicas: 1, selector: {}, template: { metadata: {}, spec: { containers } } },
        });
      }
    },
  });
});

// P9, S17
test("ten Deployments that JSON makes nine megabytes of each: they are named, and followed by others", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  let length = 1_450_000;
  await endure(t, there, {
    begin() {
      for (let i = 0; i < 10; i++) {
        const containers = [{ name: "a", image: "b", env: [{ name: "X", value: "<".repeat(length++) }] }];
        there.world.cluster.put({
          kind: "Deployment",
          metadata: { namespace: "evil", name: `too-large-${i}`, annotations: { "gitops.operator.enabled": "true" } },
          spec: { replicas: 1, selector: {}, template: { metadata: {}, spec: { containers } } },
        });
      }
    },
    async turn(operator) {
      const isTold = async () => /^ {2}evil\/too-large-9\n {4}is larger than 8 MiB/m.test(await ask(operator, "/status"));
      await eventually(isTold, "it is never named");
    },
  });
});

// S17
test("2,000 Deployments with 240 KB of annotations of ours that nobody knows", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  const unknown = Object.fromEntries(Array.from({ length: 115 }, (_, i) => [`x${i}`, "y".repeat(2_090)]));
  await endure(t, there, { begin: () => deployEvil(there, 2_000, () => unknown) });
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

// S32
test("RSA keys of 65,536 bits", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  for (let i = 0; i < 4; i++) there.world.secret("evil", `key-${i}`, { "ssh-privatekey": hugeRsaKey(65_536) });
  await endure(t, there, { begin: () => deployEvil(there, 8, (i) => ({ ssh_key_name: `key-${i % 4}` })) });
});

// S10, S32
test("commits as deltas of half a million instructions each", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  const base = Buffer.from(`tree ${"0".repeat(40)}\nauthor a <a> 1 +0000\n\nm\n`);
  const deltas = Array.from({ length: 31 }, (_, i) => ({ type: 6, base: i + 1, content: byteByByte(base.length, 500_000) }));
  const pack = rawPack([{ type: 1, content: base }, ...deltas]);
  // What each delta makes: the base's first byte, half a million times.
  const last = Buffer.alloc(500_000, base.subarray(0, 1));
  const refs = (branch: string) => [pktLine(`${idOf("commit", last)} refs/heads/${branch}\n`)];
  const server = await startHostileHttps(t, there.world.env, { refs, pack });
  await endure(t, there, { begin: () => deployEvil(there, 32, (i) => ({ app_repository: `https://${server.host}/${i}.git` })), turns: 4 });
});

// S10, S32
test("a manifest at the end of a chain of 1,300 deltas that copy byte by byte", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  const manifests = await there.world.repository("evil/chain.git", { a: "b" }, "master");
  await commitChain(manifests, 1_300, 60_000, "z.yaml");
  const annotations = { manifest_repository: there.world.gitHost.url("evil/chain.git"), deployment_path: "z.yaml" };
  await endure(t, there, { begin: () => deployEvil(there, 8, () => annotations), turns: 4 });
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

// S16
test("2,000 Deployments with annotations as long as they may be, and callers of every page", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  const { world } = there;
  const long = "https://user:password@host/?a=b ".repeat(70).slice(0, 2_000);
  const names = ["app_repository", "manifest_repository", "deployment_path", "image_name", "observe_branch", "manifest_branch"];
  const others = ["registry_secret_url", "registry_secret_name", "notifications_secret_name", "github_token_secret_name"];
  const annotations = Object.fromEntries([...names, ...others].map((name) => [name, long]));
  // A run that waits holds its Secret: what is shown is searched for each of its lines.
  const silent = await startSilentHost(t, world.env);
  const alike = Array.from({ length: 500 }, (_, i) => `https://user:password@host/?a=b ${String(i).padStart(3, "0")}`).join("\n");
  world.secret("evil", "alike", { "ssh-privatekey": `${newSshKeyPair().privateKey}${alike}` });
  await endure(t, there, {
    begin() {
      deployEvil(there, 2_000, () => annotations);
      const waits = { app_repository: `ssh://git@127.0.0.1:${silent.port}/app.git`, ssh_key_name: "alike" };
      deployEvil(there, 1, () => waits, "waits");
    },
    async turn(operator) {
      void ask(operator, "/reconcile?namespace=evil");
      await Promise.all(["/debug", "/status", "/metrics"].map((path) => ask(operator, path)));
      await ask(operator, "/status", { accept: "text/html" });
    },
    turns: 4,
  });
});
