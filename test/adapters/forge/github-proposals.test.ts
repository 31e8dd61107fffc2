/** What GitHub does about its pull requests that others don't. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { Agent } from "undici";
import { startCiApi } from "../../../sandbox/ci-api.ts";
import { createGitHubApps } from "../../../sandbox/github-apps.ts";
import { createAppTokens } from "../../../src/adapters/forge/app-tokens.ts";
import { createGithub } from "../../../src/adapters/forge/github.ts";
import type { GitHubApp } from "../../../src/core/git-ports.ts";
import { base, head, headSha, openOne as opened, startNamed as start, token, words } from "./proposal-kinds.ts";

const auto = { ...words, autoMerge: true };

test("GitHub: the head is asked for with its owner, as without it the filter is none", async (t) => {
  const { proposals, place, paths } = await start(t, "github");
  await proposals.find(place, token);
  assert.deepEqual(paths(), [
    `GET /repos/team/config/pulls?state=all&head=team:${head}&base=${base}&sort=created&direction=desc&per_page=3`,
  ]);
});

test("GitHub: what waits for nothing is merged at once, in a way that the repository allows, and never another commit", async (t) => {
  const started = await start(t, "github");
  const { api, pulls, pull } = started;
  pulls.isClean = true;
  (api as unknown as { mergeMethods: { allowed: string[] } }).mergeMethods.allowed = ["rebase"];
  assert.equal((await opened(started, auto)).warning, undefined);
  assert.equal(pull()?.state, "merged");
  const merges = api.requests.filter(({ path }) => path.endsWith("/merge"));
  assert.equal(merges.length, 3);
  assert.deepEqual(api.posts.at(-1)?.body, { sha: headSha, merge_method: "rebase" });
});

test("GitHub: a way of merging that the repository does not allow is not the last that is tried; what none has is told", async (t) => {
  const started = await start(t, "github");
  const { api, pulls, pull, proposals, place } = started;
  (api as unknown as { mergeMethods: { allowed: string[] } }).mergeMethods.allowed = ["squash"];
  const { warning, proposal } = await opened(started, auto);
  assert.deepEqual([warning, pull()?.autoMerge], [undefined, true]);
  pulls.notYet = 1;
  const edited = await proposals.edit(place, proposal, auto, token);
  assert.ok(edited.kind === "edited");
  assert.match(
    edited.warning ?? "",
    /^it is not merged by itself: GitHub says: .+; allow auto-merge in the repository's settings, and give the token the permissions pull requests: write and contents: write$/,
  );
});

test("GitHub Enterprise: its GraphQL is beside its REST, and its pages are at its root", async (t) => {
  const api = await startCiApi({ token, basePath: "/api/v3" });
  const dispatcher = new Agent();
  t.after(() => Promise.all([api.close(), dispatcher.destroy()]));
  api.pulls.setBranches("team/config", { [head]: headSha, [base]: "2".repeat(40) });
  const { proposals } = createGithub({ dispatcher, apiUrl: api.url });
  const repository = { transport: "ssh", user: "git", host: "ghe.example", port: 22, path: "team/config" } as const;
  const answer = await proposals.open({ repository, head, base }, auto, token);
  assert.ok(answer.kind === "found");
  assert.equal(answer.proposal.url, `${new URL(api.url).origin}/team/config/pull/1`);
  assert.ok(api.requests.some(({ method, path }) => `${method} ${path}` === "POST /api/graphql"));
});

test("GitHub: an App asks with a token of the one repository and the right of each question", async (t) => {
  const apps = createGitHubApps();
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const made = apps.add(publicKey, {});
  const api = await startCiApi({ apps });
  const dispatcher = new Agent();
  t.after(() => Promise.all([api.close(), dispatcher.destroy()]));
  api.pulls.setBranches("team/config", { [head]: headSha, [base]: "2".repeat(40) });
  const forges = [{ host: "github.example", kind: "github", apiUrl: api.url }] as const;
  const tokens = createAppTokens({ forges, connect: () => ({ dispatcher, end() {} }) });
  const { proposals } = createGithub({ dispatcher, apiUrl: api.url, apps: tokens });
  const app: GitHubApp = {
    ...{ kind: "app", id: "1", appId: made.appId, installationId: made.installationId, privateKey: pem, caPem: undefined },
    secret: { namespace: "team", name: "app" },
  };
  const repository = { transport: "ssh", user: "git", host: "github.example", port: 22, path: "team/config" } as const;
  const place = { repository, head, base };
  assert.deepEqual(await proposals.find(place, app), { kind: "none" });
  const answer = await proposals.open(place, { ...auto, labels: ["deploy"] }, app);
  assert.ok(answer.kind === "found" && answer.warning === undefined, JSON.stringify(answer));
  assert.deepEqual(
    apps.made.map(({ repository: name, permissions }) => `${name} ${Object.entries(permissions).map((one) => one.join(":"))}`),
    ["config pull_requests:read", "config pull_requests:write", "config contents:write,pull_requests:write"],
  );
});
