import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import ssh2 from "ssh2";
import { freePort } from "../../../sandbox/free-port.ts";
import { resetSocket } from "../../../sandbox/reset-socket.ts";
import { newSshKeyPair } from "../../../sandbox/ssh-key-pair.ts";
import { createCheckedAddresses } from "../../../src/adapters/egress/checked-addresses.ts";
import { createNameLookups } from "../../../src/adapters/egress/name-lookups.ts";
import { createSshConnections, gitCommand, type SshConnectionsOptions } from "../../../src/adapters/ssh/ssh-connections.ts";
import { parseSshKey } from "../../../src/adapters/ssh/ssh-key.ts";
import { known, loopback, openLoopback, path, secret, soon, startSshWorld, until } from "./ssh-world.ts";

const command = gitCommand("git-upload-pack", path);
const key = parseSshKey(newSshKeyPair().privateKey, secret);
/** Whatever the host: these tests end before it shows a key. */
const knownHosts = () => known(`* ${newSshKeyPair().publicKey}`);

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
  const ssh = createSshConnections({ knownHosts, addressesOf: loopback, retryMs: 5, ...options });
  t.after(() => ssh.close());
  return ssh.exec({ transport: "ssh", user: "git", host: "127.0.0.1", path, ...at }, key, command, soon());
}

// F1
test("a port where nobody listens is unreachable, at once and by name", async (t) => {
  const { port } = await startTcpServer(t, () => {});
  const unused = await freePort();
  assert.notEqual(port, unused);
  await assert.rejects(execAt(t, { port: unused }), {
    code: "git_unreachable",
    message: `git host 127.0.0.1:${unused} refuses connections; check the port and that its SSH server runs`,
  });
});

// P6, F1
test("a server that accepts and says nothing is given up in time", async (t) => {
  const { port, accepted } = await startTcpServer(t, () => {});
  await assert.rejects(execAt(t, { port }, { readyTimeoutMs: 200 }), {
    code: "git_unreachable",
    message: new RegExp(`127.0.0.1:${port}.*not ready within 0.2 s`),
  });
  assert.equal(accepted(), 1);
});

for (const [what, greet] of Object.entries<(socket: Socket) => void>({
  "hangs up": (socket) => socket.end(),
  "says that it is full (sshd's MaxStartups)": (socket) => socket.end("Exceeded MaxStartups\r\n"),
  resets: (socket) => resetSocket(socket),
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
  const ssh = createSshConnections({ knownHosts, addressesOf: loopback, readyTimeoutMs: 2_000 });
  t.after(() => ssh.close());
  const fail = (count: number, name: string) =>
    Array.from({ length: count }, (_, index) =>
      assert.rejects(ssh.exec({ transport: "ssh", user: `${name}${index}`, host: "127.0.0.1", port, path }, key, command, soon())),
    );
  const first = fail(6, "first");
  await until(() => accepted() === 6);
  const second = fail(2, "second");
  await Promise.any(first);
  assert.equal(accepted(), 6);
  await Promise.all([...first, ...second]);
  assert.equal(accepted(), 8);
});

// P6, F49-F50
test("a name that does not resolve, or not in time, is unreachable by name", async (t) => {
  const fails = async () => Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" }));
  await assert.rejects(execAt(t, { host: "git.example.com", port: 22 }, { addressesOf: openLoopback(fails) }), {
    code: "git_unreachable",
    message: /cannot resolve git host git.example.com \(ENOTFOUND\)/,
  });
  const hangs = createNameLookups({ ask: () => new Promise<never>(() => {}), deadlineMs: 50 });
  await assert.rejects(execAt(t, { host: "git.example.com", port: 22 }, { addressesOf: openLoopback(hangs) }), {
    code: "git_unreachable",
    message: /^cannot resolve git host git.example.com: DNS gave no answer for its name and is asked again in \d+ s; check the name/,
  });
});

// S4
test("no refused address is connected to over SSH, however the name comes to it, and the reason says what opens it", async (t) => {
  const { port, accepted } = await startTcpServer(t, () => {});
  const answers = (...addresses: string[]) => openLoopback(async () => addresses.map((address) => ({ address, family: 4 })));
  const refusedAs = (what: string) => ({
    code: "repository_denied",
    message: new RegExp(`^git host .* is refused: .*${what}, to which the operator does not connect.*EGRESS_ALLOW_CIDRS`),
  });
  const addressesOf = answers("127.0.0.1", "169.254.169.254");
  await assert.rejects(execAt(t, { host: "git.example.com", port }, { addressesOf }), refusedAs("a link-local address"));
  await assert.rejects(execAt(t, { host: "169.254.169.254", port: 22 }), refusedAs("a link-local address"));
  await assert.rejects(execAt(t, { host: "[fe80::1]", port: 22 }), refusedAs("a link-local address"));
  await assert.rejects(execAt(t, { host: "100.100.100.200", port: 22 }), refusedAs("a cloud metadata address"));
  await assert.rejects(execAt(t, { host: "[fd00:ec2::23]", port: 22 }), refusedAs("a cloud metadata address"));
  // The system's resolver reads this as 169.254.169.254.
  await assert.rejects(execAt(t, { host: "2852039166", port: 22 }), refusedAs("a link-local address"));
  const closed = createCheckedAddresses({ allowCidrs: [] });
  for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"]) {
    await assert.rejects(execAt(t, { host, port }, { addressesOf: closed }), refusedAs("a loopback address"));
  }
  const api = createCheckedAddresses({
    allowCidrs: [],
    apiServerHost: "10.96.0.1",
    resolve: async () => [{ address: "10.96.0.1", family: 4 }],
  });
  await assert.rejects(
    execAt(t, { host: "kubernetes.default.svc", port: 443 }, { addressesOf: api }),
    refusedAs("the Kubernetes API server"),
  );
  assert.equal(accepted(), 0);
});

// S4
test("a git host whose name turns from an allowed address to loopback is connected to no more", async (t) => {
  const { port, accepted } = await startTcpServer(t, (socket) => socket.end());
  const answers = ["127.0.0.2", "127.0.0.1"];
  const resolve = async () => [{ address: answers.shift() ?? "", family: 4 }];
  const addressesOf = createCheckedAddresses({ allowCidrs: ["127.0.0.2"], resolve });
  const ssh = createSshConnections({ knownHosts, addressesOf, retryMs: 5 });
  t.after(() => ssh.close());
  const exec = () => ssh.exec({ transport: "ssh", user: "git", host: "rebinding.example", port, path }, key, command, soon());
  await assert.rejects(exec(), { code: "git_unreachable" });
  await assert.rejects(exec(), {
    code: "repository_denied",
    message: /rebinding\.example has the address 127\.0\.0\.1, which is a loopback address/,
  });
  assert.equal(accepted(), 0);
});

// S4
test("the address that was checked is the one that is connected to", async (t) => {
  const world = await startSshWorld(t, "in-process");
  const answers = ["127.0.0.1", "169.254.169.254"];
  const ssh = world.connections({
    knownHosts: () => known(world.host.knownHosts.replace("127.0.0.1", "git.example.com")),
    addressesOf: openLoopback(async () => [{ address: answers.shift() ?? "", family: 4 }]),
  });
  const channel = await ssh.exec({ ...world.host.repository(path), host: "git.example.com" }, world.key, command, soon());
  channel.close();
  assert.deepEqual(answers, ["169.254.169.254"]);
});

test("an address that does not answer gives way to the next one", async (t) => {
  const world = await startSshWorld(t, "in-process");
  const ssh = world.connections({
    knownHosts: () => known(world.host.knownHosts.replace("127.0.0.1", "git.example.com")),
    addressesOf: openLoopback(async () => [
      { address: "::1", family: 6 },
      { address: "127.0.0.1", family: 4 },
    ]),
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
  const ssh = createSshConnections({ knownHosts: () => known(`[127.0.0.1]:${port} ${pair.publicKey}`), addressesOf: loopback });
  t.after(() => ssh.close());
  const channel = await ssh.exec({ transport: "ssh", user: "git", host: "127.0.0.1", port, path }, key, command, soon());
  await assert.rejects(channel.closed, { code: "git_unreachable", message: /sends more than it was allowed to/ });
  await until(() => ssh.stats().connections === 0);
});
