import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRepository } from "../../../src/core/repository.ts";
import {
  isAllowed,
  parseAllowedRepositories,
  readLogin,
  requireAllowed,
  requireBound,
} from "../../../src/core/targets/allowed-repositories.ts";
import { growthOf, MOST_GROWTH } from "../../growth.ts";

function repository(text: string) {
  const parsed = parseRepository(text);
  assert.ok(parsed.kind === "ok", text);
  return parsed.repository;
}

function allows(globs: string, text: string): boolean {
  const parsed = parseAllowedRepositories(globs);
  assert.ok(parsed.kind === "ok", globs);
  return isAllowed(parsed.allowed, repository(text));
}

type TargetRepositories = Parameters<typeof requireAllowed>[1];

const cases: [globs: string, repository: string, isAllowed: boolean][] = [
  ["github.com/team/app", "git@github.com:team/app.git", true],
  ["github.com/team/app.git", "git@github.com:team/app", true],
  ["github.com/team/app", "https://github.com/team/app", true],
  ["github.com/team/app", "ssh://anyone@github.com/team/app/", true],
  ["GitHub.com/team/app", "git@GITHUB.com:team/app.git", true],
  ["github.com/team/app", "git@ssh.github.com:team/app.git", true],
  ["git@host.example/srv/app", "ssh://git@host.example/srv/app", true],
  ["git@host.example/srv/app", "other@host.example:srv/app", false],
  ["git@github.com/team/app", "https://github.com/team/app", false],
  ["github.com/team/app", "git@github.com:Team/app.git", false],
  ["github.com/team/app", "git@github.com:team/app2.git", false],
  ["github.com/team/app", "git@github.com:team/app/sub", false],
  ["github.com/team/app", "git@github.com:team", false],
  ["github.com/team/app", "git@github.com.evil.example:team/app", false],
  ["github.com/team/app", "git@evil.example:github.com/team/app", false],
  ["github.com/team/*", "git@github.com:team/app.git", true],
  ["github.com/team/*", "git@github.com:team/sub/app.git", false],
  ["github.com/team/*", "git@github.com:team//app.git", true],
  ["github.com/team/*", "git@github.com:team", false],
  ["host.example/team/*", "git@host.example:team/.git", false],
  ["github.com/*/app", "git@github.com:team/app", true],
  ["github.com/te*m/a*p*", "git@github.com:team/app", true],
  ["github.com/ab*ba/x", "git@github.com:aba/x", false],
  ["github.com/a*b*b/x", "git@github.com:ab/x", false],
  ["github.com/team/**", "git@github.com:team/sub/deep/app.git", true],
  ["github.com/team/**", "git@github.com:team.git", false],
  ["github.com/team/**", "git@github.com:teammate/app.git", false],
  ["github.com/**", "git@github.com:team/app.git", true],
  ["*.example/**", "git@git.example:team/app.git", true],
  ["*.example/**", "git@git.example.evil:team/app.git", false],
  ["**", "ssh://git@[::1]:2222/x", true],
  ["host.example/team/*", "ssh://git@host.example:2222/team/app", false],
  ["host.example:2222/team/*", "ssh://git@host.example:2222/team/app", true],
  ["host.example:*/team/*", "ssh://git@host.example:2222/team/app", true],
  ["host.example:*/team/*", "ssh://git@host.example/team/app", false],
  ["[::1]:2222/team/*", "ssh://git@[::1]:2222/team/app", true],
  ["github.com/team/*", "https://github.com/team%2Fapp", true],
  ["github.com/*", "https://github.com/team%2Fapp", false],
  ["github.com/one/*, github.com/two/*\n  github.com/three/x", "git@github.com:three/x", true],
];
for (const [globs, text, expected] of cases) {
  test(`${JSON.stringify(globs)} ${expected ? "allows" : "does not allow"} ${text}`, () => {
    assert.equal(allows(globs, text), expected);
  });
}

for (const globs of [
  "",
  " ,\n",
  "github.com",
  "*",
  "github.com/",
  "/team/app",
  "github.com//app",
  "github.com/**/app",
  "github.com/te**m/app",
  "**/app",
  "***",
  "https://github.com/team/app",
  "git@github.com:team/app",
  "github.com:team/app",
  "github.com/../app",
  "github.com/[a-z]*/app",
  "github.com/{a,b}/app",
  "!github.com/team/app",
  "github.com/team/app?",
  "github.com/team/app, oops",
  "github.com/team\\app",
]) {
  test(`${JSON.stringify(globs)} is no list of globs, which is said without repeating it`, () => {
    const parsed = parseAllowedRepositories(globs);
    assert.equal(parsed.kind, "error");
    if (parsed.kind === "error") assert.match(parsed.problem, /^(?:is empty|has an item .* \(number \d+\)).*host\/owner\/repo/);
  });
}

test("asterisks without end cost linear time", async () => {
  const growth = await growthOf(50, (stars) => {
    assert.equal(allows(`h.example/${"*a".repeat(stars)}*b`, `git@h.example:${"a".repeat(2_000)}`), false);
  });
  assert.ok(growth < MOST_GROWTH, `${growth} times`);
});

test("what is denied names the repository, the annotation and who can help; a Secret's list is not told", () => {
  const at = { appRepository: repository("git@github.com:team/app.git"), manifestRepository: repository("git@github.com:x/y") };
  const parsed = parseAllowedRepositories("github.com/team/*");
  assert.ok(parsed.kind === "ok");
  assert.throws(() => requireAllowed(parsed.allowed, at as TargetRepositories), {
    code: "repository_denied",
    message: /^Repository github\.com\/x\/y is not allowed: correct gitops\.operator\.manifest_repository.*ALLOWED_REPOSITORIES$/,
  });
  requireAllowed(undefined, at as TargetRepositories);
  const ref = { namespace: "gitops-operator", name: "key" };
  const all = Object.values(at);
  requireBound(ref, undefined, all);
  requireBound(ref, "github.com/**", all);
  assert.throws(
    () => requireBound(ref, "github.com/team/*", all),
    (error: Error & { code: string }) => {
      assert.equal(error.code, "repository_denied");
      assert.match(error.message, /^Secret gitops-operator\/key is not for github\.com\/x\/y: .*gitops\.operator\.allowed_repositories$/);
      assert.doesNotMatch(error.message, /team/);
      return true;
    },
  );
  for (const nothing of ["", "github.com"]) {
    assert.throws(() => requireBound(ref, nothing, all), {
      code: "repository_denied",
      message: /Secret gitops-operator\/key: its annotation/,
    });
  }
});

test("a login that is bound to other repositories than the Deployment's is not used", async () => {
  const target = { appRepository: repository("git@github.com:team/app"), manifestRepository: repository("git@github.com:team/manifests") };
  const read = (bound: string | undefined) =>
    readLogin(
      async () => ({ text: "login", allowedRepositories: bound }),
      target as TargetRepositories,
      { namespace: "a", name: "regcred" },
      "x",
    );
  for (const bound of [undefined, "github.com/team/*"]) assert.equal(await read(bound), "login");
  for (const bound of ["github.com/team/app", "github.com/team/manifests", "github.com/other/*", ""])
    await assert.rejects(read(bound), { code: "repository_denied", message: /^Secret a\/regcred/ }, bound);
});
