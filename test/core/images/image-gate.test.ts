import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createImageGate } from "../../../src/core/images/image-gate.ts";
import type { Target } from "../../../src/core/types.ts";
import { systemClock } from "../../../src/system-clock.ts";
import { candidateOf } from "../commits.ts";
import { targetOf } from "../targets.ts";

const image = { registry: "registry.example", repository: "team/app" };
const ofToken = (name: string) => ({
  buildToken: { namespace: "gitops-operator", name, field: "forge-token" as const, forge: "github" as const },
});

test("equal questions of one pass are asked once, of the registry and of the forge, for whomever; others are asked each", async (t) => {
  const asked: string[] = [];
  const gate = createImageGate({
    registry: {
      async check(_image, tag, dockerConfig) {
        asked.push(`image ${tag} ${dockerConfig}`);
        await turn();
        return { kind: "missing" };
      },
    },
    builds: {
      async state(_repository, sha, token) {
        asked.push(`build ${sha} ${token}`);
        await turn();
        return { kind: "none" };
      },
    },
    clock: systemClock,
    settings: { waitAttempts: 0, waitInitialMs: 1, waitMaxMs: 1, graceMs: 60_000, insecureRegistries: [], isCheckBinding: false },
  });
  const notBefore = performance.now();
  const ask = (namespace: string, sha: string, more: Partial<Target> = {}) =>
    gate.check({
      ...{ target: targetOf("shop", { namespace, image, ...ofToken("token"), ...more }), image, isPinned: false, notBefore },
      ...{
        branch: "main",
        tip: candidateOf(sha),
        signal: t.signal,
        warn: assert.fail,
        onWait: assert.fail,
        nudged: () => new Promise<void>(() => {}),
      },
      behind: async () => ({ newer: [], standsAt: undefined }),
      readSecret: async ({ name }) => name,
      readForgeLogin: async ({ name }) => name,
      onBuildToken: () => {},
    });
  const equal = Array.from({ length: 50 }, (_, index) => ask(`team-${index}`, "1"));
  const others = [
    ask("team", "2"),
    ask("team", "1", ofToken("other")),
    ask("team", "1", { registrySecret: { namespace: "team", name: "login", named: true } }),
  ];
  const verdicts = await Promise.all([...equal, ...others]);
  assert.ok(verdicts.every(({ kind }) => kind === "waiting"));
  assert.deepEqual(asked.sort(), [
    "build 1 other",
    "build 1 token",
    "build 2 token",
    "image 1 login",
    "image 1 regcred",
    "image 2 regcred",
  ]);
});
