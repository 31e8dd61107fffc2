import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { askFor, currentAsker } from "../../../src/adapters/egress/asker.ts";
import { NameNotAsked } from "../../../src/adapters/egress/network-error.ts";
import { gitCommand, type SshConnections } from "../../../src/adapters/ssh/ssh-connections.ts";
import { startTcpProxy } from "../../tcp-proxy.ts";
import { addKey, known, loopback, path, type SshWorld, soon, startSshWorld, until } from "./ssh-world.ts";

const command = gitCommand("git-upload-pack", path);
const READY_MS = 1_000;

/** A way to the host that can be silent, and connections that know it. */
async function startSilent(t: TestContext) {
  const world = await startSshWorld(t, "in-process");
  const proxy = await startTcpProxy(t, world.host.port);
  const repository = { ...world.host.repository(path), port: proxy.port };
  const knownHosts = () => known(world.host.knownHosts.replace(/:\d+/, `:${proxy.port}`));
  return { world, proxy, repository, ssh: world.connections({ knownHosts, readyTimeoutMs: READY_MS }) };
}

async function newKeys({ host }: SshWorld, count: number) {
  return Promise.all(Array.from({ length: count }, () => addKey(host)));
}

async function messageOf(failing: Promise<unknown>): Promise<string> {
  return failing.then(
    () => "",
    (error: Error) => error.message,
  );
}

test("500 questions of one pass to a silent host with 20 keys: six tries, the rest is told at once", async (t) => {
  const { world, proxy, repository, ssh } = await startSilent(t);
  proxy.onServerData = () => "hold";
  const keys = await newKeys(world, 20);
  const notBefore = performance.now();
  const ask = (index: number) => messageOf(ssh.exec(repository, keys[index % 20] as (typeof keys)[0], command, { ...soon(), notBefore }));
  const messages = await Promise.all(Array.from({ length: 500 }, (_, index) => ask(index)));
  assert.equal(proxy.connections, 6);
  assert.match(messages[0] ?? "", /^the connection to git host \S+ failed: not ready within 1 s; check its SSH server$/);
  assert.match(
    messages[499] ?? "",
    /^git host 127.0.0.1:\d+ did not answer a moment ago, so this pass does not ask it again, the next one does: /,
  );
  assert.match(await ask(7), /a moment ago/, "a straggler of the same pass");
  assert.equal(proxy.connections, 6);
});

test("a question asked after the try began gets a try of its own, on a shared connection too", async (t) => {
  const { world, proxy, repository, ssh } = await startSilent(t);
  proxy.onServerData = () => (proxy.connections === 1 ? "hold" : "pass");
  const first = messageOf(ssh.exec(repository, world.key, command, soon()));
  await until(() => proxy.connections === 1);
  const channel = ssh.exec(repository, world.key, command, soon());
  // Its own try fails, unless the other's connection was there before.
  assert.match(await first, /^$|not ready/);
  (await channel).close();
  assert.equal(proxy.connections, 2);
  assert.equal(ssh.stats().opened, 1);
});

test("a host that answers again is asked by the next pass, and closes the breaker for the old questions too", async (t) => {
  const { world, proxy, repository, ssh } = await startSilent(t);
  const [one, other] = await newKeys(world, 2);
  assert.ok(one && other);
  proxy.onServerData = () => "hold";
  const before = performance.now();
  await messageOf(ssh.exec(repository, one, command, { ...soon(), notBefore: before }));
  proxy.onServerData = undefined;
  assert.match(await messageOf(ssh.exec(repository, other, command, { ...soon(), notBefore: before })), /a moment ago/);
  (await ssh.exec(repository, one, command, soon())).close();
  (await ssh.exec(repository, other, command, { ...soon(), notBefore: before })).close();
});

test("a kept connection goes on while another key is told that the host does not answer", async (t) => {
  const { world, proxy, repository, ssh } = await startSilent(t);
  const other = await addKey(world.host);
  (await ssh.exec(repository, world.key, command, soon())).close();
  let held = false;
  proxy.onServerData = (chunk) => {
    held ||= chunk.toString("latin1").startsWith("SSH-2.0");
    return chunk.toString("latin1").startsWith("SSH-2.0") ? "hold" : "pass";
  };
  const notBefore = performance.now();
  await messageOf(ssh.exec(repository, other, command, { ...soon(), notBefore }));
  assert.ok(held);
  (await ssh.exec(repository, world.key, command, { ...soon(), notBefore })).close();
});

test("a refused key or an unknown host key says nothing about the host: other keys are served", async (t) => {
  const { world, repository, ssh } = await startSilent(t);
  const notBefore = performance.now();
  const stranger = await addKey((await startSshWorld(t, "in-process")).host);
  const ask = (connections: SshConnections, key = world.key) => connections.exec(repository, key, command, { ...soon(), notBefore });
  await assert.rejects(ask(ssh, stranger), { code: "git_denied" });
  (await ask(ssh)).close();
  let hosts = known("");
  const wary = world.connections({ knownHosts: () => hosts });
  await assert.rejects(ask(wary), { code: "git_host_key" });
  hosts = known(world.host.knownHosts.replace(/:\d+/, `:${repository.port}`));
  (await ask(wary)).close();
});

// S33
test("a host whose name one namespace could not ask for is asked for another, with a key of its own or the same", async (t) => {
  const world = await startSshWorld(t, "in-process");
  const ssh = world.connections({
    addressesOf: (host) => (currentAsker() === "greedy" ? Promise.reject(new NameNotAsked("DNS was not asked", "greedy")) : loopback(host)),
  });
  const [one, other] = await newKeys(world, 2);
  assert.ok(one && other);
  const notBefore = performance.now();
  const ask = (namespace: string, key: typeof one) =>
    askFor(namespace, () => ssh.exec(world.host.repository(path), key, command, { ...soon(), notBefore }));
  const greedy = messageOf(ask("greedy", one));
  const channels = await Promise.all([ask("other", one), ask("other", other)]);
  assert.match(await greedy, /DNS was not asked/);
  for (const channel of channels) channel.close();
});

// S33
test("look-ups of a host's name that DNS leaves open hold no place of the logins there", async (t) => {
  const world = await startSshWorld(t, "in-process");
  const silence = Promise.withResolvers<never>();
  t.after(() => silence.reject(new Error("the test is over")));
  let asked = 0;
  const addressesOf: typeof loopback = async (host) => {
    if (currentAsker() === "other") return loopback(host);
    asked += 1;
    return silence.promise;
  };
  const ssh = world.connections({ addressesOf });
  const keys = await newKeys(world, 20);
  const ask = (namespace: string, key = world.key) => askFor(namespace, () => ssh.exec(world.host.repository(path), key, command, soon()));
  const failing = Promise.allSettled(keys.map((key, index) => ask(`greedy-${index}`, key)));
  await until(() => asked > 5);
  (await ask("other")).close();
  silence.reject(new Error("enough"));
  await failing;
});
