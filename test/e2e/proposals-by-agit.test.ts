/** Gitea and Forgejo open a pull request by a push alone (AGit): https://docs.gitea.com/usage/agit-setup. The double is real git with a hook, stricter than Gitea. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { BareRepository } from "../../sandbox/bare-repository.ts";
import { playAgit } from "../../sandbox/forges/agit.ts";
import { git } from "../../sandbox/git-process.ts";
import { BRANCH, FILE, startProposed, tagIn } from "./proposed-stage.ts";
import { notAsApp, OLD } from "./stage.ts";

const NOT_AS_APP = { skip: notAsApp("Apps are GitHub's, and the host is another forge here") };

const PULLS = "https://127.0.0.1/team/manifests/pulls";

async function startAgit(t: TestContext, kind: "gitea" | "forgejo" = "gitea") {
  const started = await startProposed(t, {}, { env: { FORGES: `127.0.0.1=${kind}` } });
  const agit = await playAgit(started.manifests);
  const { app, stage } = started;
  const next = () => app.commit({ "index.html": `${Math.random()}` });
  return { ...started, agit, next, pass: () => stage.reconcileOne("shop") };
}

const headOf = async ({ directory }: BareRepository, number: number) =>
  (await git(directory, ["rev-parse", "--verify", `refs/pull/${number}/head`])).toString().trim();

/** One commit on the base, as another one than the operator makes it; `like`: whose words it has. */
async function commitOn(manifests: BareRepository, like: string, { tree, parent }: { tree: string; parent: string }): Promise<string> {
  const text = (await git(manifests.directory, ["cat-file", "commit", like])).toString();
  const forged = text.replace(/^tree .*\nparent .*\n/, `tree ${tree}\nparent ${parent}\n`);
  const args = ["hash-object", "-t", "commit", "-w", "--stdin"];
  return (await git(manifests.directory, args, { input: Buffer.from(forged) })).toString().trim();
}

// P1, P2, S31
test(
  "a tag is proposed by AGit and its page is told; it stands, is updated in place, and merged it is up to date",
  NOT_AS_APP,
  async (t) => {
    const { manifests, agit, app, next, pass } = await startAgit(t);
    const base = await manifests.tip();
    const first = (await app.tip()) ?? "";
    const { action, message } = await pass();
    assert.deepEqual([action, message], ["proposed", `Deployment shop: version ${first} (image unchecked) is proposed in ${PULLS}/7`]);
    assert.deepEqual([await manifests.tip(), await manifests.tip(BRANCH)], [base, undefined], "no branch was touched");
    const [pull, ...more] = agit.pulls;
    assert.deepEqual(more, []);
    assert.deepEqual(
      [pull?.head, pull?.base, pull?.title],
      [`bot/${BRANCH}`, "master", "chore(refs): gitops-operator updating image tags"],
    );
    assert.match(
      pull?.description ?? "",
      /^Deployment default\/shop, image team\/shop: .*<br>Gitops-Operator-File: shop\/deployment\.yaml$/,
    );
    const [push] = agit.pushes;
    assert.equal(push?.ref, `refs/for/master/${BRANCH}`);
    assert.ok(!JSON.stringify(push?.options).includes("force-push"), "there was nothing to put anew");
    const stands = await headOf(manifests, 7);
    assert.equal(tagIn(await manifests.read(FILE, stands)), first);

    // It stands, wherever the base moves.
    await manifests.commit({ [FILE]: `# theirs\n${await manifests.read(FILE)}` });
    assert.equal((await pass()).message, message);
    assert.deepEqual([agit.pushes.length, await headOf(manifests, 7)], [1, stands]);

    const second = await next();
    assert.match((await pass()).message, new RegExp(`version ${second} .* is proposed in ${PULLS}/7$`));
    assert.equal(agit.pulls.length, 1, "the same one");
    const head = await headOf(manifests, 7);
    assert.match(await manifests.read(FILE, head), new RegExp(`^# theirs\n[^]*image: [^:]+:${second}`));
    const beyond = (await git(manifests.directory, ["rev-list", `master..${head}`])).toString().trim();
    assert.equal(beyond, head, "one commit stands on the base");

    await manifests.forceBranch("master", head);
    agit.end(7, "merged");
    assert.equal((await pass()).action, "up_to_date");
    const third = await next();
    assert.match((await pass()).message, new RegExp(`version ${third} .* is proposed in ${PULLS}/10$`));
    assert.equal(await headOf(manifests, 7), head, "what was merged is as it was");
    await manifests.fsck();
  },
);

test(
  "one that people close is not pushed again, wherever the base moves; the next commit is proposed in a new one",
  NOT_AS_APP,
  async (t) => {
    const { manifests, agit, next, pass } = await startAgit(t, "forgejo");
    assert.equal((await pass()).action, "proposed");
    agit.end(7, "closed");
    const closed = await headOf(manifests, 7);
    await manifests.commit({ [FILE]: `# theirs\n${await manifests.read(FILE)}` });
    assert.equal((await pass()).action, "proposed");
    assert.deepEqual([agit.pulls.length, agit.pushes.length], [1, 1]);
    await next();
    assert.match((await pass()).message, new RegExp(`${PULLS}/10$`));
    assert.deepEqual([agit.pulls.map(({ state }) => state), await headOf(manifests, 7)], [["closed", "open"], closed]);
  },
);

// P1, S31
test(
  "what another has put into the request is never put anew, and a merged or closed one does not keep the next from being proposed",
  NOT_AS_APP,
  async (t) => {
    const { manifests, agit, next, pass } = await startAgit(t);
    await pass();
    const own = await headOf(manifests, 7);
    const tree = (await git(manifests.directory, ["rev-parse", `${own}^{tree}`])).toString().trim();
    const theirs = (await git(manifests.directory, ["commit-tree", "-p", own, "-m", "Theirs", tree])).toString().trim();
    await git(manifests.directory, ["update-ref", "refs/pull/7/head", theirs]);
    const same = await pass();
    assert.equal(same.action, "failed");
    assert.ok(same.message.endsWith(`: ${PULLS}/7 holds commits of others; merge it, or close it`), same.message);
    assert.equal(agit.pushes.length, 1, "nothing was pushed");
    await next();
    const newer = await pass();
    assert.deepEqual([newer.action, await headOf(manifests, 7)], ["failed", theirs]);
    assert.match(
      newer.message,
      /: the open request of topic 'gitops-operator\/default\/shop' for 'master' holds commits of others; merge it, or close it$/,
    );
    agit.end(7, "closed");
    assert.match((await pass()).message, new RegExp(`${PULLS}/10$`));
  },
);

// P1, S31
test(
  "a stranger's request of the same topic, and one that is made to look like the operator's, is not taken for it",
  NOT_AS_APP,
  async (t) => {
    const { manifests, agit, app, pass } = await startAgit(t);
    await pass();
    const own = await headOf(manifests, 7);
    const parent = (await manifests.tip()) ?? "";
    // The same words, author and committer, on the same base; and another tree.
    const evil = await manifests.commit({ evil: "1" }, { branch: "evil" });
    const tree = (await git(manifests.directory, ["rev-parse", `${evil}^{tree}`])).toString().trim();
    const forged = await commitOn(manifests, own, { tree, parent });
    await git(manifests.directory, ["update-ref", "refs/pull/7/head", "-d"]);
    await git(manifests.directory, ["update-ref", "refs/pull/30/head", forged]);
    agit.setUser("robot");
    const tag = await app.tip();
    const { message } = await pass();
    assert.match(message, new RegExp(`version ${tag} .* is proposed in ${PULLS}/10$`));
    assert.deepEqual(
      agit.pulls.map(({ head }) => head),
      [`bot/${BRANCH}`, `robot/${BRANCH}`],
    );
    assert.equal(await headOf(manifests, 30), forged, "what others have is as it was");
    assert.equal(tagIn(await manifests.read(FILE, await headOf(manifests, 10))), tag);
    assert.equal(tagIn(await manifests.read(FILE)), OLD);
  },
);

// F7-F8
test(
  "a connection that is cut after the server has opened the request, and before it said so: it is found, and there is one",
  NOT_AS_APP,
  async (t) => {
    const { manifests, agit, app, pass } = await startAgit(t);
    agit.arm("answer");
    assert.match((await pass()).message, new RegExp(`version ${await app.tip()} .* is proposed in ${PULLS}/7$`));
    assert.deepEqual([agit.pulls.length, agit.pushes.length], [1, 1]);
    await manifests.fsck();
  },
);

test("a server that takes no push options gets nothing, and is told apart", NOT_AS_APP, async (t) => {
  const { manifests, pass } = await startAgit(t);
  await manifests.config("receive.advertisePushOptions", "false");
  const { action, message } = await pass();
  assert.deepEqual(
    [action, /takes no push options, so it opens no request by refs\/for\/master\//.test(message)],
    ["failed", true],
    message,
  );
});
