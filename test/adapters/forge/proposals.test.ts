/** Pull and merge requests at every kind of forge: found by both branches, opened once, edited in place. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { proposalExtras } from "../../../src/core/proposal-ports.ts";
import { base, head, headSha, kinds, startKind, token, words } from "./proposal-kinds.ts";

for (const row of kinds) {
  const name = row.kind;
  const headKnown = row.tellsHead ? headSha : undefined;

  test(`${name}: what is opened is found, with its words, and opened a second time it is the same`, async (t) => {
    const { api, pulls, proposals, place } = await startKind(t, row);
    assert.deepEqual(await proposals.find(place, token), { kind: "none" });
    const opened = await proposals.open(place, words, `${token}\n`);
    const proposal = { state: "open", number: 1, url: row.page(api), description: words.description, headSha: headKnown };
    assert.deepEqual(opened, { kind: "found", proposal });
    assert.deepEqual(await proposals.find(place, token), { kind: "found", proposal });
    assert.deepEqual(await proposals.open(place, { ...words, title: "Another" }, token), { kind: "found", proposal });
    assert.deepEqual(
      pulls.of(row.known).map(({ title, head, base, description }) => ({ title, head, base, description })),
      [{ title: words.title, head, base, description: words.description }],
    );
  });

  test(`${name}: title and description are edited in place`, async (t) => {
    const { pulls, proposals, place } = await startKind(t, row);
    const opened = await proposals.open(place, words, token);
    assert.ok(opened.kind === "found");
    const other = { ...words, title: "Update shop to def5678", description: "New.\n\nGitops-Operator-Image: team/shop:def5678" };
    assert.deepEqual(await proposals.edit(place, opened.proposal, other, token), { kind: "edited" });
    const [pull] = pulls.of(row.known);
    assert.deepEqual([pull?.title, pull?.description, pulls.of(row.known).length], [other.title, other.description, 1]);
  });

  test(`${name}: only the very branches are ours: not a fork's, not another base's, not one whose name is longer`, async (t) => {
    const { pulls, proposals, place } = await startKind(t, row);
    pulls.setBranches("stranger/config", { [head]: headSha });
    pulls.setBranches("team/config-fork", { [head]: headSha });
    const other = { title: "Not ours", description: words.description };
    pulls.make(row.known, { ...other, head, base, fork: "stranger/config" });
    pulls.make(row.known, { ...other, head, base, fork: "team/config-fork" });
    pulls.make(row.known, { ...other, head, base: "other" });
    pulls.make(row.known, { ...other, head: `${head}-2`, base });
    pulls.make(row.known, { ...other, head: "other", base });
    for (let index = 0; index < 12; index++) pulls.make(row.known, { ...other, head, base, fork: "team/config-fork", state: "declined" });
    assert.deepEqual(await proposals.find(place, token), { kind: "none" });
    const opened = await proposals.open(place, words, token);
    assert.ok(opened.kind === "found");
    assert.equal(opened.proposal.number, 18);
    // More than a page of others is newer.
    for (let index = 0; index < 8; index++) pulls.make(row.known, { ...other, head, base, fork: "team/config-fork" });
    const found = await proposals.find(place, token);
    assert.ok(found.kind === "found", JSON.stringify(found));
    assert.equal(found.proposal.number, 18);
  });

  test(`${name}: where the forge passes over a filter, what it tells is looked at nevertheless`, async (t) => {
    const { pulls, proposals, place } = await startKind(t, row);
    pulls.ignoresFilters = true;
    pulls.setBranches("stranger/config", { [head]: headSha });
    const other = { title: "Not ours", description: words.description, head, base };
    const { number } = pulls.make(row.known, { ...other, state: "declined" });
    pulls.make(row.known, { ...other, fork: "stranger/config" });
    // Of a fork that is gone.
    pulls.make(row.known, { ...other, fork: "" });
    pulls.make(row.known, { ...other, base: "other" });
    pulls.make(row.known, { ...other, head: "other" });
    const found = await proposals.find(place, token);
    assert.ok(found.kind === "found", JSON.stringify(found));
    assert.deepEqual([found.proposal.number, found.proposal.state], [number, "declined"]);
  });

  test(`${name}: the states of the forge are ours; the open one counts, else the newest`, async (t) => {
    const { pulls, proposals, place } = await startKind(t, row);
    const state = async () => {
      const found = await proposals.find(place, token);
      assert.ok(found.kind === "found");
      return [found.proposal.number, found.proposal.state, found.proposal.description];
    };
    const title = "One";
    for (const [index, word] of row.declined.entries()) {
      const number = index + 1;
      pulls.make(row.known, { title, head, base, state: "declined", word, description: null });
      assert.deepEqual(await state(), [number, "declined", ""], word);
    }
    const { number } = pulls.make(row.known, { title, head, base, state: "merged", description: "One." });
    assert.deepEqual(await state(), [number, "merged", "One."]);
    const open = pulls.make(row.known, { title, head, base, description: "Two." });
    assert.deepEqual(await state(), [open.number, "open", "Two."]);
    open.state = "declined";
    assert.deepEqual(await state(), [open.number, "declined", "Two."]);
    // Somebody opens an older one again.
    for (const pull of pulls.of(row.known)) if (pull.number === number) pull.state = "open";
    assert.deepEqual(await state(), [number, "open", "One."]);
  });

  test(`${name}: without the branch, or where it stands as the base does, none is opened, and the forge's words say why`, async (t) => {
    const { pulls, proposals, place } = await startKind(t, row);
    const gone = await proposals.open({ ...place, head: "gitops-operator/default/gone" }, words, token);
    assert.equal(gone.kind, "refused");
    pulls.setBranches(row.known, { [head]: headSha, [base]: headSha });
    const same = await proposals.open(place, words, token);
    assert.equal(same.kind, "refused");
    const nowhere = await proposals.open({ ...place, base: "nowhere" }, words, token);
    assert.equal(nowhere.kind, "refused");
    for (const one of [gone, same, nowhere]) {
      assert.ok("reason" in one);
      assert.match(one.reason, /config \(HTTP 4\d\d: .+\)/i);
    }
    assert.equal(pulls.of(row.known).length, 0);
  });

  test(`${name}: a token without the right is told which it needs, and of which repository`, async (t) => {
    const { api, pulls, proposals, place } = await startKind(t, row);
    pulls.mayWrite = false;
    const opened = await proposals.open(place, words, token);
    assert.ok(opened.kind === "refused");
    assert.match(opened.reason, row.rights.write);
    assert.match(opened.reason, /config/i);
    pulls.make(row.known, { title: "One", head, base });
    const edited = await proposals.edit(place, { state: "open", number: 1, url: "", description: "", headSha: undefined }, words, token);
    assert.ok(edited.kind === "refused");
    assert.match(edited.reason, row.rights.write);
    const end = api.answer({ status: 403, body: '{"message":"no"}' });
    const found = await proposals.find(place, token);
    assert.ok(found.kind === "refused");
    assert.match(found.reason, row.rights.read);
    end();
    assert.match(JSON.stringify(await proposals.find(place, "another")), /"refused","reason":"[^"]*refuses the token \(HTTP/);
  });

  if (!row.extras) {
    test(`${name}: labels and auto-merge, which it does not have, are left out without a word to it, as core is told beforehand`, async (t) => {
      const { api, proposals, place } = await startKind(t, row);
      assert.deepEqual(proposalExtras[row.kind as keyof typeof proposalExtras], []);
      const opened = await proposals.open(place, { ...words, labels: ["deploy"], autoMerge: true }, token);
      assert.deepEqual([opened.kind, "warning" in opened], ["found", false]);
      assert.equal(api.posts.length, 1);
    });
    continue;
  }

  test(`${name}: labels are added to those of people, when it is opened and when it is edited`, async (t) => {
    const { pulls, proposals, place } = await startKind(t, row);
    assert.deepEqual(proposalExtras[row.kind as keyof typeof proposalExtras], ["labels", "autoMerge"]);
    const opened = await proposals.open(place, { ...words, labels: ["deploy"] }, token);
    assert.ok(opened.kind === "found" && opened.warning === undefined, JSON.stringify(opened));
    const [pull] = pulls.of(row.known);
    assert.deepEqual(pull?.labels, ["deploy"]);
    pull.labels.push("of-a-person");
    assert.deepEqual(await proposals.edit(place, opened.proposal, { ...words, labels: ["deploy", "team-a"] }, token), { kind: "edited" });
    assert.deepEqual([...new Set(pull.labels)].toSorted(), ["deploy", "of-a-person", "team-a"]);
  });

  test(`${name}: it is merged by the forge as soon as the rules allow, which it may not know in the first moment`, async (t) => {
    const { pulls, proposals, place } = await startKind(t, row);
    pulls.notYet = row.kind === "github" ? 0 : 2;
    const opened = await proposals.open(place, { ...words, autoMerge: true }, token);
    assert.ok(opened.kind === "found");
    assert.deepEqual([opened.warning, pulls.of(row.known)[0]?.autoMerge, pulls.of(row.known)[0]?.state], [undefined, true, "open"]);
    for (const pull of pulls.of(row.known)) pull.autoMerge = false;
    pulls.notYet = 0;
    assert.deepEqual(await proposals.edit(place, opened.proposal, { ...words, autoMerge: true }, token), { kind: "edited" });
    assert.equal(pulls.of(row.known)[0]?.autoMerge, true);
  });

  test(`${name}: what is to be merged by itself is so again after its branch was written anew; one that is not open is left`, async (t) => {
    const { pulls, proposals, place } = await startKind(t, row);
    assert.equal(await proposals.setAutoMerge(place, token), undefined);
    await proposals.open(place, { ...words, autoMerge: true }, token);
    pulls.setBranches(row.known, { [head]: "4".repeat(40), [base]: "5".repeat(40) });
    const [pull] = pulls.of(row.known);
    assert.equal(pull?.autoMerge, !["gitlab", "gitea"].includes(row.kind));
    assert.equal(await proposals.setAutoMerge(place, token), undefined);
    assert.deepEqual([pull?.autoMerge, pull?.headSha, pull?.state], [true, "4".repeat(40), "open"]);
    pulls.mayMerge = false;
    if (pull) pull.autoMerge = false;
    assert.match((await proposals.setAutoMerge(place, token)) ?? "", /^it is not merged by itself: .+/);
  });

  test(`${name}: what is not merged by itself is a warning that says why, and the request is there`, async (t) => {
    const { pulls, proposals, place } = await startKind(t, row);
    pulls.mayMerge = false;
    const opened = await proposals.open(place, { ...words, autoMerge: true }, token);
    assert.ok(opened.kind === "found" && opened.proposal.number === 1);
    assert.match(opened.warning ?? "", /^it is not merged by itself: .+/);
    assert.ok(!opened.warning?.includes(token));
    const edited = await proposals.edit(place, opened.proposal, { ...words, autoMerge: true }, token);
    assert.ok(edited.kind === "edited");
    assert.match(edited.warning ?? "", /^it is not merged by itself: .+/);
  });
}
