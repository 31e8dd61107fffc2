/** The operator killed while Gitea opens or updates a request by AGit, and started anew (F15, F16): there is one request, and it is found again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { playAgit } from "../../sandbox/forges/agit.ts";
import { git } from "../../sandbox/git-process.ts";
import { manifestOf, startWorld } from "../../sandbox/world.ts";
import { startOperatorProcess } from "../e2e/operator-process.ts";
import { FILE, tagIn } from "../e2e/proposed-stage.ts";
import { OLD } from "../e2e/stage.ts";

const program = process.env.OPERATOR_PROGRAM ?? fileURLToPath(new URL("../../src/main.ts", import.meta.url));

// P1, P2, S31, F15-F16
test("killed before and after AGit's server has moved the request: the next start finds it by its commit, and there is one", async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  const manifests = await world.repository("team/manifests.git", { [FILE]: manifestOf("shop", `team/shop:${OLD}`) });
  const app = await world.repository("team/shop.git", { "index.html": "0" });
  const agit = await playAgit(manifests);
  world.deploy({ name: "shop", annotations: { write_to: "proposal" } });
  const env = { ...world.env, FORGES: "127.0.0.1=forgejo" };
  let operator = await startOperatorProcess(t, program, env);

  async function assertProposed(after: string, pushes: number): Promise<void> {
    const before = agit.pushes.length;
    const [entry] = (await (await fetch(`${operator.url}/reconcile`)).json()) as { message: string }[];
    const tag = await app.tip();
    assert.match(
      entry?.message ?? "",
      new RegExp(`version ${tag} .* is proposed in https://127\\.0\\.0\\.1/team/manifests/pulls/7$`),
      after,
    );
    assert.deepEqual([agit.pulls.length, agit.pushes.length - before], [1, pushes], after);
    const head = (await git(manifests.directory, ["rev-parse", "refs/pull/7/head"])).toString().trim();
    assert.equal(tagIn(await manifests.read(FILE, head)), tag, after);
    await manifests.fsck();
  }

  async function killAt(moment: "receive" | "answer"): Promise<void> {
    agit.arm(moment, operator.pid);
    await fetch(`${operator.url}/reconcile`).catch(() => undefined);
    assert.equal(await operator.exit, null, "it was killed");
    operator = await startOperatorProcess(t, program, env);
  }

  await assertProposed("the first start", 1);
  await operator.kill();
  operator = await startOperatorProcess(t, program, env);
  await assertProposed("a restart", 0);
  for (const moment of ["receive", "answer"] as const) {
    await app.commit({ "index.html": moment });
    await killAt(moment);
    // Of a process that is gone, git's server does to the end what it has in hand.
    await assertProposed(`killed at ${moment}`, 0);
  }
  await app.commit({ "index.html": "moved" });
  await killAt("answer");
  await manifests.commit({ other: "theirs" });
  await assertProposed("killed, and the base has moved", 1);
  assert.equal((await operator.stop()).code, 0);
});
