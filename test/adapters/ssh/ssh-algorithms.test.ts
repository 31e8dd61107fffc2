import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import ssh2 from "ssh2";
import { createBareRepository } from "../../../sandbox/bare-repository.ts";
import { newSshKeyPair } from "../../../sandbox/ssh-key-pair.ts";
import { createSshConnections, gitCommand } from "../../../src/adapters/ssh/ssh-connections.ts";
import { parseSshKey } from "../../../src/adapters/ssh/ssh-key.ts";
import { skipWithoutSshd, startOpenSsh } from "../../openssh.ts";
import { addKey, advertise, known, loopback, path, secret, soon } from "./ssh-world.ts";

const skip = skipWithoutSshd();

/** What a real sshd with these lines in its configuration says, and logs, when its refs are asked for. */
async function askSshd(t: TestContext, config: readonly string[]) {
  const root = await mkdtemp(join(tmpdir(), "git-host-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  await createBareRepository(join(root, path), { files: { "README.md": "hello\n" } });
  const host = await startOpenSsh({ root, config: [...config, "LogLevel DEBUG1"] });
  t.after(() => host.close());
  const ssh = createSshConnections({ knownHosts: () => known(host.knownHosts), addressesOf: loopback, retryMs: 20 });
  t.after(() => ssh.close());
  const { code } = await advertise(ssh, host.repository(path), await addKey(host));
  assert.equal(code, 0);
  return host.log();
}

test("sshd is offered no compression and six MACs, the ones that cover the encrypted text first", { skip }, async (t) => {
  const log = await askSshd(t, ["Compression yes", "LogLevel DEBUG2"]);
  const offer = log.slice(log.indexOf("peer client KEXINIT proposal"));
  const offered = (what: string) => new RegExp(`: ${what}: (\\S*)`).exec(offer)?.[1];
  for (const way of ["ctos", "stoc"]) {
    assert.equal(offered(`compression ${way}`), "none");
    assert.equal(
      offered(`MACs ${way}`),
      "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1-etm@openssh.com,hmac-sha1",
    );
  }
});

test("a server that insists on compression is refused before any key is shown to it", async (t) => {
  for (const compress of ["zlib", "zlib@openssh.com"] as const) {
    const pair = newSshKeyPair();
    let logins = 0;
    const server = new ssh2.Server({ hostKeys: [pair.privateKey], algorithms: { compress: [compress] } }, (connection) => {
      connection.on("error", () => {});
      connection.on("authentication", (context) => {
        logins += 1;
        context.accept();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const knownHosts = () => known(`[127.0.0.1]:${port} ${pair.publicKey}`);
    const ssh = createSshConnections({ knownHosts, addressesOf: loopback, retryMs: 5 });
    t.after(() => ssh.close());
    const repository = { transport: "ssh", user: "git", host: "127.0.0.1", port, path } as const;
    const key = parseSshKey(newSshKeyPair().privateKey, secret);
    await assert.rejects(ssh.exec(repository, key, gitCommand("git-upload-pack", path), soon()), {
      code: "git_unreachable",
      message: /no matching .*compression/,
    });
    assert.equal(logins, 0);
  }
});

for (const mac of [
  "hmac-sha2-256-etm@openssh.com",
  "hmac-sha2-512-etm@openssh.com",
  // All that Azure DevOps has is these two.
  "hmac-sha2-256",
  "hmac-sha2-512",
  "hmac-sha1-etm@openssh.com",
  "hmac-sha1",
]) {
  test(`sshd that has no MAC but ${mac} is spoken to`, { skip }, async (t) => {
    assert.match(await askSshd(t, ["Ciphers aes128-ctr", `MACs ${mac}`]), new RegExp(`MAC: ${mac} `));
  });
}

test("sshd that has no MAC but broken or shortened ones is refused", { skip }, async (t) => {
  await assert.rejects(askSshd(t, ["Ciphers aes128-ctr", "MACs hmac-md5,hmac-md5-etm@openssh.com,hmac-sha1-96,hmac-md5-96"]), {
    code: "git_unreachable",
    message: /no matching .*MAC/,
  });
});

for (const exchange of ["curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group14-sha256", "diffie-hellman-group16-sha512"]) {
  test(`sshd that has no key exchange but ${exchange} is spoken to`, { skip }, async (t) => {
    assert.match(await askSshd(t, [`KexAlgorithms ${exchange}`]), new RegExp(`kex: algorithm: ${exchange} `));
  });
}

// S13, S32
test("a server that would choose the group of the key exchange itself is refused: the choice costs seconds in line", {
  skip,
}, async (t) => {
  await assert.rejects(askSshd(t, ["KexAlgorithms diffie-hellman-group-exchange-sha256"]), {
    code: "git_unreachable",
    message: /no matching .*key exchange/,
  });
});
