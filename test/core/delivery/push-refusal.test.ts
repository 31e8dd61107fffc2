/** What servers say of a push that they don't take, as their sources, documentation and users' reports have it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pushRemedy } from "../../../src/core/delivery/push-refusal.ts";

const email = /DEFAULT_FROM_EMAIL/;
const signed = /gitops\.operator\.signing_key_name/;
const message = /commit messages/;
const access = /branch protection, hooks/;

const table: readonly (readonly [said: string, remedy: RegExp])[] = [
  ["push declined due to email privacy restrictions (error: GH007: Your push would publish a private email address.)", email],
  ["push declined due to repository rule violations (error: GH013: - Committer email must match a given pattern)", email],
  ["pre-receive hook declined (GitLab: Committer's email 'x@noreply.local' does not follow the pattern '@team.example$')", email],
  ["pre-receive hook declined (GitLab: Author's email 'x@noreply.local' does not follow the pattern '@team.example$')", email],
  [
    "pre-receive hook declined (GitLab: You cannot push commits for 'x@noreply.local'. You can only push commits if the committer email is one of your own verified emails.)",
    email,
  ],
  ["pre-receive hook declined (GitLab: Author 'x@noreply.local' is not a member of team)", email],
  ["pre-receive hook declined (GitLab: Your git username is inconsistent with GitLab account name)", email],
  ["commit 1234567: email address x@noreply.local is not registered in your account, and you lack 'forge committer' permission", email],
  ["invalid committer", email],
  ["invalid author", email],
  ["pre-receive hook declined (You can only push your own commits in this repository)", email],
  ["protected branch hook declined (error: GH006: Protected branch update failed. Commits must have verified signatures.)", signed],
  ["pre-receive hook declined (GitLab: Commit must be signed with a GPG key)", signed],
  ["pre-receive hook declined (GitLab: Commit message does not follow the pattern 'JIRA-\\d+')", message],
  ["commit 1234567: missing Change-Id in message footer", message],
  ["This repository was archived so it is read-only.", /unarchive/],
  [
    "failed to update ref (error: cannot lock ref 'refs/heads/gitops-operator/a/shop': 'refs/heads/gitops-operator/a' exists; cannot create 'refs/heads/gitops-operator/a/shop')",
    /^delete the branch that is in its way, or name another by gitops\.operator\.proposal_branch$/,
  ],
  ["protected branch hook declined (error: GH006: Protected branch update failed for refs/heads/main.)", access],
  ["pre-receive hook declined (GitLab: You are not allowed to push code to protected branches on this project.)", access],
  ["TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch.", access],
  ["prohibited by Gerrit: not permitted: update", access],
  ["hook declined", access],
  ["frozen until Monday; questions by email to ops@team.example", access],
];

for (const [said, remedy] of table) {
  test(`the remedy for: ${said.slice(0, 100)}`, () => {
    for (const kind of ["key", "token", "app"] as const) assert.match(pushRemedy(said, kind), remedy);
  });
}

test("each remedy speaks of what the push was made with", () => {
  for (const [said] of table) {
    assert.doesNotMatch(pushRemedy(said, "key"), /token|GitHub App/);
    assert.doesNotMatch(pushRemedy(said, "token"), /of (?:its|the operator's) key|operator's key to|GitHub App/);
    assert.doesNotMatch(pushRemedy(said, "app"), /of (?:its|the operator's) key|operator's key to|token/);
  }
  assert.match(pushRemedy("hook declined", "key"), /^allow the operator's key to push there/);
  assert.match(pushRemedy("hook declined", "token"), /^allow the owner of the operator's token to push there/);
  assert.match(pushRemedy("hook declined", "app"), /^allow the operator's GitHub App to push there/);
});
