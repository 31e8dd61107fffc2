import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { createBareRepository } from "../../sandbox/bare-repository.ts";
import { type GitHostOptions, repositoryPath, startGitHost } from "../../sandbox/git-host.ts";
import { gitEnvironment } from "../../sandbox/git-process.ts";
import { newSshKeyPair, type SshKeyPair } from "../../sandbox/ssh-key-pair.ts";
import { skipWithoutSshd, startOpenSsh } from "../openssh.ts";

const run = promisify(execFile);
const noClient = !process.env.CI && spawnSync("ssh", ["-V"]).error ? "the ssh client is not installed" : false;

const kinds = [
  { kind: "the in-process host", start: startGitHost, skip: noClient },
  { kind: "OpenSSH", start: startOpenSsh, skip: noClient || skipWithoutSshd() },
];

async function startWorld(t: TestContext, start: typeof startGitHost, options: Partial<GitHostOptions> = {}) {
  const root = await mkdtemp(join(tmpdir(), "git-host-"));
  const app = await createBareRepository(join(root, "team/app.git"), { files: { "README.md": "hello\n" } });
  const other = await createBareRepository(join(root, "team/other.git"), { files: { "README.md": "other\n" } });
  const host = await start({ root, ...options });
  t.after(async () => {
    await host.close();
    await rm(root, { recursive: true });
  });
  /** The git command line with that key. */
  async function git(pair: SshKeyPair, ...args: string[]): Promise<string> {
    const keyFile = join(root, pair.fingerprint.replace(/\W/g, ""));
    await writeFile(keyFile, pair.privateKey, { mode: 0o600 });
    await writeFile(join(root, "known_hosts"), host.knownHosts);
    const ssh = `ssh -F none -i ${keyFile} -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes -o UserKnownHostsFile=${join(root, "known_hosts")}`;
    return (await run("git", args, { cwd: root, env: { ...gitEnvironment, GIT_SSH_COMMAND: ssh } })).stdout;
  }
  return { root, app, other, host, git };
}

for (const { kind, start, skip } of kinds) {
  test(`${kind} serves clones and pushes, and says what was asked of it`, { skip }, async (t) => {
    const { root, app, host, git } = await startWorld(t, start);
    const pair = await host.newKey();
    const url = host.url("team/app.git");
    assert.match(await git(pair, "ls-remote", url), new RegExp(`${await app.tip()}\trefs/heads/main`));
    await git(pair, "clone", "--quiet", url, "work");
    await git(pair, "-C", join(root, "work"), "commit", "--quiet", "--allow-empty", "--message", "Pushed");
    await git(pair, "-C", join(root, "work"), "push", "--quiet", "origin", "HEAD:main");
    assert.equal((await app.log())[0]?.subject, "Pushed");
    const execs = await host.execs();
    assert.deepEqual(
      execs.map(({ service, path, key, protocol, wantedObjects }) => [service, path, key, protocol, wantedObjects]),
      [
        ["git-upload-pack", "team/app.git", pair.fingerprint, "version=2", false],
        ["git-upload-pack", "team/app.git", pair.fingerprint, "version=2", true],
        ["git-receive-pack", "team/app.git", pair.fingerprint, undefined, false],
      ],
    );
    assert.equal(host.logins(), 3);
  });

  test(`${kind} without AcceptEnv speaks protocol 0, and sees a want there too`, { skip }, async (t) => {
    const { host, git } = await startWorld(t, start, { acceptEnv: false });
    await git(await host.newKey(), "clone", "--quiet", host.url("team/app.git"), "work");
    assert.deepEqual(
      (await host.execs()).map(({ protocol, wantedObjects }) => [protocol, wantedObjects]),
      [[undefined, true]],
    );
  });

  test(`${kind} lets a key do only what it may`, { skip }, async (t) => {
    const { root, app, host, git } = await startWorld(t, start);
    const reader = await host.newKey({ read: ["team/app.git"] });
    await git(reader, "clone", "--quiet", host.url("team/app.git"), "work");
    const before = await app.tip();
    await git(reader, "-C", join(root, "work"), "commit", "--quiet", "--allow-empty", "--message", "Pushed");
    const push = () => git(reader, "-C", join(root, "work"), "push", "--quiet", "origin", "HEAD:main");
    await assert.rejects(push(), /Repository not found/);
    assert.equal(await app.tip(), before);
    await assert.rejects(git(reader, "ls-remote", host.url("team/other.git")), /Repository not found/);
    await host.allow(reader.publicKey, { write: ["team/app.git"] });
    await push();
    assert.notEqual(await app.tip(), before);
    await assert.rejects(git(newSshKeyPair(), "ls-remote", host.url("team/app.git")), /Permission denied/);
  });

  test(`${kind} keeps its host key and serves nothing outside its root`, { skip }, async (t) => {
    const pair = newSshKeyPair();
    const { host, git } = await startWorld(t, start, { hostKey: pair.privateKey });
    assert.equal(host.knownHosts, `[127.0.0.1]:${host.port} ${pair.publicKey}\n`);
    await assert.rejects(git(await host.newKey(), "ls-remote", host.url("../team/app.git")));
    await assert.rejects(git(await host.newKey(), "ls-remote", host.url("none.git")), /does not appear to be a git repository/);
  });
}

test("a path that leaves the root is no repository", () => {
  const paths = ["/a/b.git", "a/b.git", "/a/../b.git", "", "/", "..", "../a", "/../a", "a/../../b", "-x"];
  assert.deepEqual(paths.map(repositoryPath), ["a/b.git", "a/b.git", "b.git", ...Array(7).fill(undefined)]);
});

test("a hundred new Ed25519 keys are all readable", () => {
  for (let i = 0; i < 100; i++) assert.match(newSshKeyPair().publicKey, /^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI\S{43}$/);
});
