import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { newSshKeyPair } from "../../../sandbox/ssh-key-pair.ts";
import { askFor } from "../../../src/adapters/egress/asker.ts";
import type { SshConnectionsOptions } from "../../../src/adapters/ssh/ssh-connections.ts";
import { parseSshKey } from "../../../src/adapters/ssh/ssh-key.ts";
import { createSshLogins } from "../../../src/adapters/ssh/ssh-logins.ts";
import type { SshKey } from "../../../src/core/git-ports.ts";
import { ReconcileError } from "../../../src/errors.ts";
import { usedBytes } from "../../held-memory.ts";
import { skipWithoutSshd, type startOpenSsh } from "../../openssh.ts";
import { addKey, advertise, path, startSshWorld, until } from "./ssh-world.ts";

const skip = skipWithoutSshd();
const stranger = (name: string) => parseSshKey(newSshKeyPair().privateKey, { namespace: "greedy", name });

/** A real sshd, and how many logins it has refused. */
async function startWorld(t: TestContext, options: Partial<SshConnectionsOptions> = {}) {
  const world = await startSshWorld(t, "OpenSSH");
  const host = world.host as Awaited<ReturnType<typeof startOpenSsh>>;
  const ssh = world.connections(options);
  const refused = () => host.log().split("Connection closed by authenticating user").length - 1;
  const ask = (namespace: string, key: SshKey) =>
    askFor(namespace, () => advertise(ssh, world.host.repository(path), key)).then(
      () => "in",
      (error: Error) => error.message,
    );
  return { world, host, ssh, refused, ask };
}

// S33
test("ten keys that a host does not know are one failed login, told to all with when they are tried, and other namespaces come in", {
  skip,
}, async (t) => {
  const { world, refused, ask } = await startWorld(t);
  const keys = Array.from({ length: 10 }, (_, index) => stranger(`k${index}`));
  for (let pass = 0; pass < 3; pass++) {
    const said = await Promise.all(keys.map((key) => ask("greedy", key)));
    assert.equal(said.filter((message) => /does not accept the SSH key SHA256/.test(message)).length, 1);
    assert.equal(
      said.filter((message) => /has refused another login of this namespace, .*; it is tried in \d+ s$/.test(message)).length,
      9,
    );
    assert.equal(
      said.filter((message) => /\(tried again in \d+ s, or at once with another one in the Secret\)$/.test(message)).length,
      pass === 0 ? 0 : 1,
    );
    await until(() => refused() > 0);
    assert.equal(refused(), 1);
  }
  assert.equal(await ask("other", await addKey(world.host)), "in");
});

// S33
test("a Secret with another key is tried at once, and a key that was let in is held up by no other", { skip }, async (t) => {
  const { world, refused, ask } = await startWorld(t);
  assert.equal(await ask("greedy", world.key), "in");
  assert.match(await ask("greedy", stranger("k")), /does not accept/);
  const pair = await world.host.newKey();
  assert.equal(await ask("greedy", parseSshKey(pair.privateKey, { namespace: "greedy", name: "k" })), "in");
  assert.equal(await ask("greedy", world.key), "in");
  assert.equal(refused(), 1);
});

// S33
test("of namespaces that share a key the one that has to wait for a failed login of its own keeps no other waiting", {
  skip,
}, async (t) => {
  const { world, refused, ask } = await startWorld(t);
  assert.match(await ask("greedy", stranger("k")), /does not accept/);
  const [greedy, ...others] = await Promise.all(["greedy", "other", "third"].map((namespace) => ask(namespace, world.key)));
  assert.match(greedy ?? "", /has refused another login of this namespace/);
  assert.deepEqual(others, ["in", "in"]);
  assert.equal(await ask("greedy", world.key), "in", "on the connection that is there");
  assert.equal(refused(), 1);
});

// S33
test("of the keys that a Secret gets one after the other three a minute are tried, and each is told when it is", { skip }, async (t) => {
  const { world, refused, ask } = await startWorld(t);
  const said: string[] = [];
  for (let index = 0; index < 6; index++) said.push(await ask("greedy", stranger("k")));
  for (const message of said.slice(0, 3)) assert.match(message, /does not accept the SSH key SHA256:\S+; register/);
  for (const message of said.slice(3)) {
    assert.match(
      message,
      /has refused 3 logins of this namespace within a minute, so key SHA256:\S+ was not tried: .*; it is tried in \d+ s$/,
    );
  }
  await until(() => refused() > 2);
  assert.equal(refused(), 3);
  assert.equal(await ask("other", world.key), "in");
});

// S33
test("after three failed logins within a minute a key that was let in before waits too: it may be the fourth", async (t) => {
  let clock = 0;
  t.mock.method(performance, "now", () => clock);
  const logIn = createSshLogins();
  const login = (id: string, name = "key") => ({
    host: "h:22",
    user: "git",
    namespace: "team",
    key: { id, privateKey: "", secret: { namespace: "team", name } },
  });
  const known = () => logIn(login("known", "other"), async () => "in");
  const refuse = () => Promise.reject(new ReconcileError("git_denied", "no"));
  await known();
  for (clock = 1; clock < 4; clock++) {
    assert.equal(await known(), "in");
    await assert.rejects(logIn(login(`${clock}`), refuse), { message: "no" });
  }
  await assert.rejects(known(), /has refused another login of this namespace/);
  clock = 60_002;
  assert.equal(await known(), "in");
});

test("a new key in a refused Secret is tried once the third failed login before it is a minute ago", async (t) => {
  let clock = 0;
  t.mock.method(performance, "now", () => clock);
  const logIn = createSshLogins();
  const login = (id: string) => ({
    host: "h:22",
    user: "git",
    namespace: "team",
    key: { id, privateKey: "", secret: { namespace: "team", name: "key" } },
  });
  const refuse = () => Promise.reject(new ReconcileError("git_denied", "no"));
  for (; clock < 60_000; clock += 20_000) await assert.rejects(logIn(login(`${clock}`), refuse), { message: "no" });
  clock -= 1_000;
  await assert.rejects(logIn(login("new"), refuse), /it is tried in 1 s$/);
  await assert.rejects(
    logIn(login("40000"), refuse),
    /^ReconcileError: no \(tried again in 41 s, or in 1 s with another one in the Secret, of which 3 a minute are tried\)$/,
  );
  clock += 1_000;
  await assert.rejects(logIn(login("new"), refuse), { message: "no" });
});

// S33
test("of 30 keys that were let in and that the host then forgets, three are refused at most, and after that one a pause", {
  skip,
}, async (t) => {
  const { host, ssh, refused, ask } = await startWorld(t, { idleMs: 1 });
  const addNamed = async (_: unknown, index: number) =>
    parseSshKey((await host.newKey()).privateKey, { namespace: "greedy", name: `k${index}` });
  const keys = await Promise.all(Array.from({ length: 30 }, addNamed));
  const pass = () => Promise.all(keys.map((key) => ask("greedy", key)));
  for (const said of await pass()) assert.equal(said, "in");
  await host.forgetKeys();
  await until(() => ssh.stats().connections === 0);
  for (let passes = 0; passes < 3; passes++) {
    for (const said of await pass()) assert.match(said, /does not accept the SSH key|has refused another login of this namespace/);
  }
  await until(() => refused() > 0);
  assert.ok(refused() <= 3, `${refused()} failed logins`);
});

// S33
test("when a key is refused that was let in before, the others of its namespace go one at a time, with the pause, until they are let in again", async (t) => {
  let clock = 0;
  t.mock.method(performance, "now", () => ++clock);
  const logIn = createSshLogins();
  const login = (namespace: string, index: number) => ({
    host: "h:22",
    user: "git",
    namespace,
    key: { id: `${namespace}${index}`, privateKey: "", secret: { namespace, name: `${index}` } },
  });
  const lost = new Set<number>();
  /** How many of 20 keys were refused, and how many let in. */
  async function pass(namespace = "team") {
    let refused = 0;
    const all = Array.from({ length: 20 }, (_, index) =>
      logIn(login(namespace, index), async () => {
        await new Promise((resolve) => setImmediate(resolve));
        if (!lost.has(index)) return;
        refused += 1;
        throw new ReconcileError("git_denied", "no");
      }),
    );
    const settled = await Promise.allSettled(all);
    return { refused, in: settled.filter(({ status }) => status === "fulfilled").length };
  }
  assert.deepEqual(await pass(), { refused: 0, in: 20 });
  assert.deepEqual(await pass("other"), { refused: 0, in: 20 });
  for (let index = 0; index < 10; index++) lost.add(index);
  assert.deepEqual(await pass(), { refused: 3, in: 0 });
  assert.deepEqual(await pass(), { refused: 0, in: 0 });
  const minutes: Awaited<ReturnType<typeof pass>>[] = [];
  while (minutes.length < 15) {
    clock += 60_000;
    minutes.push(await pass());
  }
  // Those that were put off come before those that were refused, and widen the way for them when they are let in: three at once, then one a minute.
  const told = JSON.stringify(minutes);
  assert.ok(
    minutes.slice(0, 7).every((minute) => minute.refused === 1 && minute.in === 0),
    told,
  );
  assert.deepEqual(minutes[7], { refused: 0, in: 10 }, told);
  assert.deepEqual(minutes[8], { refused: 3, in: 0 }, told);
  assert.ok(
    minutes.slice(9).every((minute) => minute.refused === 1 && minute.in === 10),
    told,
  );
  lost.clear();
  assert.deepEqual(await pass("other"), { refused: 0, in: 20 }, "nobody had refused that namespace a key");
});

// S33
test("after the pause a key that was never tried comes before one that was refused", { skip }, async (t) => {
  const { world, refused, ask } = await startWorld(t);
  const [bad, good] = [stranger("bad"), await addKey(world.host)];
  assert.match(await ask("greedy", bad), /does not accept/);
  assert.match(await ask("greedy", good), /has refused another login/);
  const now = performance.now.bind(performance);
  t.mock.method(performance, "now", () => now() + 60_000);
  assert.match(await ask("greedy", bad), /does not accept|has refused another/);
  assert.equal(await ask("greedy", good), "in");
  assert.equal(refused(), 1, "the refused one was not tried again");
});

test("keys that a namespace is let in with widen its way, one after the other, and a refused one narrows it", async (t) => {
  let clock = 0;
  t.mock.method(performance, "now", () => clock);
  const logIn = createSshLogins();
  let underWay = 0;
  let most = 0;
  const open = async () => {
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
  };
  const login = (index: number) => ({
    host: "h:22",
    user: "git",
    namespace: "team",
    key: { id: `${index}`, privateKey: "", secret: { namespace: "team", name: `${index}` } },
  });
  await Promise.all(Array.from({ length: 40 }, (_, index) => logIn(login(index), open)));
  assert.equal(most, 3);
  await assert.rejects(
    logIn(login(40), () => Promise.reject(new ReconcileError("git_denied", "no"))),
    { message: "no" },
  );
  clock = 60_001;
  most = 0;
  await Promise.all(Array.from({ length: 2 }, (_, index) => logIn(login(50 + index), open)));
  assert.equal(most, 1);
  await assert.rejects(
    logIn(login(60), () => Promise.reject(new ReconcileError("git_unreachable", "gone"))),
    { message: "gone" },
  );
  await logIn(login(61), open);
});

test("a refused key is tried for no other user and by none who waited for the same try, and of its Secret only another key is", async () => {
  const logIn = createSshLogins();
  const login = (user: string, id = "bad") => ({
    host: "h:22",
    user,
    namespace: "team",
    key: { id, privateKey: "", secret: { namespace: "team", name: "key" } },
  });
  let tries = 0;
  const refuse = async () => {
    tries += 1;
    await new Promise((resolve) => setImmediate(resolve));
    throw new ReconcileError("git_denied", "no");
  };
  await Promise.allSettled(["git", "git", "git", "deploy", "admin"].map((user) => logIn(login(user), refuse)));
  await assert.rejects(logIn(login("root"), refuse), /has refused another login of this namespace/);
  assert.equal(tries, 1);
  await logIn(login("deploy", "mended"), async () => undefined);
});

test("a failed login of one among a thousand namespaces is still known after all others have logged in", async () => {
  const logIn = createSshLogins();
  const login = (namespace: string, id: string) => ({
    host: "h:22",
    user: "git",
    namespace,
    key: { id, privateKey: "", secret: { namespace, name: id } },
  });
  const refuse = () => Promise.reject(new ReconcileError("git_denied", "no"));
  await assert.rejects(logIn(login("greedy-with-a-long-name", "bad"), refuse), { message: "no" });
  for (let index = 0; index < 1_000; index++) await logIn(login(`team-${index}`, `${index}`), async () => undefined);
  await assert.rejects(logIn(login("greedy-with-a-long-name", "worse"), refuse), /has refused another login of this namespace/);
});

// S33
test("a failed login is still known after its namespace has named ten thousand hosts that nobody knows", async () => {
  const logIn = createSshLogins();
  const login = (host: string, id: string) => ({
    ...{ host, user: "git", namespace: "greedy" },
    key: { id, privateKey: "", secret: { namespace: "greedy", name: id } },
  });
  const refuse = () => Promise.reject(new ReconcileError("git_denied", "no"));
  const unknown = () => Promise.reject(new ReconcileError("git_host_key", "unknown"));
  await assert.rejects(logIn(login("h:22", "bad"), refuse), { message: "no" });
  for (let index = 0; index < 10_000; index++) {
    await assert.rejects(logIn(login(`${index}.${"x".repeat(200)}:22`, "bad"), unknown), { message: "unknown" });
  }
  await assert.rejects(logIn(login("h:22", "worse"), refuse), /has refused another login of this namespace/);
});

// S33
test("what is known of refused keys is counted with all that a host has said of them", async () => {
  const logIn = createSshLogins();
  const login = (index: number) => {
    const namespace = `team-${index}`;
    return { host: "h:22", user: "git", namespace, key: { id: `${index}`, privateKey: "", secret: { namespace, name: "key" } } };
  };
  const before = await usedBytes();
  for (let index = 1_000; index < 2_000; index++) {
    const cause = new Error(Buffer.alloc(20_000, `${index} `).toString());
    const refused = new ReconcileError("git_denied", Buffer.alloc(20_000, `no ${index} `).toString(), { cause });
    await logIn(login(index), () => Promise.reject(refused)).catch(() => undefined);
  }
  const held = (await usedBytes()) - before;
  assert.ok(held < 6 * 2 ** 20, `${held} bytes`);
  await assert.rejects(
    logIn(login(1_999), async () => undefined),
    /^ReconcileError: no 1999 .* \(tried again in \d+ s, /,
  );
});
