import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterApi } from "../../../sandbox/cluster-api.ts";
import { deployment, lastProblem, namesIn, protocols, until, watching } from "./start-cluster.ts";

interface Fault {
  readonly name: string;
  /** `stumbled` resolves once the cache has. */
  readonly inject: (api: ClusterApi, stumbled: () => Promise<void>) => Promise<void> | void;
  /** What the cache must have stumbled over, so that no fault passes by unnoticed. */
  readonly reason?: RegExp;
}

/** Each ends in a state in which `a` is gone and `b` is there. */
const faults: readonly Fault[] = [
  { name: "no fault at all", inject: swap },
  {
    name: "reset connections",
    reason: /./,
    inject(api) {
      api.faults.resetConnections();
      swap(api);
    },
  },
  {
    name: "a server that refuses connections for a while",
    reason: /./,
    async inject(api, stumbled) {
      await api.faults.goDown("refuse");
      swap(api);
      await stumbled();
      await api.faults.recover();
    },
  },
  {
    name: "a server that resets each connection for a while",
    reason: /./,
    async inject(api, stumbled) {
      await api.faults.goDown("reset");
      swap(api);
      await stumbled();
      await api.faults.recover();
    },
  },
  {
    name: "a restart on the same port",
    reason: /./,
    async inject(api) {
      await api.restart();
      swap(api);
    },
  },
  {
    name: "410 as HTTP status",
    async inject(api) {
      await sleep(150);
      api.faults.endWatches();
      swap(api);
      api.faults.dropHistory("http");
    },
  },
  {
    name: "410 as ERROR event",
    async inject(api) {
      await sleep(150);
      api.faults.endWatches();
      swap(api);
      api.faults.dropHistory("event");
    },
  },
  { name: "503 to everything for a while", reason: /^HTTP 503/, inject: (api, stumbled) => refused(api, stumbled, 503, /./) },
  {
    name: "403 to lists and watches, later allowed",
    reason: /^HTTP 403/,
    inject: (api, stumbled) => refused(api, stumbled, 403, /deployments/),
  },
  { name: "403 to watches only, later allowed", reason: /^HTTP 403/, inject: (api, stumbled) => refused(api, stumbled, 403, /watch=true/) },
  { name: "401 for a while", reason: /^HTTP 401/, inject: (api, stumbled) => refused(api, stumbled, 401, /./) },
  {
    name: "a list that never answers",
    reason: /^no answer within 2 s$/,
    async inject(api, stumbled) {
      const end = api.faults.hang(/limit=\d+$/);
      api.faults.resetConnections();
      swap(api);
      await stumbled();
      end();
    },
  },
  {
    name: "a watch that never answers",
    reason: /^no answer within 1.4 s$/,
    async inject(api, stumbled) {
      const end = api.faults.hang(/watch=true/);
      api.faults.resetConnections();
      await stumbled();
      swap(api);
      end();
    },
  },
  {
    name: "a silent watch",
    reason: /^no answer within 1.4 s$/,
    inject(api) {
      api.faults.silenceWatches();
      swap(api);
    },
  },
  {
    name: "a line that is no JSON",
    reason: /^the API server sent broken JSON$/,
    inject(api) {
      api.faults.sendToWatches('{"type":"ADDED","obj');
      swap(api);
    },
  },
  {
    name: "an ERROR event of another kind",
    reason: /^the watch failed: etcdserver: leader changed$/,
    inject(api) {
      api.faults.sendToWatches('{"type":"ERROR","object":{"kind":"Status","code":500,"message":"etcdserver: leader changed"}}');
      swap(api);
    },
  },
  {
    name: "a watch that ends at once, again and again",
    reason: /^the API server ended the watch early$/,
    async inject(api, stumbled) {
      const timer = setInterval(() => api.faults.endWatches(), 10);
      await stumbled();
      swap(api);
      clearInterval(timer);
    },
  },
];

function swap(api: ClusterApi): void {
  api.delete("Deployment", "team", "a");
  api.put(deployment("b"));
}

async function refused(api: ClusterApi, stumbled: () => Promise<void>, code: number, which: RegExp): Promise<void> {
  await sleep(150);
  const end = api.faults.answer(code, which);
  api.faults.endWatches();
  swap(api);
  await stumbled();
  end();
}

for (const protocol of protocols) {
  // P8, F28-F33
  describe(`over ${protocol}, the cache is right again after`, { concurrency: 6 }, () => {
    for (const { name, inject, reason } of faults) {
      test(name, async (t) => {
        // What is no fault is not told. A busy machine's silence would be.
        const times = reason ? {} : { silenceMs: 600_000, listDeadlineMs: 600_000 };
        const { api, cache, told } = await watching(t, protocol, times);
        // The first time over what was under way when the fault came.
        const hasStumbled = () => cache.restarts > 1 && reason?.test(String(lastProblem(told))) === true;
        await inject(api, () => until("the cache has stumbled", hasStumbled));
        await until("b is there and a is gone", () => namesIn(cache).join() === "b");
        api.put(deployment("c"));
        await until("the next change is seen", () => namesIn(cache).join() === "b,c");
        if (reason) assert.match(String(lastProblem(told)), reason);
        else assert.equal(lastProblem(told), undefined);
      });
    }

    // F28-F33
    test("a restore with a lower resourceVersion", async (t) => {
      const { api, cache } = await watching(t, protocol);
      const backup = api.backup();
      for (const name of ["x", "y", "z"]) api.put(deployment(name));
      await until("all are seen", () => namesIn(cache).length === 4);
      await api.restore(backup);
      await until("what the backup did not have is gone", () => namesIn(cache).join() === "a");
      api.put(deployment("b"));
      await until("the next change is seen", () => namesIn(cache).join() === "a,b");
    });
  });
}
