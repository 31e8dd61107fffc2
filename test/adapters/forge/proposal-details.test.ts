/** What single kinds of forge do about their requests that others don't; GitHub has a file of its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { base, head, headSha, openOne as opened, startNamed as start, token, words } from "./proposal-kinds.ts";

const auto = { ...words, autoMerge: true };

test("GitLab: only what comes from the project itself is asked for, as strangers can fill the list", async (t) => {
  const { proposals, place, paths } = await start(t, "gitlab");
  await proposals.find(place, token);
  assert.match(paths().at(-1) ?? "", new RegExp(`state=all&scope=all&source_branch=${head}&target_branch=${base}&source_project_id=100&`));
});

test("GitLab: a line that it would take for an order is none, in what is opened and what is edited", async (t) => {
  const started = await start(t, "gitlab");
  const orders = "/merge\n  /approve\n\t/label ~x\ntext /merge\n\nGitops-Operator-Image: team/shop:abc1234";
  const { proposal } = await opened(started, { ...words, description: orders });
  assert.deepEqual(started.pull()?.labels, []);
  assert.equal(started.pull()?.description, orders.replace("/merge\n  /approve\n\t/label", "\\/merge\n  \\/approve\n\t\\/label"));
  await started.proposals.edit(started.place, proposal, { ...words, description: "/close" }, token);
  assert.deepEqual([started.pull()?.labels, started.pull()?.description], [[], "\\/close"]);
});

test("GitLab: auto-merge waits for the pipeline, which servers of any age are told, and one that is being merged is open", async (t) => {
  const started = await start(t, "gitlab");
  started.pulls.notYet = 3;
  await opened(started, auto);
  const pull = started.pull();
  assert.deepEqual([pull?.state, pull?.autoMerge], ["open", true]);
  assert.deepEqual(started.api.posts.at(-1)?.body, { auto_merge: true, merge_when_pipeline_succeeds: true, sha: headSha });
  assert.ok(pull);
  pull.word = "locked";
  const found = await started.proposals.find(started.place, token);
  assert.ok(found.kind === "found" && found.proposal.state === "open");
});

test("GitLab: a project without pipelines has nothing to wait for: it is merged after the last look", async (t) => {
  const started = await start(t, "gitlab");
  started.pulls.notYet = 100;
  assert.equal((await opened(started, auto)).warning, undefined);
  assert.equal(started.pull()?.state, "merged");
});

test("GitLab: 401 for a branch that the token may not merge into is not told as a token that is wrong", async (t) => {
  const started = await start(t, "gitlab");
  started.pulls.mayMerge = false;
  assert.match((await opened(started, auto)).warning ?? "", /the token may not merge into that branch; give it a role that is allowed to/);
});

test("Gitea: one question is enough where there is none or an open one, and of several that have ended the newest counts", async (t) => {
  const started = await start(t, "gitea");
  const { proposals, place, pulls, row, paths } = started;
  assert.deepEqual(await proposals.find(place, token), { kind: "none" });
  assert.deepEqual(paths(), [`GET /repos/team/config/pulls/${base}/${head}`]);
  for (const description of ["First.", "Second."]) pulls.make(row.known, { title: "One", head, base, state: "merged", description });
  const found = await proposals.find(place, token);
  assert.ok(found.kind === "found");
  assert.deepEqual([found.proposal.number, found.proposal.description], [2, "Second."]);
  // Where the branch is gone, its name is told elsewhere.
  pulls.setBranches(row.known, { [base]: "2".repeat(40) });
  const later = await proposals.find(place, token);
  assert.ok(later.kind === "found" && later.proposal.number === 2);
});

// F55
test("Gitea: a person's no is not lost behind any number of requests of strangers", async (t) => {
  const { pulls, row, proposals, place } = await start(t, "gitea");
  const { number } = pulls.make(row.known, { title: "Ours", head, base, state: "declined" });
  pulls.setBranches("team/fork", { patch: headSha });
  for (let index = 0; index < 300; index++) pulls.make(row.known, { title: "Theirs", head: "patch", base, fork: "team/fork" });
  const found = await proposals.find(place, token);
  assert.ok(found.kind === "found", JSON.stringify(found));
  assert.deepEqual([found.proposal.number, found.proposal.state], [number, "declined"]);
});

test("Gitea: a base with a slash is looked for in the list", async (t) => {
  const { proposals, place, pulls, row, paths } = await start(t, "gitea");
  pulls.setBranches(row.known, { [head]: headSha, "env/prod": "2".repeat(40) });
  await proposals.open({ ...place, base: "env/prod" }, words, token);
  assert.equal((await proposals.find({ ...place, base: "env/prod" }, token)).kind, "found");
  assert.deepEqual(paths(), [
    "POST /repos/team/config/pulls",
    "GET /repos/team/config/pulls?state=all&base_branch=env/prod&page=1&limit=50",
  ]);
});

test("Gitea: a label that its repository does not have is a warning, the others are set, and one that is set already is no trouble", async (t) => {
  const started = await start(t, "gitea");
  const { warning, proposal } = await opened(started, { ...auto, labels: ["deploy", "no-such"] });
  assert.equal(warning, "its labels are missing: team/config has no label no-such; make it there");
  assert.deepEqual([started.pull()?.labels, started.pull()?.autoMerge], [["deploy"], true]);
  const edited = await started.proposals.edit(started.place, proposal, { ...auto, labels: ["deploy"] }, token);
  assert.deepEqual(edited, { kind: "edited" });
});

test("Gitea: what waits for nothing is merged at once, in the repository's own way", async (t) => {
  const started = await start(t, "gitea");
  started.pulls.isClean = true;
  assert.equal((await opened(started, auto)).warning, undefined);
  assert.equal(started.pull()?.state, "merged");
});

test("Bitbucket Cloud: all states are asked for, and the beginning of a hash is none", async (t) => {
  const started = await start(t, "bitbucket");
  const { proposal } = await opened(started);
  assert.equal(proposal.headSha, undefined);
  await started.proposals.find(started.place, token);
  const url = new URL(started.api.requests.at(-1)?.path ?? "", "https://x.example");
  assert.deepEqual(url.searchParams.getAll("state"), ["OPEN", "MERGED", "DECLINED", "SUPERSEDED"]);
});

test("Bitbucket Server: reviewers stay, and what somebody changed meanwhile is left to another try", async (t) => {
  const started = await start(t, "bitbucket-server");
  const { api, place, proposals, pull } = started;
  const { proposal } = await opened(started);
  Object.assign(pull() ?? {}, { reviewers: ["ada", "grace"], version: 7 });
  assert.deepEqual(await proposals.edit(place, proposal, { ...words, title: "New" }, token), { kind: "edited" });
  assert.deepEqual([pull()?.reviewers, pull()?.title, pull()?.version], [["ada", "grace"], "New", 8]);
  const end = api.rewrite((text) => text.replace('"version":8', '"version":7'));
  const edited = await proposals.edit(place, proposal, { ...words, title: "Late" }, token);
  assert.ok(edited.kind === "unavailable");
  assert.match(edited.reason, /HTTP 409: You are attempting to modify a pull request based on out-of-date information/);
  end();
  assert.equal(pull()?.title, "New");
});

test("Bitbucket Server: repositories of people and those below a context are found, by either transport", async (t) => {
  const { api, pulls, proposalsOf } = await start(t, "bitbucket-server");
  const rows = [
    ["ssh://git@bbs.example:7999/~ada/config.git", "~ada/config"],
    ["https://bbs.example/scm/~ada/config.git", "~ada/config"],
    ["https://bbs.example/context/scm/proj/config.git", "proj/config"],
  ] as const;
  for (const [text, known] of rows) {
    pulls.setBranches(known, { [head]: headSha, [base]: "2".repeat(40) });
    const { proposals, place } = proposalsOf(text);
    const answer = await proposals.open(place, words, token);
    assert.ok(answer.kind === "found", text);
    const [key, name] = known.split("/");
    assert.match(answer.proposal.url, new RegExp(`/projects/${key}/repos/${name}/pull-requests/1$`));
  }
  assert.ok(api.requests.length > 0);
});

test("Azure DevOps: a long description is told whole, and one that is too long keeps its trailers", async (t) => {
  const started = await start(t, "azure");
  const trailers = "Gitops-Operator-Image: team/shop:abc1234\nGitops-Operator-Workload: default/shop";
  const description = `${"é".repeat(1_000)}\n\n${trailers}`;
  await opened(started, { ...words, description });
  const found = await started.proposals.find(started.place, token);
  assert.ok(found.kind === "found");
  assert.equal(found.proposal.description, description);
  const edited = await started.proposals.edit(
    started.place,
    found.proposal,
    { ...words, description: `${"😀".repeat(5_000)}\n\n${trailers}` },
    token,
  );
  assert.deepEqual(edited, { kind: "edited" });
  const kept = started.pull()?.description ?? "";
  assert.ok(kept.length <= 4_000 && kept.length > 3_000 && kept.endsWith(`…\n\n${trailers}`), kept.slice(-200));
  assert.doesNotMatch(kept, /\p{Cs}/u);
});
