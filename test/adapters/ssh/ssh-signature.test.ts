import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import ssh2 from "ssh2";
import { formatCommit } from "../../../src/adapters/git/packs/commit-format.ts";
import { parseSshKey } from "../../../src/adapters/ssh/ssh-key.ts";
import { createSshSigner } from "../../../src/adapters/ssh/ssh-signature.ts";

const folder = mkdtempSync(join(tmpdir(), "signed-"));
after(() => rmSync(folder, { recursive: true }));
const withoutKeygen = spawnSync("ssh-keygen", ["-?"]).error ? "ssh-keygen is not installed (Debian: openssh-client)" : false;

const who = { name: "GitOps Operator", email: "operator@example" };
const keys: Readonly<Record<string, () => KeyObject>> = {
  ed25519: () => generateKeyPairSync("ed25519").privateKey,
  RSA: () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
  "ECDSA P-256": () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
  "ECDSA P-384": () => generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey,
  "ECDSA P-521": () => generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey,
};
/** Each tenth or so has a number with a leading zero, or with its first bit set: in some of them an mpint is shorter or longer. */
const TRIES = 6;

const secret = { namespace: "team", name: "signing" };

/** The key's text, as ssh2 reads it. */
function parsed(key: KeyObject) {
  return parseSshKey(key.export({ format: "pem", type: "pkcs8" }) as string, secret);
}

function git(at: string, ...args: string[]): { code: number | null; told: string } {
  const { status, stdout, stderr } = spawnSync("git", ["-C", at, ...args], { encoding: "utf8" });
  return { code: status, told: stdout + stderr };
}

for (const [name, make] of Object.entries(keys)) {
  test(`git finds the commits good that a key of the type ${name} has signed, and fsck has nothing to say`, {
    skip: withoutKeygen,
  }, async () => {
    const at = mkdtempSync(join(folder, "repository-"));
    execFileSync("git", ["init", "-q", at]);
    const tree = execFileSync("git", ["-C", at, "mktree"], { input: "", encoding: "utf8" }).trim();
    const key = parsed(make());
    const readable = ssh2.utils.parseKey(key.privateKey);
    assert.ok(!(readable instanceof Error));
    const allowed = join(at, "allowed");
    writeFileSync(allowed, `${who.email} ${readable.type} ${readable.getPublicSSH().toString("base64")}\n`);
    const root = execFileSync("git", ["-C", at, "-c", "user.name=a", "-c", "user.email=a@b", "commit-tree", tree], {
      input: "x",
      encoding: "utf8",
    });
    for (let count = 0; count < TRIES; count++) {
      const message = `signed ${count}\n\nEnd: of the message\n`;
      const bytes = await formatCommit({
        tree,
        parent: root.trim(),
        identity: who,
        message,
        signing: { sign: createSshSigner(key.privateKey, secret), committer: undefined },
      });
      const sha = execFileSync("git", ["-C", at, "hash-object", "-t", "commit", "-w", "--stdin"], {
        input: bytes,
        encoding: "utf8",
      }).trim();
      const verified = git(at, "-c", "gpg.format=ssh", "-c", `gpg.ssh.allowedSignersFile=${allowed}`, "verify-commit", "--raw", sha);
      assert.equal(verified.code, 0, verified.told);
      assert.match(verified.told, /Good "git" signature for operator@example/);
      assert.equal(git(at, "log", "-1", "--format=%B", sha).told.trimEnd(), message.trimEnd());
      assert.equal(git(at, "fsck", "--strict", sha).code, 0);
    }
  });
}

test("a commit that was changed after it was signed is not good, and neither is a signature for something else than git", {
  skip: withoutKeygen,
}, async () => {
  const key = parsed(generateKeyPairSync("ed25519").privateKey);
  const readable = ssh2.utils.parseKey(key.privateKey);
  assert.ok(!(readable instanceof Error));
  const allowed = join(folder, "allowed");
  writeFileSync(allowed, `a@b ${readable.type} ${readable.getPublicSSH().toString("base64")}\n`);
  const isGood = async (namespace: string, signed: string, read: string) => {
    const signature = join(folder, "signature");
    writeFileSync(signature, await createSshSigner(key.privateKey, secret)(Buffer.from(signed)));
    const args = ["-Y", "verify", "-f", allowed, "-I", "a@b", "-n", namespace, "-s", signature];
    return spawnSync("ssh-keygen", args, { input: read }).status === 0;
  };
  assert.equal(await isGood("git", "text", "text"), true);
  assert.equal(await isGood("git", "text", "texT"), false);
  assert.equal(await isGood("file", "text", "text"), false);
});

test("the committer may be another one than the author", async () => {
  const committer = { name: "Release Bot", email: "bot@example" };
  const parent = "1".repeat(40);
  const bytes = await formatCommit({
    tree: parent,
    parent,
    identity: who,
    message: "m\n",
    signing: { sign: async () => "signature", committer },
  });
  assert.match(
    bytes.toString(),
    /^author GitOps Operator <operator@example> \d+ \+0000\ncommitter Release Bot <bot@example> \d+ \+0000\ngpgsig signature\n\nm\n$/m,
  );
});
