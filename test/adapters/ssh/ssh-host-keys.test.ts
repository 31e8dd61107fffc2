import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";
import { newSshKeyPair } from "../../../sandbox/ssh-key-pair.ts";
import { gitCommand } from "../../../src/adapters/ssh/ssh-connections.ts";
import { skipWithoutSshd } from "../../openssh.ts";
import { advertise, known, path, soon, startSshWorld, startTcpProxy } from "./ssh-world.ts";

const command = gitCommand("git-upload-pack", path);
const skip = skipWithoutSshd();
const literally = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

// S13
test("an unknown host is refused without a connection, naming the line that finds its key and the ignored ones", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const proxy = await startTcpProxy(t, host.port);
  const texts = {
    "": "",
    [`[127.0.0.1]:1 ${newSshKeyPair().publicKey}`]: "",
    [`# one\n[127.0.0.1]:${proxy.port} ssh-dss AAAA\n[*]:* ssh-rsa AAAA`]:
      "; ignored lines of this host: known_hosts:2: keys of type ssh-dss are not supported, known_hosts:3: the key is not of type ssh-rsa",
    [`[127.0.0.1]:${proxy.port} a\n`.repeat(7)]:
      `; ignored lines of this host: ${[1, 2, 3, 4, 5].map((line) => `known_hosts:${line}: expected: hosts, key type, key`).join(", ")} and 2 more`,
  };
  for (const [text, ignored] of Object.entries(texts)) {
    const ssh = connections({ knownHosts: () => known(text), addressesOf: async () => assert.fail("not even its name is looked up") });
    await assert.rejects(ssh.exec({ ...host.repository(path), port: proxy.port }, key, command, soon()), {
      code: "git_host_key",
      message:
        `the host key of 127.0.0.1:${proxy.port} is not known: no known_hosts line is for it, so it was not connected to; add the line that ` +
        `"ssh-keyscan -p ${proxy.port} 127.0.0.1" prints to a file named in SSH_KNOWN_HOSTS (in the cluster the key known_hosts of the ConfigMap known-hosts), once its fingerprint is the one that the host publishes${ignored}`,
    });
  }
  assert.equal(proxy.accepted, 0);
});

test("a line that is added later counts at the next try", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  let text = "";
  const ssh = connections({ knownHosts: () => known(text) });
  await assert.rejects(ssh.exec(host.repository(path), key, command, soon()), { code: "git_host_key" });
  text = host.knownHosts;
  (await ssh.exec(host.repository(path), key, command, soon())).close();
});

// S13, F10-F11
test("a changed host key is refused loudly, naming both", async (t) => {
  const [old, fresh] = [newSshKeyPair(), newSshKeyPair()];
  const { host, key, connections } = await startSshWorld(t, "in-process", { hostKey: fresh.privateKey });
  const ssh = connections({
    knownHosts: () => known(`[127.0.0.1]:${host.port} ${old.publicKey}\n[127.0.0.1]:${host.port} ${fresh.publicKey.slice(0, -4)}`),
  });
  await assert.rejects(ssh.exec(host.repository(path), key, command, soon()), {
    code: "git_host_key",
    message: new RegExp(
      `HAS CHANGED.*${literally(fresh.fingerprint)}, but known is ssh-ed25519 ${literally(old.fingerprint)} \\(known_hosts:1\\).*` +
        "ignored lines of this host: known_hosts:2: the key is damaged",
    ),
  });
});

// S13
test("a revoked host key is refused although it is known", async (t) => {
  const pair = newSshKeyPair();
  const { host, key, connections } = await startSshWorld(t, "in-process", { hostKey: pair.privateKey });
  const ssh = connections({ knownHosts: () => known(`${host.knownHosts}@revoked * ${pair.publicKey}`) });
  await assert.rejects(ssh.exec(host.repository(path), key, command, soon()), {
    code: "git_host_key",
    message: /IS REVOKED.*known_hosts:2 revokes/,
  });
});

// S13
test("a host that only a certificate authority vouches for is refused, saying so", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const ssh = connections({ knownHosts: () => known(`@cert-authority ${host.knownHosts}`) });
  await assert.rejects(ssh.exec(host.repository(path), key, command, soon()), {
    code: "git_host_key",
    message: /known_hosts:1 is a @cert-authority line, which is not supported, so it was not connected to/,
  });
});

test("a hashed line is as good as a plain one", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const salt = randomBytes(20);
  const hash = createHmac("sha1", salt).update(`[127.0.0.1]:${host.port}`).digest("base64");
  const ssh = connections({ knownHosts: () => known(host.knownHosts.replace(/^\S+/, `|1|${salt.toString("base64")}|${hash}`)) });
  (await ssh.exec(host.repository(path), key, command, soon())).close();
});

test("a server with keys of all types shows the one that is known", { skip }, async (t) => {
  const { host, key, connections } = await startSshWorld(t, "OpenSSH", { hostKeyTypes: ["ed25519", "ecdsa", "rsa"] });
  for (const type of ["ed25519", "ecdsa", "rsa"]) {
    const only = host.knownHosts.split("\n").filter((line) => line.includes(type));
    assert.equal(only.length, 1);
    const ssh = connections({ knownHosts: () => known(only.join("\n")) });
    assert.equal((await advertise(ssh, host.repository(path), key)).code, 0);
  }
});

test("a server that has none of the known types is refused, naming the key that it has", { skip }, async (t) => {
  const { host, key, connections } = await startSshWorld(t, "OpenSSH", { hostKeyTypes: ["rsa"] });
  const other = newSshKeyPair("ecdsa");
  const ssh = connections({ knownHosts: () => known(`[127.0.0.1]:${host.port} ${other.publicKey}`) });
  await assert.rejects(ssh.exec(host.repository(path), key, command, soon()), {
    code: "git_host_key",
    message: new RegExp(
      `HAS CHANGED: it shows ssh-rsa SHA256:.*known is ecdsa-sha2-nistp256 ${literally(other.fingerprint)}.*ssh-keyscan -t rsa `,
    ),
  });
});
