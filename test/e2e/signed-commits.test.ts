import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import ssh2 from "ssh2";
import type { BareRepository } from "../../sandbox/bare-repository.ts";
import { git } from "../../sandbox/git-process.ts";
import { newSshKeyPair } from "../../sandbox/ssh-key-pair.ts";
import { deployShop, OLD, type Stage, startStage } from "./stage.ts";

const skip = spawnSync("ssh-keygen", ["-?"]).error ? "ssh-keygen is not installed (Debian: openssh-client)" : false;

/** What git says of a commit when the key is known as the address's. */
function verify(stage: Stage, directory: string, privateKey: string, address: string, commit: string) {
  const key = ssh2.utils.parseKey(privateKey);
  assert.ok(!(key instanceof Error));
  const allowed = `${stage.folder}/allowed`;
  writeFileSync(allowed, `${address} ${key.type} ${key.getPublicSSH().toString("base64")}\n`);
  const config = ["-c", "gpg.format=ssh", "-c", `gpg.ssh.allowedSignersFile=${allowed}`];
  const { status, stderr } = spawnSync("git", ["-C", directory, ...config, "verify-commit", commit], { encoding: "utf8" });
  return { isGood: status === 0, told: stderr };
}

const show = async ({ directory, branch }: BareRepository, format: string) =>
  String(await git(directory, ["log", "-1", `--format=${format}`, branch])).trim();

async function startSigned(t: TestContext, annotations: Record<string, string>, env: Record<string, string> = {}) {
  const stage = await startStage(t, { env });
  const deployed = await deployShop(stage, annotations);
  return { stage, ...deployed };
}

for (const type of ["ed25519", "rsa", "ecdsa"] as const) {
  test(`commits are signed with the ${type} key that the annotation names, and their committer is the Secret's`, { skip }, async (t) => {
    const { stage, manifests } = await startSigned(t, { signing_key_name: "signing", signing_key_namespace: "default" });
    const key =
      type === "ecdsa"
        ? (generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "sec1" }) as string)
        : newSshKeyPair(type).privateKey;
    stage.secret("default", "signing", { "ssh-privatekey": key, name: "Release Bot", email: "bot@example.com" });
    assert.equal((await stage.reconcileOne("shop")).action, "patched");
    const commit = (await manifests.tip()) ?? "";
    const { isGood, told } = verify(stage, manifests.directory, key, "bot@example.com", commit);
    assert.ok(isGood, told);
    assert.match(told, /Good "git" signature for bot@example.com/);
    assert.equal(
      await show(manifests, "%an <%ae>|%cn <%ce>"),
      "GitOps Operator <gitops-operator@noreply.local>|Release Bot <bot@example.com>",
    );
  });
}

test("a signing key that can't be read fails the Deployment: nothing is pushed unsigned, until it can be", { skip }, async (t) => {
  const { stage, manifests } = await startSigned(t, { signing_key_name: "signing", signing_key_namespace: "default" });
  const before = await manifests.tip();
  const failsWith = async (problem: RegExp) => {
    const { action, message, from_sha } = await stage.reconcileOne("shop");
    assert.equal(action, "failed");
    assert.match(message, problem);
    assert.equal(from_sha, OLD);
    assert.equal(await manifests.tip(), before);
  };
  await failsWith(/^Failed to get the signing key: Secret default\/signing does not exist/);
  stage.secret("default", "signing", { "ssh-privatekey": "no key" });
  await failsWith(/^Failed to get the signing key: the SSH key in Secret default\/signing, field ssh-privatekey, is no private key/);
  const { privateKey } = newSshKeyPair();
  stage.secret("default", "signing", { "ssh-privatekey": privateKey, name: "Bot" });
  await failsWith(
    /^Failed to get the signing key: Secret default\/signing for signing has one of the fields name and email; set both, or none/,
  );
  stage.secret("default", "signing", { "ssh-privatekey": privateKey, name: "Bot", email: "a>b" });
  await failsWith(/has a field email that is not one line without < and >; correct it/);
  stage.secret("default", "signing", { "ssh-privatekey": privateKey });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
});

test("SIGNING_SECRET_NAME signs for all, in strict scope too, where no annotation can name that Secret; words of the commit are the settings'", {
  skip,
}, async (t) => {
  const env = {
    ...{ SIGNING_SECRET_NAME: "operators-key", SECRET_REFS: "strict", IMAGE_CHECK: "off", CLUSTER_NAME: "eu-1", COMMIT_SIGN_OFF: "true" },
    COMMIT_SUBJECT: "chore(refs): {namespace}/{deployment} {from} → {sha7}",
  };
  const stage = await startStage(t, { env });
  const { privateKey } = newSshKeyPair();
  stage.secret("gitops-operator", "operators-key", { "ssh-privatekey": privateKey });
  const { manifests, app } = await deployShop(stage, { ssh_key_namespace: "default" });
  stage.secret("default", "ssh-key", { "ssh-privatekey": stage.key.privateKey });
  const { action, message } = await stage.reconcileOne("shop");
  assert.equal(action, "patched", message);
  const sha = (await app.tip()) ?? "";
  assert.ok(verify(stage, manifests.directory, privateKey, "gitops-operator@noreply.local", (await manifests.tip()) ?? "").isGood);
  const trailer = (name: string) => `%(trailers:key=${name},valueonly,separator=)`;
  const told = await show(manifests, `%s|${trailer("Gitops-Operator-Cluster")}|${trailer("Signed-off-by")}`);
  assert.equal(told, `chore(refs): default/shop ${OLD} → ${sha.slice(0, 7)}|eu-1|GitOps Operator <gitops-operator@noreply.local>`);
  await stage.deploy({
    name: "thief",
    annotations: { ssh_key_namespace: "default", manifest_ssh_key_name: "operators-key", manifest_ssh_key_namespace: "gitops-operator" },
  });
  const thief = await stage.reconcileOne("thief");
  assert.equal(thief.action, "failed");
  assert.match(thief.message, /Secret gitops-operator\/operators-key can't be used by/);
});
