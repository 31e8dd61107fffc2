import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { createBareRepository } from "../../sandbox/bare-repository.ts";
import { startGitHost } from "../../sandbox/git-host.ts";
import { gitEnvironment } from "../../sandbox/git-process.ts";
import { type GitProfile, gitProfiles } from "../../sandbox/git-profiles.ts";
import { DELIM, FLUSH, pkt } from "../../src/adapters/git/wire/pkt-line.ts";

const run = promisify(execFile);
const skip = !process.env.CI && spawnSync("ssh", ["-V"]).error ? "the ssh client is not installed" : false;

async function startHost(t: TestContext, profile: GitProfile, acceptEnv = true) {
  const root = await mkdtemp(join(tmpdir(), "picky-git-"));
  const app = await createBareRepository(join(root, "app.git"), { files: { a: "1" } });
  const refusals: string[] = [];
  const host = await startGitHost({ root, profile, acceptEnv, onRefusal: (problem) => refusals.push(problem) });
  t.after(async () => {
    await host.close();
    await rm(root, { recursive: true });
  });
  const { privateKey } = await host.newKey();
  await writeFile(join(root, "key"), privateKey, { mode: 0o600 });
  await writeFile(join(root, "known_hosts"), host.knownHosts);
  const options = ["IdentitiesOnly=yes", "IdentityAgent=none", "BatchMode=yes", "SendEnv=GIT_PROTOCOL"];
  const ssh = [
    "-F",
    "none",
    "-i",
    join(root, "key"),
    ...[...options, `UserKnownHostsFile=${join(root, "known_hosts")}`].map((o) => `-o${o}`),
  ];
  const git = async (...args: string[]) =>
    run("git", args, { cwd: root, env: { ...gitEnvironment, GIT_SSH_COMMAND: ["ssh", ...ssh].join(" ") } });
  /** Says those bytes to the service. */
  async function say(service: string, protocol: string, bytes: string): Promise<{ said: string; words: string }> {
    const to = [...ssh, "-p", String(host.port), `${host.user}@${host.host}`, `${service} 'app.git'`];
    const child = spawn("ssh", to, { env: { ...gitEnvironment, GIT_PROTOCOL: protocol } });
    const [said, words] = [[] as Buffer[], [] as Buffer[]];
    child.stdout.on("data", (chunk) => said.push(chunk));
    child.stderr.on("data", (chunk) => words.push(chunk));
    child.stdin.on("error", () => {});
    child.stdin.end(bytes);
    await once(child, "close");
    return { said: Buffer.concat(said).toString("latin1"), words: Buffer.concat(words).toString() };
  }
  return { root, app, host, refusals, git, say };
}

for (const [name, profile] of Object.entries<GitProfile>(gitProfiles)) {
  for (const acceptEnv of [false, true]) {
    test(`git's own client clones, pulls and pushes as if nothing were odd: ${name}, protocol ${acceptEnv ? 2 : 0} asked for`, {
      skip,
    }, async (t) => {
      const { root, app, host, refusals, git } = await startHost(t, profile, acceptEnv);
      await git("clone", "--quiet", "--depth=1", host.url("app.git"), "work");
      const commit = ["-C", join(root, "work"), "commit", "--quiet", "--allow-empty", "--message", "Pushed"];
      await app.commit({ a: "2" });
      await git("-C", join(root, "work"), "pull", "--quiet");
      await git(...commit);
      await git("-C", join(root, "work"), "push", "--quiet");
      assert.equal((await app.log())[0]?.subject, "Pushed");
      assert.deepEqual(refusals, []);
    });
  }
}

const SHA = "1".repeat(40);
const v2 = (...lines: string[]) => lines.map((line) => (line === DELIM ? line : pkt(line))).join("") + FLUSH;
const want = (words: string, ...lines: string[]) =>
  pkt(`want ${SHA}${words}\n`) + lines.map((line) => pkt(line)).join("") + FLUSH + pkt("done\n");

const refused: readonly [
  name: keyof typeof gitProfiles,
  service: string,
  protocol: string,
  bytes: string,
  problem: RegExp,
  words: RegExp,
][] = [
  [
    "azureDevOps",
    "git-upload-pack",
    "version=2",
    want(" side-band-64k"),
    /^no multi_ack or/,
    /^remote: TF401041: .*Clients must support multi-ack/,
  ],
  ["azureDevOps", "git-upload-pack", "", want(" multi_ack agent=x"), /^'agent=x' was not offered/, /TF401041/],
  ["codeCommit", "git-upload-pack", "", want(" side-band-64k ofs-delta"), /^'ofs-delta'/, /^$/],
  ["codeCommit", "git-receive-pack", "", `${pkt(`${SHA} ${SHA} refs/heads/main\0 report-status agent=x`)}${FLUSH}PACK`, /^'agent=x'/, /^$/],
  ["gerrit", "git-upload-pack", "version=2", v2("command=ls-refs", "agent=x", DELIM, "symrefs\n"), /^'agent=x'/, /^fatal: /],
  ["gerrit", "git-upload-pack", "version=2", v2("command=ls-refs", DELIM, "unborn\n"), /^'unborn' .* by ls-refs/, /^fatal: /],
  ["gerrit", "git-upload-pack", "version=2", v2("command=fetch", DELIM, "filter tree:0"), /^'filter tree:0' .* by fetch/, /^fatal: /],
  ["gerrit", "git-upload-pack", "version=2", v2("command=object-info"), /^'command=object-info'/, /^fatal: /],
  ["git18", "git-upload-pack", "", want(" multi_ack", "filter tree:0\n"), /^'filter' without filter/, /^fatal: /],
];

for (const [name, service, protocol, bytes, problem, words] of refused) {
  test(`${name} refuses in ${service}${protocol ? ` (${protocol})` : ""}: ${problem.source}`, { skip }, async (t) => {
    const { app, refusals, say } = await startHost(t, gitProfiles[name]);
    const before = await app.tip();
    const answer = await say(service, protocol, bytes);
    assert.equal(refusals.length, 1);
    assert.match(refusals[0] ?? "", problem);
    assert.match(answer.words, words);
    assert.doesNotMatch(answer.said, /NAK|PACK/);
    assert.equal(await app.tip(), before);
  });
}

test("a race lost at Azure DevOps is told in its own words", { skip }, async (t) => {
  const { root, app, host, git } = await startHost(t, gitProfiles.azureDevOps);
  await git("clone", "--quiet", host.url("app.git"), "work");
  await git("-C", join(root, "work"), "commit", "--quiet", "--allow-empty", "--message", "Late");
  const other = await app.commit({ a: "2" }, { branch: "other" });
  await app.installHook("update", `git update-ref refs/heads/main ${other}`);
  const push = git("-C", join(root, "work"), "push");
  await assert.rejects(push, /TF401028: The reference 'refs\/heads\/main' has already been updated by another client/);
  assert.equal(await app.tip(), other);
});
