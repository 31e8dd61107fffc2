import assert from "node:assert/strict";
import { test } from "node:test";
import type { CiRun } from "../../sandbox/ci-api.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { startHookedStage } from "./hooked-stage.ts";
import { OLD } from "./stage.ts";
import { createTestClock } from "./test-clock.ts";

const RUNNING: CiRun = { status: "in_progress" };
const FAILED: CiRun = { status: "completed", conclusion: "failure" };

/** The shop, which waits for its build; by the clock of the test it would do so for ever. */
async function startWaiting(t: Parameters<typeof startHookedStage>[0]) {
  const clock = createTestClock();
  const hooked = await startHookedStage(t, {
    env: { IMAGE_CHECK: undefined },
    operator: { clock, answerDue: clock.answerDue },
  });
  const { stage } = hooked;
  const image = `${stage.registry.host}/team/shop`;
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `${image}:${OLD}`) });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  const sha = (await app.tip()) ?? "";
  stage.secret("gitops-operator", "regcred", { ".dockerconfigjson": '{"auths":{}}' });
  stage.secret("gitops-operator", "github", { "github-token": "ghp_canary0123456789canary0123456789ab" });
  stage.ci.setRuns("team/shop", sha, [RUNNING]);
  await stage.deploy({ name: "shop", annotations: { image_name: image, github_token_secret_name: "github", hook_secret_name: "hook" } });
  assert.equal((await clock.answerInSleep(() => stage.reconcileOne("shop"))).action, "waiting");
  return { ...hooked, clock, manifests, app, sha, image };
}

test("an image event wakes the run that waits for it: pushed at once, in the same run", async (t) => {
  const { stage, send, clock, manifests, sha, image } = await startWaiting(t);
  stage.registry.put("team/shop", sha);
  assert.deepEqual(await (await send("", { image: `${image}:${sha}` })).json(), { deployments: 1 });
  await eventually(async () => (await manifests.read("shop/deployment.yaml")).includes(sha));
  assert.deepEqual(clock.sleeps, [10_000]);
  await eventually(async () => /image_to_push_seconds_count 1\n/.test(await stage.text("/metrics")));
});

test("an event that came before the image: it is looked for again a moment later", async (t) => {
  const { stage, send, manifests, sha, image } = await startWaiting(t);
  const asked = stage.registry.requests.length;
  await send("", { image: `${image}:${sha}` });
  await eventually(() => stage.registry.requests.length > asked);
  stage.registry.put("team/shop", sha);
  await eventually(async () => (await manifests.read("shop/deployment.yaml")).includes(sha));
});

test("a build event has the build asked at once, and what the event says of it is nobody's business", async (t) => {
  const { stage, send, sha, manifests } = await startWaiting(t);
  const repository = { ssh_url: stage.gitHost.url("team/shop.git") };
  const event = { action: "completed", workflow_run: { conclusion: "failure" }, repository };
  await send("workflow_run", event);
  await eventually(() => stage.ci.requests.length > 1);
  assert.match(await stage.text("/status"), /waiting|no pass since start/);
  stage.ci.setRuns("team/shop", sha, [FAILED]);
  await send("workflow_run", event);
  await eventually(() => stage.logLines.some(({ fields }) => "code" in fields && fields.code === "build_failed"));
  assert.equal((await manifests.log()).length, 1);
});

test("a push that comes while the run waits for the build of the commit before: the new one is worked on at once", async (t) => {
  const { stage, send, manifests, app } = await startWaiting(t);
  const newer = await app.commit({ "index.html": "2" });
  stage.registry.put("team/shop", newer);
  await send("push", { ref: "refs/heads/master", after: newer, repository: { ssh_url: stage.gitHost.url("team/shop.git") } });
  await eventually(async () => (await manifests.read("shop/deployment.yaml")).includes(newer));
});
