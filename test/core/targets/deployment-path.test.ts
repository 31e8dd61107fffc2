import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDeploymentPath } from "../../../src/core/targets/deployment-path.ts";

const many = (count: number) => Array.from({ length: count }, (_, i) => `${i}.yaml`).join(",");

for (const [text, ...files] of [
  ["deploy/app.yaml", { path: "deploy/app.yaml" }],
  ["/a.yaml, ./b//c.yaml ,\n d.yaml\r\n", { path: "a.yaml" }, { path: "b/c.yaml" }, { path: "d.yaml" }],
  ["a.yaml,a.yaml", { path: "a.yaml" }],
  ["apps/*/values.yaml,apps/**/k.yaml", { path: "apps/*/values.yaml" }, { path: "apps/**/k.yaml" }],
  [
    "values.yaml#image.tag, values.yaml#jobs[0].image",
    { path: "values.yaml", at: "image.tag" },
    { path: "values.yaml", at: "jobs[0].image" },
  ],
  ["*/v.yaml # a\\.b.tag", { path: "*/v.yaml", at: "a\\.b.tag" }],
] as const) {
  test(`${JSON.stringify(text)} names ${files.length}`, () => assert.deepEqual(parseDeploymentPath(text), { kind: "ok", files }));
}

for (const [text, problem] of [
  ["/", /names no file/],
  [" , ", /names no file/],
  ["a.yaml,../b.yaml", /holds '\.\.'/],
  ["**/.git/*", /git's own folder/],
  ["apps/**.yaml", /has '\*\*' beside other characters/],
  ["a.yaml#", /has nothing behind '#'/],
  ["#image.tag", /names no file/],
  [`a.yaml#${"x".repeat(257)}`, /more than 256 characters/],
  ["a.yaml#image..tag", /names a value by '#image\.\.tag', which has an empty key; write it like image\.tag/],
  ["a.yaml#jobs[x].image", /has '\[…\]' with neither a number/],
  ["a.yaml#im\u200bage", /control or invisible character behind '#'/],
  [many(51), /names more than 50 files; write a pattern/],
] as const) {
  test(`${JSON.stringify(text.slice(0, 30))} is malformed`, () => {
    const parsed = parseDeploymentPath(text);
    assert.match(parsed.kind === "error" ? parsed.problem : "", problem);
  });
}

test("fifty are not too many", () => assert.equal(parseDeploymentPath(many(50)).kind, "ok"));
