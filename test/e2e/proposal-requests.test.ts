/** `write_to: proposal` with a token: the pull request is opened, edited in place, and what people do with it counts. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { assertProposed, BRANCH, FILE, startProposed } from "./proposed-stage.ts";
import { notAsApp, OLD } from "./stage.ts";

const REPOSITORY = "team/manifests";
const TOKEN = "canary0123456789canary0123456789";

async function startRequested(t: TestContext, annotations: Record<string, string> = {}) {
  const world = await startProposed(t, { manifest_token_secret_name: "requests", ...annotations });
  const { stage, manifests } = world;
  stage.secret("gitops-operator", "requests", { "forge-token": TOKEN }, "**");
  const { pulls } = stage.ci;
  pulls.setBranches(REPOSITORY, {}, ["deploy", "team/shop"]);
  // The forge and the git host are one.
  pulls.branch = (name, branch) => {
    const file = join(manifests.directory, "refs/heads", branch);
    return name === REPOSITORY && existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
  };
  const open = () => pulls.of(REPOSITORY).filter(({ state }) => state === "open");
  const newest = () => pulls.of(REPOSITORY)[0] ?? assert.fail("no request");
  const reconcile = async () => {
    const { action, status, message } = await stage.reconcileOne("shop");
    return { is: `${action} ${status}`, message };
  };
  return { ...world, pulls, open, newest, reconcile };
}

const urlOf = (number: number) => new RegExp(`^https?://[^ ]+/${REPOSITORY}/pull/${number}$`);
const urlIn = (message: string) => / in (\S+?)(?:;|$| and )/.exec(message)?.[1] ?? "";

// P2, F55
test("a request is opened once, edited in place for the next tag, and up to date once it is merged", async (t) => {
  const { stage, manifests, app, pulls, open, newest, reconcile } = await startRequested(t, {
    proposal_labels: "deploy, team/shop",
    proposal_auto_merge: "true",
  });
  const first = (await app.tip()) ?? "";
  const { is, message } = await reconcile();
  assert.equal(is, "proposed pending");
  assert.match(urlIn(message), urlOf(1));
  const [request] = open();
  assert.equal(request?.title, "chore(refs): gitops-operator updating image tags");
  assert.match(request?.description ?? "", new RegExp(`\nGitops-Operator-Image: team/shop:${first}\nGitops-Operator-Commit: ${first}\n`));
  assert.deepEqual([request?.labels, request?.autoMerge], [["deploy", "team/shop"], true]);
  const stands = await assertProposed(manifests, first);

  // A person's words stay as long as it is about the same.
  newest().title = "Please merge";
  assert.equal((await reconcile()).is, "proposed pending");
  assert.deepEqual([newest().title, await manifests.tip(BRANCH), pulls.of(REPOSITORY).length], ["Please merge", stands, 1]);

  const second = await app.commit({ "index.html": "2" });
  assert.match(urlIn((await reconcile()).message), urlOf(1));
  assert.equal(pulls.of(REPOSITORY).length, 1);
  assert.match(newest().description ?? "", new RegExp(`Gitops-Operator-Image: team/shop:${second}`));
  assert.notEqual(newest().title, "Please merge");

  // Squashed, as the forge does it: its commit says nothing.
  newest().state = "merged";
  await manifests.commit({ [FILE]: await manifests.read(FILE, BRANCH) }, { message: "Squashed" });
  await manifests.deleteBranch(BRANCH);
  assert.equal((await reconcile()).is, "up_to_date success");

  // Taken back: nothing in the history of the branch says that it was written.
  await manifests.commit({ [FILE]: manifestOf("shop", `team/shop:${OLD}`) });
  const back = await reconcile();
  assert.equal(back.is, "skipped skipped");
  assert.match(back.message, new RegExp(`^Deployment shop: version ${second} was merged in \\S+/pull/1 and taken back since; `));
  assert.equal(await manifests.tip(BRANCH), undefined);

  const third = await app.commit({ "index.html": "3" });
  assert.match(urlIn((await reconcile()).message), urlOf(2));
  await assertProposed(manifests, third);
  assert.doesNotMatch(JSON.stringify(stage.logLines), new RegExp(TOKEN));
});

// F55
test("one that is closed is a person's no until the next commit; reopened, it is proposed again", async (t) => {
  const { manifests, app, pulls, newest, reconcile } = await startRequested(t);
  await reconcile();
  newest().state = "declined";
  const first = await app.tip();
  for (let pass = 0; pass < 2; pass++) {
    const { is, message } = await reconcile();
    assert.equal(is, "skipped skipped");
    assert.match(message, new RegExp(`^Deployment shop: version ${first} was declined in \\S+/pull/1; `));
  }
  newest().state = "open";
  assert.equal((await reconcile()).is, "proposed pending");
  newest().state = "declined";
  // Without the branch the request still says no, and with its trailers taken out the branch still does.
  newest().description = "Not now";
  assert.equal((await reconcile()).is, "skipped skipped");
  const next = await app.commit({ "index.html": "2" });
  assert.equal((await reconcile()).is, "proposed pending");
  assert.deepEqual(
    pulls.of(REPOSITORY).map(({ number, state }) => [number, state]),
    [
      [2, "open"],
      [1, "declined"],
    ],
  );
  await assertProposed(manifests, next);
  newest().state = "declined";
  await manifests.deleteBranch(BRANCH);
  assert.equal((await reconcile()).is, "skipped skipped");
  assert.equal(await manifests.tip(BRANCH), undefined);
});

test("a forge that refuses or does not answer is told, and nothing is pushed before it has answered; what was open stays told", {
  skip: notAsApp("its tokens come from the API that fails here"),
}, async (t) => {
  const { stage, manifests, app, pulls, reconcile } = await startRequested(t);
  const gone = stage.ci.answer({ status: 503, body: "gone" });
  const unanswered = await reconcile();
  assert.equal(unanswered.is, "failed failure");
  assert.match(
    unanswered.message,
    /GitHub does not let the request of branch '\S+' be looked for: .*; nothing was pushed, the next pass tries again$/,
  );
  assert.equal(await manifests.tip(BRANCH), undefined);
  gone();
  pulls.mayWrite = false;
  const refused = await reconcile();
  assert.match(
    refused.message,
    /be opened: .*; the branch is there\. Let its token read and write pull requests of 127\.0\.0\.1:?\S*\/team\/manifests, or name another/,
  );
  await assertProposed(manifests, (await app.tip()) ?? "");
  pulls.mayWrite = true;
  assert.equal((await reconcile()).is, "proposed pending");
  assert.equal(pulls.of(REPOSITORY).length, 1);
  const again = stage.ci.answer({ status: 503, body: "gone" });
  assert.match(urlIn((await reconcile()).message), urlOf(1));
  again();
});

test("the token for builds opens requests too, and where it may not it is as if there were none", async (t) => {
  const { stage, manifests, app, pulls, reconcile } = await startRequested(t, {
    manifest_token_secret_name: "",
    forge_token_secret_name: "requests",
  });
  assert.match(urlIn((await reconcile()).message), urlOf(1));
  stage.cluster.put({
    ...{
      kind: "Secret",
      metadata: {
        namespace: "gitops-operator",
        name: "requests",
        annotations: { "gitops.operator.allowed_repositories": "127.0.0.1:*/team/shop, 127.0.0.1/team/shop" },
      },
    },
    data: { "forge-token": Buffer.from(TOKEN).toString("base64") },
  });
  const next = await app.commit({ "index.html": "2" });
  const { is, message } = await reconcile();
  assert.equal(is, "proposed pending");
  assert.match(
    message,
    /is proposed on branch '\S+'; open a pull request for it at \S+, or name a token .*; the token for builds can't open it: Secret gitops-operator\/requests is not for \S+\/team\/manifests/,
  );
  await assertProposed(manifests, next);
  assert.equal(pulls.of(REPOSITORY).length, 1);
});

// S33
test("how often a request is asked about depends on how many there are of its own token, and not on those of others", async (t) => {
  const { stage, manifests, newest, reconcile } = await startRequested(t);
  for (const name of ["till", "web", "api", "docs"]) {
    await manifests.commit({ [`${name}/deployment.yaml`]: manifestOf(name, `team/${name}:${OLD}`) });
    await stage.repository(`team/${name}.git`, { "index.html": "1" });
    await stage.deploy({ name, annotations: { write_to: "proposal" } });
    assert.equal((await stage.reconcileOne(name)).action, "proposed");
  }
  assert.equal((await reconcile()).is, "proposed pending");
  newest().state = "declined";
  assert.equal((await reconcile()).is, "skipped skipped");
});
