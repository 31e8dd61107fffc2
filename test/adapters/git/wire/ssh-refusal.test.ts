/**
 * Words of the kind that forges say over SSH; each is told at once, with what to do. Some are as the forges' sources and users' reports have
 * them, the others were written down from memory: a forge may say it otherwise.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { sshRefusal } from "../../../../src/adapters/git/wire/ssh-refusal.ts";
import type { GitService } from "../../../../src/adapters/ssh/git-command.ts";

const at = { transport: "ssh", user: "git", host: "git.example", port: 22, path: "team/app.git" } as const;
const pull: GitService = "git-upload-pack";
const push: GitService = "git-receive-pack";
/** What the git command line adds on its own; some servers say it too. */
const tail = "\nfatal: Could not read from remote repository.";
const framed = (text: string) => {
  const rule = `remote: ${"=".repeat(72)}`;
  return `remote: \n${rule}\nremote: \nremote: ${text}\nremote: \n${rule}\nremote: \n`;
};

const missing = ["git_repository_missing", /correct gitops\.operator\.\w+_repository.*or give the key access/] as const;
const readOnly = ["git_denied", /give the key write access.*gitops\.operator\.manifest_ssh_key_name/] as const;
const signOn = ["git_denied", /authorize the SSH key for the organization's single sign-on/] as const;
const address = ["git_denied", /add the addresses that the operator connects from/] as const;
const archived = ["git_denied", /unarchive the repository/] as const;
const closed = ["git_denied", /ask the host's administrator/] as const;
const unregistered = ["git_denied", /register the key's public half/] as const;
const denied = ["git_denied", /give it (?:read|write) access/] as const;
const passing = ["git_unreachable", /asked again at the next pass/] as const;

const table: readonly (readonly [forge: string, service: GitService, said: string, expected: readonly [string, RegExp]])[] = [
  ["GitHub", pull, "ERROR: Repository not found.", missing],
  ["GitHub", push, `ERROR: The key you are authenticating with has been marked as read only.${tail}`, readOnly],
  ["GitHub", push, "ERROR: Write access to repository not granted.", readOnly],
  ["GitHub", push, "ERROR: Permission to team/app.git denied to deploy key", denied],
  ["GitHub", push, "ERROR: This repository was archived so it is read-only.", archived],
  [
    "GitHub",
    pull,
    "ERROR: The 'team' organization has enabled or enforced SAML SSO.\nTo access this repository, you must use the HTTPS remote with a personal access token\nor SSH with an SSH key and passphrase\nthat has been authorized for this organization.",
    signOn,
  ],
  [
    "GitHub",
    pull,
    "ERROR: The repository owner has an IP allow list enabled, and 192.0.2.1 is not permitted to access this repository.",
    address,
  ],
  ["GitHub", pull, "ERROR: Your account is suspended. Please check your email address", closed],
  ["GitHub", pull, "ERROR: Access to this repository has been disabled by GitHub staff.", closed],
  ["GitLab", push, framed("ERROR: This deploy key does not have write access to this project."), readOnly],
  ["GitLab", pull, framed("ERROR: The project you were looking for could not be found or you don't have permission to view it."), missing],
  ["GitLab", pull, framed("A repository for this project does not exist yet."), missing],
  ["GitLab", push, framed("ERROR: You are not allowed to push code to this project."), readOnly],
  ["GitLab", pull, framed("ERROR: You are not allowed to download code from this project."), denied],
  ["GitLab", pull, framed("Your account has been blocked by your administrator."), closed],
  ["GitLab", push, framed("You can't push code to a read-only GitLab instance."), readOnly],
  ["GitLab", push, framed("The repository is temporarily read-only. Please try again later."), passing],
  ["GitLab", pull, framed("ERROR: Internal API unreachable"), passing],
  ["Bitbucket Cloud", pull, "The requested repository either does not exist or you do not have access.", missing],
  [
    "Bitbucket Cloud",
    pull,
    "repository access denied. access via a deployment key is read-only. deployment key is not associated with the requested repository.",
    readOnly,
  ],
  ["Bitbucket Cloud", pull, "To access this repository, an admin must whitelist your IP.", address],
  [
    "Bitbucket Server",
    pull,
    "Repository not found\nThe requested repository does not exist, or you do not have permission to access it.",
    missing,
  ],
  ["Bitbucket Server", push, "Repository is read only", readOnly],
  ["Bitbucket Server", push, "You are not permitted to push to this repository", denied],
  [
    "Azure DevOps",
    pull,
    "remote: TF401019: The Git repository with name or identifier app does not exist or you do not have permissions for the operation you are attempting.",
    missing,
  ],
  ["Azure DevOps", pull, "remote: Command git-upload-pack '/v3/team/app' is not in expected format", missing],
  ["Azure DevOps", pull, "remote: Public key authentication failed.", unregistered],
  ["CodeCommit", pull, "ERROR: Repository 'app' does not exist", missing],
  ["CodeCommit", pull, "ERROR: User is not authorized to perform: codecommit:GitPull on the resource", denied],
  ["Gitea", pull, "Gitea: Cannot find repository: team/app", missing],
  ["Gitea", push, "Gitea: Deploy Key: 1:operator is not authorized to write to team/app.", readOnly],
  ["Forgejo", push, "Forgejo: Repo: team/app is archived", archived],
  ["Forgejo", pull, "Forgejo: User: 7:bot with Key: 9:k is not authorized to read team/app.", denied],
  ["Gogs", push, "Gogs: Deploy key does not have write access", readOnly],
  ["Gerrit", pull, "fatal: project team/app not found", missing],
  ["Gerrit", push, "fatal: receive-pack not permitted on project 'team/app'", denied],
  ["sourcehut", pull, "No such repository.", missing],
  ["sourcehut", push, "Access denied.", denied],
  ["gitolite", push, "FATAL: W any team/app operator DENIED by fallthru", denied],
  ["git", pull, "fatal: '/team/app.git' does not appear to be a git repository", missing],
  ["git", pull, "fatal: unable to create threaded lstat: Resource temporarily unavailable", passing],
  ["any", pull, "", passing],
  ["any", pull, "Killed", passing],
];

for (const [forge, service, said, [code, remedy]] of table) {
  test(`${forge} on ${service}: ${said.replace(/[=\s]+/g, " ").slice(0, 90)}`, () => {
    const error = sshRefusal(at, service, said);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, remedy);
    assert.match(error.message, /^git@git\.example:team\/app\.git /);
    assert.doesNotMatch(error.message, /remote:|={5}|\n/);
  });
}

test("the repository's own name is not taken for a reason", () => {
  for (const [path, said] of [
    ["team/archived.git", "fatal: '/team/archived.git' does not appear to be a git repository"],
    ["team/temporary", "fatal: project temporary not found"],
    ["/srv/read-only", "ERROR: Repository '/srv/read-only' does not exist."],
  ] as const) {
    assert.equal(sshRefusal({ ...at, path }, pull, said).code, "git_repository_missing", said);
  }
});

test("a login that is refused is not taken for a passing fault", () => {
  assert.equal(sshRefusal(at, pull, "Permission denied, please try again.").code, "git_denied");
});
