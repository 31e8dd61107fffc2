/** What a pass costs, counted where nobody can be mistaken about it: on the wire, and by the commands that the git host ran. */
import assert from "node:assert/strict";
import { appendFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createCommandLineGit } from "../../bench/command-line-git.ts";
import { makeManifests, manifestPath } from "../../bench/repositories.ts";
import { git } from "../../sandbox/git-process.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { skipWithoutSshd } from "../openssh.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { door, notAsApp, OLD, type Stage, sshAlone, startStage } from "./stage.ts";

/** Long enough that a loaded machine's git answers within it: then the proxy's count is the number of waits, not a race between them. */
const DELAY_MS = 40;
const TRIES = 20;

async function startCounted(t: TestContext): Promise<{ stage: Stage; proxy: TcpProxy; url: (path: string) => string }> {
  const stage = await startStage(t);
  const { host, port, knownHosts } = stage.gitHost;
  const proxy = await startTcpProxy(t, port);
  await appendFile(String(stage.env.SSH_KNOWN_HOSTS), knownHosts.replaceAll(`[${host}]:${port}`, `[${host}]:${proxy.port}`));
  return { stage, proxy, url: (path) => stage.gitHost.url(path).replace(`:${port}/`, `:${proxy.port}/`) };
}

interface Case {
  readonly annotations: Readonly<Record<string, string | null>>;
  /** Of an update. */
  readonly most: number;
  /** How far a commit's time lies before that of the one before it: the history must be looked at further back than it is known. */
  readonly agedSeconds?: number;
  /** Names the commit, so that it counts. */
  readonly release?: true;
}

const DAY_SECONDS = 86_400;
const cases: readonly [what: string, how: Case][] = [
  ["the branch named", { annotations: { observe_branch: "main" }, most: 8 }],
  ["no branch named", { annotations: {}, most: 8 }],
  ["the look for a rollback needed", { annotations: {}, most: 9, agedSeconds: DAY_SECONDS }],
  // The commit's folder is asked for by its id, and each further one of a longer path.
  ["of a monorepo", { annotations: { app_paths: "index.html" }, most: 10 }],
  ["of releases", { annotations: { release_tags: "v*" }, most: 9, release: true }],
];
for (const [what, how] of cases) {
  test(
    `round trips, ${what}: a pass without news takes at most 3, an update ${how.most}, once connected`,
    { skip: skipWithoutSshd() || sshAlone("https has other exchanges, which test/e2e/https.test.ts counts") },
    (t) => countRoundTrips(t, how),
  );
}

async function countRoundTrips(t: TestContext, { annotations, most, agedSeconds = 0, release }: Case): Promise<void> {
  const { stage, proxy, url } = await startCounted(t);
  const manifests = await stage.repository(
    "team/manifests.git",
    { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) },
    "main",
  );
  // The copy has the newest of them alone.
  for (const edit of [1, 2, 3]) await manifests.commit({ "README.md": `${edit}` });
  const app = await stage.repository("team/shop.git", { "index.html": "1" }, "main");
  for (const { config } of [app, manifests]) await config("uploadpack.allowFilter", "true");
  const now = Math.floor(Date.now() / 1_000);
  let commits = 0;
  const publish = async () => {
    commits += 1;
    const sha = await app.commit({ "index.html": `commit ${commits}` }, { time: now - commits * agedSeconds });
    if (release) await git(app.directory, ["tag", `v1.${commits}.0`, sha]);
  };
  await publish();
  await stage.deploy({
    name: "shop",
    annotations: { app_repository: url("team/shop.git"), manifest_repository: url("team/manifests.git"), ...annotations },
  });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  proxy.delayMs = DELAY_MS;
  const trips = { up_to_date: [] as number[], patched: [] as number[] };
  const isProved = () => Math.min(...trips.up_to_date) <= 3 && Math.min(...trips.patched) <= most;
  for (let round = 0; round < TRIES && !isProved(); round++) {
    for (const action of ["up_to_date", "patched"] as const) {
      if (action === "patched") await publish();
      // What the pass before still had to say goodbye.
      await sleep(6 * DELAY_MS);
      proxy.resetCounts();
      assert.equal((await stage.reconcileOne("shop")).action, action);
      trips[action].push(proxy.roundTrips);
    }
  }
  // The proxy can count a wait too many (a goodbye that overtakes), never one too few: one round proves it.
  assert.ok(isProved(), `${trips.up_to_date} for nothing new, ${trips.patched} for an update`);
  assert.ok(stage.gitHost.logins() <= 2, `${stage.gitHost.logins()} logins`);
}

test("commands on the git host: one per repository without news, whatever the number of Deployments; three for an update", {
  skip: skipWithoutSshd(),
}, async (t) => {
  const { stage, proxy, url } = await startCounted(t);
  const names = Array.from({ length: 30 }, (_, index) => `app-${index}`);
  const files = Object.fromEntries(names.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `team/${name}:${OLD}`)]));
  await stage.repository("team/manifests.git", files);
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  const annotations = { app_repository: url("team/shop.git"), manifest_repository: url("team/manifests.git") };
  for (const name of names) await stage.deploy({ name, annotations });
  const services = async (action: string) => {
    const before = (await stage.gitHost.execs()).length;
    for (const entry of await stage.reconcile()) assert.equal(entry.action, action, entry.message);
    return (await stage.gitHost.execs()).slice(before).map(({ service }) => service);
  };
  assert.deepEqual(await services("patched"), ["git-upload-pack", "git-upload-pack", "git-receive-pack"]);
  assert.deepEqual(await services("up_to_date"), ["git-upload-pack", "git-upload-pack"]);
  await app.commit({ "index.html": "2" });
  assert.deepEqual(await services("patched"), ["git-upload-pack", "git-upload-pack", "git-receive-pack"]);
  assert.ok(proxy.connections <= (door === "ssh" ? 2 : 4), `${proxy.connections} connections for one key`);
});

test("bytes: a first pass brings at most 1.05 times what git clone --depth 1 brings, history or not", {
  skip: skipWithoutSshd() || notAsApp("git's command line is none"),
}, async (t) => {
  const { stage, proxy, url } = await startCounted(t);
  await stage.repository("team/shop.git", { "index.html": "1" });
  const tag = (await (await stage.repository("team/app-00000.git", { "index.html": "1" })).tip()) ?? "";
  await makeManifests(stage, { files: 800, commits: 200, tagOf: () => tag });
  const git = await createCommandLineGit(stage);
  const clone = join(stage.folder, "clone");
  await git.run(stage.folder, "clone", "--quiet", "--depth=1", url("team/manifests.git"), clone);
  await rm(clone, { recursive: true });
  const bytes = () => proxy.serverBytes + proxy.clientBytes;
  const cloned = bytes();
  assert.ok(cloned > 100_000, `${cloned} bytes for a clone`);
  await stage.deploy({
    name: "app-00000",
    annotations: {
      app_repository: url("team/app-00000.git"),
      manifest_repository: url("team/manifests.git"),
      deployment_path: manifestPath(0),
      image_name: `${stage.registry.host}/team/app-00000`,
    },
  });
  proxy.resetCounts();
  const entry = await stage.reconcileOne("app-00000");
  assert.equal(entry.action, "up_to_date", entry.message);
  // Over https more than one connection is open at once, each with a handshake of its own.
  const handshakes = door === "ssh" ? 0 : 4_096 * proxy.connections;
  assert.ok(bytes() <= 1.05 * cloned + handshakes, `${bytes()} bytes beside ${cloned}`);
  proxy.resetCounts();
  await stage.reconcile();
  assert.ok(bytes() < 10_000, `${bytes()} bytes for nothing new`);
});
