import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { NewObject } from "../../../sandbox/cluster-api/kinds.ts";
import { createDefaultsCache, type DefaultsCache } from "../../../src/adapters/kubernetes/defaults-cache.ts";
import type { KubeClient } from "../../../src/adapters/kubernetes/kube-client.ts";
import { withDefaults } from "../../../src/adapters/kubernetes/with-defaults.ts";
import { deployment, deploymentNamed, fastTimes, startCache, startCluster, type Told, until } from "./start-cluster.ts";

const label = { "gitops.operator/defaults": "true" };

function configMap(name: string, branch: string, namespace = "team", labels: Record<string, string> = label): NewObject {
  return { kind: "ConfigMap", metadata: { name, namespace, labels }, data: { "gitops.operator.observe_branch": branch, other: "x" } };
}

function start(t: TestContext, client: KubeClient, namespaces: string[] = []) {
  const told: Told[] = [];
  const tell = (level: Told["level"]) => (fields: object, message: string) => void told.push({ level, message, fields: { ...fields } });
  const log = { info: tell("info"), warn: tell("warn"), error: tell("error") };
  const defaults = createDefaultsCache({ client, namespaces, log, times: fastTimes });
  t.after(() => defaults.close());
  return { defaults, told };
}

const branchIn = (defaults: DefaultsCache, namespace = "team") => defaults.of(namespace)?.values.observe_branch?.text;
const ready = (cache: { ready(signal: AbortSignal): Promise<void> }) => cache.ready(AbortSignal.timeout(60_000));
const configMapsPath = /\/configmaps\?/;

describe("defaults of a namespace", { concurrency: true }, () => {
  test("come from its labelled ConfigMaps alone, which are all that is asked for, and follow every change", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(configMap("a", "main"));
    api.put(configMap("b", "dev", "team", {}));
    api.put(configMap("c", "dev", "other", { "gitops.operator/defaults": "false" }));
    const { defaults } = start(t, client);
    await ready(defaults);
    assert.equal(branchIn(defaults), "main");
    assert.equal(defaults.of("other"), undefined);
    api.put(configMap("a", "release"));
    await until("the change is there", () => branchIn(defaults) === "release");
    api.put(configMap("d", "dev"));
    await until("the other one is there", () => defaults.of("team")?.conflicts.observe_branch !== undefined);
    api.put(configMap("d", "dev", "team", {}));
    await until("it lost its label", () => defaults.of("team")?.conflicts.observe_branch === undefined);
    api.delete("ConfigMap", "team", "a");
    await until("it is deleted", () => defaults.of("team") === undefined);
    const asked = api.requests.filter(({ path }) => configMapsPath.test(path));
    assert.ok(asked.length >= 2);
    for (const { path } of asked) assert.match(path, /[?&]labelSelector=gitops\.operator%2Fdefaults%3Dtrue(&|$)/);
  });

  test("are the same object until its own ConfigMaps change, whatever those of other namespaces do", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(configMap("a", "main"));
    api.put(deployment("web"));
    const { defaults } = start(t, client);
    const { cache } = startCache(t, client);
    const whole = withDefaults(cache, defaults);
    await ready(whole);
    const before = whole.get(deploymentNamed("web"));
    assert.equal(before?.defaults, defaults.of("team"));
    api.put(configMap("a", "dev", "noisy"));
    await until("the other namespace has some", () => branchIn(defaults, "noisy") === "dev");
    assert.equal(whole.get(deploymentNamed("web")), before);
    assert.equal(whole.list()[0], before);
    api.put(configMap("a", "release"));
    await until("its own change is there", () => branchIn(defaults) === "release");
    assert.notEqual(whole.get(deploymentNamed("web")), before);
  });

  test("are awaited before anything of the cluster counts as known, whatever the API server answers but a refusal", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(deployment("web"));
    const end = api.faults.answer(500, configMapsPath);
    const { defaults } = start(t, client);
    const { cache } = startCache(t, client);
    const whole = withDefaults(cache, defaults);
    await ready(cache);
    await until("it was asked for often", () => api.requests.filter(({ path }) => configMapsPath.test(path)).length > 4);
    assert.deepEqual([cache.synced, whole.synced], [true, false]);
    await assert.rejects(whole.ready(AbortSignal.timeout(50)));
    end();
    await ready(whole);
    assert.equal(whole.synced, true);
  });

  // F57
  test("may be refused: one line of the log for all namespaces, one sentence, nothing is awaited, and the right comes without a restart", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(deployment("web"));
    api.put(configMap("a", "main"));
    const end = api.faults.answer(403, configMapsPath);
    const { defaults, told } = start(t, client, ["team", "two", "three"]);
    const { cache } = startCache(t, client, ["team", "two", "three"]);
    const whole = withDefaults(cache, defaults);
    await ready(whole);
    assert.equal(whole.synced, true);
    assert.equal(whole.refusals.length, 1);
    assert.match(
      String(whole.refusals[0]),
      /^ConfigMaps with defaults are not read: HTTP 403: .*; grant the operator's service account list and watch on configmaps$/,
    );
    assert.equal(told.length, 1);
    assert.equal(whole.get(deploymentNamed("web"))?.defaults?.unseen, whole.refusals[0]);
    assert.equal(whole.get(deploymentNamed("web")), whole.get(deploymentNamed("web")));
    assert.equal(whole.refusal(deploymentNamed("web")), undefined);
    assert.equal(defaults.staleForMs("team"), 0);
    end();
    await until("they are listed", () => branchIn(defaults) === "main");
    await until("in all namespaces", () => whole.refusals.length === 0);
    assert.equal(whole.get(deploymentNamed("web"))?.defaults?.unseen, undefined);
  });

  // F57
  test("that may not be read any more keep a namespace from pushes that had some, and no other", async (t) => {
    const { api, client } = await startCluster(t);
    for (const namespace of ["team", "plain"]) api.put(deployment("web", namespace));
    api.put(configMap("a", "main"));
    const { defaults } = start(t, client);
    const { cache } = startCache(t, client);
    const whole = withDefaults(cache, defaults);
    await ready(whole);
    api.faults.answer(403, configMapsPath);
    api.faults.endWatches();
    await until("it is refused", () => whole.refusals.length > 0);
    assert.equal(branchIn(defaults), "main");
    assert.equal(whole.refusal(deploymentNamed("web"))?.what, "ConfigMaps with defaults");
    assert.match(String(whole.refusal(deploymentNamed("web"))?.why), /^HTTP 403: /);
    assert.equal(whole.refusal(deploymentNamed("web", "plain")), undefined);
  });

  test("make the workloads of their namespace stale when they are not heard of, though those are", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(deployment("web"));
    const { defaults } = start(t, client);
    const { cache } = startCache(t, client);
    const whole = withDefaults(cache, defaults);
    await ready(whole);
    api.faults.answer(500, configMapsPath);
    api.faults.endWatches();
    await until("it is stale", () => whole.staleForMs(deploymentNamed("web")) > 2_500);
    assert.ok(cache.staleForMs(deploymentNamed("web")) < whole.staleForMs(deploymentNamed("web")));
    assert.ok(whole.staleForMs() > 2_500);
  });

  test("of which the API server sends too much are named, and what they would say is not guessed", async (t) => {
    const { api, client } = await startCluster(t);
    const large = configMap("large", "main");
    api.put({ ...large, data: { ...(large.data as object), other: "x".repeat(9 * 2 ** 20) } });
    const { defaults } = start(t, client);
    await ready(defaults);
    assert.match(String(defaults.of("team")?.problems), /^ConfigMap large is larger than 8 MiB as the API server sends it/);
  });
});
