import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterApi } from "../../../sandbox/cluster-api.ts";
import { deployment, deploymentNamed, lastProblem, namesIn, startCache, startCluster, until, watching } from "./start-cluster.ts";

const lists = (api: ClusterApi) => api.requests.filter(({ path }) => /limit=\d{2}/.test(path)).length;

describe("the cache", { concurrency: 6 }, () => {
  test("notices a lower resourceVersion behind a watch that ended cleanly and one that then says nothing", async (t) => {
    const { api, cache, told } = await watching(t);
    const backup = api.backup();
    for (const name of ["x", "y", "z"]) api.put(deployment(name));
    await until("all are seen", () => namesIn(cache).length === 4);
    await sleep(150);
    await api.restore(backup, "behind a load balancer");
    await until("what the backup did not have is gone", () => namesIn(cache).join() === "a");
    assert.match(String(lastProblem(told)), /resourceVersion went back from \d+ to \d+/);
  });

  test("reads 1,200 Deployments in nine pages, the first ones small, and keeps the ones that are ours", async (t) => {
    const { api, client } = await startCluster(t);
    for (let i = 0; i < 1200; i++)
      api.put(deployment(`d${String(i).padStart(4, "0")}`, "team", i % 2 ? { "gitops.operator.enabled": "true" } : { other: "x" }));
    const { cache } = startCache(t, client);
    await cache.ready(AbortSignal.timeout(60_000));
    assert.equal(cache.list().length, 600);
    assert.equal(cache.list()[599]?.name, "d1199");
    assert.equal(lists(api), 9);
  });

  test("begins the list again when its continue token has expired", async (t) => {
    const { api, client } = await startCluster(t);
    for (let i = 0; i < 600; i++) api.put(deployment(`d${i}`));
    const end = api.faults.answer(410, /continue=/);
    const { cache } = startCache(t, client);
    await until("the second page was asked for", () => api.requests.some(({ path }) => path.includes("continue=")));
    assert.equal(cache.synced, false);
    end();
    await cache.ready(AbortSignal.timeout(60_000));
    assert.equal(cache.list().length, 600);
  });

  test("shows the old state until a list is complete", async (t) => {
    const { api, client } = await startCluster(t);
    for (let i = 0; i < 600; i++) api.put(deployment(`d${i}`));
    const { cache } = startCache(t, client, [], { listDeadlineMs: 5000 });
    await cache.ready(AbortSignal.timeout(60_000));
    await until("a watch is open", () => api.openWatchCount === 1);
    const end = api.faults.hang(/continue=/);
    api.faults.resetConnections();
    const before = lists(api);
    await until("the second page hangs", () => lists(api) >= before + 2);
    assert.equal(cache.list().length, 600);
    end();
  });

  // F28-F33
  test("is not ready before the first list and becomes ready when a server that was down at the start comes up", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(deployment("a"));
    await api.faults.goDown();
    const { cache, told } = startCache(t, client);
    await assert.rejects(cache.ready(AbortSignal.timeout(100)), { name: "TimeoutError" });
    assert.equal(cache.synced, false);
    await until("the failure is known", () => lastProblem(told) !== undefined);
    assert.match(String(lastProblem(told)), /ECONNREFUSED/);
    await api.faults.recover();
    await cache.ready(AbortSignal.timeout(60_000));
    assert.equal(cache.synced, true);
    assert.deepEqual(namesIn(cache), ["a"]);
  });

  test("watches two namespaces and no other, and is as stale as the worse", async (t) => {
    const { api, client } = await startCluster(t);
    for (const namespace of ["one", "two", "three"]) api.put(deployment(`in-${namespace}`, namespace));
    const { cache } = startCache(t, client, ["two", "one", "one"]);
    await cache.ready(AbortSignal.timeout(60_000));
    assert.deepEqual(namesIn(cache), ["in-one", "in-two"]);
    assert.equal(cache.get(deploymentNamed("in-two", "two"))?.name, "in-two");
    assert.equal(cache.get(deploymentNamed("in-three", "three")), undefined);
    assert.ok(api.requests.every(({ path }) => !path.includes("/three/") && !path.startsWith("/apis/apps/v1/deployments")));
    api.faults.answer(503, /namespaces\/two\//);
    api.faults.endWatches();
    await until(
      "one is stale and the other is not",
      () =>
        cache.staleForMs(deploymentNamed("any", "two")) > 1000 &&
        cache.staleForMs(deploymentNamed("any", "one")) < cache.staleForMs(deploymentNamed("any", "two")),
    );
    assert.ok(cache.staleForMs() > 1000, `${cache.staleForMs()}`);
    assert.deepEqual(cache.refusals, []);
  });

  // F57
  test("a namespace without the right keeps no other waiting, is told, and comes by itself once it has the right", async (t) => {
    const { api, client } = await startCluster(t);
    for (const namespace of ["one", "two"]) api.put(deployment(`in-${namespace}`, namespace));
    const end = api.faults.answer(403, /namespaces\/two\//);
    const { cache, told } = startCache(t, client, ["two", "one"]);
    await cache.ready(AbortSignal.timeout(60_000));
    assert.equal(cache.synced, true);
    assert.deepEqual(namesIn(cache), ["in-one"]);
    assert.equal(cache.refusal(deploymentNamed("any", "one")), undefined);
    assert.match(
      String(cache.refusal(deploymentNamed("any", "two"))?.why),
      /^HTTP 403: .*; grant the operator's service account list and watch on deployments\.apps$/,
    );
    assert.deepEqual(cache.refusals, [
      `the Deployments of namespace two may not be listed: ${cache.refusal(deploymentNamed("any", "two"))?.why}`,
    ]);
    assert.deepEqual(
      told.map(({ level, fields }) => [level, fields.path]),
      [["warn", "/apis/apps/v1/namespaces/two/deployments"]],
    );
    await until("the refused one grows stale alone", () => cache.staleForMs(deploymentNamed("any", "two")) > 1500);
    assert.ok(
      cache.staleForMs() < cache.staleForMs(deploymentNamed("any", "two")),
      "what is refused for good is no silence of the API server",
    );
    api.put(deployment("new", "one"));
    await until("the allowed one is followed", () => namesIn(cache).join() === "new,in-one" || namesIn(cache).join() === "in-one,new");
    end();
    await until("the other is listed", () => cache.get(deploymentNamed("in-two", "two")) !== undefined);
    assert.deepEqual([cache.refusal(deploymentNamed("any", "two")), cache.refusals], [undefined, []]);
  });

  // F57
  test("a right that is taken away later is a refusal too, while what was seen is served on", async (t) => {
    const { api, client } = await startCluster(t);
    for (const namespace of ["one", "two"]) api.put(deployment(`in-${namespace}`, namespace));
    const { cache } = startCache(t, client, ["two", "one"]);
    await cache.ready(AbortSignal.timeout(60_000));
    api.faults.answer(403, /namespaces\/two\//);
    api.faults.endWatches();
    await until("it is refused", () => cache.refusal(deploymentNamed("any", "two")) !== undefined);
    assert.deepEqual(namesIn(cache), ["in-one", "in-two"]);
    assert.equal(cache.synced, true);
  });

  for (const namespaces of [[], ["one", "two"]]) {
    test(`without any right it is not ready: ${namespaces.join(" and ") || "the whole cluster"}`, async (t) => {
      const { api, client } = await startCluster(t);
      const end = api.faults.answer(403, /deployments/);
      const { cache } = startCache(t, client, namespaces);
      await until("all are refused", () => cache.refusals.length === Math.max(1, namespaces.length));
      assert.equal(cache.synced, false);
      await assert.rejects(cache.ready(AbortSignal.timeout(50)), { name: "TimeoutError" });
      end();
      await cache.ready(AbortSignal.timeout(60_000));
      assert.equal(cache.synced, true);
    });
  }

  // F56
  test("an API server that knows no roles while it starts is asked again before anything is told", async (t) => {
    const { api, client } = await startCluster(t, {}, 1_500);
    api.put(deployment("a"));
    const remember = api.faults.forgetRoles();
    const { cache, told } = startCache(t, client);
    await until("it was refused", () => cache.restarts === 1);
    remember();
    await cache.ready(AbortSignal.timeout(60_000));
    assert.deepEqual(namesIn(cache), ["a"]);
    assert.deepEqual([told, cache.restarts], [[], 1]);
  });

  test("says after a recovery how long the API server was silent", async (t) => {
    const { api, told } = await watching(t);
    const downMs = performance.now();
    await api.faults.goDown();
    await until("it is told", () => told.length > 0);
    await sleep(300);
    const upMs = performance.now();
    await api.faults.recover();
    await until("the recovery is told", () => told.some(({ level }) => level === "info"));
    const silentMs = Number(told.find(({ level }) => level === "info")?.fields.silent_ms);
    assert.ok(silentMs >= Math.floor(upMs - downMs), `${silentMs} of ${upMs - downMs}`);
  });

  test("does not list again in a quiet cluster whose server sends no bookmarks", async (t) => {
    const { api, cache } = await watching(t, "http", { silenceMs: 30_000 });
    const startMs = performance.now();
    await sleep(3300);
    assert.equal(lists(api), 1);
    assert.equal(cache.restarts, 0);
    const staleMs = cache.staleForMs();
    assert.ok(staleMs < (performance.now() - startMs) / 2, `heard ${staleMs} ms ago`);
  });

  test("goes on from bookmarks, so that a version that is long past needs no list", async (t) => {
    const { api, client } = await startCluster(t, { bookmarkEveryMs: 50, historyLimit: 10 });
    const { cache } = startCache(t, client);
    await cache.ready(AbortSignal.timeout(60_000));
    await until("a watch is open", () => api.openWatchCount === 1);
    for (let i = 0; i < 50; i++) api.put({ kind: "Secret", metadata: { name: `s${i}`, namespace: "team" } });
    await sleep(1200);
    api.put(deployment("b"));
    await until("b is seen", () => namesIn(cache).join() === "b");
    assert.equal(lists(api), 1);
  });

  test("lists again after the relist interval", async (t) => {
    const { api } = await watching(t, "http", { relistMs: 500 });
    await until("a second list", () => lists(api) === 2);
  });

  // P8, F28-F33
  test("grows stale while the server is gone, and serves on", async (t) => {
    const { api, cache } = await watching(t);
    await api.faults.goDown();
    await sleep(600);
    assert.ok(cache.staleForMs() >= 500, `${cache.staleForMs()}`);
    assert.deepEqual(namesIn(cache), ["a"]);
    assert.equal(cache.synced, true);
    await api.faults.recover();
    const staleMs = cache.staleForMs();
    await until("it is heard again", () => cache.staleForMs() < staleMs);
  });

  test("tells the log once that something is wrong and once that it is well again", async (t) => {
    const { api, cache, told } = await watching(t);
    const end = api.faults.answer(403, /deployments/);
    api.faults.resetConnections();
    await until("several retries", () => cache.restarts >= 5);
    end();
    api.put(deployment("b"));
    await until("the recovery is told", () => told.some(({ level }) => level === "info"));
    const warnings = told.filter(({ level }) => level === "warn").map(({ fields }) => String(fields.reason));
    assert.equal(warnings.filter((reason) => reason.startsWith("HTTP 403")).length, 1);
    assert.ok(warnings.length <= 2, warnings.join());
    assert.match(
      String(told.find(({ fields }) => String(fields.reason).startsWith("HTTP 403"))?.fields.remedy),
      /list and watch on deployments\.apps/,
    );
    assert.equal(told.filter(({ level }) => level === "info").length, 1);
  });

  test("tells nothing when it begins again after 410", async (t) => {
    const { api, cache, told } = await watching(t);
    await sleep(150);
    api.faults.dropHistory("event");
    api.faults.endWatches();
    api.put(deployment("b"));
    await until("b is seen", () => namesIn(cache).join() === "a,b");
    assert.deepEqual(told, []);
  });

  test("follows annotations that come and go, and deletes", async (t) => {
    const { api, cache } = await watching(t);
    api.put(deployment("a", "team", { other: "x" }));
    await until("a is no longer ours", () => cache.list().length === 0);
    api.put(deployment("a", "team", { "gitops.operator.enabled": "false" }, "app:2"));
    await until("a is ours again", () => cache.get(deploymentNamed("a", "team"))?.containers[0]?.image === "app:2");
    api.delete("Deployment", "team", "a");
    await until("a is gone", () => cache.get(deploymentNamed("a", "team")) === undefined);
  });

  // P9
  test("lets no malformed object touch another", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(deployment("a"));
    api.put({ kind: "Deployment", metadata: { name: "map", namespace: "team", annotations: ["gitops.operator.enabled"] }, spec: null });
    api.put({ kind: "Deployment", metadata: { name: "bare", namespace: "team", annotations: { "gitops.operator.enabled": "true" } } });
    const { cache, told } = startCache(t, client);
    await cache.ready(AbortSignal.timeout(60_000));
    await until("a watch is open", () => api.openWatchCount === 1);
    for (const object of ["null", "7", '"x"', "{}", '{"metadata":{"name":{},"namespace":[]}}'])
      api.faults.sendToWatches(`{"type":"ADDED","object":${object}}`);
    api.put(deployment("z", "team", { "gitops.operator.image_name": "line\u2028separator" }));
    await until(
      "z is seen",
      () => cache.get(deploymentNamed("z", "team"))?.annotations["gitops.operator.image_name"] === "line\u2028separator",
    );
    assert.deepEqual(namesIn(cache), ["a", "bare", "z"]);
    assert.deepEqual(cache.get(deploymentNamed("bare", "team"))?.containers, []);
    assert.deepEqual(told, []);
  });

  const moments: Readonly<Record<string, (api: ClusterApi) => void>> = {
    "while it watches": () => {},
    "while a list hangs": (api: ClusterApi) => {
      api.faults.hang(/limit=\d{2}/);
      api.faults.resetConnections();
    },
    "while it backs off": (api: ClusterApi) => {
      api.faults.answer(503);
      api.faults.resetConnections();
    },
  };
  for (const [what, disturb] of Object.entries(moments)) {
    test(`asks nothing more once it is closed ${what}`, async (t) => {
      const { api, cache } = await watching(t);
      disturb(api);
      await sleep(100);
      cache.close();
      await sleep(50);
      const before = api.requests.length;
      await until("its watch is closed", () => api.openWatchCount === 0, 500);
      await sleep(600);
      assert.equal(api.requests.length, before);
    });
  }
});
