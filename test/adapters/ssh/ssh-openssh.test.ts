import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { newSshKeyPair } from "../../../sandbox/ssh-key-pair.ts";
import { gitCommand } from "../../../src/adapters/ssh/ssh-connections.ts";
import { parseSshKey } from "../../../src/adapters/ssh/ssh-key.ts";
import { skipWithoutSshd } from "../../openssh.ts";
import { addKey, advertise, finish, known, path, secret, soon, startSshWorld, startTcpProxy, until } from "./ssh-world.ts";

const skip = skipWithoutSshd();

// F12
test("with MaxSessions 1 twenty commands at once are slower, not failed", { skip }, async (t) => {
  const { host, key, connections } = await startSshWorld(t, "OpenSSH", { maxSessions: 1 });
  const ssh = connections();
  const answers = await Promise.all(Array.from({ length: 20 }, () => advertise(ssh, host.repository(path), key)));
  assert.ok(answers.every(({ code, stdout }) => code === 0 && stdout.includes("refs/heads/main")));
  assert.ok(host.logins() <= 2);
});

test("with MaxSessions 1 a long command delays the others, and they go on when it is over", { skip }, async (t) => {
  const { host, key, connections } = await startSshWorld(t, "OpenSSH", { maxSessions: 1 });
  const ssh = connections({ spreadAfterMs: 10_000 });
  const long = await ssh.exec(host.repository(path), key, "cat", soon());
  const others = Promise.all([1, 2, 3, 4].map(() => advertise(ssh, host.repository(path), key)));
  await sleep(500);
  long.end();
  assert.ok((await others).every(({ code }) => code === 0));
  assert.equal(host.logins(), 1);
});

test("with MaxSessions 0 the failure says so", { skip }, async (t) => {
  const { host, key, connections } = await startSshWorld(t, "OpenSSH", { maxSessions: 0 });
  await assert.rejects(advertise(connections(), host.repository(path), key), { code: "git_unreachable", message: /MaxSessions/ });
});

// F12
test("with MaxStartups 2 twenty keys at once are slower, not failed", { skip }, async (t) => {
  const { host, connections } = await startSshWorld(t, "OpenSSH", { maxStartups: "2" });
  const ssh = connections({ retryMs: 150 });
  const keys = await Promise.all(Array.from({ length: 20 }, () => addKey(host)));
  const answers = await Promise.all(keys.map((key) => advertise(ssh, host.repository(path), key)));
  assert.ok(answers.every(({ code }) => code === 0));
  assert.equal(ssh.stats().connections, 20);
});

test("a hundred commands at once share one connection or two of sshd's", { skip }, async (t) => {
  const { host, key, connections } = await startSshWorld(t, "OpenSSH");
  const ssh = connections({ spreadAfterMs: 60_000 });
  const answers = await Promise.all(Array.from({ length: 100 }, () => advertise(ssh, host.repository(path), key)));
  assert.ok(answers.every(({ code }) => code === 0));
  assert.ok(host.logins() <= 2, `${host.logins()} logins`);
});

test("sshd lets ed25519, ecdsa and RSA keys in, and turns strange ones away", { skip }, async (t) => {
  const { host, connections } = await startSshWorld(t, "OpenSSH");
  const ssh = connections();
  for (const type of ["ed25519", "ecdsa", "rsa"] as const) {
    const key = parseSshKey((await host.newKey({}, type)).privateKey, secret);
    assert.equal((await advertise(ssh, host.repository(path), key)).code, 0);
    const strange = parseSshKey(newSshKeyPair(type).privateKey, secret);
    await assert.rejects(advertise(ssh, host.repository(path), strange), {
      code: "git_denied",
      message: /does not accept the SSH key SHA256:/,
    });
  }
});

test("input, output, words on stderr, exit status and signal arrive", { skip }, async (t) => {
  const { host, key, connections } = await startSshWorld(t, "OpenSSH");
  const ssh = connections();
  const run = (command: string) => ssh.exec(host.repository(path), key, command, soon());
  const cat = await run("cat; echo words >&2; exit 7");
  const input = Buffer.alloc(5_000_000, "0123456789");
  const writing = cat.write(input).then(() => cat.end());
  const { stdout, stderr, code } = await finish(cat);
  await writing;
  assert.deepEqual([stdout === input.toString(), stderr, code], [true, "words\n", 7]);
  assert.equal((await finish(await run("kill -9 $$"))).signal, "SIGKILL");
  const loud = await finish(await run("head -c 100000 /dev/zero | tr '\\0' x >&2; echo end >&2"));
  assert.equal(loud.stderr.length, 8192);
  assert.ok(loud.stderr.endsWith("xend\n"));
});

test("a slow reader holds the server back", { skip }, async (t) => {
  const { host, key, connections } = await startSshWorld(t, "OpenSSH");
  const proxy = await startTcpProxy(t, host.port);
  const ssh = connections({ knownHosts: () => known(host.knownHosts.replace(/:\d+/, `:${proxy.port}`)) });
  const channel = await ssh.exec({ ...host.repository(path), port: proxy.port }, key, "head -c 30000000 /dev/zero", soon());
  await until(() => proxy.bytesDown > 2_000_000);
  await sleep(300);
  assert.ok(proxy.bytesDown < 5_000_000, `${proxy.bytesDown} bytes came although nobody read`);
  let bytes = 0;
  for await (const chunk of channel.stdout) bytes += chunk.length;
  assert.deepEqual([bytes, (await channel.closed).code], [30_000_000, 0]);
});

test("a command with much output that nobody reads gives its place back when it is closed", { skip }, async (t) => {
  const { host, key, connections } = await startSshWorld(t, "OpenSSH");
  const ssh = connections({ spreadAfterMs: 10_000 });
  for (let i = 0; i < 8; i++) {
    const channel = await ssh.exec(host.repository(path), key, "head -c 30000000 /dev/zero", soon());
    // Long enough to pile up.
    if (i < 2) await sleep(100);
    if (i % 2 === 0) channel.close();
    else for await (const _ of channel.stdout) break;
  }
  await until(() => ssh.stats().channels === 0);
  assert.equal(host.logins(), 1);
});

// F2
test("any byte is life: output keeps a connection whose questions go unanswered, silence ends it", { skip }, async (t) => {
  const { host, key, connections } = await startSshWorld(t, "OpenSSH");
  const proxy = await startTcpProxy(t, host.port);
  const ssh = connections({ knownHosts: () => known(host.knownHosts.replace(/:\d+/, `:${proxy.port}`)), keepaliveMs: 400 });
  const channel = await ssh.exec({ ...host.repository(path), port: proxy.port }, key, "while sleep 0.03; do echo life; done", soon());
  let lines = 0;
  channel.stdout.on("data", () => {
    lines += 1;
  });
  await until(() => lines > 0);
  proxy.freeze("up");
  await sleep(2_000);
  assert.equal(ssh.stats().connections, 1);
  assert.ok(lines > 10);
  proxy.freeze("down");
  await assert.rejects(channel.closed, { code: "git_unreachable", message: /silent for 1.2 s/ });
});

test("a connection that only waits is not silent", { skip }, async (t) => {
  const { host, key, connections } = await startSshWorld(t, "OpenSSH");
  const ssh = connections({ keepaliveMs: 500 });
  await advertise(ssh, host.repository(path), key);
  const channel = await ssh.exec(host.repository(path), key, "cat", soon());
  await sleep(2_000);
  channel.end();
  assert.equal((await finish(channel)).code, 0);
  assert.equal(ssh.stats().opened, 1);
});

// S3
test("a path is one word for the remote shell, whatever is in it", { skip }, async (t) => {
  const { host, key, connections } = await startSshWorld(t, "OpenSSH");
  const odd = `it's "a" $(touch pwned) \`b\` !x; echo \\ &.git`;
  const { stderr, code } = await advertise(connections(), { ...host.repository(path), path: `/${odd}` }, key);
  assert.equal(code, 128);
  assert.ok(stderr.includes(`'${odd}' does not appear to be a git repository`), stderr);
});

// S3
test("a path that could be an option, or hides something, is refused before anything is sent", () => {
  for (const bad of ["", "-upload-pack=x", "a\nb", "a\0b", "a\u007fb"]) {
    assert.throws(() => gitCommand("git-upload-pack", bad), { code: "annotation_invalid" });
  }
});
