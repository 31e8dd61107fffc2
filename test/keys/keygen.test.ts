/** `gitops-operator keygen`, held against OpenSSH's ssh-keygen and kubectl. */
import assert from "node:assert/strict";
import { chmod, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createAuthorizer } from "../../sandbox/cluster-api/authorizer.ts";
import { startWorld } from "../../sandbox/world.ts";
import { parseSshKey } from "../../src/adapters/ssh/ssh-key.ts";
import { command } from "../check/command.ts";
import { skipWithoutKubectl } from "../kubectl.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { runTool, skipWithout } from "../tool.ts";
import { showsPrivateHalf } from "./seed-of.ts";

/** What ssh-keygen makes of the private half, without comment. */
async function publicHalfOf(file: string): Promise<string> {
  const { code, stdout, stderr } = await runTool("ssh-keygen", ["-y", "-f", file]);
  assert.equal(code, 0, stderr);
  return stdout.trim().split(" ").slice(0, 2).join(" ");
}

const withoutCluster = { KUBECONFIG: "/nowhere" };

// S11
test("keygen writes a key that OpenSSH reads into a file of the owner's alone, prints its public half, and no cluster is asked", {
  skip: skipWithout("ssh-keygen", "openssh-client"),
}, async (t) => {
  const file = join(await temporaryFolder(t), "ssh-key");
  const { code, lines } = await command(["keygen", "--file", file], "", withoutCluster);
  assert.equal(code, 0);
  const said = lines.join("\n");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const [line = ""] = said.split("\n");
  assert.equal(line, `${await publicHalfOf(file)} gitops-operator/gitops-operator/ssh-key`);
  assert.match(line, /^ssh-ed25519 /);
  const privateKey = await readFile(file, "utf8");
  assert.match(privateKey, /^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
  assert.ok(showsPrivateHalf(privateKey.split("\n").join(""), privateKey));
  assert.ok(!showsPrivateHalf(said, privateKey), "the private half is in the output");
  parseSshKey(privateKey, { namespace: "gitops-operator", name: "ssh-key" });
  for (const host of ["GitHub", "GitLab", "Gitea, Forgejo", "Bitbucket", "plain sshd"]) assert.ok(said.includes(`\n  ${host} `), host);
});

test("the printed line of kubectl makes the Secret with that key, whatever the file is called", {
  skip: skipWithoutKubectl,
}, async (t) => {
  const file = join(await temporaryFolder(t), "it's my key");
  const { lines } = await command(["keygen", "--name", "team-key", "-n", "gitops-operator", "--file", file], "", withoutCluster);
  const line = lines.join("\n").match(/^ {2}kubectl .*$/m)?.[0] ?? "";
  const made = await runTool("sh", ["-c", `${line.trim()} --dry-run=client -o json`]);
  assert.equal(made.code, 0, made.stderr);
  const { metadata, data } = JSON.parse(made.stdout) as { metadata: Record<string, unknown>; data: Record<string, string> };
  assert.deepEqual([metadata.name, metadata.namespace], ["team-key", "gitops-operator"]);
  assert.equal(Buffer.from(data["ssh-privatekey"] ?? "", "base64").toString(), await readFile(file, "utf8"));
});

test("what is there is not overwritten, and a link is not followed", async (t) => {
  const root = await temporaryFolder(t);
  const [there, elsewhere, link] = ["there", "elsewhere", "link"].map((name) => join(root, name));
  assert.ok(there && elsewhere && link);
  await writeFile(there, "mine");
  await symlink(elsewhere, link);
  for (const file of [there, link]) {
    const { code, lines, errors } = await command(["keygen", "--file", file]);
    assert.deepEqual([code, lines], [2, []]);
    assert.ok(errors.startsWith(`${file} exists, and was left as it is; give another --file\n`), errors);
  }
  assert.equal(await readFile(there, "utf8"), "mine");
  assert.deepEqual((await readdir(root)).sort(), ["link", "there"]);
  await chmod(root, 0o700);
  const nowhere = await command(["keygen", "--file", join(root, "no/folder/key")]);
  assert.deepEqual(nowhere.code, 2);
  assert.match(nowhere.errors, /can't be written \(ENOENT\)/);
});

test("with --apply the key is in the Secret and in no file; a Secret that exists is left as it is", {
  skip: skipWithout("ssh-keygen", "openssh-client"),
}, async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  const before = world.cluster.get("Secret", "gitops-operator", "ssh-key");
  const { code, lines } = await command(["keygen", "--name", "new-key", "--apply"], "", world.env);
  assert.equal(code, 0);
  const said = lines.join("\n");
  const secret = world.cluster.get("Secret", "gitops-operator", "new-key") as { type?: string; data?: Record<string, string> } | undefined;
  assert.deepEqual([secret?.type, Object.keys(secret?.data ?? {})], ["Opaque", ["ssh-privatekey"]]);
  const file = join(await temporaryFolder(t), "copy");
  await writeFile(file, Buffer.from(secret?.data?.["ssh-privatekey"] ?? "", "base64"), { mode: 0o600 });
  assert.ok(said.startsWith(`${await publicHalfOf(file)} gitops-operator/gitops-operator/new-key\n`), said);
  assert.match(said, /\nIts private half is in Secret gitops-operator\/new-key of http\S+, and nowhere else\.\n/);
  assert.doesNotMatch(said, /kubectl/);
  await assert.rejects(
    command(["keygen", "--apply"], "", world.env),
    /Secret gitops-operator\/ssh-key exists, and was left as it is; choose another --name, or delete it first/,
  );
  assert.deepEqual(world.cluster.get("Secret", "gitops-operator", "ssh-key"), before);
  assert.ok(!(await readdir(".")).includes("new-key"));
});

test("names that Kubernetes would refuse and options that contradict each other are told before a key is made", async () => {
  for (const [args, problem] of [
    [["--name", "My_Key"], /^--name is no name of a Secret/],
    [["-n", "a/b"], /^--namespace is no name of a namespace/],
    [["--apply", "--file", "x"], /^with --apply the key is put into the cluster and nowhere else/],
    [["--context", "prod"], /^--context names a cluster, which only --apply writes to/],
  ] as const) {
    const { code, lines, errors } = await command(["keygen", ...args], "", withoutCluster);
    assert.deepEqual([code, lines], [2, []]);
    assert.match(errors, problem);
  }
});

test("a cluster that does not let the Secret be created says so in its words, and no key is told", async (t) => {
  const account = { namespace: "team", name: "reader" };
  const world = await startWorld({ cluster: { authorizer: createAuthorizer([], account) } });
  t.after(() => world.close());
  await assert.rejects(
    command(["keygen", "-n", "team", "--apply"], "", world.env),
    /^ReconcileError: Secret team\/ssh-key could not be created: HTTP 403: secrets is forbidden: User "system:serviceaccount:team:reader" cannot create resource "secrets"/,
  );
  assert.equal(world.cluster.get("Secret", "team", "ssh-key"), undefined);
});
