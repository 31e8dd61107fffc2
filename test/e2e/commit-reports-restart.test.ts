/** What is told on commits by the built program, over two restarts. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { manifestOf, startWorld } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { startOperatorProcess } from "./operator-process.ts";
import { programTest } from "./program-test.ts";
import { OLD } from "./stage.ts";

programTest("a restart posts nothing that is right, and ends what its forerunner left waiting", async (t: TestContext) => {
  const world = await startWorld();
  t.after(() => world.close());
  const manifests = await world.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const app = await world.repository("team/shop.git", { "index.html": "1" });
  const annotations = { report: "status", forge_token_secret_name: "forge" };
  world.secret("gitops-operator", "forge", { "forge-token": "ghp_canary0123456789canary0123456789ab" });
  const deploy = (tag: string) => world.deploy({ name: "shop", image: `team/shop:${tag}`, annotations });
  const said = (sha: string) =>
    world.ci.posts.filter(({ path }) => path.endsWith(`/statuses/${sha}`)).map(({ body }) => `${body.state}: ${body.description}`);
  const start = async () => {
    const operator = await startOperatorProcess(t, process.env.OPERATOR_PROGRAM ?? "", world.env);
    const reconcile = async () => (await (await fetch(`${operator.url}/reconcile`)).json()) as { action: string }[];
    return { ...operator, reconcile };
  };

  const first = (await app.tip()) ?? "";
  world.ci.setRuns("team/shop", first, []);
  deploy(OLD);
  const before = await start();
  assert.equal((await before.reconcile())[0]?.action, "patched");
  await eventually(() => said(first).length === 1);
  deploy(first);
  await eventually(() => said(first).length === 2);
  assert.match(said(first)[1] ?? "", /^success: runs in default: 1 of 1 ready, \d+ s after the push$/);
  const second = await app.commit({ "index.html": "2" });
  assert.equal((await before.reconcile())[0]?.action, "patched");
  await eventually(() => said(second).length === 1);
  await before.kill();

  const reads = () =>
    world.ci.requests.filter(({ method, path }) => method === "GET" && path.includes(`/commits/${second}/status?`)).length;
  const readBefore = reads();
  const after = await start();
  for (let pass = 0; pass < 5; pass++) assert.equal((await after.reconcile())[0]?.action, "up_to_date");
  await eventually(() => reads() > readBefore);
  await after.kill();
  assert.deepEqual([said(first).length, said(second).length, reads()], [2, 1, readBefore + 1]);

  const third = await app.commit({ "index.html": "3" });
  const last = await start();
  assert.equal((await last.reconcile())[0]?.action, "patched");
  await eventually(() => said(second).length === 2 && said(third).length === 1);
  assert.equal(said(second)[1], `success: not deployed here: superseded by ${third.slice(0, 7)}`);
  assert.equal((await manifests.log()).length, 4);
  assert.equal((await last.stop()).code, 0);
});
