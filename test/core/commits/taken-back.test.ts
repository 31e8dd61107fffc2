import assert from "node:assert/strict";
import { test } from "node:test";
import { commitMessage } from "../../../src/core/commits/commit-message.ts";
import { takenBack } from "../../../src/core/commits/taken-back.ts";
import { readTrailers } from "../../../src/core/commits/trailers.ts";
import { commitOf } from "../commits.ts";
import { targetOf } from "../targets.ts";

const appCommit = commitOf("a".repeat(40), { subject: "Add search" });
const target = targetOf("web");
const wanted = { workload: target, image: "team/web:1", appCommit: appCommit.sha, paths: ["apps/@web 1/PROJ-1.yaml"] };
const message = commitMessage({ target, paths: wanted.paths, tag: "1", appCommit });
const commit = "c".repeat(40);
const old = message.replace(/Gitops-Operator-File: .*\n/, "");

test("what a message of ours says is read back, and is the wanted write", () => {
  const written = readTrailers(commit, message);
  assert.deepEqual(written, [
    {
      ...{ commit, workload: "default/web", image: "team/web:1", appCommit: appCommit.sha },
      files: ["apps/%40web%201/PROJ%2D1.yaml"],
    },
  ]);
  assert.equal(takenBack(written, wanted), written[0]);
});

for (const [name, other] of [
  ["another application commit", { appCommit: "b".repeat(40) }],
  ["another tag of the same commit", { image: "team/web:2" }],
  ["another image", { image: "team/web-sidecar:1" }],
  ["another file, of a Deployment with the same name", { paths: ["other-cluster/web.yaml"] }],
] as const) {
  test(`${name} is another write`, () => assert.equal(takenBack(readTrailers(commit, message), { ...wanted, ...other }), undefined));
}

test("a file counts whichever Deployment it was written for; without a file the Deployment does", () => {
  const workload = { kind: "Deployment", namespace: "default", name: "web-canary" };
  assert.ok(takenBack(readTrailers(commit, message), { ...wanted, workload }));
  assert.ok(takenBack(readTrailers(commit, old), { ...wanted, paths: ["moved.yaml"] }));
  assert.equal(takenBack(readTrailers(commit, old), { ...wanted, workload }), undefined);
});

test("of squashed commits each is told, with all of its files", () => {
  const second = message.replaceAll("team/web:1", "team/api:1");
  const squashed = readTrailers(commit, `Squash\n\n${message}Gitops-Operator-File: b.yaml\n\n* ${second}`);
  assert.deepEqual(
    squashed.map(({ image, files }) => [image, files.length]),
    [
      ["team/web:1", 2],
      ["team/api:1", 1],
    ],
  );
});

test("what is no message of ours, or was cut off, says nothing, or nothing wrong", () => {
  for (const text of [
    "",
    `Revert "x"\n\nThis reverts commit ${commit}.\n`,
    "Gitops-Operator-Commit: a\n",
    message.replaceAll(/Gitops-/g, " Gitops-"),
  ])
    assert.deepEqual(readTrailers(commit, text), [], text);
  assert.deepEqual(readTrailers(commit, message.slice(0, -4))[0]?.files, [], "half a path is none");
});
