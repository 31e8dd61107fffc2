import assert from "node:assert/strict";
import { test } from "node:test";
import { createAudience } from "../../../src/core/hints/audience.ts";
import type { Parsed, WorkloadRecord } from "../../../src/core/types.ts";
import { targetOf } from "../targets.ts";

// S33
test("a Secret takes the share of who names the fewest: one who names many pays for them, also where he names another's", () => {
  const parsed = new Map<string, Parsed>();
  const put = (namespace: string, name: string, secret: string) => {
    const target = { ...targetOf(name), namespace, hookSecret: { namespace: "operators", name: secret } };
    parsed.set(`${namespace}/${name}`, { kind: "ready", settings: {} as never, target, warnings: [] });
  };
  for (let index = 0; index < 10; index++) put("greedy", `one-${index}`, `secret-${index}`);
  put("greedy", "spy", "ours");
  put("team", "shop", "ours");
  const records = [...parsed.keys()].map((key): WorkloadRecord => {
    const [namespace = "", name = ""] = key.split("/");
    return { kind: "Deployment", namespace, name, annotations: {}, containers: [] };
  });
  const audience = createAudience({
    workloads: { list: () => records },
    parse: ({ namespace, name }) => parsed.get(`${namespace}/${name}`) ?? { kind: "untracked" },
    branchesOf: () => undefined,
    settings: { secretRefs: "scoped", secretNamespaces: [], operatorNamespace: "operators", hookSecretName: "all" },
  });
  const shareOf = (name: string) => audience({ namespace: "operators", name })?.share;
  assert.deepEqual(["ours", "secret-3", "all", "nobody's"].map(shareOf), ["team", "greedy", "operators", undefined]);
});
