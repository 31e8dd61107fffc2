import assert from "node:assert/strict";
import { test } from "node:test";
import { startGitlab } from "../../../sandbox/forges/gitlab.ts";
import { createGitlab } from "../../../src/adapters/forge/gitlab.ts";
import { type Kind, reasonOf, sha, startKind, testKind, token } from "./kinds.ts";

const build = (state: string) => ({ state });
const query = `pipelines?sha=SHA&per_page=100`;

const gitlab: Kind = {
  name: "GitLab",
  start: startGitlab,
  create: createGitlab,
  repository: "git@gitlab.com:team/shop.git",
  known: "team/shop",
  rows: [
    ["none"],
    ["none", build("skipped"), build("manual")],
    ["queued", build("created")],
    ["queued", build("waiting_for_resource")],
    ["queued", build("preparing")],
    ["queued", build("pending"), build("failed")],
    ["queued", build("scheduled")],
    ["running", build("running"), build("pending"), build("success")],
    ["running", build("canceling")],
    ["running", build("a_state_of_the_future")],
    ["completed", build("failed"), build("success")],
    ["failed", build("failed"), build("canceled")],
    ["failed", build("failed"), build("skipped")],
  ],
  running: build("running"),
  failed: build("failed"),
  perPage: 100,
  pages: [`/projects/team%2Fshop/${query}`, `/projects/team%2Fshop/${query}&page=2`],
  login: ["private-token", token],
  wrongToken: /^GitLab refuses the token \(HTTP 401: 401 Unauthorized\)/,
  garbage: [
    '{"message":"ok"}',
    '[{"status":"running"}]',
    `[{"sha":"${sha}","status":1}]`,
    JSON.stringify(Array(1_001).fill({ sha, status: "failed" })),
  ],
  repositories: [
    ["git@gitlab.com:team/backend/carts/shop.git", "team/backend/carts/shop"],
    ["ssh://git@gitlab.com/team/shop", "team/shop"],
    ["https://gitlab.com/team/shop/", "team/shop"],
    ["git@gitlab.com:shop.git", /is no GROUP\/PROJECT of GitLab/],
    ["git@gitlab.com:team/sh%2Fop", /is no GROUP\/PROJECT of GitLab/],
    ["git@gitlab.com:team/sh op".replace(" ", "%20"), /is no GROUP\/PROJECT of GitLab/],
  ],
};
testKind(gitlab);

test("GitLab: by the fields that it calls otherwise than GitHub, the question behind a budget's last one is not sent", async (t) => {
  const { api, ask } = await startKind(t, gitlab);
  api.setBuilds("team/shop", sha, [gitlab.running]);
  api.limit = { remaining: 1, resetAt: new Date(Date.now() + 600_000) };
  assert.equal((await ask()).kind, "running");
  assert.match(reasonOf(await ask()), /rate limit for this token is used up; it is asked again in (59\d|60\d) s/);
  assert.equal(api.requests.length, 1);
});
