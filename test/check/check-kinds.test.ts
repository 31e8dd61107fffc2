import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { pathOf } from "../observability-files.ts";
import { check, squeezed } from "./command.ts";
import { deploymentYaml } from "./deployment-yaml.ts";

const as = (kind: string, apiVersion: string, name = "web") =>
  deploymentYaml(name).replace('"Deployment"', `"${kind}"`).replace('"apps/v1"', `"${apiVersion}"`);

test("any object with our annotations is checked, by its kind; others are passed over, but a Deployment is told that it is not ours", async () => {
  const service = "apiVersion: v1\nkind: Service\nmetadata: { name: web }\n";
  const answer = await check([as("StatefulSet", "apps/v1", "db"), as("CronJob", "batch/v1", "night"), service].join("\n---\n"));
  assert.equal(answer.code, 0, answer.lines.join("\n"));
  const lines = squeezed(answer);
  assert.deepEqual(
    lines.filter((line) => /^(?:StatefulSet|CronJob|Service|Deployment) /.test(line)).map((line) => line.split(" ").slice(0, 2).join(" ")),
    ["StatefulSet default/db", "CronJob default/night"],
  );
  assert.match(String(lines.at(-1)), /: 2 workloads checked, no problems/);
});

test("what the operator would not look at is told: Pods, Jobs, kinds without a group, and a kind that WATCH_KINDS does not name", async () => {
  for (const [kind, apiVersion, told] of [
    ["Pod", "v1", "problem Pods and Jobs are never watched; annotate what makes them"],
    ["Job", "batch/v1", "problem Pods and Jobs are never watched; annotate what makes them"],
    ["Service", "v1", "problem Service objects can't be watched; annotate a workload, or what installs it"],
    ["StatefulSet", "apps/v1beta1", "problem apps/v1beta1 is not what the operator reads; write apiVersion: apps/v1"],
    [
      "Rollout",
      "argoproj.io/v1alpha1",
      "warning it is watched only where WATCH_KINDS names its resource, as RESOURCE.argoproj.io/v1alpha1 (kubectl api-resources --api-group=argoproj.io)",
    ],
  ] as const) {
    const answer = await check(as(kind, apiVersion));
    assert.ok(squeezed(answer).includes(told), answer.lines.join("\n"));
    assert.equal(answer.code, told.startsWith("problem") ? 1 : 0, kind);
  }
});

test("the examples of other kinds have nothing wrong", async () => {
  for (const file of ["rollout", "carrier-application", "carrier-helmrelease"]) {
    const answer = await check(await readFile(pathOf(`manifests/examples/${file}.yaml`), "utf8"));
    assert.equal(answer.code, 0, answer.lines.join("\n"));
    assert.match(String(squeezed(answer).at(-1)), /: 1 workload checked, no problems, 1 warning$/);
  }
});
