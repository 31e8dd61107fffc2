import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../eventually.ts";
import { startHookedStage } from "./hooked-stage.ts";
import { deployShop } from "./stage.ts";

test("a push that a forge tells of is written within the moment, without a call of /reconcile", async (t) => {
  const { stage, send } = await startHookedStage(t);
  const { app, manifests } = await deployShop(stage, { hook_secret_name: "hook" });
  const push = (ref: string) => send("push", { ref, repository: { ssh_url: stage.gitHost.url("team/shop.git") } });
  const answer = await push("refs/heads/master");
  assert.equal(answer.status, 202);
  assert.deepEqual(await answer.json(), { deployments: 1 });
  const sha = (await app.tip()) ?? "";
  await eventually(async () => (await manifests.read("shop/deployment.yaml")).includes(sha));
  await eventually(() => stage.logLines.some(({ message }) => message === "Deployment patched"));
  const causes = stage.logLines.flatMap(({ message, fields }) => (message === "Deployment patched" ? fields : []));
  assert.deepEqual(
    causes.map((fields) => "cause" in fields && fields.cause),
    ["hook"],
  );
  assert.match(await stage.text("/status"), /default\/shop: .*\n {4}last event: push \d+ s ago\n/);
});
