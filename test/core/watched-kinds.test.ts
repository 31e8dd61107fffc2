import assert from "node:assert/strict";
import { test } from "node:test";
import { builtInKinds, parseWatchedKinds } from "../../src/core/watched-kinds.ts";

const problemOf = (text: string) => {
  const parsed = parseWatchedKinds(text);
  return parsed.kind === "error" ? parsed.problem : undefined;
};

test("kinds are named as resource.group/version, with commas between them", () => {
  assert.deepEqual(parseWatchedKinds(" rollouts.argoproj.io/v1alpha1 ,helmreleases.helm.toolkit.fluxcd.io/v2,"), {
    kind: "ok",
    kinds: [
      { resource: "rollouts", group: "argoproj.io", version: "v1alpha1", kind: undefined },
      { resource: "helmreleases", group: "helm.toolkit.fluxcd.io", version: "v2", kind: undefined },
    ],
  });
});

test("what is no resource.group/version is told with an example, and what was there instead", () => {
  for (const text of [
    "Rollout",
    "rollouts",
    "rollouts.argoproj.io",
    "rollouts/v1",
    "Rollouts.argoproj.io/v1",
    "rollouts.argoproj.io/1",
    "a b.c/v1",
    "../x.y/v1",
    "rollouts.argoproj.io/v1/x",
  ])
    assert.match(
      String(problemOf(text)),
      /^must be resource\.group\/version with commas between them, like rollouts\.argoproj\.io\/v1alpha1, not '/,
      text,
    );
});

test("Pods and Jobs are refused, whatever group they are said to be of", () => {
  for (const text of ["pods/v1", "pods.core/v1", "jobs.batch/v1", "pods", "jobs"])
    assert.match(String(problemOf(text)), /Pods and Jobs are never watched; annotate what makes them/, text);
  assert.equal(problemOf("podsets.example.com/v1"), undefined);
});

test("what is watched anyway, and what is named twice, is told", () => {
  for (const { resource, group } of builtInKinds)
    assert.match(String(problemOf(`${resource}.${group}/v1`)), /watched anyway; leave it out/);
  assert.match(String(problemOf("rollouts.argoproj.io/v1,rollouts.argoproj.io/v2")), /names rollouts\.argoproj\.io twice/);
  assert.match(String(problemOf(Array.from({ length: 21 }, (_, index) => `a${index}.example/v1`).join())), /more than 20/);
});
