import assert from "node:assert/strict";
import { test } from "node:test";
import { knownForges, parseForges } from "../../../src/core/forges.ts";
import { checkedByDefault } from "../../../src/core/targets/image-check.ts";
import { prefixProblem } from "../../../src/core/targets/proposal.ts";
import { parseTarget } from "../../../src/core/targets/target.ts";
import type { Parsed } from "../../../src/core/types.ts";
import { required } from "../required-annotations.ts";

const parsed = parseForges("git.example=gitlab,code.example=gitea");
assert.ok(parsed.kind === "ok");
const forges = knownForges(parsed.forges, { host: "github.com", apiUrl: "https://api.github.com" });

function parse(annotations: Record<string, string>, { kind = "Deployment", prefix }: { kind?: string; prefix?: string } = {}): Parsed {
  const all = { ...required, write_to: "proposal", ...annotations };
  const prefixed = Object.entries(all)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => [`gitops.operator.${name}`, value]);
  const record = { kind, namespace: "prod", name: "web", annotations: Object.fromEntries(prefixed), containers: [] };
  const rules = { imageCheck: checkedByDefault, lookBack: 20, forges };
  return parseTarget(record, "gitops-operator", { ...rules, ...(prefix !== undefined && { proposalPrefix: prefix }) });
}

function proposalOf(annotations: Record<string, string>, more?: Parameters<typeof parse>[1]) {
  const found = parse(annotations, more);
  assert.ok(found.kind === "ready", JSON.stringify(found));
  return { proposal: found.target.proposal, warnings: found.warnings };
}

function problemsOf(annotations: Record<string, string>, more?: Parameters<typeof parse>[1]): readonly string[] {
  const found = parse(annotations, more);
  assert.ok(found.kind === "malformed", JSON.stringify(found));
  return found.problems;
}

test("nothing is proposed unless it is asked for, and the branch is the workload's own", () => {
  assert.equal(proposalOf({ write_to: "" }).proposal, undefined);
  assert.equal(proposalOf({ write_to: "branch" }).proposal, undefined);
  const usual = { branch: "gitops-operator/prod/web", labels: [], autoMerge: false, forge: "github", token: undefined };
  assert.deepEqual(proposalOf({}), { proposal: usual, warnings: [] });
  assert.equal(proposalOf({}, { kind: "StatefulSet" }).proposal?.branch, "gitops-operator/prod/statefulset/web");
  assert.equal(proposalOf({}, { prefix: "bots/tags/" }).proposal?.branch, "bots/tags/prod/web");
  const said = { proposal_branch: "gitops-operator/shop", proposal_auto_merge: "true", proposal_labels: "deploy, team/shop" };
  const found = proposalOf({ ...said, manifest_token_secret_name: "forge" });
  assert.deepEqual(found, {
    proposal: {
      ...usual,
      ...{ branch: "gitops-operator/shop", labels: ["deploy", "team/shop"], autoMerge: true },
      token: { namespace: "gitops-operator", name: "forge", field: "forge-token", forge: "github" },
    },
    warnings: [],
  });
  assert.deepEqual(problemsOf({ write_to: "proposals" }), [
    "gitops.operator.write_to is none of 'proposal' and 'branch'; did you mean 'proposal'?",
  ]);
});

// S31
test("a branch that does not begin with PROPOSAL_PREFIX, or is the manifests' own, is malformed", () => {
  for (const branch of ["main", "gitops-operator", "gitops-operatorx/a", "release/gitops-operator/a"]) {
    assert.deepEqual(problemsOf({ proposal_branch: branch }), [
      "gitops.operator.proposal_branch does not begin with 'gitops-operator/', below which alone branches are written anew (PROPOSAL_PREFIX)",
    ]);
  }
  assert.match(problemsOf({ proposal_branch: "gitops-operator/" })[0] ?? "", /proposal_branch has an empty part/);
  assert.match(problemsOf({ proposal_branch: "gitops-operator/../main" })[0] ?? "", /proposal_branch holds '\.\.'/);
  const own = { proposal_branch: "gitops-operator/live", manifest_branch: "gitops-operator/live" };
  assert.deepEqual(problemsOf(own), [
    "gitops.operator.proposal_branch is the branch of the manifests itself; write the name of another one",
  ]);
  assert.deepEqual(problemsOf({ manifest_branch: "gitops-operator/prod/web" }), [
    "gitops.operator.proposal_branch is the branch of the manifests itself; write the name of another one",
  ]);
});

test("PROPOSAL_PREFIX is the beginning of branches, up to a slash", () => {
  for (const good of ["gitops-operator/", "bots/tags/", "a/"]) assert.equal(prefixProblem(good), undefined);
  for (const bad of ["", "/", "gitops-operator", "a//", "-a/", "refs/heads/", "a..b/", "a b/", "x.lock/"])
    assert.ok(prefixProblem(bad), bad);
});

test("labels are 20 of 100 characters at most, each printable", () => {
  assert.match(problemsOf({ proposal_labels: "a,,b" })[0] ?? "", /proposal_labels holds a label that is empty/);
  assert.match(problemsOf({ proposal_labels: `a,${"x".repeat(101)}` })[0] ?? "", /longer than 100 characters/);
  assert.match(problemsOf({ proposal_labels: "a\nb" })[0] ?? "", /not printable/);
  assert.match(problemsOf({ proposal_labels: Array(21).fill("a").join() })[0] ?? "", /more than 20 labels/);
});

test("the token for builds opens requests where both repositories are of one forge, unless another is named", () => {
  const token = { namespace: "gitops-operator", name: "forge", field: "forge-token", forge: "github", isDefault: true };
  assert.deepEqual(proposalOf({ forge_token_secret_name: "forge" }).proposal?.token, token);
  assert.deepEqual(proposalOf({ github_token_secret_name: "gh" }).proposal?.token, { ...token, name: "gh", field: "github-token" });
  const elsewhere = { forge_token_secret_name: "forge", manifest_repository: "git@git.example:team/manifests" };
  assert.deepEqual(proposalOf(elsewhere).proposal, { ...proposalOf({}).proposal, forge: "gitlab", token: undefined });
  const named = { forge_token_secret_name: "forge", manifest_token_secret_name: "own", manifest_token_secret_namespace: "prod" };
  assert.deepEqual(proposalOf(named).proposal?.token, { namespace: "prod", name: "own", field: "forge-token", forge: "github" });
});

test("what has no effect is a warning that says why", () => {
  const said = { proposal_branch: "gitops-operator/x", proposal_auto_merge: "true", proposal_labels: "a", manifest_token_secret_name: "t" };
  const idle = proposalOf({ write_to: "branch", ...said }).warnings;
  assert.equal(idle.length, 4);
  for (const warning of idle)
    assert.match(warning, / has no effect, as gitops\.operator\.write_to is not 'proposal'; set that, or remove it$/);
  const tokenless = { proposal_auto_merge: "true", proposal_labels: "a" };
  for (const [host, words] of [
    ["github.com", "a request of GitHub without a token"],
    ["code.example", "a request of Gitea without a token"],
    ["plain.example", "a request of plain.example without a token"],
  ]) {
    const { warnings } = proposalOf({ ...tokenless, manifest_repository: `git@${host}:team/manifests` });
    assert.equal(warnings.length, 2, host);
    assert.ok(warnings[0]?.includes(words ?? ""), warnings[0]);
  }
  assert.deepEqual(proposalOf({ ...tokenless, manifest_repository: "git@git.example:team/manifests" }).warnings, []);
  assert.deepEqual(proposalOf({ ...tokenless, manifest_token_secret_name: "t" }).warnings, []);
  const { warnings } = proposalOf({ manifest_repository: "git@plain.example:team/m", manifest_token_secret_name: "t" });
  assert.match(warnings[0] ?? "", /nobody has said which forge plain\.example is; let an administrator add plain\.example=KIND to FORGES/);
});
