import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRepository } from "../../../src/core/repository.ts";
import { portHint, withPortHint } from "../../../src/core/targets/port-hint.ts";
import { parseTarget } from "../../../src/core/targets/target.ts";
import type { Repository } from "../../../src/core/types.ts";
import { type ErrorCode, ReconcileError } from "../../../src/errors.ts";
import { required } from "../required-annotations.ts";

function parsed(text: string): Repository {
  const result = parseRepository(text);
  assert.equal(result.kind, "ok", text);
  return result.repository;
}

for (const [text, meant] of [
  ["git@git.example.com:2222/team/app.git", "ssh://git@git.example.com:2222/team/app.git"],
  ["git@git.example.com:22/app", "ssh://git@git.example.com/app"],
  ["git@[2001:db8::1]:7999/scm/app", "ssh://git@[2001:db8::1]:7999/scm/app"],
  ["git@git.example.com:65535/~ops/app", "ssh://git@git.example.com:65535/~ops/app"],
  ["git@git.example.com:65536/app", undefined],
  ["git@git.example.com:0022/app", undefined],
  ["git@git.example.com:2222", undefined],
  ["git@git.example.com:2222app/x", undefined],
  ["git@git.example.com:team/2222/app", undefined],
  ["git@git.example.com:/2222/app", undefined],
  ["ssh://git@git.example.com:2222/app", undefined],
  ["ssh://git@git.example.com/2222/app", undefined],
  ["https://git.example.com/2222/app", undefined],
] as const) {
  test(`${text} ${meant ? "gets the hint" : "gets no hint"} that a port belongs into ssh://`, () => {
    const hint = portHint(parsed(text));
    assert.ok(meant === undefined ? hint === undefined : hint?.endsWith(`if it is one, write ${meant}`), hint);
    if (meant !== undefined) assert.equal(parsed(meant).host, parsed(text).host);
  });
}

test("a path that begins with digits stays valid: it is a warning, also of the disabled", () => {
  const annotationsWith = (more: Record<string, string>) =>
    Object.fromEntries(Object.entries({ ...required, ...more }).map(([name, value]) => [`gitops.operator.${name}`, value]));
  for (const [enabled, kind] of [
    ["true", "ready"],
    ["false", "disabled"],
  ] as const) {
    const annotations = annotationsWith({ enabled, manifest_repository: "git@git.example.com:2222/team/manifests.git" });
    const target = parseTarget({ kind: "Deployment", namespace: "a", name: "b", annotations, containers: [] }, "c");
    assert.equal(target.kind, kind);
    assert.deepEqual("warnings" in target && target.warnings, [
      "gitops.operator.manifest_repository has a path that begins with '2222'; a port belongs into ssh://, so if it is one, write " +
        "ssh://git@git.example.com:2222/team/manifests.git",
    ]);
  }
});

test("the failure to reach such a repository tells the hint, another failure and another repository do not", async () => {
  const failing = (text: string, code: ErrorCode) => withPortHint(parsed(text), async () => Promise.reject(new ReconcileError(code, "no")));
  for (const code of ["git_unreachable", "git_host_key", "git_denied", "git_repository_missing"] as const) {
    await assert.rejects(failing("git@git.example.com:2222/app", code), {
      code,
      message:
        "no; git@git.example.com:2222/app has a path that begins with '2222'; a port belongs into ssh://, so if it is one, write " +
        "ssh://git@git.example.com:2222/app",
    });
  }
  await assert.rejects(failing("git@git.example.com:2222/app", "git_branch_missing"), { message: "no" });
  await assert.rejects(failing("git@git.example.com:team/app", "git_unreachable"), { message: "no" });
  assert.equal(await withPortHint(parsed("git@git.example.com:2222/app"), async () => "there"), "there");
});
