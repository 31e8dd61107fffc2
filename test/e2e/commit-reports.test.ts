/** What the application's commit says at its forge, from the push of the commit to its Pods. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { eventually } from "../eventually.ts";
import { startShop } from "./gated-shop.ts";

const REPORT = { report: "status" };
const CONTEXT = "gitops-operator/prod/default/shop";
const ENV = { CLUSTER_NAME: "prod", PUBLIC_URL: "https://gitops.example.com/" };

type Shop = Awaited<ReturnType<typeof startShop>>;

async function startReported(t: TestContext, annotations: Record<string, string | null> = REPORT, env: Record<string, string> = {}) {
  const shop = await startShop(t, { env: { ...ENV, ...env }, annotations });
  shop.stage.ci.setRuns("team/shop", shop.sha, []);
  return shop;
}

/** Each status that a commit was given, in its order. */
function told({ stage }: Pick<Shop, "stage">, sha: string): string[] {
  return stage.ci.posts
    .filter(({ path }) => path === `/repos/team/shop/statuses/${sha}`)
    .map(({ body }) => `${body.state}: ${body.description}`);
}

/** The cluster rolls out what the manifests name. */
async function rollOut({ stage, image, annotations }: Shop, tag: string): Promise<void> {
  await stage.deploy({ name: "shop", image: `${image}:${tag}`, annotations });
}

test("a commit says that its image is awaited, that the manifests name it, and that it runs, without a pass; five passes add nothing", async (t) => {
  const shop = await startReported(t);
  const { stage, sha } = shop;
  assert.equal((await stage.reconcileOne("shop")).action, "waiting");
  await eventually(() => told(shop, sha).length === 1);
  stage.registry.put("team/shop", sha);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  await eventually(() => told(shop, sha).length === 2);
  const [commit] = await shop.manifests.log();
  const calls = (await stage.gitHost.execs()).length;
  await rollOut(shop, sha);
  await eventually(() => told(shop, sha).length === 3);
  assert.equal((await stage.gitHost.execs()).length, calls, "no pass was needed");
  const said = told(shop, sha);
  assert.deepEqual(said.slice(0, 2), [
    `pending: waiting for the image team/shop:${sha.slice(0, 7)}`,
    `pending: in manifests as ${commit?.sha.slice(0, 7)}, waiting for the rollout`,
  ]);
  assert.match(said[2] ?? "", /^success: runs in prod: 1 of 1 ready, \d+ s after the push$/);
  assert.deepEqual(
    [...new Set(stage.ci.posts.map(({ body }) => `${body.context} ${body.target_url}`))],
    [`${CONTEXT} https://gitops.example.com/status`],
  );
  for (let pass = 0; pass < 5; pass++) assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
});
