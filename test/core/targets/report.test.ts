import assert from "node:assert/strict";
import { test } from "node:test";
import { knownForges, parseForges } from "../../../src/core/forges.ts";
import { checkedByDefault } from "../../../src/core/targets/image-check.ts";
import { parseTarget } from "../../../src/core/targets/target.ts";
import type { Parsed } from "../../../src/core/types.ts";
import { required } from "../required-annotations.ts";

const parsed = parseForges("git.example=gitlab,code.example=gitea,bb.example=bitbucket-server");
assert.ok(parsed.kind === "ok");
const forges = knownForges(parsed.forges, { host: "github.com", apiUrl: "https://api.github.com" });

function parse(annotations: Record<string, string>, cluster?: string): Parsed {
  const all = { ...required, forge_token_secret_name: "forge", ...annotations };
  const prefixed = Object.entries(all)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => [`gitops.operator.${name}`, value]);
  const record = { kind: "Deployment", namespace: "prod", name: "web", annotations: Object.fromEntries(prefixed), containers: [] };
  return parseTarget(record, "gitops-operator", { imageCheck: checkedByDefault, lookBack: 20, forges, commitWords: { cluster } });
}
const reportOf = (annotations: Record<string, string>, cluster?: string) => {
  const found = parse(annotations, cluster);
  assert.ok(found.kind === "ready", JSON.stringify(found));
  return { report: found.target.report, warnings: found.warnings };
};

test("without the word nothing is told, and each word asks for its marks; the environment is the annotation's, else the cluster's, else the namespace's", () => {
  assert.deepEqual(reportOf({}), { report: undefined, warnings: [] });
  assert.deepEqual(reportOf({ report: "none" }), { report: undefined, warnings: [] });
  const about = { environmentUrl: undefined };
  assert.deepEqual(reportOf({ report: "status" }), { report: { forms: ["status"], environment: "prod", ...about }, warnings: [] });
  assert.deepEqual(reportOf({ report: "both" }, "eu1").report, { forms: ["status", "deployment"], environment: "eu1", ...about });
  const named = { report: "deployment", environment: "shop/live", environment_url: "https://shop.example.com/a?b" };
  assert.deepEqual(reportOf(named, "eu1").report, {
    forms: ["deployment"],
    environment: "shop/live",
    environmentUrl: "https://shop.example.com/a?b",
  });
});

test("what a forge does not have is a warning that says what it has", () => {
  const at = (host: string, report: string) => reportOf({ app_repository: `git@${host}:team/app`, report });
  for (const [host, report, forms, warning] of [
    [
      "git.example",
      "both",
      ["deployment"],
      /report: no status is told, as a status at GitLab would be a pipeline .*; set it to 'deployment'$/,
    ],
    ["git.example", "status", undefined, /set it to 'deployment'$/],
    ["git.example", "deployment", ["deployment"], undefined],
    ["code.example", "both", ["status"], /report: no deployment is told, as Gitea has no deployments; set it to 'status'$/],
    ["bb.example", "deployment", undefined, /Bitbucket Server has no deployments/],
    ["codeberg.org", "status", ["status"], undefined],
  ] as const) {
    const { report: read, warnings } = at(host, report);
    assert.deepEqual(read?.forms, forms, `${host} ${report}`);
    assert.equal(warnings.length, warning ? 1 : 0);
    if (warning) assert.match(warnings[0] ?? "", warning);
  }
});

test("a repository of a forge that nobody knows is told nothing, nor is one without a token; each is a warning", () => {
  for (const [annotations, warning] of [
    [
      { app_repository: "git@unknown.example:team/app", forge_token_secret_name: "" },
      /report has no effect: nobody has said which forge unknown\.example is; /,
    ],
    [{ forge_token_secret_name: "" }, /report has no effect: no token is named; /],
  ] as const) {
    const { warnings, report } = reportOf({ ...annotations, report: "both" });
    assert.equal(warnings.length, 1, warnings.join());
    assert.match(warnings[0] ?? "", warning);
    assert.equal(report, undefined);
  }
  assert.equal(reportOf({ forge_token_secret_name: "", github_token_secret_name: "github", report: "status" }).warnings.length, 0);
});

test("another word, an environment that is no name and a URL that is none make the Deployment malformed, each named", () => {
  const found = parse({ report: "yes", environment: "a\u0000b", environment_url: "https://user@shop.example.com" });
  assert.ok(found.kind === "malformed");
  assert.deepEqual(
    found.problems.map((problem) => problem.split(" ").slice(0, 2).join(" ")),
    ["gitops.operator.report is", "gitops.operator.environment is", "gitops.operator.environment_url is"],
  );
  for (const [name, value] of [
    ["environment", "-rf"],
    ["environment", "x".repeat(101)],
    ["environment_url", "javascript:alert(1)"],
    ["environment_url", "shop.example.com"],
  ] as const) {
    assert.equal(parse({ report: "status", [name]: value }).kind, "malformed", value);
  }
});
