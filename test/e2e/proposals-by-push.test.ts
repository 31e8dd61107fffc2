/** GitLab opens a merge request by the push alone, as its push options ask it to: https://docs.gitlab.com/topics/git/commit/#push-options-for-merge-requests. */
import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { test } from "node:test";
import type { BareRepository } from "../../sandbox/bare-repository.ts";
import { assertProposed, BRANCH, startProposed } from "./proposed-stage.ts";
import { notAsApp } from "./stage.ts";

const NOT_AS_APP = { skip: notAsApp("Apps are GitHub's, and the host is another forge here") };

const ENV = { FORGES: "127.0.0.1=gitlab" };

/** As GitLab's server: it records the options of each push, and says `said`. */
async function playGitLab(manifests: BareRepository, said: string) {
  const file = `${manifests.directory}/options`;
  await manifests.config("receive.advertisePushOptions", "true");
  const record = `i=0; while [ "$i" -lt "\${GIT_PUSH_OPTION_COUNT:-0}" ]; do eval "printf '%s\\n' \\"\\$GIT_PUSH_OPTION_$i\\"" >> ${file}; i=$((i + 1)); done`;
  await manifests.installHook("post-receive", `${record}\necho\necho "View merge request for ${BRANCH}:"\necho "  ${said}"\necho`);
  return async () => {
    const text = await readFile(file, "utf8").catch(() => "");
    await rm(file, { force: true });
    return text.split("\n").slice(0, -1);
  };
}

test(
  "GitLab is asked by push options for a merge request with title, description, labels and auto-merge, and its page is told",
  NOT_AS_APP,
  async (t) => {
    const annotations = { proposal_labels: "deploy, team/shop", proposal_auto_merge: "true" };
    const { stage, manifests, app } = await startProposed(t, annotations, { env: ENV });
    const url = "https://127.0.0.1/team/manifests/-/merge_requests/7";
    const options = await playGitLab(manifests, url);
    const first = await app.tip();
    const { action, message } = await stage.reconcileOne("shop");
    assert.deepEqual([action, message], ["proposed", `Deployment shop: version ${first} (image unchecked) is proposed in ${url}`]);
    const [create, target, title, description = "", ...more] = await options();
    assert.deepEqual(
      [create, target, title, ...more],
      [
        "merge_request.create",
        `merge_request.target=${manifests.branch}`,
        "merge_request.title=chore(refs): gitops-operator updating image tags",
        "merge_request.label=deploy",
        "merge_request.label=team/shop",
        "merge_request.auto_merge",
      ],
    );
    assert.match(
      description,
      /^merge_request\.description=Deployment default\/shop, image team\/shop: .*<br>.*<br>Gitops-Operator-File: shop\/deployment\.yaml$/,
    );

    // It stands, and is still known by its page.
    assert.equal((await stage.reconcileOne("shop")).message, message);
    assert.deepEqual(await options(), []);
    await app.commit({ "index.html": "2" });
    assert.match((await stage.reconcileOne("shop")).message, / is proposed in \S+\/7$/);
    assert.ok((await options()).includes("merge_request.create"));
  },
);

// S18
test(
  "a page elsewhere that the server names is not told, and a server without push options gets the branch alone",
  NOT_AS_APP,
  async (t) => {
    const { stage, manifests, app } = await startProposed(t, {}, { env: ENV });
    await playGitLab(
      manifests,
      "https://127.0.0.1.evil.example/team/manifests/-/merge_requests/7 https://127.0.0.1/team/manifests/-/merge_requests/x",
    );
    const words = ` (image unchecked) is proposed on branch '${BRANCH}', for which GitLab keeps a request open`;
    assert.ok((await stage.reconcileOne("shop")).message.endsWith(words));
    await manifests.config("receive.advertisePushOptions", "false");
    const next = await app.commit({ "index.html": "2" });
    for (let pass = 0; pass < 2; pass++) {
      const { message } = await stage.reconcileOne("shop");
      assert.match(message, /; open a pull request for it at https:\/\/127\.0\.0\.1\/team\/manifests\/-\/compare\//);
    }
    await assertProposed(manifests, next);
  },
);
