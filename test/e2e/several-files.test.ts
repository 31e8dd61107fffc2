/** `deployment_path` with several files and patterns: one commit changes all of them, or none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { OLD, startStage } from "./stage.ts";

const FILES = ["envs/dev/shop.yaml", "envs/prod/shop.yaml", "base.yaml"];
const imageAt = (tag: string, name = "shop") => manifestOf("shop", `team/${name}:${tag}`);

async function startFiles(t: Parameters<typeof startStage>[0], deployment_path: string) {
  const stage = await startStage(t);
  const manifests = await stage.repository("team/manifests.git", Object.fromEntries(FILES.map((path) => [path, imageAt(OLD)])));
  await manifests.commit({ "envs/dev/README.md": "team/shop", "envs/dev/other.yaml": imageAt(OLD, "other"), "notes.txt": "team/shop" });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "shop", annotations: { deployment_path } });
  const tags = async (at?: string) => Promise.all(FILES.map(async (path) => /team\/shop:(\w+)/.exec(await manifests.read(path, at))?.[1]));
  return { stage, manifests, app, tags, sha: (await app.tip()) ?? "" };
}

test("files by their paths and by patterns are written in one commit, which names each; the others stay as they are", async (t) => {
  const { stage, manifests, app, tags, sha } = await startFiles(t, "envs/**/*, base.yaml");
  const before = (await manifests.tip()) ?? "";
  assert.deepEqual(await stage.reconcileOne("shop").then(({ action, to_sha }) => [action, to_sha]), ["patched", sha]);
  assert.deepEqual(await tags(), [sha, sha, sha]);
  const [commit, ...older] = await manifests.log();
  assert.equal(older[0]?.sha, before);
  const named = [...(commit?.body.matchAll(/^Gitops-Operator-File: (.*)$/gm) ?? [])].map(([, path]) => path);
  assert.deepEqual(named.sort(), [...FILES].sort());
  const changed = [...(await manifests.diff(before, "master")).matchAll(/^\+\+\+ b\/(.*)$/gm)].map(([, path]) => path);
  assert.deepEqual(changed.sort(), [...FILES].sort());
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");

  // One of them behind the others is brought to them by itself.
  await manifests.commit({ "envs/prod/new.yaml": imageAt(OLD) });
  const next = await app.commit({ "index.html": "2" });
  assert.equal((await stage.reconcileOne("shop")).to_sha, next);
  assert.match(await manifests.read("envs/prod/new.yaml"), new RegExp(next));
  assert.deepEqual(await tags(), [next, next, next]);
});

test("where one of the named files can't be written, none is", async (t) => {
  const { stage, manifests, tags } = await startFiles(t, FILES.join(","));
  const tip = await manifests.commit({ "base.yaml": imageAt(OLD, "other") });
  const none = await stage.reconcileOne("shop");
  assert.equal(none.action, "failed");
  assert.match(none.message, /No container in base\.yaml references image 'team\/shop'/);
  await manifests.commit({ "base.yaml": `${imageAt(OLD)}\n  bad: [` });
  assert.match((await stage.reconcileOne("shop")).message, /base\.yaml can't be used as a manifest/);
  await manifests.commit({ "base.yaml": null });
  assert.match((await stage.reconcileOne("shop")).message, /base\.yaml is not in the manifests repository/);
  assert.deepEqual((await tags(tip)).slice(0, 2), [OLD, OLD]);
  assert.equal((await manifests.log()).length, 5);
});

test("a pattern that leads to no file, to none that is the image, or to too many is told", async (t) => {
  const { stage, manifests } = await startFiles(t, "envs/*/none*.yaml");
  const next = async (deployment_path: string) => {
    await stage.deploy({ name: "shop", annotations: { deployment_path } });
    return (await stage.reconcileOne("shop")).message;
  };
  assert.match(
    await next("envs/*/none*.yaml"),
    /'envs\/\*\/none\*\.yaml' names no \.yaml, \.yml or \.json file of the manifests repository/,
  );
  assert.match(await next("envs/*/other*"), /No container in envs\/dev\/other\.yaml references image 'team\/shop'/);
  await manifests.commit({ ".github/workflows/ci.yaml": imageAt(OLD) });
  assert.match(
    await next(".gith*/workflows/*"),
    /leads to '\.github\/workflows\/ci\.yaml', which leads into \.github, which the operator never writes/,
  );
  await manifests.commit({ "many/a.yaml": imageAt(OLD, "a"), "many/b.yaml": imageAt(OLD, "b") });
  assert.match(await next("many/*"), /Nothing in the 2 files that gitops\.operator\.deployment_path names is image 'team\/shop'/);
  await manifests.commit(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`many/${i}.yaml`, imageAt(OLD)])));
  assert.match(await next("many/*"), /names more than 50 files/);
  await manifests.commit({ "elsewhere.yaml": imageAt(OLD).replace("team/shop", "ghcr.io/team/shop") });
  assert.match(
    await next("base.yaml, elsewhere.yaml"),
    /comes from several registries \(docker\.io in base\.yaml, ghcr\.io in elsewhere\.yaml\)/,
  );
});

test("somebody else's push to one of the files meanwhile: all are written again on top of it; what was taken back in one is held in all", async (t) => {
  const { stage, manifests, tags, sha } = await startFiles(t, "envs/*/shop.yaml, base.yaml");
  const base = (await manifests.tip()) ?? "";
  await manifests.forceBranch("aside", base);
  const theirs = await manifests.commit({ "base.yaml": `# theirs\n${imageAt(OLD)}` }, { branch: "aside" });
  await manifests.installHook(
    "pre-receive",
    `rm hooks/pre-receive; unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES; git update-ref refs/heads/${manifests.branch} ${theirs}`,
  );
  const { action, message } = await stage.reconcileOne("shop");
  assert.equal(action, "patched", message);
  assert.deepEqual(await tags(), [sha, sha, sha]);
  assert.match(await manifests.read("base.yaml"), /^# theirs/);
  assert.equal((await manifests.log())[1]?.sha, theirs);

  await manifests.commit({ "base.yaml": imageAt(OLD) }, { message: "Back" });
  const held = await stage.reconcileOne("shop");
  assert.deepEqual([held.action, held.from_sha, held.to_sha], ["skipped", OLD, sha], held.message);
  assert.deepEqual(await tags(), [sha, sha, OLD]);
});

/** What the three files of a target hold, each in its own format. */
const FORMATS: Readonly<Record<string, (tag: string) => string>> = {
  "shop/deployment.yaml": (tag) => imageAt(tag),
  "shop/kustomization.yaml": (tag) => `images:\n- name: team/shop\n  newTag: '${tag}'\n`,
  "shop/values.yaml": (tag) => `image: {repository: team/shop, tag: '${tag}'}\n`,
};
const allAt = (tag: string, head = "") => Object.fromEntries(Object.entries(FORMATS).map(([path, text]) => [path, head + text(tag)]));

async function startFormats(t: Parameters<typeof startStage>[0]) {
  const stage = await startStage(t);
  const manifests = await stage.repository("team/manifests.git", allAt(OLD));
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "shop", annotations: { deployment_path: Object.keys(FORMATS).join(",") } });
  const files = async () =>
    Object.fromEntries(await Promise.all(Object.keys(FORMATS).map(async (path) => [path, await manifests.read(path)])));
  return { stage, manifests, app, files, sha: (await app.tip()) ?? "" };
}

// P2
test("files of three formats, one after the other changed by somebody else while they are pushed: all are written on top, in one commit", async (t) => {
  const { stage, manifests, files, sha } = await startFormats(t);
  await manifests.forceBranch("aside", (await manifests.tip()) ?? "");
  const theirs: string[] = [];
  for (const [path, text] of Object.entries(FORMATS))
    theirs.push(await manifests.commit({ [path]: `# theirs\n${text(OLD)}` }, { branch: "aside" }));
  const free = "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES";
  const once = (sha: string) => `if [ ! -e ${sha} ]; then touch ${sha}; git update-ref refs/heads/${manifests.branch} ${sha}; exit 0; fi`;
  await manifests.installHook("pre-receive", [free, ...theirs.map(once)].join("\n"));
  const { action, message } = await stage.reconcileOne("shop");
  assert.equal(action, "patched", message);
  assert.deepEqual(await files(), allAt(sha, "# theirs\n"));
  assert.equal((await manifests.log())[1]?.sha, theirs.at(-1));
});

// P2, F6
test("files of three formats whose push a hook refuses for one of them: none is changed; all are once it lets them", async (t) => {
  const { stage, manifests, app, files } = await startFormats(t);
  for (const path of Object.keys(FORMATS)) {
    // A refused push is tried again at once for another commit.
    await app.commit({ "index.html": path });
    await manifests.installHook("update", `! git diff --name-only $2 $3 | grep -x ${path} >&2`);
    const { action, message } = await stage.reconcileOne("shop");
    assert.equal(action, "failed");
    assert.ok(message.includes(`hook declined (${path}`), message);
    assert.deepEqual(await files(), allAt(OLD));
  }
  await manifests.installHook("update", "exit 0");
  const sha = await app.commit({ "index.html": "last" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.deepEqual(await files(), allAt(sha));
});

test("what lies beside the manifests takes none of their room: a file behind a hundred others is written too", async (t) => {
  const { stage, manifests, sha } = await startFiles(t, "charts/**");
  const others = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`charts/a/${i}.tpl`, "x"]));
  await manifests.commit({ ...others, "charts/a/1.yaml": imageAt(OLD), "charts/z/last.yaml": imageAt(OLD) });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  for (const path of ["charts/a/1.yaml", "charts/z/last.yaml"]) assert.match(await manifests.read(path), new RegExp(sha), path);
});
