import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { CiRun } from "../../sandbox/ci-api.ts";
import { dockerConfigJson } from "../../sandbox/registry.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { startShop } from "./gated-shop.ts";
import { notAsApp, OLD, type Stage } from "./stage.ts";

const RUNNING: CiRun = { status: "in_progress" };
const FAILED: CiRun = { status: "completed", conclusion: "failure" };
const DONE: CiRun = { status: "completed", conclusion: "success" };

const texts = (stage: Stage) => stage.chat.messages.map(({ text }) => text);

test("an image that is there is pushed, its digest replaces the one in the manifest, and the chat is told once", async (t) => {
  const digest = `sha256:${"ab".repeat(32)}`;
  const { stage, image, manifests, sha } = await startShop(t);
  await manifests.commit({ "shop/deployment.yaml": manifestOf("shop", `${image}:${OLD}@sha256:${"00".repeat(32)}`) });
  stage.registry.put("team/shop", sha, { digest });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(`image: ${image}:${sha}@${digest} # set`));
  await stage.reconcile();
  await stage.chat.received(1);
  assert.deepEqual(texts(stage), [`Deployment shop patched successfully to version ${sha}`]);
});

test("a digest in the manifest is never dropped for a registry that tells none: it is counted from the manifest's bytes", async (t) => {
  const { stage, image, manifests, sha } = await startShop(t);
  const pinned = (digest: string) => manifestOf("shop", `${image}:${OLD}@${digest}`);
  await manifests.commit({ "shop/deployment.yaml": pinned(`sha256:${"00".repeat(32)}`) });
  stage.registry.put("team/shop", sha, { manifest: "{}" });
  stage.registry.leftOut.add("docker-content-digest");
  const end = stage.registry.answer({ status: 200, headers: { "content-type": "application/json" } });
  const failed = await stage.reconcileOne("shop");
  assert.ok(failed.action === "failed" && /without a manifest/.test(failed.message), failed.message);
  assert.equal(await manifests.read("shop/deployment.yaml"), pinned(`sha256:${"00".repeat(32)}`));
  end();
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const digest = `sha256:${createHash("sha256").update("{}").digest("hex")}`;
  assert.equal(await manifests.read("shop/deployment.yaml"), pinned(digest).replace(OLD, sha));
});

test("a digest that comes into the manifest while the image is looked for is not dropped: the next pass asks for it", async (t) => {
  const { stage, image, manifests, sha } = await startShop(t);
  stage.registry.put("team/shop", sha, { manifest: "{}" });
  stage.registry.leftOut.add("docker-content-digest");
  const end = stage.registry.delay(1_000);
  const answer = stage.reconcileOne("shop");
  await t.waitFor(() => assert.equal(stage.registry.requests.length, 1), { timeout: 10_000 });
  const theirs = await manifests.commit({ "shop/deployment.yaml": manifestOf("shop", `${image}:${OLD}@sha256:${"00".repeat(32)}`) });
  const { action, message } = await answer;
  end();
  assert.ok(action === "failed" && /has come to pin a digest/.test(message), message);
  assert.equal(await manifests.tip(), theirs);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.match(
    await manifests.read("shop/deployment.yaml"),
    new RegExp(`${sha}@sha256:${createHash("sha256").update("{}").digest("hex")}`),
  );
});

// P4, F19-F23
test("registry answers that are no yes: failed with the reason, the remote unchanged", async (t) => {
  const { stage, manifests, annotations } = await startShop(t, { annotations: { github_token_secret_name: null } });
  const before = await manifests.tip();
  const cases: [status: number, headers: Record<string, string>, message: RegExp][] = [
    [401, {}, /^the registry does not show .*team\/shop:[0-9a-f]{40} \(HTTP 401\)/],
    [403, {}, /^the registry does not show .* \(HTTP 403\)/],
    [429, { "retry-after": "1" }, /^the registry limits questions about /],
    [500, {}, /^the registry could not be asked about .*500/],
    [302, { location: "http://elsewhere.example/" }, /^the registry could not be asked about .*redirect/],
  ];
  for (const [status, headers, message] of cases) {
    await t.test(String(status), async () => {
      const restore = stage.registry.answer({ status, headers });
      const entry = await stage.reconcileOne("shop");
      restore();
      assert.equal(entry.action, "failed");
      assert.match(entry.message, message);
      assert.doesNotMatch(entry.message, /not found/);
      assert.equal(await manifests.tip(), before);
      if (status === 429) await new Promise((resolve) => setTimeout(resolve, 1_100));
    });
  }
  await t.test("an API server that fails on the Secret", async () => {
    const restore = stage.cluster.faults.answer(500, /secrets\/regcred/);
    const entry = await stage.reconcileOne("shop");
    restore();
    assert.match(entry.message, /^Secret gitops-operator\/regcred cannot be read: HTTP 500/);
  });
  await t.test("a Secret that is no dockerconfigjson", async () => {
    stage.secret("gitops-operator", "odd", { ".dockerconfigjson": '{"auths": "canary-password"' });
    await stage.deploy({ name: "shop", annotations: { ...annotations, registry_secret_name: "odd" } });
    const entry = await stage.reconcileOne("shop");
    assert.equal(entry.action, "failed");
    assert.doesNotMatch(JSON.stringify(entry), /canary/);
  });
  await t.test("a named Secret that does not exist", async () => {
    await stage.deploy({ name: "shop", annotations: { ...annotations, registry_secret_name: "nobody" } });
    assert.match((await stage.reconcileOne("shop")).message, /^Secret gitops-operator\/nobody does not exist.*docker-registry/);
  });
  assert.equal(await manifests.tip(), before);
});

test("the published example: the host stands in the manifest only, and that registry is asked with its credentials", async (t) => {
  const auth = { kind: "basic", username: "robot", password: "canary-password" } as const;
  const { stage, sha, annotations } = await startShop(t, { registry: { auth } });
  stage.secret("gitops-operator", "regcred", { ".dockerconfigjson": dockerConfigJson(stage.registry.host, "robot", "canary-password") });
  await stage.deploy({ name: "shop", annotations: { ...annotations, image_name: "team/shop", registry_secret_name: "regcred" } });
  stage.registry.put("team/shop", sha);
  const entry = await stage.reconcileOne("shop");
  assert.equal(entry.action, "patched", entry.message);
  assert.ok(stage.registry.requests.some(({ authorization }) => authorization === "Basic"));
});

test("a build that runs: 10, 20, 40, 60, 60 s and one hourglass, the answer in time, then the push without another call", async (t) => {
  const { stage, clock, image, manifests, sha } = await startShop(t);
  stage.ci.setRuns("team/shop", sha, [RUNNING]);
  const entry = await clock.answerInSleep(() => stage.reconcileOne("shop"));
  const hourglass = `:hourglass: Build running for ${image} (SHA: ${sha}), retrying in 10s (attempt 1/5)`;
  assert.deepEqual([entry.action, entry.status, entry.message], ["waiting", "pending", hourglass]);
  for (const [index, ms] of [10_000, 20_000, 40_000, 60_000, 60_000].entries()) {
    await clock.slept(index + 1);
    assert.equal(clock.sleeps[index], ms);
    if (index === 4) stage.registry.put("team/shop", sha);
    clock.advance(ms);
  }
  await eventually(async () => (await manifests.log()).length === 2);
  await stage.chat.received(2);
  assert.deepEqual(texts(stage), [hourglass, `Deployment shop patched successfully to version ${sha}`]);
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
});

// F24-F25
test("a build that outlasts the waits stays waiting and is pushed by the pass after it is done", async (t) => {
  const { stage, clock, sha } = await startShop(t, { env: { IMAGE_WAIT_ATTEMPTS: "2" } });
  stage.ci.setRuns("team/shop", sha, [{ status: "queued" }]);
  const first = stage.reconcileOne("shop");
  for (const count of [1, 2]) {
    await clock.slept(count);
    clock.advance(60_000);
  }
  const entry = await first;
  assert.equal(entry.action, "waiting");
  assert.match(entry.message, /^:hourglass: Build queued for .*looking again at the next pass$/);
  stage.registry.put("team/shop", sha);
  stage.ci.setRuns("team/shop", sha, [DONE]);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
});

// F24-F25
test("a failed build, an image that never comes after its grace, and a first build in a repository that the registry denies", async (t) => {
  const failed = await startShop(t);
  failed.stage.ci.setRuns("team/shop", failed.sha, [FAILED, FAILED]);
  assert.equal(
    (await failed.stage.reconcileOne("shop")).message,
    `:x: Build failed for ${failed.image} (SHA: ${failed.sha}), image will not be available`,
  );

  const late = await startShop(t);
  late.stage.ci.setRuns("team/shop", late.sha, [DONE]);
  assert.equal((await late.stage.reconcileOne("shop")).action, "waiting");
  late.clock.advance(299_000);
  assert.equal((await late.stage.reconcileOne("shop")).action, "waiting");
  late.clock.advance(5_000);
  const entry = await late.stage.reconcileOne("shop");
  assert.deepEqual(
    [entry.action, entry.message],
    ["failed", `:x: image ${late.image}:${late.sha} not found in registry after waiting for build`],
  );

  const first = await startShop(t);
  first.stage.registry.unknownRepositoryStatus = 403;
  first.stage.ci.setRuns("team/shop", first.sha, [RUNNING]);
  assert.equal((await first.clock.answerInSleep(() => first.stage.reconcileOne("shop"))).action, "waiting");
  first.stage.registry.put("team/shop", first.sha);
  first.clock.advance(10_000);
  await eventually(async () => (await first.manifests.log()).length === 2);
});

// P4, F24-F25
test("GitHub limited or down: build status unknown, and nothing is pushed", {
  skip: notAsApp("its tokens come from the API that fails here; test/e2e/app-forge.test.ts has an App of its own"),
}, async (t) => {
  const { stage, manifests } = await startShop(t);
  for (const answer of [{ status: 500 }, { status: 401 }, { status: 403, headers: { "x-ratelimit-remaining": "0", "retry-after": "1" } }]) {
    const restore = stage.ci.answer(answer);
    const entry = await stage.reconcileOne("shop");
    restore();
    assert.match(entry.message, /^build status unknown: /);
  }
  assert.equal((await manifests.log()).length, 1);
});

// F41b
test("a call during the wait joins it; a newer commit replaces the wait; a Deployment disabled meanwhile is not pushed", async (t) => {
  const { stage, clock, app, manifests, sha, annotations } = await startShop(t);
  stage.ci.setRuns("team/shop", sha, [RUNNING]);
  assert.equal((await clock.answerInSleep(() => stage.reconcileOne("shop"))).action, "waiting");
  const joining = stage.reconcileOne("shop");
  await eventually(async () => /calls_total\{kind="joined"\} 1\n/.test(await stage.text("/metrics")));
  clock.answer();
  const joined = await joining;
  assert.deepEqual([joined.action, joined.to_sha], ["waiting", sha]);
  assert.equal(clock.sleeps.length, 1, "the call has joined the wait");

  const newer = await app.commit({ "index.html": "2" });
  stage.ci.setRuns("team/shop", newer, [RUNNING]);
  const replaced = await clock.answerInSleep(() => stage.reconcileOne("shop"));
  assert.deepEqual([replaced.action, replaced.to_sha], ["waiting", newer]);
  stage.registry.put("team/shop", sha);
  stage.registry.put("team/shop", newer);
  clock.advance(10_000);
  await eventually(async () => (await manifests.log()).length === 2);
  assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(`team/shop:${newer} `));

  const third = await app.commit({ "index.html": "3" });
  stage.ci.setRuns("team/shop", third, [RUNNING]);
  assert.equal((await clock.answerInSleep(() => stage.reconcileOne("shop"))).action, "waiting");
  await stage.deploy({ name: "shop", annotations: { ...annotations, enabled: "false" } });
  stage.registry.put("team/shop", third);
  clock.advance(10_000);
  assert.equal((await stage.reconcileOne("shop")).action, "skipped");
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal((await manifests.log()).length, 2);
});

test("a Deployment that is paused while its build is awaited is not pushed when the image comes", async (t) => {
  const { stage, clock, manifests, sha, annotations } = await startShop(t);
  stage.ci.setRuns("team/shop", sha, [RUNNING]);
  assert.equal((await clock.answerInSleep(() => stage.reconcileOne("shop"))).action, "waiting");
  await stage.deploy({ name: "shop", annotations: { ...annotations, paused_until: "2999-05-01T00:00:00Z" } });
  await eventually(async () => (await stage.text("/debug")).includes("2999-05-01"));
  stage.registry.put("team/shop", sha);
  clock.advance(10_000);
  await eventually(async () => /skipped: Deployment shop is paused until 2999-05-01T00:00:00Z\n/.test(await stage.text("/status")));
  assert.equal((await manifests.log()).length, 1);
  await stage.deploy({ name: "shop", annotations });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
});

test("one Deployment's wait holds back nobody's push on the same branch", async (t) => {
  const { stage, clock, sha, image, manifests } = await startShop(t);
  stage.ci.setRuns("team/shop", sha, [RUNNING]);
  await manifests.commit({ "other/deployment.yaml": manifestOf("other", `${image.replace("shop", "other")}:${OLD}`) });
  const other = await stage.repository("team/other.git", { a: "1" });
  stage.registry.put("team/other", (await other.tip()) ?? "");
  await stage.deploy({ name: "other", annotations: { image_name: image.replace("shop", "other") } });
  const answer = stage.reconcile();
  await clock.slept(1);
  await eventually(async () => /deployment_result\{[^}]*deployment="other"[^}]*\} 1\n/.test(await stage.text("/metrics")));
  clock.answer();
  const entries = await answer;
  assert.deepEqual(
    entries.map(({ deployment, action }) => [deployment, action]),
    [
      ["other", "patched"],
      ["shop", "waiting"],
    ],
  );
});

// P12, F26-F27
test("many passes over one failure: one message; then the recovery is told", async (t) => {
  const { stage, sha } = await startShop(t);
  stage.ci.setRuns("team/shop", sha, [FAILED]);
  for (let pass = 0; pass < 10; pass++) assert.equal((await stage.reconcileOne("shop")).action, "failed");
  stage.registry.put("team/shop", sha);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  await stage.chat.received(2);
  assert.equal(texts(stage).length, 2);
  assert.match(texts(stage)[0] ?? "", /^:x: Build failed/);
  assert.match(texts(stage)[1] ?? "", /^:white_check_mark: Deployment shop recovered: Deployment shop patched/);
});

// P11, F26-F27
test("a chat that is gone, a webhook Secret that is missing, a token that can't be read: the pass is unaffected", async (t) => {
  const { stage, sha } = await startShop(t, { annotations: { notifications_secret_name: "nobody", github_token_secret_name: "nobody" } });
  stage.registry.put("team/shop", sha);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  await eventually(() => stage.logLines.some(({ message }) => message === "Notification not sent"));

  const gone = await startShop(t);
  gone.stage.chat.hang();
  gone.stage.registry.put("team/shop", gone.sha);
  assert.equal((await gone.stage.reconcileOne("shop")).action, "patched");
});

test("runs of one pass share the answers to equal questions", async (t) => {
  const { stage, sha, manifests, image, annotations } = await startShop(t);
  stage.registry.put("team/shop", sha);
  for (const name of ["a", "b", "c", "d"]) {
    await manifests.commit({ [`${name}/deployment.yaml`]: manifestOf(name, `${image}:${OLD}`) });
    const app = { app_repository: stage.gitHost.url("team/shop.git"), image_name: image };
    await stage.deploy({ name, annotations: { ...annotations, ...app } });
  }
  const actions = (await stage.reconcile()).map(({ action }) => action);
  assert.deepEqual(new Set(actions), new Set(["patched"]));
  // Who begins after an answer has come asks anew.
  assert.ok(stage.registry.requests.filter(({ method }) => method === "HEAD").length < 4);
});
