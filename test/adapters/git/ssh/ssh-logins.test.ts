import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { newSshKeyPair } from "../../../../sandbox/ssh-key-pair.ts";
import { askFor } from "../../../../src/adapters/egress/asker.ts";
import { parseSshKey } from "../../../../src/adapters/git/ssh/ssh-key.ts";
import { createSshLogins } from "../../../../src/adapters/git/ssh/ssh-logins.ts";
import type { SshKey } from "../../../../src/core/ports.ts";
import { ReconcileError } from "../../../../src/errors.ts";
import { skipWithoutSshd, type startOpenSsh } from "../../../openssh.ts";
import { addKey, advertise, path, startSshWorld, until } from "./ssh-world.ts";

const skip = skipWithoutSshd();
const stranger = (name: string) => parseSshKey(newSshKeyPair().privateKey, { namespace: "greedy", name });

/** A real sshd, and how many logins it has refused. */
async function startWorld(t: TestContext, options: { deniedPauseMs?: number } = {}) {
  const world = await startSshWorld(t, "OpenSSH");
  const ssh = world.connections(options);
  const refused = () =>
    (world.host as Awaited<ReturnType<typeof startOpenSsh>>).log().split("Connection closed by authenticating user").length - 1;
  const ask = (namespace: string, key: SshKey) =>
    askFor(namespace, () => advertise(ssh, world.host.repository(path), key)).then(
      () => "in",
      (error: Error) => error.message,
    );
  return { world, refused, ask };
}

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
      said.filter((message) => /\(tried again in \d+ s, or at once with another key in the Secret\)$/.test(message)).length,
      pass === 0 ? 0 : 1,
    );
    await until(() => refused() > 0);
    assert.equal(refused(), 1);
  }
  assert.equal(await ask("other", await addKey(world.host)), "in");
});

test("a Secret with another key is tried at once, and a key that was let in is held up by no other", { skip }, async (t) => {
  const { world, refused, ask } = await startWorld(t);
  assert.equal(await ask("greedy", world.key), "in");
  assert.match(await ask("greedy", stranger("k")), /does not accept/);
  const pair = await world.host.newKey();
  assert.equal(await ask("greedy", parseSshKey(pair.privateKey, { namespace: "greedy", name: "k" })), "in");
  assert.equal(await ask("greedy", world.key), "in");
  assert.equal(refused(), 1);
});

test("after the pause a key that was never tried comes before one that was refused", { skip }, async (t) => {
  const { world, refused, ask } = await startWorld(t, { deniedPauseMs: 1_000 });
  const [bad, good] = [stranger("bad"), await addKey(world.host)];
  assert.match(await ask("greedy", bad), /does not accept/);
  assert.match(await ask("greedy", good), /has refused another login/);
  let last = "";
  for (let tries = 0; last !== "in" && tries < 100; tries++) {
    assert.match(await ask("greedy", bad), /does not accept|has refused another/);
    last = await ask("greedy", good);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(last, "in");
  assert.equal(refused(), 1);
});

test("keys that a namespace is let in with widen its way, one after the other, and a refused one narrows it", async () => {
  let clock = 0;
  const logins = createSshLogins({ now: () => clock });
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
  await Promise.all(Array.from({ length: 40 }, (_, index) => logins.run(login(index), open)));
  assert.equal(most, 6);
  await assert.rejects(
    logins.run(login(40), () => Promise.reject(new ReconcileError("git_denied", "no"))),
    { message: "no" },
  );
  clock = 60_001;
  most = 0;
  await Promise.all(Array.from({ length: 2 }, (_, index) => logins.run(login(50 + index), open)));
  assert.equal(most, 1);
  await assert.rejects(
    logins.run(login(60), () => Promise.reject(new ReconcileError("git_unreachable", "gone"))),
    { message: "gone" },
  );
  await logins.run(login(61), open);
});

test("a refused key is tried for no other user and by none who waited for the same try, and of its Secret only another key is", async () => {
  const logins = createSshLogins();
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
  await Promise.allSettled(["git", "git", "git", "deploy", "admin"].map((user) => logins.run(login(user), refuse)));
  await assert.rejects(logins.run(login("root"), refuse), /has refused another login of this namespace/);
  assert.equal(tries, 1);
  await logins.run(login("deploy", "mended"), async () => undefined);
});

test("a failed login of one among a thousand namespaces is still known after all others have logged in", async () => {
  const logins = createSshLogins();
  const login = (namespace: string, id: string) => ({
    host: "h:22",
    user: "git",
    namespace,
    key: { id, privateKey: "", secret: { namespace, name: id } },
  });
  const refuse = () => Promise.reject(new ReconcileError("git_denied", "no"));
  await assert.rejects(logins.run(login("greedy-with-a-long-name", "bad"), refuse), { message: "no" });
  for (let index = 0; index < 1_000; index++) await logins.run(login(`team-${index}`, `${index}`), async () => undefined);
  await assert.rejects(logins.run(login("greedy-with-a-long-name", "worse"), refuse), /has refused another login of this namespace/);
});
