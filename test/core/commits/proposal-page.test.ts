import assert from "node:assert/strict";
import { test } from "node:test";
import { proposalPage } from "../../../src/core/commits/proposal-page.ts";
import { forgeOf, knownForges, parseForges } from "../../../src/core/forges.ts";
import { parseRepository } from "../../../src/core/repository.ts";

const parsed = parseForges(
  "ghes.example=github,git.example=gitlab,sub.example=gitlab@https://sub.example/gitlab,code.example=gitea,bb.example=bitbucket-server",
);
assert.ok(parsed.kind === "ok");
const forges = knownForges(parsed.forges, { host: "github.com", apiUrl: "https://api.github.com" });

function pageOf(text: string): string | undefined {
  const found = parseRepository(text);
  assert.ok(found.kind === "ok", text);
  const forge = forgeOf(forges, found.repository);
  assert.ok(forge, text);
  return proposalPage(forge, found.repository, "main", "gitops-operator/prod/web");
}

test("each forge has a page on which a person opens the request", () => {
  for (const [repository, page] of [
    ["git@github.com:team/manifests.git", "https://github.com/team/manifests/compare/main...gitops-operator/prod/web"],
    ["ssh://git@ssh.github.com:443/team/manifests", "https://github.com/team/manifests/compare/main...gitops-operator/prod/web"],
    ["https://ghes.example/team/manifests.git", "https://ghes.example/team/manifests/compare/main...gitops-operator/prod/web"],
    ["git@git.example:group/sub/manifests.git", "https://git.example/group/sub/manifests/-/compare/main...gitops-operator/prod/web"],
    ["git@sub.example:group/manifests.git", "https://sub.example/gitlab/group/manifests/-/compare/main...gitops-operator/prod/web"],
    ["git@code.example:team/manifests.git", "https://code.example/team/manifests/compare/main...gitops-operator/prod/web"],
    ["git@codeberg.org:team/manifests.git", "https://codeberg.org/team/manifests/compare/main...gitops-operator/prod/web"],
    ["git@bitbucket.org:team/manifests.git", "https://bitbucket.org/team/manifests/branch/gitops-operator/prod/web"],
    ["ssh://git@bb.example:7999/team/manifests.git", "https://bb.example/projects/team/repos/manifests/branches"],
    ["https://bb.example/scm/team/manifests.git", "https://bb.example/projects/team/repos/manifests/branches"],
    ["git@ssh.dev.azure.com:v3/org/project/manifests", "https://dev.azure.com/org/project/_git/manifests/branches"],
    ["https://dev.azure.com/org/project/_git/manifests", "https://dev.azure.com/org/project/_git/manifests/branches"],
    ["git@github.com:manifests", undefined],
    ["git@dev.azure.com:org/project", undefined],
  ] as const) {
    assert.equal(pageOf(repository), page, repository);
  }
});
