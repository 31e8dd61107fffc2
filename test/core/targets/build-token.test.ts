import assert from "node:assert/strict";
import { test } from "node:test";
import { annotationPrefix } from "../../../src/core/annotations.ts";
import { parseTarget } from "../../../src/core/targets/target.ts";
import { required } from "../required-annotations.ts";

function parse(app_repository: string, changes: Record<string, string>) {
  const entries = Object.entries({ ...required, app_repository, ...changes }).map(([name, text]) => [annotationPrefix + name, text]);
  const record = { kind: "Deployment", namespace: "prod", name: "web", annotations: Object.fromEntries(entries), containers: [] } as const;
  const parsed = parseTarget(record, "home");
  assert.ok(parsed.kind === "ready", JSON.stringify(parsed));
  return { token: parsed.target.buildToken, warnings: parsed.warnings };
}

const gitHub = "git@github.com:team/shop.git";
const gitLab = "git@gitlab.com:team/shop.git";
const nobodys = "git@git.example:team/shop.git";
const general = { forge_token_secret_name: "token" };
const gitHubs = { github_token_secret_name: "github" };

test("the general token is for every known forge, GitHub's own for GitHub; where both are named the general one counts", () => {
  const named = (name: string, field: string, namespace = "home", forge = "github") => ({
    token: { namespace, name, field, forge },
    warnings: [] as string[],
  });
  assert.deepEqual(parse(gitHub, {}), { token: undefined, warnings: [] });
  assert.deepEqual(parse(gitHub, general), named("token", "forge-token"));
  assert.deepEqual(parse(gitLab, { ...general, forge_token_secret_namespace: "team" }), named("token", "forge-token", "team", "gitlab"));
  assert.deepEqual(parse(gitHub, { ...gitHubs, github_token_secret_namespace: "ops" }), named("github", "github-token", "ops"));
  const both = parse(gitHub, { ...general, ...gitHubs, github_token_secret_namespace: "ops" });
  assert.deepEqual(both.token, named("token", "forge-token").token);
  assert.match(
    both.warnings.join(),
    /^gitops\.operator\.github_token_secret_name has no effect, as gitops\.operator\.forge_token_secret_name is set; remove it$/,
  );
});

// S26
test("a token of GitHub's is for no other forge, and one for a host that nobody knows is for nobody: both are told", () => {
  const elsewhere = parse(gitLab, gitHubs);
  assert.equal(elsewhere.token, undefined);
  assert.match(
    elsewhere.warnings.join(),
    /github_token_secret_name has no effect, as gitlab\.com is GitLab; name a token of that by gitops\.operator\.forge_token_secret_name/,
  );
  for (const token of [general, gitHubs]) {
    const unknown = parse(nobodys, token);
    assert.equal(unknown.token, undefined);
    assert.match(
      unknown.warnings.join(),
      /^gitops\.operator\.(forge|github)_token_secret_name has no effect: .* git\.example is; let an administrator add git\.example=KIND to FORGES/,
    );
  }
});
