/** The operator killed at every step of a pass (F15, F16): whoever starts next converges without help. */
import assert from "node:assert/strict";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startGitHost } from "../../sandbox/git-host.ts";
import { manifestOf, startWorld } from "../../sandbox/world.ts";
import { type OperatorProcess, startOperatorProcess } from "../e2e/operator-process.ts";
import { OLD } from "../e2e/stage.ts";
import { skipWithoutSshd, startOpenSsh } from "../openssh.ts";
import type { Side } from "../tcp-proxy.ts";
import { startProxiedGit } from "./proxied-git.ts";
import { assertSound, sampled } from "./soundness.ts";

const program = process.env.OPERATOR_PROGRAM ?? fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** In the order in which git's server comes to them: the pack is there, the ref is about to move, is locked, has moved; nothing is acknowledged yet. */
const MOMENTS = ["pre-receive", "update", "reference-transaction", "post-receive"] as const;
type Point = { readonly side: Side; readonly afterBytes: number } | { readonly moment: (typeof MOMENTS)[number] };

/** What one commit changes, in three formats: `TAG` is where it stands. */
const FILES: Readonly<Record<string, string>> = {
  "shop/deployment.yaml": manifestOf("shop", "team/shop:TAG"),
  "shop/kustomization.yaml": "images:\n- name: team/shop\n  newTag: 'TAG'\n",
  "shop/values.yaml": "image: {repository: team/shop, tag: 'TAG'}\n",
};

/**
 * Bytes between two kills: what a side sends at a time is 190 bytes on average. Of a packet of SSH that has not come whole nothing can be read, for its
 * check is at its end: whoever is killed within it leaves behind what a kill at its beginning does.
 */
const STEP = 190;
/** Each costs a start or two, and the bundle starts several times sooner than the sources: those are killed at the server's moments alone. */
const POINTS_IN_CI = process.env.OPERATOR_PROGRAM ? 6 : 0;

// P2, F15-F16
test("killed at any step of a pass: the next start converges, one commit per change, a sound remote, nothing left behind", async (t) => {
  const world = await startWorld({ startHost: skipWithoutSshd() ? startGitHost : startOpenSsh });
  t.after(() => world.close());
  const { proxy, through } = await startProxiedGit(t, world);
  const filled = (tag: string) => Object.fromEntries(Object.entries(FILES).map(([path, text]) => [path, text.replace("TAG", tag)]));
  const manifests = await world.repository("team/manifests.git", filled(OLD));
  // Else git would pack it anew behind one of so many pushes, while it is looked at.
  await manifests.config("gc.auto", "0");
  const app = await world.repository("team/shop.git", { "index.html": "0" });
  const begin = (await manifests.tip()) ?? "";
  world.deploy({
    name: "shop",
    annotations: {
      app_repository: through("team/shop.git"),
      manifest_repository: through("team/manifests.git"),
      deployment_path: Object.keys(FILES).join(", "),
    },
  });
  // A failpoint: the server's hook kills the operator in the middle of that very moment, and goes on.
  for (const moment of MOMENTS) {
    const armed = join(world.folder, `kill-at-${moment}`);
    await manifests.installHook(moment, `if [ -e ${armed} ]; then read -r pid < ${armed}; rm ${armed}; kill -9 "$pid"; fi`);
  }
  const env = { ...world.env, NODE_COMPILE_CACHE: join(world.folder, "compiled") };
  const work = world.env.WORK_DIR as string;
  let changes = 1;

  async function change(): Promise<void> {
    await manifests.commit({ theirs: `${changes}` });
    await app.commit({ "index.html": `${changes}` });
    changes += 1;
  }

  const reconcile = async (operator: OperatorProcess) => {
    const response = await fetch(`${operator.url}/reconcile`);
    const [entry] = (await response.json()) as { status: string; to_sha: string; message: string }[];
    return entry;
  };

  /** All files of the newest commit have it: whatever was struck, a commit changes all or none. Git's server may still be taking the push of one that was killed. */
  async function tagInAll(after: string): Promise<string> {
    const tip = await manifests.tip();
    const found = await Promise.all(Object.keys(FILES).map(async (path) => [path, await manifests.read(path, tip)] as const));
    const tag = /team\/shop:(\w+)/.exec(found[0]?.[1] ?? "")?.[1] ?? "";
    assert.deepEqual(Object.fromEntries(found), filled(tag), after);
    return tag;
  }

  async function assertConverges(operator: OperatorProcess, after: string): Promise<void> {
    const entry = await reconcile(operator);
    assert.deepEqual([entry?.status, entry?.to_sha], ["success", await app.tip()], `${after}: ${entry?.message}`);
    assert.equal(await tagInAll(after), await app.tip(), after);
    assert.equal(await assertSound(manifests, { contains: begin }), changes, after);
    const left = await readdir(work);
    assert.ok(left.length === 1 && left[0]?.startsWith(`run-${operator.pid}-`), `${after}: ${left} in the work directory`);
  }

  /** Starts a pass that is killed at that point, or at its end when it never gets there. */
  async function killAt(operator: OperatorProcess, point: Point): Promise<boolean> {
    let struck = false;
    const kill = () => {
      struck = true;
      void operator.kill();
    };
    proxy.cutAll();
    const armed = "moment" in point ? join(world.folder, `kill-at-${point.moment}`) : "";
    const fault = "moment" in point ? undefined : proxy.inject({ ...point, how: kill });
    if (armed) await writeFile(armed, `${operator.pid}\n`);
    const answer = await reconcile(operator).catch(() => undefined);
    fault?.disarm();
    await rm(armed, { force: true });
    await operator.kill();
    return struck || (armed !== "" && answer === undefined);
  }

  let operator = await startOperatorProcess(t, program, env);
  await assertConverges(operator, "the first start");
  const most = { ...proxy.passed };
  const offsets = (side: Side) =>
    Array.from({ length: Math.ceil(most[side] / STEP) }, (_, i) => ({ side, afterBytes: Math.min((i + 1) * STEP, most[side]) }));
  const points: Point[] = [
    ...MOMENTS.map((moment) => ({ moment })),
    ...sampled(offsets("server"), POINTS_IN_CI),
    ...sampled(offsets("client"), POINTS_IN_CI),
  ];
  let kills = 0;
  for (const [index, point] of points.entries()) {
    await change();
    const struck = await killAt(operator, point);
    kills += struck ? 1 : 0;
    await tagInAll(`killed at ${JSON.stringify(point)}, not started again`);
    operator = await startOperatorProcess(t, program, env);
    // Every third time the first pass after the start is killed too, which has to clone.
    if (index % 3 === 2) {
      kills += (await killAt(operator, point)) ? 1 : 0;
      operator = await startOperatorProcess(t, program, env);
    }
    await assertConverges(operator, `killed at ${JSON.stringify(point)}`);
  }
  t.diagnostic(`${kills} kills, ${changes} changes, ${await assertSound(manifests, { contains: begin })} commits`);
  assert.ok(kills >= points.length * 0.6, `${kills} of ${points.length} points were reached`);
  const { code } = await operator.stop();
  assert.equal(code, 0);
  assert.deepEqual(await readdir(work), []);
});
