import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gitCommand, type SshConnections } from "../../../src/adapters/ssh/ssh-connections.ts";
import type { SshKey } from "../../../src/core/git-ports.ts";
import type { SshRepository } from "../../../src/core/types.ts";
import { addKey, advertise, finish, known, path, soon, startSshWorld, startTcpProxy, until } from "./ssh-world.ts";

const command = gitCommand("git-upload-pack", path);

/** git-upload-pack runs until it hears something. */
const wait = (connections: SshConnections, repository: SshRepository, key: SshKey, signal = soon().signal) =>
  connections.exec(repository, key, command, { signal });

test("a hundred commands at once share one connection or two", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const ssh = connections();
  const answers = await Promise.all(Array.from({ length: 100 }, () => advertise(ssh, host.repository(path), key)));
  assert.ok(answers.every(({ stdout, code }) => stdout.includes("refs/heads/main") && code === 0));
  assert.ok(host.logins() <= 2);
  assert.deepEqual(ssh.stats(), { connections: host.logins(), channels: 0, opened: host.logins() });
});

test("a connection carries four commands, and a second one is opened only for those who wait, never a third", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const ssh = connections({ spreadAfterMs: 50 });
  const running = Array.from({ length: 10 }, () => wait(ssh, host.repository(path), key));
  await Promise.all(running.slice(0, 4));
  assert.deepEqual(ssh.stats(), { connections: 1, channels: 4, opened: 1 });
  await Promise.all(running.slice(0, 8));
  await sleep(150);
  assert.deepEqual(ssh.stats(), { connections: 2, channels: 8, opened: 2 });
  for (const channel of await Promise.all(running.slice(0, 2))) channel.close();
  await Promise.all(running);
});

test("keys share no connection, users neither", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const other = await addKey(host);
  const ssh = connections();
  await advertise(ssh, host.repository(path), key);
  await advertise(ssh, host.repository(path), other);
  await advertise(ssh, { ...host.repository(path), user: "somebody" }, key);
  assert.equal(host.logins(), 3);
  assert.deepEqual(
    (await host.execs()).map((exec) => exec.key),
    [key.id, other.id, key.id],
  );
});

for (const acceptEnv of [true, false]) {
  test(`GIT_PROTOCOL is ${acceptEnv ? "heard by a server that accepts it" : "no failure where it is not accepted"}`, async (t) => {
    const { host, key, connections } = await startSshWorld(t, "in-process", { acceptEnv });
    const { stdout } = await advertise(connections(), host.repository(path), key, { GIT_PROTOCOL: "version=2" });
    assert.equal(stdout.includes("version 2"), acceptEnv);
  });
}

test("a missing repository is told by exit status and stderr", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const channel = await connections().exec(host.repository(path), key, gitCommand("git-upload-pack", "/none.git"), soon());
  const { code, stderr } = await finish(channel);
  assert.equal(code, 128);
  assert.match(stderr, /does not appear to be a git repository/);
});

test("a write to a command that is over says why it ended", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const channel = await connections().exec(host.repository(path), key, gitCommand("git-upload-pack", "/none.git"), soon());
  await channel.closed;
  await assert.rejects(channel.write("0000"), { code: "git_protocol", message: /exit status 128.*does not appear/ });
});

test("commands whose output nobody reads free their places", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const ssh = connections({ spreadAfterMs: 10_000 });
  for (let i = 0; i < 12; i++) {
    const channel = await wait(ssh, host.repository(path), key);
    channel.end();
    await channel.closed;
  }
  await until(() => ssh.stats().channels === 0);
});

test("aborting ends the wait, or the running command, and frees its place", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const ssh = connections({ spreadAfterMs: 10_000 });
  const first = new AbortController();
  const [running] = await Promise.all([
    wait(ssh, host.repository(path), key, first.signal),
    ...[1, 2, 3].map(() => wait(ssh, host.repository(path), key)),
  ]);
  const queued = new AbortController();
  const refused = wait(ssh, host.repository(path), key, queued.signal);
  queued.abort(new Error("enough"));
  await assert.rejects(refused, /enough/);
  const next = wait(ssh, host.repository(path), key);
  first.abort(new Error("deadline"));
  await assert.rejects(finish(running), /deadline/);
  await assert.rejects(running.closed, /deadline/);
  await next;
  assert.deepEqual(ssh.stats(), { connections: 1, channels: 4, opened: 1 });
  await assert.rejects(wait(ssh, host.repository(path), key, AbortSignal.abort(new Error("before"))), /before/);
});

test("leaving the output early closes the command", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const ssh = connections();
  const channel = await wait(ssh, host.repository(path), key);
  for await (const _ of channel.stdout) break;
  assert.equal((await channel.closed).code, undefined);
  await until(() => ssh.stats().channels === 0);
});

test("an unused connection is closed after a while", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const ssh = connections({ idleMs: 300 });
  await advertise(ssh, host.repository(path), key);
  await sleep(100);
  await advertise(ssh, host.repository(path), key);
  assert.deepEqual(ssh.stats(), { connections: 1, channels: 0, opened: 1 });
  await until(() => ssh.stats().connections === 0);
});

test("of too many unused connections the one that was unused longest is closed", async (t) => {
  const { host, connections } = await startSshWorld(t, "in-process");
  const ssh = connections({ maxIdle: 2 });
  const [a, b, c] = [await addKey(host), await addKey(host), await addKey(host)];
  for (const key of [a, b, a, c]) await advertise(ssh, host.repository(path), key);
  await until(() => ssh.stats().connections === 2);
  await advertise(ssh, host.repository(path), a);
  await advertise(ssh, host.repository(path), c);
  assert.equal(ssh.stats().opened, 3);
});

// S17
test("a namespace with more keys than connections are kept closes its own: another's is still there", async (t) => {
  const { host, connections } = await startSshWorld(t, "in-process");
  const ssh = connections({ maxIdle: 3 });
  const keyOf = async (namespace: string) => {
    const key = await addKey(host);
    return { ...key, secret: { ...key.secret, namespace } };
  };
  const good = await keyOf("good");
  const evil = await Promise.all(Array.from({ length: 6 }, () => keyOf("evil")));
  for (const key of [good, ...evil]) await advertise(ssh, host.repository(path), key);
  await until(() => ssh.stats().connections === 3);
  await advertise(ssh, host.repository(path), good);
  assert.equal(ssh.stats().opened, 7);
});

test("a kept connection that died unnoticed is replaced without a word", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const proxy = await startTcpProxy(t, host.port);
  const ssh = connections({ knownHosts: () => known(host.knownHosts.replace(/:\d+/, `:${proxy.port}`)), keepaliveMs: 60 });
  const repository = { ...host.repository(path), port: proxy.port };
  await advertise(ssh, repository, key);
  proxy.freeze("both");
  assert.equal((await advertise(ssh, repository, key)).code, 0);
  assert.equal(proxy.accepted, 2);
  assert.deepEqual(ssh.stats(), { connections: 1, channels: 0, opened: 2 });
});

test("a connection that breaks fails all its commands, and is forgotten", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const proxy = await startTcpProxy(t, host.port);
  const ssh = connections({ knownHosts: () => known(host.knownHosts.replace(/:\d+/, `:${proxy.port}`)) });
  const repository = { ...host.repository(path), port: proxy.port };
  const channels = await Promise.all([1, 2, 3].map(() => wait(ssh, repository, key)));
  proxy.cut();
  for (const channel of channels) {
    await assert.rejects(finish(channel), { code: "git_unreachable", message: new RegExp(`127.0.0.1:${proxy.port}`) });
    await assert.rejects(channel.closed, { code: "git_unreachable" });
    await assert.rejects(channel.write("0000"), { code: "git_unreachable" });
  }
  await until(() => ssh.stats().connections === 0);
  assert.equal((await advertise(ssh, repository, key)).code, 0);
});

test("closing ends what runs and what waits, and refuses what comes", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const ssh = connections({ spreadAfterMs: 10_000 });
  const channels = await Promise.all([1, 2, 3, 4].map(() => wait(ssh, host.repository(path), key)));
  const queued = wait(ssh, host.repository(path), key);
  const opening = wait(ssh, { ...host.repository(path), user: "somebody" }, key);
  const failures = Promise.all([queued, opening, ...channels.map(finish)].map((failing) => assert.rejects(failing, { code: "shutdown" })));
  await ssh.close();
  await failures;
  await assert.rejects(wait(ssh, host.repository(path), key), { code: "shutdown" });
  assert.deepEqual([ssh.stats().connections, ssh.stats().channels], [0, 0]);
});

test("a command that finds its connection just broken, before anything has told so, runs on a new one", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const sockets: Socket[] = [];
  const collect = (message: unknown) => void sockets.push((message as { socket: Socket }).socket);
  subscribe("net.client.socket", collect);
  t.after(() => unsubscribe("net.client.socket", collect));
  const ssh = connections();
  await advertise(ssh, host.repository(path), key);
  for (const socket of sockets) socket.destroy();
  assert.match((await advertise(ssh, host.repository(path), key)).stdout, /refs\/heads\/main/);
  assert.deepEqual(ssh.stats(), { connections: 1, channels: 0, opened: 2 });
});

// F12
test("a host that is slow to let go of a session that ended delays the next command on its connection, and does not fail it", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process", { refusesSession: (count) => count > 1 && count < 14 });
  const ssh = connections();
  await advertise(ssh, host.repository(path), key);
  assert.equal((await advertise(ssh, host.repository(path), key)).code, 0);
  assert.equal(host.logins(), 1);
});
