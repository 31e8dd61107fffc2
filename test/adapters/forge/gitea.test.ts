import assert from "node:assert/strict";
import { test } from "node:test";
import { startGitea } from "../../../sandbox/forges/gitea.ts";
import { createGitea } from "../../../src/adapters/forge/gitea.ts";
import { type Kind, sha, startKind, testKind, token } from "./kinds.ts";

const build = (state: string, name = "ci/build") => ({ state, name });
const own = build("pending", "gitops-operator/default/shop");
const path = "/repos/team/shop/commits/SHA/status";

const gitea: Kind = {
  name: "Gitea and Forgejo",
  start: startGitea,
  create: createGitea,
  repository: "git@codeberg.org:team/shop.git",
  known: "team/shop",
  rows: [
    ["none"],
    ["none", build("skipped")],
    ["none", own],
    ["running", build("pending"), build("success")],
    ["running", build("a-state-of-the-future")],
    ["completed", build("failure"), build("success")],
    ["completed", build("warning"), own],
    ["failed", build("failure"), build("error"), own],
    ["failed", build("failure"), build("skipped")],
  ],
  running: build("pending"),
  failed: build("failure"),
  perPage: 50,
  pages: [`${path}?page=1&limit=50`, `${path}?page=2&limit=50`],
  login: ["authorization", `token ${token}`],
  wrongToken: /^Gitea refuses the token \(HTTP 401: /,
  garbage: ["[]", '{"total_count":1,"statuses":null}', '{"state":"pending"}', '{"total_count":1,"statuses":[{"state":"success"}]}'],
  repositories: [
    ["ssh://git@codeberg.org/team/shop", "team/shop"],
    ["https://codeberg.org/team/shop.git", "team/shop"],
    ["git@codeberg.org:shop", /is no OWNER\/REPOSITORY of Gitea/],
    ["git@codeberg.org:a/b/c", /is no OWNER\/REPOSITORY of Gitea/],
  ],
};
testKind(gitea);

test("Gitea: a server that counts the page alone is asked for the next one as long as pages are full, and an empty answer is none", async (t) => {
  const { api, ask } = await startKind(t, { ...gitea, start: (options) => startGitea({ ...options, countsAll: false }) });
  api.setBuilds("team/shop", sha, [...Array(50).fill(gitea.failed), gitea.running]);
  assert.equal((await ask()).kind, "running");
  assert.equal(api.requests.length, 2);
  api.answer({ status: 200, body: "" });
  assert.deepEqual(await ask(), { kind: "none" });
});
