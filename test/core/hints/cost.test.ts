/** What an event costs of the thread that serves all, however many Deployments its Secret has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAudience } from "../../../src/core/hints/audience.ts";
import { createLastEvents } from "../../../src/core/hints/last-events.ts";
import { matchHint } from "../../../src/core/hints/match-hint.ts";
import { readHint } from "../../../src/core/hints/read-hint.ts";
import { isDeployment, type WorkloadRecord, workloadOf } from "../../../src/core/types.ts";
import { leastCpuMs } from "../../growth.ts";
import { targetOf } from "../targets.ts";

const listeners = Array.from({ length: 4_000 }, (_, index) => ({
  target: { ...targetOf("shop"), name: `shop-${index}` },
  observed: "main",
}));
const pushed = (many: number) =>
  readHint({
    events: Array.from({ length: many }, (_, index) => ({ action: "push", target: { repository: "team/shop", tag: `v${index}` } })),
  });

// S32
test("an event of fifty images costs a few times what one of one image costs, not fifty times", async () => {
  const [one, fifty] = [pushed(1), pushed(50)];
  const costs = await leastCpuMs(() => matchHint(fifty, listeners));
  assert.ok(costs < 8 * (await leastCpuMs(() => matchHint(one, listeners))));
});

// S32
test("a repository is compared with what is known of each Deployment: the second event costs a fraction of the first", async () => {
  const event = readHint({ repository: "git@git.example:team/other" });
  const [warm, cold] = [
    listeners,
    () => listeners.map(({ target }) => ({ target: { ...target, appRepository: { ...target.appRepository } }, observed: "main" })),
  ];
  matchHint(event, warm);
  assert.ok((await leastCpuMs(() => matchHint(event, warm))) < (await leastCpuMs(() => matchHint(event, cold()))) / 2);
});

// S32
test("of an event's tags a few are remembered for each Deployment", async () => {
  const events = createLastEvents(() => 0);
  const tags = Array.from({ length: 50 }, (_, index) => `v${index}`);
  const shop = targetOf("shop");
  events.came(shop, "image", tags);
  assert.equal(tags.filter((tag) => events.imageAge(shop, tag) !== undefined).length, 4);
});

// S32
test("a forged event of a Secret that thousands name asks for none of them", () => {
  const records = listeners.map(({ target }): WorkloadRecord => ({ ...workloadOf(target), annotations: {}, containers: [] }));
  const targets = new Map(records.map((record, index) => [record, listeners[index]?.target]));
  let asked = 0;
  const audience = createAudience({
    workloads: { list: () => records },
    parse(record) {
      const target = targets.get(record);
      assert.ok(target && isDeployment(record));
      return { kind: "ready", target: { ...target, appBranch: undefined }, settings: {} as never, warnings: [] };
    },
    branchesOf() {
      asked += 1;
      return undefined;
    },
    settings: { secretRefs: "scoped", secretNamespaces: [], operatorNamespace: "home", hookSecretName: "all" },
  });
  const listenersOf = audience({ namespace: "home", name: "all" })?.listeners;
  assert.equal(asked, 0);
  assert.equal(listenersOf?.().length, listeners.length);
  assert.equal(asked, listeners.length);
});
