import assert from "node:assert/strict";
import { test } from "node:test";
import { startBitbucketCloud } from "../../../sandbox/forges/bitbucket-cloud.ts";
import { createBitbucketCloud } from "../../../src/adapters/forge/bitbucket-cloud.ts";
import { type Kind, reasonOf, sha, startKind, testKind, token } from "./kinds.ts";

const build = (state: string, name = "BUILD") => ({ state, name });
const own = build("INPROGRESS", "gitops-operator/default/shop");
const path = "/repositories/team/shop/commit/SHA/statuses?pagelen=100";

const bitbucket: Kind = {
  name: "Bitbucket Cloud",
  start: startBitbucketCloud,
  create: createBitbucketCloud,
  repository: "git@bitbucket.org:team/shop.git",
  known: "team/shop",
  rows: [
    ["none"],
    ["none", own],
    ["running", build("INPROGRESS"), build("FAILED")],
    ["running", build("A_STATE_OF_THE_FUTURE")],
    ["completed", build("FAILED"), build("SUCCESSFUL"), own],
    ["failed", build("FAILED"), build("STOPPED")],
  ],
  running: build("INPROGRESS"),
  failed: build("FAILED"),
  perPage: 100,
  pages: [path, `${path}&page=2`],
  login: ["authorization", `Bearer ${token}`],
  wrongToken: /^Bitbucket refuses the token \(HTTP 401: Token is invalid/,
  garbage: ["[]", '{"values":{}}', '{"values":[{"key":"x"}]}', '{"values":[],"next":"nowhere"}'],
  repositories: [
    ["https://bitbucket.org/team/shop.git", "team/shop"],
    ["ssh://git@bitbucket.org/team/shop", "team/shop"],
    ["git@bitbucket.org:shop", /is no WORKSPACE\/REPOSITORY of Bitbucket/],
    ["git@bitbucket.org:a/b/c", /is no WORKSPACE\/REPOSITORY of Bitbucket/],
  ],
};
testKind(bitbucket);

// S26
test("Bitbucket Cloud: a next page on another host is not asked for, and what is known without it is no answer", async (t) => {
  const { api, ask } = await startKind(t, bitbucket);
  const elsewhere = await startBitbucketCloud();
  t.after(() => elsewhere.close());
  const values = [{ key: "BUILD", state: "FAILED" }];
  const end = api.answer({
    status: 200,
    body: JSON.stringify({ values, next: `${elsewhere.url}/repositories/team/shop/commit/${sha}/statuses?page=2` }),
  });
  assert.match(reasonOf(await ask()), /sent no list of build statuses/);
  assert.deepEqual([api.requests.length, elsewhere.requests.length], [1, 0]);
  end();
  // Of one on its own host the page's name is taken, not the path.
  api.answer({ status: 200, body: JSON.stringify({ values, next: `${api.url}/user/emails?page=2` }) });
  assert.equal((await ask()).kind, "failed");
  assert.ok(api.requests.every(({ path }) => path.startsWith("/2.0/repositories/team/shop/commit/")));
});
