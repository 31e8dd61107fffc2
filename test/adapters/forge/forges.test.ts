import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Agent } from "undici";
import { startAzureDevops } from "../../../sandbox/forges/azure-devops.ts";
import { startBitbucketCloud } from "../../../sandbox/forges/bitbucket-cloud.ts";
import { anyRepository, startBitbucketServer } from "../../../sandbox/forges/bitbucket-server.ts";
import { startGitea } from "../../../sandbox/forges/gitea.ts";
import { startGitlab } from "../../../sandbox/forges/gitlab.ts";
import { createEgress } from "../../../src/adapters/egress/egress.ts";

import { createForges } from "../../../src/adapters/forge/forges.ts";
import { said } from "../../../src/adapters/forge/refusal-words.ts";
import { knownForges, parseForges } from "../../../src/core/forges.ts";
import { parseRepository } from "../../../src/core/repository.ts";
import { leastCpuMs } from "../../growth.ts";

const sha = "0123456789abcdef0123456789abcdef01234567";

async function start(t: TestContext) {
  const gitlab = await startGitlab({ token: "of-gitlab" });
  const gitea = await startGitea({ token: "of-gitea" });
  const dispatcher = new Agent();
  t.after(() => Promise.all([gitlab.close(), gitea.close(), dispatcher.destroy()]));
  const root = ({ url }: { url: string }) => url.replace(/\/api\/v\d$/, "");
  const parsed = parseForges(`git.example=gitlab@${root(gitlab)}, 127.0.0.1=forgejo@${root(gitea)}`);
  assert.ok(parsed.kind === "ok");
  const known = knownForges(parsed.forges, { host: "github.com", apiUrl: "http://127.0.0.1:1" });
  const { builds } = createForges(known, { dispatcher });
  const ask = (url: string, token: string) => {
    const repository = parseRepository(url);
    assert.ok(repository.kind === "ok");
    return builds.state(repository.repository, sha, token);
  };
  return { gitlab, gitea, ask };
}

// S26
test("each repository's forge is that of its host in the environment, and gets the token; of other hosts nobody is asked", async (t) => {
  const { gitlab, gitea, ask } = await start(t);
  gitlab.setBuilds("team/shop", sha, [{ state: "running" }]);
  gitea.setBuilds("team/shop", sha, [{ state: "failure" }]);
  assert.deepEqual(await ask("git@git.example:team/shop.git", "of-gitlab"), { kind: "running" });
  assert.deepEqual(await ask("ssh://git@127.0.0.1:2222/team/shop", "of-gitea"), { kind: "failed" });
  assert.deepEqual([gitlab.requests.length, gitea.requests.length], [1, 1]);
  for (const url of ["git@git.example.evil.example:team/shop", "git@evil.example:team/shop", "https://evil.example/git.example/shop"]) {
    assert.deepEqual(await ask(url, "of-gitlab"), { kind: "none" });
  }
  assert.deepEqual([gitlab.requests.length, gitea.requests.length], [1, 1]);
});

/** One of each kind that is not GitHub, behind the operator's own list, each with its token. */
async function startAll(t: TestContext) {
  const token = "a-token";
  const rows = [
    ["gitlab", await startGitlab({ token }), "team/shop", "git@gitlab.example:team/shop"],
    ["gitea", await startGitea({ token }), "team/shop", "git@gitea.example:team/shop"],
    ["forgejo", await startGitea({ token }), "team/shop", "git@forgejo.example:team/shop"],
    ["bitbucket", await startBitbucketCloud({ token }), "team/shop", "git@bitbucket.example:team/shop"],
    ["bitbucket-server", await startBitbucketServer({ token }), anyRepository, "ssh://git@bitbucket-server.example:7999/team/shop"],
    ["azure", await startAzureDevops({ token }), "org/team/shop", "git@azure.example:v3/org/team/shop"],
  ] as const;
  const dispatcher = new Agent();
  t.after(() => Promise.all([...rows.map(([, api]) => api.close()), dispatcher.destroy()]));
  const parsed = parseForges(rows.map(([kind, { url }]) => `${kind}.example=${kind}@${new URL(url).origin}`).join());
  assert.ok(parsed.kind === "ok");
  const { builds } = createForges(parsed.forges, { dispatcher });
  return rows.map(([kind, api, known, text]) => {
    const parsed = parseRepository(text);
    assert.ok(parsed.kind === "ok");
    return { kind, api, known, ask: () => builds.state(parsed.repository, sha, token) };
  });
}

// S29
test("a status of our own is no build at any forge that has them, whatever else there is", async (t) => {
  const own = { state: "pending", name: "gitops-operator/default/shop" };
  const inProgress = { ...own, state: "INPROGRESS" };
  for (const { kind, api, known, ask } of await startAll(t)) {
    // GitLab makes pipelines of statuses, so none of ours is there.
    if (kind === "gitlab") continue;
    const words = kind.startsWith("bitbucket") ? inProgress : own;
    api.setBuilds(known, sha, [words]);
    assert.deepEqual(await ask(), { kind: "none" }, kind);
    api.setBuilds(known, sha, [{ ...words, name: "ci/gitops-operator/shop" }, words]);
    assert.deepEqual(await ask(), { kind: "running" }, kind);
  }
});

// S26
test("no forge's redirect is followed, to another host or to its own: the token is sent to one address and once", async (t) => {
  const elsewhere = await startGitlab();
  t.after(() => elsewhere.close());
  for (const { kind, api, ask } of await startAll(t)) {
    for (const status of [301, 302, 303, 307, 308]) {
      for (const location of [`${elsewhere.url}/projects/1/pipelines`, `${api.url}/other`]) {
        const end = api.answer({ status, headers: { location } });
        assert.equal((await ask()).kind, "unknown", kind);
        end();
      }
    }
    assert.deepEqual([kind, api.requests.length, elsewhere.requests.length], [kind, 10, 0]);
  }
});

// S26
test("a next page on another host is asked for at none: the page is, at the forge's own address, or there is no answer", async (t) => {
  const elsewhere = await startGitlab();
  t.after(() => elsewhere.close());
  const next = `${elsewhere.url}/steal?page=2`;
  const headers = { link: `<${next}>; rel="next"`, "x-next-page": next, "x-ms-continuationtoken": next };
  const body = { values: [], next, isLastPage: false, nextPageStart: next, total_count: 0, statuses: [], value: [] };
  for (const { kind, api, ask } of await startAll(t)) {
    api.answer({ status: 200, headers, body: JSON.stringify(kind === "gitlab" ? [] : body) });
    assert.match((await ask()).kind, /^(none|unknown)$/, kind);
    assert.ok(api.requests.length <= 5, kind);
    assert.equal(elsewhere.requests.length, 0, kind);
  }
});

// S32
test("a refusal of a mebibyte of errors costs about what it costs to read it: the first is told, the others are not looked at", async () => {
  const refusal = (field: string) => `{"${field}":[{"message":"first"}${",{}".repeat(300_000)}]}`;
  const [errors, others] = [refusal("errors"), refusal("others")];
  assert.ok((await leastCpuMs(() => said(errors))) < 4 * (await leastCpuMs(() => said(others))));
  assert.equal(said(errors), ": first");
});

// S4
test("a forge's address is held to the rules of egress: a cloud's metadata service is not asked, and gets no token", async (t) => {
  const dispatcher = createEgress({ allowCidrs: [], apiServerHost: "10.0.0.1" });
  t.after(() => dispatcher.destroy());
  const forges = parseForges("git.example=gitlab@https://169.254.169.254, code.example=gitea@http://127.0.0.1:1");
  assert.ok(forges.kind === "ok");
  const { builds } = createForges(forges.forges, { dispatcher });
  for (const host of ["git.example", "code.example"]) {
    const repository = { transport: "ssh", user: "git", host, port: 22, path: "team/shop" } as const;
    const state = await builds.state(repository, sha, "a-token");
    assert.ok(state.kind === "unknown");
    assert.match(state.reason, /EGRESS_ALLOW_CIDRS/);
  }
});
