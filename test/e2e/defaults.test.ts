import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";
import type { BareRepository } from "../../sandbox/bare-repository.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { startShop } from "./gated-shop.ts";
import { OLD, type Stage, startStage } from "./stage.ts";

const shared = ["enabled", "app_repository", "manifest_repository", "ssh_key_name", "ssh_key_namespace"];
const without = Object.fromEntries(shared.map((name) => [name, null]));

interface Shops {
  readonly stage: Stage;
  readonly app: BareRepository;
  readonly manifests: BareRepository;
  /** What all have in common, without the prefix. */
  readonly defaults: Record<string, string>;
  configMap(name: string, values: Record<string, string>, label?: string): void;
}

/** One application and the manifests of `web` and `api`, which say only what is their own. */
async function startShops(t: TestContext, before: (stage: Stage) => void = () => {}): Promise<Shops> {
  const stage = await startStage(t);
  before(stage);
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  const manifests = await stage.repository("team/manifests.git", {
    "web/deployment.yaml": manifestOf("web", `team/web:${OLD}`),
    "api/deployment.yaml": manifestOf("api", `team/api:${OLD}`),
  });
  const defaults = {
    enabled: "true",
    app_repository: stage.gitHost.url("team/shop.git"),
    manifest_repository: stage.gitHost.url("team/manifests.git"),
    ssh_key_name: "ssh-key",
    ssh_key_namespace: "gitops-operator",
  };
  const configMap: Shops["configMap"] = (name, values, label = "true") => {
    const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [`gitops.operator.${key}`, value]));
    stage.cluster.put({ kind: "ConfigMap", metadata: { name, namespace: "default", labels: { "gitops.operator/defaults": label } }, data });
  };
  return { stage, app, manifests, defaults, configMap };
}

const debugOf = async (stage: Stage, name: string) =>
  JSON.parse(await stage.text("/debug")).find((entry: { name: string }) => entry.name === name);
const settled = (stage: Stage, text: RegExp) => eventually(async () => text.test(await stage.text("/status")), String(text));

test("two Deployments share what a ConfigMap says once, and one has its own branch; /debug says what came from where", async (t) => {
  const { stage, app, manifests, defaults, configMap } = await startShops(t);
  await app.commit({ "index.html": "2" });
  const master = await app.tip();
  const release = await (await stage.repository("team/api.git", { "index.html": "api" }, "release")).tip();
  configMap("defaults", { ...defaults, observe_branch: "master" });
  await stage.deploy({ name: "web", annotations: without });
  await stage.deploy({
    name: "api",
    annotations: { ...without, app_repository: stage.gitHost.url("team/api.git"), observe_branch: "release", manifest_branch: "master" },
  });
  await eventually(async () => JSON.parse(await stage.text("/debug")).length === 2, "both are tracked");
  const entries = await stage.reconcile();
  assert.deepEqual(
    entries.map(({ deployment, action, to_sha }) => [deployment, action, to_sha]),
    [
      ["api", "patched", release],
      ["web", "patched", master],
    ],
  );
  assert.match(await manifests.read("web/deployment.yaml"), new RegExp(`team/web:${master}`));
  const web = await debugOf(stage, "web");
  assert.equal(web.annotations["gitops.operator.enabled"], undefined);
  assert.equal(web.config.observe_branch, "master");
  assert.equal(web.config.app_repository, defaults.app_repository);
  assert.deepEqual(
    web.defaults,
    Object.fromEntries([...Object.keys(defaults), "observe_branch"].map((key) => [`gitops.operator.${key}`, "ConfigMap defaults"])),
  );
  assert.deepEqual(Object.keys((await debugOf(stage, "api")).defaults).sort(), [
    "gitops.operator.enabled",
    "gitops.operator.manifest_repository",
    "gitops.operator.ssh_key_name",
    "gitops.operator.ssh_key_namespace",
  ]);
});

test("a ConfigMap that changes, disagrees with another, and loses its label: each time the next pass does what then counts", async (t) => {
  const { stage, app, manifests, defaults, configMap } = await startShops(t);
  configMap("defaults", { ...defaults, enabled: "false" });
  await stage.deploy({ name: "web", annotations: without });
  await settled(stage, /default +web +false/);
  assert.deepEqual(
    (await stage.reconcile()).map(({ action }) => action),
    ["skipped"],
  );

  configMap("defaults", defaults);
  await settled(stage, /default +web +true/);
  assert.equal((await stage.reconcileOne("web")).action, "patched");

  configMap("other", { tag_type: "short" });
  configMap("third", { tag_type: "long" });
  await eventually(async () => (await stage.reconcileOne("web")).action === "failed", "they disagree");
  const before = await manifests.tip();
  assert.equal(
    (await stage.reconcileOne("web")).message,
    "Invalid annotations: gitops.operator.tag_type differs between ConfigMap other and ConfigMap third; make them agree, or keep it in one of them",
  );
  assert.equal(await manifests.tip(), before);
  configMap("third", { tag_type: "long" }, "no");
  await eventually(async () => (await stage.reconcileOne("web")).action === "patched", "one tag counts again");
  assert.match(await manifests.read("web/deployment.yaml"), new RegExp(`team/web:${(await app.tip())?.slice(0, 7)} `));

  configMap("defaults", defaults, "no");
  await settled(stage, /default\/web\n(?: {4}.*\n)* {4}gitops\.operator\.app_repository is missing/);
  assert.deepEqual(await stage.reconcile(), []);
});

// F41b
test("a run whose defaults change while it waits for a build pushes nothing, and the next one works with the new ones", async (t) => {
  const { stage, clock, app, manifests, sha } = await startShop(t);
  const configMap = (data: Record<string, string>) =>
    stage.cluster.put({
      kind: "ConfigMap",
      metadata: { name: "d", namespace: "default", labels: { "gitops.operator/defaults": "true" } },
      data,
    });
  configMap({ "gitops.operator.tag_type": "long" });
  await eventually(async () => (await debugOf(stage, "shop")).defaults !== undefined, "the default is there");
  stage.ci.setRuns("team/shop", sha, [{ status: "in_progress" }]);
  assert.equal((await clock.answerInSleep(() => stage.reconcileOne("shop"))).action, "waiting");
  configMap({ "gitops.operator.tag_type": "short" });
  await eventually(async () => (await debugOf(stage, "shop")).config.tag_type === "short", "the other default is there");
  for (const tag of [sha, sha.slice(0, 7)]) stage.registry.put("team/shop", tag);
  clock.advance(10_000);
  await settled(stage, /the annotations of shop, or their defaults, changed meanwhile; nothing was pushed/);
  assert.equal((await manifests.log()).length, 1);
  assert.equal((await stage.reconcileOne("shop")).to_sha, sha.slice(0, 7));
  assert.equal((await manifests.log()).length, 2);
  assert.equal(await app.tip(), sha);
});

// F57
test("without the right to read ConfigMaps it is ready, says so in one line, serves what is complete, and says why the rest is not", async (t) => {
  const { stage, defaults, configMap } = await startShops(t, ({ cluster }) => {
    cluster.faults.answer(403, /configmaps/);
    cluster.faults.endWatches();
  });
  configMap("defaults", defaults);
  await settled(stage, /ConfigMaps with defaults are not read/);
  await stage.deploy({ name: "web", annotations: { app_repository: defaults.app_repository ?? "" } });
  await stage.deploy({ name: "api", annotations: without });
  assert.deepEqual(
    (await stage.reconcile()).map(({ deployment, action }) => [deployment, action]),
    [["web", "patched"]],
  );
  assert.equal((await fetch(`${stage.url}/ready`)).status, 200);
  const status = await stage.text("/status");
  assert.match(status, /\nNotes:\n {2}ConfigMaps with defaults are not read: HTTP 403: .*; grant .* list and watch on configmaps\n/);
  assert.match(status, /default\/api\n(?: {4}.*\n)* {4}ConfigMaps with defaults are not read: HTTP 403/);
  assert.equal(stage.logLines.filter(({ message }) => message.startsWith("watch of ConfigMaps with defaults is interrupted")).length, 1);
});

// S1
test("a ConfigMap can name no Secret that its namespace may not use", async (t) => {
  const { stage, manifests, defaults, configMap } = await startShops(t);
  stage.secret("kube-system", "their-key", { "ssh-privatekey": stage.key.privateKey });
  configMap("defaults", { ...defaults, ssh_key_name: "their-key", ssh_key_namespace: "kube-system" });
  await stage.deploy({ name: "web", annotations: without });
  await eventually(async () => JSON.parse(await stage.text("/debug")).length === 1, "it is tracked");
  const before = await manifests.tip();
  const { action, message } = await stage.reconcileOne("web");
  assert.equal(action, "failed");
  assert.match(message, /Secret kube-system\/their-key can't be used by Deployments of namespace default/);
  assert.ok(!stage.cluster.requests.some(({ path }) => path.includes("their-key")));
  assert.equal(await manifests.tip(), before);
});
