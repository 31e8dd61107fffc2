import assert from "node:assert/strict";
import { test } from "node:test";
import type { Posted, Report } from "../../../src/core/ports.ts";
import { hasRun, isAsGood, isSettled, type ReportFacts, reportOf } from "../../../src/core/reports/report-state.ts";

const sha = "abc1234abc1234abc1234abc1234abc1234abc12";
const facts: ReportFacts = {
  workload: { kind: "Deployment", namespace: "default", name: "shop" },
  image: { repository: "team/shop" },
  tag: sha,
  cluster: "prod",
  stage: { kind: "awaited" },
  rollout: undefined,
};
const pushed = (commit: string | undefined, toRunMs: number | undefined) => ({ kind: "pushed", commit, toRunMs }) as const;
const commit = "1a2b3c41a2b3c41a2b3c41a2b3c41a2b3c41a2b3";

const table: readonly (readonly [Partial<ReportFacts>, Report["state"], Report["deployment"], string])[] = [
  [{}, "pending", "pending", "waiting for the image team/shop:abc1234"],
  [{ tag: "v1.2.3" }, "pending", "pending", "waiting for the image team/shop:v1.2.3"],
  [{ stage: { kind: "build failed" } }, "failure", "failure", "not deployed: the build failed"],
  [{ stage: { kind: "no image", graceMs: 300_000 } }, "failure", "failure", "not deployed: no image after 5 min"],
  [{ stage: { kind: "no image", graceMs: 90_000 } }, "failure", "failure", "not deployed: no image after 90 s"],
  [
    { stage: { kind: "trouble", message: "registry.example is down (HTTP 503); it is asked again", runs: 3 } },
    "error",
    "error",
    "registry.example is down (HTTP 503)",
  ],
  [{ stage: pushed(commit, undefined) }, "pending", "in_progress", "in manifests as 1a2b3c4, waiting for the rollout"],
  [{ stage: pushed(undefined, undefined) }, "pending", "in_progress", "in manifests, waiting for the rollout"],
  [
    { stage: pushed(commit, 41_700), rollout: { state: "done", replicas: 3 } },
    "success",
    "success",
    "runs in prod: 3 of 3 ready, 42 s after the push",
  ],
  [{ stage: pushed(undefined, undefined), rollout: { state: "done", replicas: 1 } }, "success", "success", "runs in prod: 1 of 1 ready"],
  [{ stage: pushed(undefined, undefined), rollout: { state: "none", replicas: 0 } }, "success", "success", "runs in prod: 0 of 0 ready"],
  [
    { stage: pushed(commit, 1_000), rollout: { state: "under_way", replicas: 3 } },
    "pending",
    "in_progress",
    "in manifests as 1a2b3c4, waiting for the rollout",
  ],
  [
    { stage: pushed(commit, 1_000), rollout: { state: "stuck", replicas: 3 } },
    "failure",
    "failure",
    "rollout failed: ProgressDeadlineExceeded; see kubectl describe deployment shop",
  ],
  [{ workload: { ...facts.workload, kind: "CronJob" }, stage: pushed(commit, undefined) }, "success", "success", "in manifests as 1a2b3c4"],
  [{ stage: { kind: "left", why: { supersededBy: "def5678def5678" } } }, "success", "inactive", "not deployed here: superseded by def5678"],
  [{ stage: { kind: "left", why: "held" } }, "success", "inactive", "not deployed here: held"],
  [{ stage: { kind: "proposed", number: 12 } }, "pending", "queued", "proposed in #12"],
  [{ stage: { kind: "proposed", number: undefined } }, "pending", "queued", "proposed, waiting for people"],
  [{ stage: { kind: "left", why: "declined" } }, "success", "inactive", "not deployed here: declined"],
  [{ stage: { kind: "left", why: "disabled" } }, "success", "inactive", "not deployed here: disabled"],
  [{ stage: { kind: "left", why: "deleted" } }, "success", "inactive", "not deployed here: deleted"],
];

test("what is known now makes the commit's words, the same at each look", () => {
  for (const [more, state, deployment, text] of table) {
    assert.deepEqual(reportOf({ ...facts, ...more }), { state, deployment, text });
  }
});

test("trouble of ours or a registry's is told at the third run in a row, by its first sentence and in one line", () => {
  const trouble = (runs: number, message = "a\nb: c. Then more") => reportOf({ ...facts, stage: { kind: "trouble", message, runs } });
  assert.equal(trouble(1), undefined);
  assert.equal(trouble(2), undefined);
  assert.equal(trouble(3)?.text, "a\\nb: c");
  assert.equal(trouble(4, ":x: it broke")?.text, "it broke");
});

test("no words are longer than 140 characters, whatever they are made of", () => {
  const long = "x".repeat(1_000);
  const stages: ReportFacts["stage"][] = [
    { kind: "awaited" },
    { kind: "trouble", message: long, runs: 3 },
    pushed(commit, 1_000),
    { kind: "trouble", message: `${"é".repeat(500)}; b`, runs: 3 },
  ];
  for (const stage of stages) {
    for (const state of ["done", "stuck", undefined] as const) {
      const rollout = state && { state, replicas: 1_000_000 };
      const told = reportOf({
        ...facts,
        ...{ stage, rollout, cluster: long, tag: long.slice(0, 128), image: { registry: long, repository: long } },
        workload: { ...facts.workload, name: long },
      });
      assert.ok(told && told.text.length <= 140, `${told?.text.length}`);
      if (state === "done" && stage.kind === "pushed") assert.match(told.text, /: 1000000 of 1000000 ready, 1 s after the push$/);
    }
  }
});

test("what stands there is right when it says what is only known until a restart, or how many Pods ran then", () => {
  const rows: readonly (readonly [boolean, Posted, Partial<ReportFacts>])[] = [
    [true, { state: "pending", text: "in manifests as 1a2b3c4, waiting for the rollout" }, { stage: pushed(undefined, undefined) }],
    [false, { state: "pending", text: "in manifests as 9999999, waiting for the rollout" }, { stage: pushed(commit, undefined) }],
    [false, { state: "pending", text: "waiting for the image team/shop:abc1234" }, { stage: pushed(undefined, undefined) }],
    [
      true,
      { state: "success", text: "runs in prod: 3 of 3 ready, 42 s after the push" },
      { stage: pushed(undefined, undefined), rollout: { state: "done", replicas: 5 } },
    ],
    // A Pod that is replaced is no news of the commit.
    [
      true,
      { state: "success", text: "runs in prod: 3 of 3 ready, 42 s after the push" },
      { stage: pushed(undefined, undefined), rollout: { state: "under_way", replicas: 3 } },
    ],
    [false, { state: "success", text: "runs in prod: 3 of 3 ready" }, { stage: { kind: "left", why: "held" } }],
    [true, { state: "failure", text: "x is down" }, { stage: { kind: "trouble", message: "x is down", runs: 3 } }],
    [true, { state: "pending", text: undefined }, { stage: pushed(commit, undefined) }],
    [
      false,
      { state: "success", text: "not deployed here: disabled" },
      { stage: pushed(undefined, undefined), rollout: { state: "done", replicas: 1 } },
    ],
  ];
  for (const [expected, posted, more] of rows) {
    const wanted = reportOf({ ...facts, ...more });
    assert.ok(wanted);
    assert.equal(isAsGood(posted, wanted), expected, JSON.stringify([posted, wanted]));
  }
  assert.ok(hasRun({ state: "success", text: "runs in prod: 1 of 1 ready" }));
  assert.deepEqual(
    (["pending", "error", "failure", "success"] as const).map((state) => isSettled({ state, text: "" })),
    [false, false, true, true],
  );
});
