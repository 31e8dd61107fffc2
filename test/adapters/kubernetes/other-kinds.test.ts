import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { NewObject } from "../../../sandbox/cluster-api/kinds.ts";
import { builtInKinds, parseWatchedKinds, type WatchedKind } from "../../../src/core/watched-kinds.ts";
import { deployment, startCache, startCluster, until } from "./start-cluster.ts";

const annotations = { "gitops.operator.enabled": "true" };
/** A list on a busy machine takes long; tests of its deadline set their own. */
const patient = { listDeadlineMs: 60_000 };
const named = (kind: string, name: string, labels = {}): NewObject => ({
  kind,
  metadata: { name, namespace: "team", annotations, labels },
});
const [, statefulSets] = builtInKinds as readonly [WatchedKind, WatchedKind];

function kindsOf(text: string): readonly WatchedKind[] {
  const parsed = parseWatchedKinds(text);
  assert.ok(parsed.kind === "ok");
  return parsed.kinds;
}

describe("other kinds than Deployment", { concurrency: 6 }, () => {
  test("come and go as they do in the cluster, of each kind one of the same name", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(deployment("shop"));
    api.put(named("StatefulSet", "shop"));
    const { cache } = startCache(t, client, [], patient, { kinds: [statefulSets] });
    await cache.ready(AbortSignal.timeout(60_000));
    assert.deepEqual(
      cache.list().map(({ kind, name }) => `${kind} ${name}`),
      ["Deployment shop", "StatefulSet shop"],
    );
    const set = cache.get({ kind: "StatefulSet", namespace: "team", name: "shop" });
    assert.deepEqual([set?.apiVersion, set?.containers, set?.rollout], ["apps/v1", [], undefined]);
    await until("both are watched", () => api.openWatchCount === 2);
    api.put(named("StatefulSet", "late"));
    await until("it is seen", () => cache.list().length === 3);
    api.delete("StatefulSet", "team", "shop");
    await until("it is gone", () => cache.get({ kind: "StatefulSet", namespace: "team", name: "shop" }) === undefined);
    assert.equal(cache.get({ kind: "Deployment", namespace: "team", name: "shop" })?.kind, "Deployment");
  });

  test("a resource that is installed later is found later, and one that is taken away leaves nothing", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(deployment("a"));
    const { cache, told } = startCache(t, client, [], patient, { kinds: kindsOf("rollouts.argoproj.io/v1alpha1") });
    await cache.ready(AbortSignal.timeout(60_000));
    assert.equal(cache.synced, true);
    assert.deepEqual(cache.refusals.length, 1);
    assert.match(
      String(cache.refusals[0]),
      /^rollouts\.argoproj\.io of the cluster are not watched: HTTP 404: .*; install what brings argoproj\.io\/v1alpha1, or correct WATCH_KINDS; it is looked for again$/,
    );
    await sleep(400);
    assert.equal(told.filter(({ level }) => level === "warn").length, 1, "told once, however often it is asked");
    const asked = api.requests.filter(({ path }) => path.includes("argoproj"));
    assert.ok(asked.length > 1 && asked.every(({ path }) => path === "/apis/argoproj.io/v1alpha1"), "a 404 costs one small question");

    api.install("rollouts.argoproj.io");
    api.put(named("Rollout", "web"));
    await until("it is there", () => cache.get({ kind: "Rollout", namespace: "team", name: "web" }) !== undefined);
    assert.deepEqual(cache.refusals, []);
    assert.equal(cache.get({ kind: "Rollout", namespace: "team", name: "web" })?.apiVersion, "argoproj.io/v1alpha1");

    api.uninstall("rollouts.argoproj.io");
    await until("it is gone", () => cache.list().length === 1 && cache.refusals.length === 1);
    assert.equal(cache.synced, true);
  });

  test("what belongs to no namespace, and a second resource of the same kind, are not watched, and it is said why", async (t) => {
    const { api, client } = await startCluster(t, {
      installed: ["applications.argoproj.io", "applications.app.k8s.io", "clusteranalysistemplates.argoproj.io"],
    });
    api.put(deployment("a"));
    api.put(named("Application", "b"));
    const kinds = kindsOf(
      "applications.argoproj.io/v1alpha1,applications.app.k8s.io/v1beta1,clusteranalysistemplates.argoproj.io/v1alpha1",
    );
    const { cache } = startCache(t, client, [], patient, { kinds });
    await cache.ready(AbortSignal.timeout(60_000));
    assert.deepEqual(
      cache.list().map(({ kind, apiVersion }) => `${kind} ${apiVersion}`),
      ["Deployment apps/v1", "Application argoproj.io/v1alpha1"],
    );
    assert.deepEqual(cache.refusals, [
      "applications.app.k8s.io of the cluster are not watched: another watched resource has the kind Application too; correct WATCH_KINDS",
      "clusteranalysistemplates.argoproj.io of the cluster are not watched: its objects belong to no namespace; correct WATCH_KINDS",
    ]);
  });

  test("a kind that may not be listed is as stale as its own watch, and makes no other kind so", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(deployment("a"));
    api.put(named("StatefulSet", "b"));
    const { cache } = startCache(t, client, [], patient, { kinds: [statefulSets] });
    await cache.ready(AbortSignal.timeout(60_000));
    await until("both are watched", () => api.openWatchCount === 2);
    const set = { kind: "StatefulSet", namespace: "team", name: "b" };
    const app = { kind: "Deployment", namespace: "team", name: "a" };
    const end = api.faults.answer(500, /statefulsets/);
    api.faults.endWatches();
    await until("it grows stale", () => cache.staleForMs(set) > 2_500);
    assert.ok(cache.staleForMs(app) < 2_000, `${cache.staleForMs(app)}`);
    assert.equal(cache.synced, true);
    assert.equal(cache.get(set)?.name, "b", "what is known is kept");
    end();
    await until("it is heard again", () => cache.staleForMs(set) < 1_000);
  });

  test("a kind whose list hangs keeps nobody waiting for longer than one page may take", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(deployment("a"));
    api.faults.hang(/statefulsets/);
    const { cache } = startCache(t, client, [], { listDeadlineMs: 300 }, { kinds: [statefulSets] });
    await cache.ready(AbortSignal.timeout(60_000));
    assert.equal(cache.synced, true);
    assert.equal(cache.refusal({ kind: "StatefulSet", namespace: "team", name: "b" }), undefined);
  });

  test("WATCH_SELECTOR keeps all kinds to objects with these labels: one that loses them is gone", async (t) => {
    const { api, client } = await startCluster(t);
    const labelled = (object: NewObject, labels: object): NewObject => ({ ...object, metadata: { ...object.metadata, labels } });
    api.put(labelled(deployment("a"), { team: "shop" }));
    api.put(deployment("b"));
    api.put(named("StatefulSet", "c", { team: "shop" }));
    api.put(named("StatefulSet", "d"));
    const { cache } = startCache(t, client, [], patient, { kinds: [statefulSets], selector: "team=shop" });
    await cache.ready(AbortSignal.timeout(60_000));
    assert.deepEqual(
      cache.list().map(({ name }) => name),
      ["a", "c"],
    );
    await until("both are watched", () => api.openWatchCount === 2);
    api.put(named("StatefulSet", "c", { team: "other" }));
    api.put(labelled(deployment("b"), { team: "shop" }));
    await until(
      "they changed",
      () =>
        cache
          .list()
          .map(({ name }) => name)
          .join() === "a,b",
    );
  });

  test("in several namespaces without the right there is one line in the log and one in the notes", async (t) => {
    const { api, client } = await startCluster(t);
    for (const namespace of ["one", "two", "three"]) api.put(deployment(`in-${namespace}`, namespace));
    api.faults.answer(403, /statefulsets/);
    const { cache, told } = startCache(t, client, ["one", "two", "three"], {}, { kinds: [statefulSets] });
    await cache.ready(AbortSignal.timeout(60_000));
    assert.equal(cache.list().length, 3);
    assert.equal(cache.refusedNamespaces, 0);
    assert.deepEqual(cache.refusals.length, 1);
    assert.match(String(cache.refusals[0]), /^statefulsets\.apps of namespaces one, two, three are not watched: HTTP 403/);
    assert.equal(told.filter(({ level }) => level === "warn").length, 1);
  });
});
