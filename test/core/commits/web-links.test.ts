import assert from "node:assert/strict";
import { test } from "node:test";
import { commitUrl, fileUrl } from "../../../src/core/commits/web-links.ts";
import { parseRepository } from "../../../src/core/repository.ts";

const sha = "0123456789abcdef0123456789abcdef01234567";

function links(text: string, githubHost = "github.com") {
  const parsed = parseRepository(text);
  if (parsed.kind === "error") throw new Error(parsed.problem);
  return [commitUrl(parsed.repository, sha, githubHost), fileUrl(parsed.repository, "release/1.x", "a b/app.yaml", githubHost)];
}

test("the forges' own URL forms, from any form of the repository", () => {
  const github = [`https://github.com/team/app/commit/${sha}`, "https://github.com/team/app/blob/release/1.x/a%20b/app.yaml"];
  for (const text of ["git@github.com:team/app.git", "ssh://git@ssh.github.com:443/team/app", "https://github.com/team/app.git"])
    assert.deepEqual(links(text), github, text);
  assert.deepEqual(links("git@gitlab.com:group/sub/app.git"), [
    `https://gitlab.com/group/sub/app/-/commit/${sha}`,
    "https://gitlab.com/group/sub/app/-/blob/release/1.x/a%20b/app.yaml",
  ]);
  assert.deepEqual(links("git@bitbucket.org:team/app.git"), [
    `https://bitbucket.org/team/app/commits/${sha}`,
    "https://bitbucket.org/team/app/src/release/1.x/a%20b/app.yaml",
  ]);
  assert.deepEqual(links("ssh://git@codeberg.org/team/app.git"), [
    `https://codeberg.org/team/app/commit/${sha}`,
    "https://codeberg.org/team/app/src/branch/release/1.x/a%20b/app.yaml",
  ]);
});

test("own servers are known by their first label or as GITHUB_HOST; the port of ssh is none of the web's", () => {
  assert.equal(links("ssh://git@gitlab.corp.example:2222/a/b")[0], `https://gitlab.corp.example/a/b/-/commit/${sha}`);
  assert.equal(links("git@gitea.corp.example:a/b")[0], `https://gitea.corp.example/a/b/commit/${sha}`);
  assert.equal(links("git@code.corp.example:a/b", "code.corp.example")[0], `https://code.corp.example/a/b/commit/${sha}`);
  assert.equal(links("https://gitlab.corp.example:8443/a/b")[0], `https://gitlab.corp.example:8443/a/b/-/commit/${sha}`);
});

test("where the URL is not known there is none", () => {
  for (const text of ["git@git.corp.example:a/b", "git@github.com:app", "git@github.com:a/b/c", "git@gitlab.com:~me/app", "git@[::1]:a/b"])
    assert.deepEqual(links(text), [undefined, undefined], text);
});

test("only what can be a commit is linked, and no path leaves the repository's page", () => {
  const parsed = parseRepository("git@github.com:team/app.git");
  assert.ok(parsed.kind === "ok");
  for (const tag of ["javascript:alert(1)", "v1.0", "latest", "../../x", "012345", "0123456\n", ""])
    assert.equal(commitUrl(parsed.repository, tag, "github.com"), undefined, tag);
  assert.equal(commitUrl(parsed.repository, "0123456", "github.com"), "https://github.com/team/app/commit/0123456");
  const hostile = fileUrl(parsed.repository, "a?b#c", '"><script>', "github.com");
  assert.equal(hostile, "https://github.com/team/app/blob/a%3Fb%23c/%22%3E%3Cscript%3E");
  assert.equal(fileUrl(parsed.repository, "a\ud800", "b", "github.com"), "https://github.com/team/app/blob/a%EF%BF%BD/b");
  assert.equal(fileUrl(parsed.repository, "main", "a\ud800", "github.com"), undefined);
});

test("a path is linked as it is read: a leading slash, a dot and doubled slashes are no part of it", () => {
  const parsed = parseRepository("git@github.com:team/app.git");
  assert.ok(parsed.kind === "ok");
  for (const path of ["/deploy/app.yaml", "./deploy//app.yaml", "deploy/app.yaml"])
    assert.equal(fileUrl(parsed.repository, "main", path, "github.com"), "https://github.com/team/app/blob/main/deploy/app.yaml", path);
  assert.equal(fileUrl(parsed.repository, "main", "../x", "github.com"), undefined);
});
