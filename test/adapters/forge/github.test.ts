import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Agent } from "undici";
import { type CiRun, type CiStatus, startCiApi } from "../../../sandbox/ci-api.ts";
import type { ForgeOptions } from "../../../src/adapters/forge/forge.ts";
import { createGithub } from "../../../src/adapters/forge/github.ts";
import type { BuildState } from "../../../src/core/ports.ts";
import type { Repository } from "../../../src/core/types.ts";
import { createRandom } from "../../random.ts";

const sha = "0123456789abcdef0123456789abcdef01234567";
const token = "ghp_canary0123456789canary0123456789AB";
const shop = on("github.com", "team/shop.git");

function on(host: string, path: string, port = 22): Repository {
  return { transport: "ssh", user: "git", host, port, path };
}

async function start(t: TestContext, options: Partial<ForgeOptions> & { basePath?: string } = {}) {
  const ci = await startCiApi({ token, basePath: options.basePath ?? "" });
  t.after(() => ci.close());
  const dispatcher = new Agent();
  t.after(() => dispatcher.destroy());
  const builds = createGithub({ dispatcher, apiUrl: ci.url, ...options });
  return { ci, builds };
}

function reasonOf(state: BuildState): string {
  assert.equal(state.kind, "unknown");
  const { reason } = state as Extract<BuildState, { kind: "unknown" }>;
  assert.ok(!reason.includes(token), "the token is in the reason");
  return reason;
}

const [success, failure, running, queued]: CiRun[] = [
  { status: "completed", conclusion: "success" },
  { status: "completed", conclusion: "failure" },
  { status: "in_progress" },
  { status: "queued" },
] as const;

test("the runs of one commit, of all workflows together, say how its build is", async (t) => {
  const { ci, builds } = await start(t);
  const completed = (conclusion: NonNullable<CiRun["conclusion"]>): CiRun => ({ status: "completed", conclusion });
  const rows: [string, (CiRun | undefined)[], BuildState["kind"]][] = [
    ["no run", [], "none"],
    ["one runs", [running], "running"],
    ["one runs, one failed", [failure, running], "running"],
    ["one runs, one is queued", [queued, running], "running"],
    ["one is queued, the others are done", [success, queued, failure], "queued"],
    ["one waits for an approval of its environment", [{ status: "waiting" }], "queued"],
    ["one is pending", [{ status: "pending" }], "queued"],
    ["one was requested", [{ status: "requested" }], "queued"],
    ["one in a state of the future", [{ status: "paused" as "queued" }], "queued"],
    ["all failed", [failure, completed("timed_out"), completed("cancelled"), completed("startup_failure")], "failed"],
    ["the image's failed, the linter's did not", [failure, success], "completed"],
    ["all succeeded", [success, success], "completed"],
    ["one failed, one was skipped", [failure, completed("skipped")], "failed"],
    ["all were skipped", [completed("skipped")], "none"],
    ["one awaits a maintainer's approval", [failure, completed("action_required")], "completed"],
  ];
  for (const [name, runs, expected] of rows) {
    ci.setRuns("team/shop", sha, runs as CiRun[]);
    assert.deepEqual(await builds.state(shop, sha, token), { kind: expected }, name);
  }
});

test("the question names the full SHA, the version of the API, the token and us", async (t) => {
  const { ci, builds } = await start(t, { basePath: "/api/v3" });
  ci.setRuns("team/shop", sha, [running as CiRun]);
  assert.deepEqual(await builds.state(shop, sha, `${token}\n`), { kind: "running" });
  const [request] = ci.requests;
  assert.equal(request?.path, `/api/v3/repos/team/shop/actions/runs?head_sha=${sha}&per_page=50&exclude_pull_requests=true`);
  assert.equal(request?.headers.authorization, `Bearer ${token}`);
  assert.equal(request?.headers.accept, "application/vnd.github+json");
  assert.equal(request?.headers["x-github-api-version"], "2022-11-28");
  assert.equal(request?.headers["user-agent"], "gitops-operator");
});

// S19
test("a path that is no OWNER/REPOSITORY is never asked about", async (t) => {
  const { ci, builds } = await start(t);
  const paths = [
    "shop",
    "a/b/c",
    "../../user",
    "team/..",
    "./shop",
    "team/.git",
    "~user/shop",
    "team/sh%6fp",
    "team/shop?x=1",
    "team/shop#x",
    "té/shop",
    "team//shop",
    "team/shop//",
  ];
  for (const path of paths) assert.match(reasonOf(await builds.state(on("github.com", path), sha, token)), /no OWNER\/REPOSITORY/, path);
  assert.equal(ci.requests.length, 0);
});

// S19
test("whatever the path, the question stays below /repos/OWNER/REPOSITORY/actions/runs", async (t) => {
  const { ci, builds } = await start(t);
  const random = createRandom(7);
  const alphabet = [
    "a",
    "Z",
    "9",
    ".",
    "..",
    "/",
    "-",
    "_",
    "%2e",
    "%2F",
    "~",
    "@",
    ":",
    "?",
    "#",
    "\\",
    " ",
    "é",
    ".git",
    "repos",
    "\u0000",
  ];
  for (let i = 0; i < 2_000; i++)
    await builds.state(on("github.com", `${random.text(alphabet, 2)}/${random.text(alphabet, 2)}`), sha, token);
  assert.ok(ci.requests.length > 20);
  for (const { path } of ci.requests) {
    const [, owner, name] = /^\/repos\/([A-Za-z0-9_.-]+)\/([A-Za-z0-9_.-]+)\/actions\/runs\?/.exec(path) ?? [];
    assert.ok(owner && name && !/^\.\.?$/.test(owner) && !/^\.\.?$/.test(name), path);
  }
});

test("all pages count, at most five are read, and the next one's address is not taken from the answer", async (t) => {
  const { ci, builds } = await start(t);
  const elsewhere = await startCiApi();
  t.after(() => elsewhere.close());
  ci.setRuns("team/shop", sha, [...Array(120).fill(failure), running]);
  assert.equal((await builds.state(shop, sha, token)).kind, "running");
  assert.deepEqual(
    ci.requests.map(({ path }) => new URL(path, ci.url).searchParams.get("page")),
    [null, "2", "3"],
  );

  const runs = { total_count: 9999, workflow_runs: [{ head_sha: sha, status: "completed", conclusion: "failure" }] };
  const before = ci.requests.length;
  t.after(ci.answer({ status: 200, body: JSON.stringify(runs), headers: { link: `<${elsewhere.url}/steal>; rel="next"` } }));
  assert.equal((await builds.state(shop, sha, token)).kind, "failed");
  assert.equal(ci.requests.length - before, 5);
  assert.equal(elsewhere.requests.length, 0);
});

test("runs of other commits, from a server that does not know the filter, don't count", async (t) => {
  const { ci, builds } = await start(t);
  const runs = { workflow_runs: [{ head_sha: "f".repeat(40), status: "in_progress", conclusion: null }], statuses: [] };
  ci.answer({ status: 200, body: JSON.stringify(runs) });
  assert.deepEqual(await builds.state(shop, sha, token), { kind: "none" });
});

test("where no run is for a commit the statuses of other CI systems say how its build is, and our own are none", async (t) => {
  const { ci, builds } = await start(t);
  const jenkins = (state: CiStatus["state"], context = "ci/jenkins"): CiStatus => ({ state, context });
  const own = jenkins("pending", "gitops-operator/default/shop");
  const rows: [string, CiStatus[], BuildState["kind"]][] = [
    ["no status", [], "none"],
    ["one is pending", [jenkins("success"), jenkins("pending", "buildkite")], "running"],
    ["one of two failed", [jenkins("failure"), jenkins("success", "lint")], "completed"],
    ["all failed", [jenkins("failure"), jenkins("error", "lint")], "failed"],
    ["our own", [own], "none"],
    ["our own, and one that failed", [own, jenkins("error")], "failed"],
  ];
  for (const [name, statuses, expected] of rows) {
    ci.setStatuses("team/shop", sha, statuses);
    assert.deepEqual(await builds.state(shop, sha, token), { kind: expected }, name);
  }
  ci.setRuns("team/shop", sha, [{ status: "completed", conclusion: "skipped" }]);
  ci.setStatuses("team/shop", sha, [...Array(100).fill(jenkins("failure")), jenkins("pending")]);
  const before = ci.requests.length;
  assert.equal((await builds.state(shop, sha, token)).kind, "running");
  assert.deepEqual(
    ci.requests.slice(before).map(({ path }) => path.replace(sha, "SHA")),
    [
      "/repos/team/shop/actions/runs?head_sha=SHA&per_page=50&exclude_pull_requests=true",
      "/repos/team/shop/commits/SHA/status?per_page=100",
      "/repos/team/shop/commits/SHA/status?per_page=100&page=2",
    ],
  );
});

test("a token that may read runs alone, as GitHub Actions needs no more, still says that there is none", async (t) => {
  const { ci, builds } = await start(t);
  ci.setRuns("team/shop", sha, []);
  ci.readsStatuses = false;
  assert.deepEqual(await builds.state(shop, sha, token), { kind: "none" });
  ci.limit = { remaining: 1, resetAt: new Date(Date.now() + 60_000) };
  assert.match(reasonOf(await builds.state(shop, sha, token)), /rate limit/);
});

// F24-F25
test("every refusal says what to do, and none is taken for 'no run'", async (t) => {
  const { ci, builds } = await start(t);
  const rows: [number, string, RegExp][] = [
    [301, "", /team\/shop has moved on GitHub \(HTTP 301\); write its new address into gitops\.operator\.app_repository/],
    [307, "", /has moved on GitHub \(HTTP 307\)/],
    [401, '{"message":"Bad credentials"}', /refuses the token \(HTTP 401: Bad credentials\).*put a valid one into its Secret/],
    [403, '{"message":"Resource not accessible by personal access token"}', /HTTP 403: Resource not accessible.*actions: read/],
    [404, '{"message":"Not Found"}', /no repository team\/shop \(HTTP 404: Not Found\).*actions: read/],
    [422, '{"message":"a\\nb"}', /HTTP 422: a\\nb/],
    [500, "<html>", /fails \(HTTP 500\); it is asked again/],
    [503, "", /fails \(HTTP 503\)/],
    [200, "{", /sent no list of workflow runs/],
    [200, '{"workflow_runs":{}}', /sent no list of workflow runs/],
    [200, '{"workflow_runs":[{"head_sha":1}]}', /sent no list of workflow runs/],
    [200, '{"__proto__":{"workflow_runs":[]}}', /sent no list of workflow runs/],
    [200, `${"[".repeat(100_000)}`, /sent no list of workflow runs/],
  ];
  for (const [status, body, expected] of rows) {
    const end = ci.answer({ status, body, headers: { location: `${ci.url}/repos/other/shop/actions/runs` } });
    const before = ci.requests.length;
    assert.match(reasonOf(await builds.state(shop, sha, token)), expected);
    assert.equal(ci.requests.length - before, 1, `HTTP ${status} was followed or retried`);
    end();
  }
});

test("a token that no header can carry is never sent", async (t) => {
  const { ci, builds } = await start(t);
  for (const bad of ["", " \n", "ghp_a\r\nX-Evil: 1", "ghp é"]) {
    assert.match(reasonOf(await builds.state(shop, sha, bad)), /token is empty or holds a character/);
  }
  assert.equal(ci.requests.length, 0);
});

test("an answer that never comes, never ends or can't be had is unknown within the deadline", async (t) => {
  const { ci, builds } = await start(t, { deadlineMs: 300 });
  const endHang = ci.hang();
  assert.match(reasonOf(await builds.state(shop, sha, token)), /did not answer in time/);
  endHang();
  ci.neverEnd();
  assert.match(reasonOf(await builds.state(shop, sha, token)), /more than 1048576 bytes|did not answer in time/);
  await ci.close();
  assert.match(reasonOf(await builds.state(shop, sha, token)), /could not be asked: .*ECONNREFUSED/);
});

// S20
test("an endless body is cut off at 1 MiB", async (t) => {
  const { ci, builds } = await start(t);
  ci.neverEnd();
  assert.match(reasonOf(await builds.state(shop, sha, token)), /more than 1048576 bytes \(HTTP 200\)/);
});
