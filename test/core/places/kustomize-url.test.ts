import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRemoteTarget } from "../../../src/core/places/kustomize-url.ts";
import { parseRepository, repositoryName } from "../../../src/core/repository.ts";
import { growthOf, MOST_GROWTH } from "../../growth.ts";
import { otherTargets, remoteTargets } from "./remote-targets.ts";

test("every form of kustomize's URLs names the repository and the commit, and where the commit stands", () => {
  for (const [url, repository, commit] of remoteTargets) {
    const target = parseRemoteTarget(url);
    assert.deepEqual({ ...target, commitAt: 0 }, { repository, commit, commitAt: 0 }, url);
    assert.ok(target && url.startsWith(commit, target.commitAt), url);
  }
});

test("what leads to no repository or names no commit by its whole id is none", () => {
  for (const url of otherTargets) assert.equal(parseRemoteTarget(url), undefined, url);
});

test("repositories are equal by host and path, whatever their forms", () => {
  const nameOf = (text: string) => {
    const parsed = parseRepository(text);
    return parsed.kind === "ok" ? repositoryName(parsed.repository) : undefined;
  };
  const commit = "a".repeat(40);
  for (const app of ["git@github.com:team/app.git", "ssh://git@ssh.github.com:443/team/app", "https://github.com/team/app.git"]) {
    for (const url of ["github.com/team/app", "git@github.com:team/app.git//k", "https://github.com/team/app/k"])
      assert.equal(parseRemoteTarget(`${url}?ref=${commit}`)?.repository, nameOf(app), `${url} for ${app}`);
    for (const url of ["github.com/team/app-sidecar", "github.com/team/App", "https://gitlab.com/team/app", "git@github.com:22/team/app"])
      assert.notEqual(parseRemoteTarget(`${url}?ref=${commit}`)?.repository, nameOf(app), `${url} for ${app}`);
  }
});

// S9, S32
test("a hostile URL costs linear time", async () => {
  for (const part of ["&", "&ref=", "a@", "/", "//", ".git", "%41", "_git/", "git::"]) {
    const growth = await growthOf(2 ** 14, (length) => {
      parseRemoteTarget(`https://${part.repeat(length / part.length)}?ref=${"a".repeat(40)}`);
      parseRemoteTarget(`https://git.example/a/b?x=${part.repeat(length / part.length)}`);
    });
    assert.ok(growth < MOST_GROWTH, `${growth} times for ${JSON.stringify(part)}`);
  }
});
