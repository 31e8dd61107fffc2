/** `write_to: proposal` without a token: a branch of its own, which is the base's tip and one commit of the operator's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { git } from "../../sandbox/git-process.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { assertProposed, BRANCH, commitThere, FILE, startProposed, tagIn } from "./proposed-stage.ts";
import { OLD } from "./stage.ts";

const REMEDY = "name a token by gitops.operator.manifest_token_secret_name";

// P1, P2, S31
test("a tag is proposed on a branch of its own, stands there, and is made anew for the next commit; merged, it is up to date", async (t) => {
  const { stage, manifests, app } = await startProposed(t);
  const base = await manifests.tip();
  const first = (await app.tip()) ?? "";
  assert.deepEqual(await stage.reconcile(), [
    {
      deployment: "shop",
      namespace: "default",
      action: "proposed",
      from_sha: OLD,
      to_sha: first,
      status: "pending",
      message: `Deployment shop: version ${first} (image unchecked) is proposed on branch '${BRANCH}'; open a pull request for it at https://127.0.0.1/team/manifests/compare/master...${BRANCH}, or ${REMEDY}`,
    },
  ]);
  const stands = await assertProposed(manifests, first);
  assert.equal(await manifests.tip(), base);
  const [commit] = await manifests.log(BRANCH);
  assert.deepEqual(commit?.author, { name: "GitOps Operator", email: "gitops-operator@noreply.local" });
  assert.match(commit?.body ?? "", new RegExp(`\nGitops-Operator-Image: team/shop:${first}\n`));

  // Nothing new: it stands. Neither does a base that moved elsewhere touch it.
  assert.equal((await stage.reconcileOne("shop")).action, "proposed");
  await manifests.commit({ other: "theirs" });
  assert.equal((await stage.reconcileOne("shop")).action, "proposed");
  assert.equal(await manifests.tip(BRANCH), stands, "nothing was pushed");

  // The file itself moved: it would not read so any more.
  await manifests.commit({ [FILE]: `# theirs\n${await manifests.read(FILE)}` });
  assert.equal((await stage.reconcileOne("shop")).action, "proposed");
  const rebuilt = await assertProposed(manifests, first);
  assert.notEqual(rebuilt, stands);
  assert.match(await manifests.read(FILE, BRANCH), /^# theirs\n/);

  const second = await app.commit({ "index.html": "2" });
  const entry = await stage.reconcileOne("shop");
  assert.deepEqual([entry.action, entry.to_sha], ["proposed", second]);
  const next = await assertProposed(manifests, second);

  // As a forge merges it, and deletes the branch.
  await manifests.forceBranch(manifests.branch, next);
  await manifests.deleteBranch(BRANCH);
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  assert.equal(await manifests.tip(BRANCH), undefined, "what was merged is not brought back");
  const told = () => stage.cluster.list("Event").filter(({ reason }) => reason === "Proposed");
  assert.equal(told().length, 2, "told once per tag");
});

// P1, S31
test("what a stranger put on the branch is never overwritten, however it was put there", async (t) => {
  const { stage, manifests, app } = await startProposed(t);
  const foreign = async (words: RegExp) => {
    const tip = await manifests.tip(BRANCH);
    await app.commit({ "index.html": `${Math.random()}` });
    const entry = await stage.reconcileOne("shop");
    assert.deepEqual([entry.action, await manifests.tip(BRANCH)], ["failed", tip], entry.message);
    assert.match(entry.message, words);
    await manifests.deleteBranch(BRANCH);
    await app.commit({ "index.html": `${Math.random()}` });
    assert.equal((await stage.reconcileOne("shop")).action, "proposed");
  };
  await stage.reconcileOne("shop");
  const others = new RegExp(`: ${BRANCH} holds commits of others; merge it or delete it$`);

  await commitThere(manifests, BRANCH, "--message", "On top of it");
  await foreign(others);
  // An amended commit keeps its author.
  await commitThere(manifests, BRANCH, "--amend", "--no-edit", "--message", "Amended");
  await foreign(others);
  await commitThere(manifests, BRANCH, "--amend", "--no-edit");
  await foreign(others);
  // So does one that is amended by whoever the operator commits as: some servers take nothing but the name of the key's owner.
  const made = (await git(manifests.directory, ["cat-file", "commit", BRANCH])).toString();
  const amended = made.replace(/^(committer .*> )\d+/m, "$11900000000");
  const written = await git(manifests.directory, ["hash-object", "-t", "commit", "-w", "--stdin"], { input: amended });
  await manifests.forceBranch(BRANCH, written.toString().trim());
  await foreign(others);
  // Somebody else's branch, with a commit that looks like ours.
  await manifests.forceBranch(BRANCH, await manifests.commit({ x: "1" }, { branch: "theirs" }));
  await foreign(others);
  const [ours] = await manifests.log(BRANCH);
  await manifests.deleteBranch(BRANCH);
  const message = `${ours?.subject}\n\n${ours?.body.replaceAll("default/shop", "default/till")}`;
  const author = { name: "GitOps Operator", email: "gitops-operator@noreply.local" };
  await manifests.commit({ x: "1" }, { branch: BRANCH, message, author });
  await foreign(others);
});

// S31
test("two Deployments that name one branch: the second one fails, naming the first", async (t) => {
  const { stage, manifests, app } = await startProposed(t, { proposal_branch: "gitops-operator/both" });
  await manifests.commit({ "till/deployment.yaml": manifestOf("till", `team/till:${OLD}`) });
  const till = await stage.repository("team/till.git", { "index.html": "1" });
  assert.equal((await stage.reconcileOne("shop")).action, "proposed");
  const tip = await manifests.tip("gitops-operator/both");
  await stage.deploy({ name: "till", annotations: { write_to: "proposal", proposal_branch: "gitops-operator/both" } });
  const { action, message } = await stage.reconcileOne("till");
  assert.equal(action, "failed");
  assert.equal(
    message,
    `Failed to commit changes for till (version ${await till.tip()}): gitops-operator/both holds the proposal of default/shop; name another branch by gitops.operator.proposal_branch`,
  );
  assert.equal(await manifests.tip("gitops-operator/both"), tip);
  assert.equal(tagIn(await manifests.read(FILE, "gitops-operator/both")), await app.tip());
});

// S31
test("a branch outside PROPOSAL_PREFIX, and the base's own found at the run, are refused", async (t) => {
  const { stage, manifests } = await startProposed(t, { proposal_branch: "release" }, { env: { PROPOSAL_PREFIX: "bots/" } });
  const tip = await manifests.tip();
  const entry = await stage.reconcileOne("shop");
  assert.equal(entry.action, "failed");
  assert.match(entry.message, /proposal_branch does not begin with 'bots\/'/);
  const { directory } = await stage.repository("team/odd.git", { [FILE]: manifestOf("shop", `team/shop:${OLD}`) }, "bots/default/shop");
  assert.ok(directory);
  await stage.deploy({ name: "shop", annotations: { write_to: "proposal", manifest_repository: stage.gitHost.url("team/odd.git") } });
  const own = await stage.reconcileOne("shop");
  assert.match(
    own.message,
    /proposal_branch is the branch of the manifests itself \('bots\/default\/shop'\); write the name of another one$/,
  );
  assert.equal(await manifests.tip(), tip);
});

// F55
test("a branch that people delete is a no to its tag, until the next commit", async (t) => {
  const { stage, manifests, app } = await startProposed(t);
  await stage.reconcileOne("shop");
  await manifests.deleteBranch(BRANCH);
  for (let pass = 0; pass < 2; pass++) {
    const { action, status, message } = await stage.reconcileOne("shop");
    assert.deepEqual([action, status], ["skipped", "skipped"]);
    assert.match(message, new RegExp(`^Deployment shop: version ${await app.tip()} was declined: branch '${BRANCH}' was deleted; `));
    assert.equal(await manifests.tip(BRANCH), undefined);
  }
  const told = stage.cluster.list("Event").filter(({ reason }) => reason === "ProposalDeclined");
  assert.equal(told.length, 1);
  // Nobody has said no to it for another base, or in another repository.
  await manifests.commit({ [FILE]: manifestOf("shop", `team/shop:${OLD}`) }, { branch: "next" });
  const annotations = { write_to: "proposal", manifest_branch: "next" };
  await stage.deploy({ name: "shop", annotations });
  assert.equal((await stage.reconcileOne("shop")).action, "proposed");
  await stage.repository("team/moved.git", { [FILE]: manifestOf("shop", `team/shop:${OLD}`) });
  await stage.deploy({ name: "shop", annotations: { write_to: "proposal", manifest_repository: stage.gitHost.url("team/moved.git") } });
  assert.equal((await stage.reconcileOne("shop")).action, "proposed");
  await stage.deploy({ name: "shop", annotations: { write_to: "proposal" } });
  await manifests.deleteBranch(BRANCH);
  const next = await app.commit({ "index.html": "2" });
  assert.equal((await stage.reconcileOne("shop")).action, "proposed");
  await assertProposed(manifests, next);
});

// F55
test("what was merged and taken back is held, as what was pushed is", async (t) => {
  const { stage, manifests, app } = await startProposed(t);
  await stage.reconcileOne("shop");
  const tip = (await manifests.tip(BRANCH)) ?? "";
  await manifests.forceBranch(manifests.branch, tip);
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  await manifests.commit({ [FILE]: manifestOf("shop", `team/shop:${OLD}`) });
  const { action, message } = await stage.reconcileOne("shop");
  assert.equal(action, "skipped");
  assert.match(message, new RegExp(`the operator wrote ${await app.tip()} in ${tip.slice(0, 7)}, which was taken back since`));
  // The branch that was merged is the operator's to move.
  const next = await app.commit({ "index.html": "2" });
  assert.equal((await stage.reconcileOne("shop")).action, "proposed");
  await assertProposed(manifests, next);
});
