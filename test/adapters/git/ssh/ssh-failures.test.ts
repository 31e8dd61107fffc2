import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import ssh2 from "ssh2";
import { newSshKeyPair } from "../../../../sandbox/ssh-key-pair.ts";
import { isLinkLocal } from "../../../../src/adapters/egress/address-rules.ts";
import { createSshConnections, gitCommand, type SshConnectionsOptions } from "../../../../src/adapters/git/ssh/ssh-connections.ts";
import { parseSshKey } from "../../../../src/adapters/git/ssh/ssh-key.ts";
import { known, path, secret, soon, startSshWorld, until } from "./ssh-world.ts";

const command = gitCommand("git-upload-pack", path);
const key = parseSshKey(newSshKeyPair().privateKey, secret);
const knownHosts = () => known("");

/** A server of bytes that says what it is told to. */
async function startTcpServer(t: TestContext, greet: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    greet(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, accepted: () => sockets.length };
}

function execAt(t: TestContext, at: { host?: string; port: number }, options: Partial<SshConnectionsOptions> = {}) {
  const ssh = createSshConnections({ knownHosts, retryMs: 5, ...options });
  t.after(() => ssh.close());
  return ssh.exec({ transport: "ssh", user: "git", host: "127.0.0.1", path, ...at }, key, command, soon());
}

test("a port where nobody listens is unreachable, at once and by name", async (t) => {
  const { port } = await startTcpServer(t, () => {});
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const unused = (free.address() as AddressInfo).port;
  free.close();
  assert.notEqual(port, unused);
  await assert.rejects(execAt(t, { port: unused }), {
    code: "git_unreachable",
    message: `git host 127.0.0.1:${unused} refuses connections; check the port and that its SSH server runs`,
  });
});

test("a server that accepts and says nothing is given up in time", async (t) => {
  const { port, accepted } = await startTcpServer(t, () => {});
  const start = performance.now();
  await assert.rejects(execAt(t, { port }, { readyTimeoutMs: 200 }), {
    code: "git_unreachable",
    message: new RegExp(`127.0.0.1:${port}.*not ready within 0.2 s`),
  });
  assert.ok(performance.now() - start < 2_000);
  assert.equal(accepted(), 1);
});

for (const [what, greet] of Object.entries<(socket: Socket) => void>({
  "hangs up": (socket) => socket.end(),
  "says that it is full (sshd's MaxStartups)": (socket) => socket.end("Exceeded MaxStartups\r\n"),
  resets: (socket) => socket.resetAndDestroy(),
  "hangs up after its banner": (socket) => socket.end("SSH-2.0-Test\r\n"),
})) {
  test(`a server that ${what} is tried four times`, async (t) => {
    const { port, accepted } = await startTcpServer(t, greet);
    await assert.rejects(execAt(t, { port }), { code: "git_unreachable", message: /hung up during the handshake; it may be throttling/ });
    assert.equal(accepted(), 4);
  });
}

test("at most six logins per host are under way at once", async (t) => {
  const { port, accepted } = await startTcpServer(t, () => {});
  const ssh = createSshConnections({ knownHosts, readyTimeoutMs: 300 });
  t.after(() => ssh.close());
  const users = Array.from({ length: 8 }, (_, index) => `user${index}`);
  const failing = users.map((user) =>
    assert.rejects(ssh.exec({ transport: "ssh", user, host: "127.0.0.1", port, path }, key, command, soon())),
  );
  await Promise.any(failing);
  assert.equal(accepted(), 6);
  await Promise.all(failing);
  assert.equal(accepted(), 8);
});

test("a name that does not resolve, or not in time, is unreachable by name", async (t) => {
  const fails = async () => Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" }));
  await assert.rejects(execAt(t, { host: "git.example.com", port: 22 }, { resolve: fails }), {
    code: "git_unreachable",
    message: /cannot resolve git host git.example.com \(ENOTFOUND\)/,
  });
  const hangs = () => new Promise<never>(() => {});
  await assert.rejects(execAt(t, { host: "git.example.com", port: 22 }, { resolve: hangs, dnsTimeoutMs: 50 }), {
    code: "git_unreachable",
    message: /no answer within 0.05 s/,
  });
});

for (const [address, isRefused] of [
  ["169.254.169.254", true],
  ["169.253.255.255", false],
  ["fe80::1", true],
  ["fe80::1%eth0", true],
  ["febf::1", true],
  ["fec0::1", false],
  ["::ffff:169.254.169.254", true],
  ["::ffff:a9fe:a9fe", true],
  ["::169.254.169.254", true],
  ["64:ff9b::169.254.169.254", true],
  ["64:ff9b::8.8.8.8", false],
  ["2002:a9fe:a9fe::1", true],
  ["10.0.0.1", false],
  ["::1", false],
] as const) {
  test(`${address} is ${isRefused ? "" : "not "}link-local`, () => assert.equal(isLinkLocal(address), isRefused));
}

test("no link-local address is connected to, however the name comes to it", async (t) => {
  const { port, accepted } = await startTcpServer(t, () => {});
  const resolve = async () => ["127.0.0.1", "169.254.169.254"].map((address) => ({ address, family: 4 }));
  const refused = { code: "git_unreachable", message: /link-local address/ };
  await assert.rejects(execAt(t, { host: "git.example.com", port }, { resolve }), refused);
  await assert.rejects(execAt(t, { host: "169.254.169.254", port: 22 }), refused);
  await assert.rejects(execAt(t, { host: "[fe80::1]", port: 22 }), refused);
  // The system's resolver reads this as 169.254.169.254.
  await assert.rejects(execAt(t, { host: "2852039166", port: 22 }), refused);
  assert.equal(accepted(), 0);
});

test("the address that was checked is the one that is connected to", async (t) => {
  const world = await startSshWorld(t, "in-process");
  const answers = ["127.0.0.1", "169.254.169.254"];
  const ssh = world.connections({
    knownHosts: () => known(world.host.knownHosts.replace("127.0.0.1", "git.example.com")),
    resolve: async () => [{ address: answers.shift() ?? "", family: 4 }],
  });
  const channel = await ssh.exec({ ...world.host.repository(path), host: "git.example.com" }, world.key, command, soon());
  channel.close();
  assert.deepEqual(answers, ["169.254.169.254"]);
});

test("an address that does not answer gives way to the next one", async (t) => {
  const world = await startSshWorld(t, "in-process");
  const ssh = world.connections({
    knownHosts: () => known(world.host.knownHosts.replace("127.0.0.1", "git.example.com")),
    resolve: async () => [
      { address: "::1", family: 6 },
      { address: "127.0.0.1", family: 4 },
    ],
  });
  const channel = await ssh.exec({ ...world.host.repository(path), host: "git.example.com" }, world.key, command, soon());
  channel.close();
});

test("a key that the host does not know is denied, naming user, host and key, and is not tried again", async (t) => {
  const world = await startSshWorld(t, "in-process");
  const failing = world.connections().exec(world.host.repository(path), key, command, soon());
  await assert.rejects(failing, {
    code: "git_denied",
    message: new RegExp(`git@127.0.0.1:${world.host.port} does not accept the SSH key ${key.id.replaceAll("+", "\\+")}`),
  });
});

test("a server that sends more than it was allowed to is cut off", async (t) => {
  const pair = newSshKeyPair();
  const server = new ssh2.Server({ hostKeys: [pair.privateKey] }, (connection) => {
    let isOpen = true;
    connection.on("error", () => {});
    connection.on("close", () => {
      isOpen = false;
    });
    connection.on("authentication", (context) => context.accept());
    connection.on("session", (accept) => {
      accept().on("exec", (acceptExec) => {
        const channel = acceptExec();
        Object.assign(channel, { outgoing: { ...(channel as unknown as { outgoing: object }).outgoing, window: Number.MAX_SAFE_INTEGER } });
        channel.on("error", () => {});
        // Odd, because ssh2 notices when the window is exactly used up.
        const chunk = Buffer.alloc(1_000_003);
        const flood = () => isOpen && channel.write(chunk, () => setImmediate(flood));
        flood();
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const ssh = createSshConnections({ knownHosts: () => known(`[127.0.0.1]:${port} ${pair.publicKey}`) });
  t.after(() => ssh.close());
  const channel = await ssh.exec({ transport: "ssh", user: "git", host: "127.0.0.1", port, path }, key, command, soon());
  await assert.rejects(channel.closed, { code: "git_unreachable", message: /sends more than it was allowed to/ });
  await until(() => ssh.stats().connections === 0);
});
