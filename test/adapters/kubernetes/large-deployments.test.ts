/** Whoever makes Deployments large makes pages small, and stops nobody. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { NewObject } from "../../../sandbox/cluster-api/kinds.ts";
import { deployment, deploymentNamed, namesIn, startCache, startCluster, until } from "./start-cluster.ts";

const MEBIBYTE = 2 ** 20;
/** No watch begins anew for what a busy machine takes. */
const patient = { silenceMs: 600_000, listDeadlineMs: 600_000, relistMs: 600_000 };
/** As much as etcd takes: JSON makes six bytes of each character. */
const tooLarge = "<".repeat(1.45 * MEBIBYTE);

function withEnv(name: string, value: string, annotations?: object): NewObject {
  const { spec, ...rest } = deployment(name, "evil", annotations);
  const containers = [{ name: "app", image: "app:1", env: [{ name: "X", value }] }];
  return { ...rest, spec: { ...(spec as object), template: { spec: { containers } } } };
}

describe("large Deployments", { concurrency: 4 }, () => {
  // P10
  test("a list of them comes in pages of 8 MiB at most, which grow again behind them", async (t) => {
    const { api, client } = await startCluster(t);
    for (let i = 0; i < 40; i++) api.put(withEnv(`big-${i}`, "x".repeat(MEBIBYTE), {}));
    for (let i = 0; i < 600; i++) api.put(deployment(`d-${i}`));
    const { cache, told } = startCache(t, client, [], { listDeadlineMs: 60_000 });
    await cache.ready(AbortSignal.timeout(120_000));
    assert.equal(cache.list().length, 600);
    assert.deepEqual(told, []);
    const limits = api.requests.flatMap(({ path }) => /[?&]limit=(\d+)/.exec(path)?.[1] ?? []).map(Number);
    assert.ok(limits.filter((limit) => limit < 8).length >= 5, limits.join());
    assert.ok(limits.indexOf(200, 1) > 0, `it never grew: ${limits}`);
  });

  // P9
  test("one that does not fit alone is its own problem: it is named, and the others are there", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(deployment("a"));
    api.put(withEnv("not-ours", tooLarge, { other: "x" }));
    api.put(withEnv("too-large", tooLarge));
    api.put(deployment("z"));
    const { cache } = startCache(t, client, [], { listDeadlineMs: 60_000 });
    await cache.ready(AbortSignal.timeout(120_000));
    assert.deepEqual(namesIn(cache), ["too-large", "a", "z"]);
    assert.match(cache.get(deploymentNamed("too-large", "evil"))?.problem ?? "", /^is larger than 8 MiB as the API server sends it/);
    assert.equal(cache.get(deploymentNamed("z", "team"))?.problem, undefined);
  });

  // P9
  test("one that grows too large while it is watched: the watch goes on, and it is right again when it is small again", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(deployment("a"));
    const { cache } = startCache(t, client, [], { ...patient, watchSeconds: 600 });
    await cache.ready(AbortSignal.timeout(60_000));
    await until("a watch is open", () => api.openWatchCount === 1);
    const before = cache.restarts;
    api.put(withEnv("grows", "small"));
    api.put(withEnv("not-ours", tooLarge, { other: "x" }));
    api.put(withEnv("grows", tooLarge));
    api.put(deployment("b"));
    await until("what came behind it is there", () => cache.get(deploymentNamed("b", "team")) !== undefined);
    assert.match(cache.get(deploymentNamed("grows", "evil"))?.problem ?? "", /^is larger than 8 MiB/);
    assert.equal(cache.get(deploymentNamed("not-ours", "evil")), undefined);
    api.put(withEnv("grows", "small again"));
    await until("it is read again", () => cache.get(deploymentNamed("grows", "evil"))?.problem === undefined);
    api.put(withEnv("grows", tooLarge));
    api.delete("Deployment", "evil", "grows");
    await until("it is gone", () => cache.get(deploymentNamed("grows", "evil")) === undefined);
    assert.equal(cache.restarts, before);
  });

  test("a look for the newest version takes no object with it", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(withEnv("a", tooLarge));
    const { cache } = startCache(t, client, [], patient);
    await cache.ready(AbortSignal.timeout(60_000));
    await until("quiet watches have ended", () => api.requests.filter(({ path }) => path.includes("watch=true")).length >= 3);
    assert.equal(cache.restarts, 0);
  });

  test("a page that does not come in time is asked for smaller", async (t) => {
    const { api, client } = await startCluster(t);
    api.put(deployment("a"));
    api.faults.hang(/limit=(?:25|13)$/);
    const { cache } = startCache(t, client, [], { listDeadlineMs: 200 });
    await cache.ready(AbortSignal.timeout(60_000));
    assert.deepEqual(namesIn(cache), ["a"]);
  });
});
