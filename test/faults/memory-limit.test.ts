/** Hostile repositories against an operator that has the Pod's memory and no more (S10). */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { startGitHost } from "../../sandbox/git-host.ts";
import { git } from "../../sandbox/git-process.ts";
import { manifestOf, startWorld } from "../../sandbox/world.ts";
import type { ReconcileEntry } from "../../src/http/calls/reconcile-entry.ts";
import { makeMemoryGroup, skipWithoutCgroups } from "../cgroup.ts";
import { startOperatorProcess } from "../e2e/operator-process.ts";
import { OLD } from "../e2e/stage.ts";
import { skipWithoutSshd, startOpenSsh } from "../openssh.ts";

const program = process.env.OPERATOR_PROGRAM;
const deployment = readFileSync(new URL("../../manifests/base/deployment.yaml", import.meta.url), "utf8");
const limitBytes = Number(/limits:\s+memory: (\d+)Mi/.exec(deployment)?.[1]) * 2 ** 20;

/** Each in a copy of its own, for its key is its own. */
const TENANTS = 3;
const OBJECTS = 240_000;
const BLOBS = 3;
const BLOB_BYTES = 20 * 2 ** 20;

/** For git fast-import: the branch with that many tiny files more, in folders of 1,000. */
function manyFiles(count: number): string {
  const blobs = Array.from({ length: count }, (_, i) => `blob\nmark :${i + 1}\ndata ${String(i).length}\n${i}\n`);
  const files = Array.from({ length: count }, (_, i) => `M 100644 :${i + 1} ${Math.floor(i / 1_000)}/${i}\n`);
  const commit = "commit refs/heads/master\ncommitter t <t@t> 0 +0000\ndata 1\nm\nfrom refs/heads/master^0\n";
  return `${blobs.join("")}${commit}${files.join("")}\n`;
}

// P10, S10
test("repositories just below every limit, of several tenants at once: within the Pod's memory, and the others are served", {
  skip: program === undefined ? "takes the bundle, as the Pod runs it: OPERATOR_PROGRAM=dist/main.cjs" : skipWithoutCgroups(),
}, async (t) => {
  const world = await startWorld({ startHost: skipWithoutSshd() ? startGitHost : startOpenSsh });
  t.after(() => world.close());
  const files = { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) };
  const manifests = await world.repository("team/manifests.git", files);
  await world.repository("team/shop.git", { "index.html": "1" });
  const blobs = Array.from({ length: BLOBS }, (_, i) => [`blob-${i}`, { content: randomBytes(BLOB_BYTES) }]);
  await world.repository("evil/heavy.git", { ...files, ...Object.fromEntries(blobs) });
  const many = await world.repository("evil/many.git", files);
  await git(many.directory, ["fast-import", "--quiet"], { input: manyFiles(OBJECTS) });

  for (let tenant = 0; tenant < TENANTS; tenant++) {
    const namespace = `evil-${tenant}`;
    const { privateKey } = await world.gitHost.newKey();
    world.secret(namespace, "key", { "ssh-privatekey": privateKey });
    for (const name of ["heavy", "many"]) {
      const repositories = {
        app_repository: world.gitHost.url("team/shop.git"),
        manifest_repository: world.gitHost.url(`evil/${name}.git`),
      };
      const key = { ssh_key_name: "key", ssh_key_namespace: namespace };
      world.deploy({
        namespace,
        name,
        annotations: { ...repositories, ...key, deployment_path: "shop/deployment.yaml", image_name: "team/shop" },
      });
    }
  }
  world.deploy({ name: "shop" });
  const group = makeMemoryGroup(t, limitBytes);
  const operator = await startOperatorProcess(t, program ?? "", world.env, group.enter);
  const pass = async () => (await (await fetch(`${operator.url}/reconcile`)).json()) as ReconcileEntry[];
  const first = await pass();
  assert.equal(first.find(({ deployment }) => deployment === "shop")?.action, "patched");
  let entries = first;
  for (let passes = 1; entries.some(({ action }) => action === "waiting"); passes++) {
    assert.ok(passes < 10, JSON.stringify(entries));
    entries = await pass();
  }
  for (const { status, message } of entries) assert.equal(status, "success", message);
  assert.equal(group.kills(), 0);
  const rss = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${operator.pid}/status`, "utf8"))?.[1];
  t.diagnostic(`peak of the process ${Math.round(Number(rss) / 1024)} MiB`);
  assert.equal((await manifests.log()).length, 2);
});
