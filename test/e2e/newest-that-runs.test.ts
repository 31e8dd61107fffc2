/** Which commit runs while images come late, or not at all (docs/COMMITS.md). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { git } from "../../sandbox/git-process.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { startShop } from "./gated-shop.ts";
import { OLD } from "./stage.ts";

const RUNNING = [{ status: "in_progress" }] as const;
const FAILED = [{ status: "completed", conclusion: "failure" }] as const;
const DONE = [{ status: "completed", conclusion: "success" }] as const;
const GRACE_MS = 301_000;

type Shop = Awaited<ReturnType<typeof startShop>>;

/** The tag that stands in the file. */
const tagOf = async ({ manifests }: Shop) => /team\/shop:([\w.-]+)/.exec(await manifests.read("shop/deployment.yaml"))?.[1];
const heads = ({ stage }: Shop) =>
  stage.registry.requests.filter(({ method }) => method === "HEAD").map(({ path }) => path.split("/").at(-1));

/** A shop whose first commit runs. */
async function startRunning(...args: Parameters<typeof startShop>): Promise<Shop> {
  const shop = await startShop(...args);
  shop.stage.registry.put("team/shop", shop.sha);
  assert.equal((await shop.stage.reconcileOne("shop")).action, "patched");
  return shop;
}

async function commit({ app, stage }: Shop, subject: string, runs: Parameters<typeof stage.ci.setRuns>[2] = []): Promise<string> {
  const sha = await app.commit({ "index.html": subject }, { message: subject });
  stage.ci.setRuns("team/shop", sha, runs);
  return sha;
}

for (const [what, lookBack, deployed] of [
  ["with the walk every image but those of the last two is deployed as soon as it is there", "20", 6],
  ["without it none ever is", "0", 0],
] as const) {
  test(`a commit at every tick, builds of two ticks: ${what}`, async (t) => {
    const shop = await startShop(t, { annotations: { look_back: lookBack, github_token_secret_name: null } });
    const { stage, app, manifests } = shop;
    const shas = [shop.sha];
    // What stands in the file has to be one of the application's commits, or its place among them is not known.
    await manifests.commit({ "shop/deployment.yaml": manifestOf("shop", `${shop.image}:${shop.sha}`) });
    let count = 0;
    for (let tick = 0; tick < 8; tick++) {
      shas.push(await app.commit({ "index.html": String(tick) }));
      const built = shas.at(-3);
      if (built !== undefined) stage.registry.put("team/shop", built);
      const { action, to_sha } = await stage.reconcileOne("shop");
      if (action !== "patched") continue;
      assert.equal(to_sha, built);
      assert.equal(await tagOf(shop), built);
      count += 1;
    }
    assert.equal(count, deployed);
  });
}

test("while the newest one's build runs an older image goes out at once, and the newest is pushed when it is there, without another call", async (t) => {
  const shop = await startRunning(t);
  const { stage, clock, manifests } = shop;
  const older = await commit(shop, "Older", DONE);
  const newest = await commit(shop, "Newest <!channel> @team", RUNNING);
  stage.registry.put("team/shop", older);
  const entry = await stage.reconcileOne("shop");
  assert.deepEqual([entry.action, entry.to_sha, await tagOf(shop)], ["patched", older, older]);
  const words = `${newest.slice(0, 7)} Newest (! channel) @ team is awaited: build running`;
  assert.equal(entry.message, `Deployment shop patched successfully to version ${older}; ${words}`);
  await clock.slept(1);
  stage.registry.put("team/shop", newest);
  clock.advance(10_000);
  await eventually(async () => (await tagOf(shop)) === newest);
  assert.equal((await manifests.log()).length, 4);
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
});

test("a commit without an image is no alarm: the file stays at the one before it, once its grace is over", async (t) => {
  const shop = await startRunning(t);
  const { stage, clock, sha } = shop;
  const docs = await commit(shop, "Explain the shop");
  assert.equal((await stage.reconcileOne("shop")).action, "waiting");
  clock.advance(GRACE_MS);
  const one = await stage.reconcileOne("shop");
  assert.deepEqual([one.action, one.status, one.to_sha], ["up_to_date", "success", sha]);
  assert.equal(one.message, `Deployment shop is up to date at ${sha}; 1 newer commit has no image: ${docs.slice(0, 7)} Explain the shop`);
  const more = await commit(shop, "Explain it better");
  await stage.reconcileOne("shop");
  clock.advance(GRACE_MS);
  assert.match(
    (await stage.reconcileOne("shop")).message,
    new RegExp(`; 2 newer commits have no image: ${more.slice(0, 7)} Explain it better$`),
  );

  // An image behind them goes out all the same.
  stage.registry.put("team/shop", docs);
  clock.advance(600_001);
  const late = await stage.reconcileOne("shop");
  assert.deepEqual([late.action, late.to_sha], ["patched", docs], late.message);
  assert.match(late.message, new RegExp(`; 1 newer commit has no image: ${more.slice(0, 7)} `));
});

test("a failed build between two good ones: the one before it goes out with a warning, the failure is told, and the next good one ends it", async (t) => {
  const shop = await startRunning(t);
  const { stage, image } = shop;
  const good = await commit(shop, "Good", DONE);
  stage.registry.put("team/shop", good);
  const bad = await commit(shop, "Bad", FAILED);
  const first = await stage.reconcileOne("shop");
  assert.deepEqual([first.action, first.to_sha], ["patched", good]);
  assert.match(first.message, new RegExp(`; ${bad.slice(0, 7)} Bad has no image: its build failed$`));
  for (let pass = 0; pass < 2; pass++) {
    const { action, message } = await stage.reconcileOne("shop");
    assert.deepEqual([action, message], ["failed", `:x: Build failed for ${image} (SHA: ${bad}), image will not be available`]);
  }
  const mended = await commit(shop, "Mended", DONE);
  stage.registry.put("team/shop", mended);
  assert.deepEqual([(await stage.reconcileOne("shop")).to_sha, await tagOf(shop)], [mended, mended]);
  await stage.chat.received(4);
  assert.equal(stage.chat.messages.filter(({ text }) => text.startsWith(":x: Build failed")).length, 1);
});

test("a version that was taken back stays back while a newer commit's build fails, and both are told once", async (t) => {
  const shop = await startRunning(t);
  const { stage, manifests, image, sha } = shop;
  const good = await commit(shop, "Good", DONE);
  stage.registry.put("team/shop", good);
  assert.equal((await stage.reconcileOne("shop")).to_sha, good);
  await manifests.commit({ "shop/deployment.yaml": manifestOf("shop", `${image}:${sha}`) });
  const held = new RegExp(`^Deployment shop stays at ${sha}: the operator wrote ${good} in [0-9a-f]{7}, .*, or put ${good} back`);
  assert.match((await stage.reconcileOne("shop")).message, held);
  const bad = await commit(shop, "Bad", FAILED);
  for (let pass = 0; pass < 2; pass++) {
    const { action, message } = await stage.reconcileOne("shop");
    assert.equal(action, "skipped", message);
    assert.match(message, held);
    assert.match(message, new RegExp(`; ${bad.slice(0, 7)} Bad has no image: its build failed$`));
  }
  assert.match(await stage.text("/metrics"), /gitops_operator_held\{namespace="default",deployment="shop"\} 1\n/);
  const mended = await commit(shop, "Mended", DONE);
  stage.registry.put("team/shop", mended);
  assert.equal((await stage.reconcileOne("shop")).to_sha, mended);
  const told = (await stage.chat.received(5)).map(({ text }) => text.match(/stays at|its build failed|successfully/g)?.join(", "));
  assert.deepEqual(told, ["successfully", "successfully", "stays at", "stays at, its build failed", "successfully"]);
});

test("nothing older than what stands in the file is taken, however many images there are, and what is at the tip is not asked for", async (t) => {
  const shop = await startRunning(t, { annotations: { look_back: "3" } });
  const { stage, clock, sha } = shop;
  const next = await commit(shop, "Next");
  await stage.reconcileOne("shop");
  assert.equal(await tagOf(shop), sha);
  // Behind the file, and further than look_back: neither is taken.
  const far: string[] = [];
  for (let i = 0; i < 5; i++) far.push(await commit(shop, `Far ${i}`));
  stage.registry.put("team/shop", next);
  clock.advance(GRACE_MS);
  await stage.reconcileOne("shop");
  clock.advance(GRACE_MS);
  assert.match((await stage.reconcileOne("shop")).message, /^:x: image .* not found in registry/);
  assert.equal(await tagOf(shop), sha);
  stage.registry.put("team/shop", far[1] ?? "");
  clock.advance(600_001);
  assert.deepEqual([(await stage.reconcileOne("shop")).to_sha, await tagOf(shop)], [far[1], far[1]]);
  stage.registry.put("team/shop", far[4] ?? "");
  assert.equal((await stage.reconcileOne("shop")).to_sha, far[4]);
  const asked = heads(shop).length;
  stage.registry.answer({ status: 500 });
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  assert.equal(heads(shop).length, asked);
});

test("a forced branch, a merge's second parent, a tag of another branch: first parents alone, and the tip where the file's place is not known", async (t) => {
  const shop = await startRunning(t, { annotations: { github_token_secret_name: null } });
  const { stage, app, manifests, image } = shop;
  const onSide = await app.commit({ side: "1" }, { branch: "side", message: "On the side" });
  const made = ["commit-tree", "-p", app.branch, "-p", "side", "-m", "Merge", `${app.branch}^{tree}`];
  const merge = String(await git(app.directory, ["-c", "user.name=a", "-c", "user.email=a@b", ...made])).trim();
  await app.forceBranch(app.branch, merge);
  stage.registry.put("team/shop", onSide);
  assert.equal((await stage.reconcileOne("shop")).action, "waiting");
  assert.equal(await tagOf(shop), shop.sha, "what was merged is no candidate");

  await manifests.commit({ "shop/deployment.yaml": manifestOf("shop", `${image}:${onSide}`) });
  const next = await commit(shop, "Next");
  stage.registry.put("team/shop", merge);
  const unknown = await stage.reconcileOne("shop");
  assert.deepEqual([unknown.action, await tagOf(shop)], ["waiting", onSide], "the place of the file's commit is not known");

  stage.registry.put("team/shop", next);
  assert.equal((await stage.reconcileOne("shop")).to_sha, next);
  // Forced back: the tip is the tip.
  await app.forceBranch(app.branch, merge);
  assert.equal((await stage.reconcileOne("shop")).to_sha, merge);
});

test("what a registry does not say is never 'take the next one'", async (t) => {
  const shop = await startRunning(t);
  const { stage, clock } = shop;
  const older = await commit(shop, "Older", DONE);
  stage.registry.put("team/shop", older);
  const newest = await commit(shop, "Newest", RUNNING);
  for (const [status, message] of [
    [401, /^:hourglass: Build running/],
    [500, /^the registry could not be asked about/],
    [429, /^the registry limits questions/],
  ] as const) {
    const end = stage.registry.answer({ status, headers: { "retry-after": "0" } });
    const { action, message: said } = await clock.answerInSleep(() => stage.reconcileOne("shop"));
    end();
    assert.match(said, message);
    assert.equal(action, status === 401 ? "waiting" : "failed");
    assert.equal(await tagOf(shop), shop.sha);
    assert.deepEqual(
      heads(shop).filter((tag) => tag === older),
      [],
      "of the older one nothing is asked",
    );
    if (status === 401) await commit(shop, "Newest", DONE);
  }
  assert.notEqual(newest, older);
});

test("unchecked images are the tip's alone", async (t) => {
  const shop = await startShop(t, { annotations: { image_check: "off" } });
  await commit(shop, "Two");
  const tip = await commit(shop, "Three");
  assert.equal((await shop.stage.reconcileOne("shop")).to_sha, tip);
  assert.deepEqual(heads(shop), []);
});

test("a miss behind the tip is remembered for ten minutes once nothing builds it; the tip is asked for at every pass", async (t) => {
  const shop = await startRunning(t);
  const { stage, clock } = shop;
  const idle = await commit(shop, "Idle", DONE);
  const built = await commit(shop, "Built", RUNNING);
  const tip = await commit(shop, "Tip", DONE);
  const countsOf = async (passes: number) => {
    const before = heads(shop).length;
    for (let pass = 0; pass < passes; pass++) await stage.reconcileOne("shop");
    const asked = heads(shop).slice(before);
    return [tip, built, idle].map((sha) => asked.filter((tag) => tag === sha).length);
  };
  assert.deepEqual(await countsOf(3), [3, 3, 1]);
  clock.advance(600_001);
  stage.ci.setRuns("team/shop", built, DONE);
  assert.deepEqual(await countsOf(3), [3, 1, 1]);
});

for (const [format, there, found] of [
  ["{{sha}}", (sha: string) => sha.slice(0, 8), "{{sha8}}"],
  ["{{sha}}", (sha: string) => `sha-${sha.slice(0, 7)}`, "sha-{{sha7}}"],
  ["{{sha7}}", (sha: string) => `master-${sha}`, "{{branch}}-{{sha}}"],
] as const) {
  test(`an image that is there as ${found} and not as ${format}: told once with the format, which then is found`, async (t) => {
    const shop = await startShop(t, { annotations: { tag_format: format } });
    const { stage, clock, image, sha, annotations } = shop;
    stage.registry.put("team/shop", there(sha));
    stage.ci.setRuns("team/shop", sha, DONE);
    assert.equal((await stage.reconcileOne("shop")).action, "waiting");
    clock.advance(GRACE_MS);
    const { message } = await stage.reconcileOne("shop");
    assert.match(message, /not found in registry/);
    assert.ok(message.endsWith(`; there is ${image}:${there(sha)}, set gitops.operator.tag_format to ${found}`), message);
    const asked = heads(shop).length;
    assert.equal((await stage.reconcileOne("shop")).message, message);
    assert.equal(heads(shop).length, asked + 1);
    await stage.deploy({ name: "shop", annotations: { ...annotations, tag_format: found } });
    assert.deepEqual([(await stage.reconcileOne("shop")).action, await tagOf(shop)], ["patched", there(sha)]);
  });
}

test("a format that has become wrong is told too, where the file stands at an older commit, also of an image that comes late", async (t) => {
  const shop = await startRunning(t);
  const { stage, clock, image } = shop;
  const newest = await commit(shop, "Tagged otherwise", DONE);
  await stage.reconcileOne("shop");
  clock.advance(GRACE_MS);
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  const asked = heads(shop).length;
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  assert.equal(heads(shop).length, asked + 1, "the other tags are asked for now and then alone");
  const other = `sha-${newest.slice(0, 7)}`;
  stage.registry.put("team/shop", other);
  clock.advance(600_001);
  const { action, message } = await stage.reconcileOne("shop");
  assert.equal(action, "failed", message);
  assert.ok(message.endsWith(`; there is ${image}:${other}, set gitops.operator.tag_format to sha-{{sha7}}`), message);
});

test("a file that has tags of another format is known all the same: its commit bounds the walk, and a newer one is written in the new format", async (t) => {
  const shop = await startShop(t, { annotations: { tag_type: "short" } });
  const { stage, annotations, sha } = shop;
  stage.registry.put("team/shop", sha.slice(0, 7));
  assert.deepEqual([(await stage.reconcileOne("shop")).action, await tagOf(shop)], ["patched", sha.slice(0, 7)]);
  await stage.deploy({ name: "shop", annotations: { ...annotations, tag_type: "long" } });
  const older = await commit(shop, "Older", DONE);
  await commit(shop, "Newest", RUNNING);
  stage.registry.put("team/shop", older);
  assert.deepEqual([(await stage.reconcileOne("shop")).to_sha, await tagOf(shop)], [older, older]);
});

test("of a monorepo the commits count that change the application's paths, each application by itself", async (t) => {
  const { stage, manifests, image, app } = await startShop(t, { annotations: { github_token_secret_name: null } });
  // As forges have it; git itself gives out no folders without files.
  await app.config("uploadpack.allowFilter", "true");
  const names = ["shop", "cart", "mail"];
  const files = Object.fromEntries(names.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `${image}-${name}:${OLD}`)]));
  await manifests.commit(files);
  const paths: Record<string, string> = { shop: "apps/shop, lib", cart: "apps/cart, lib, !lib/docs", mail: "!apps/shop, !apps/cart, !lib" };
  const newest: Record<string, string> = {};
  const change = async (path: string, ...counts: string[]) => {
    const sha = await app.commit({ [path]: path + Math.random() }, { message: `Change ${path}` });
    for (const name of names) stage.registry.put(`team/shop-${name}`, sha);
    for (const name of counts) newest[name] = sha;
  };
  await change("apps/shop/a", "shop");
  await change("apps/cart/a", "cart");
  await change("apps/mail/a", "mail");
  await change("lib/docs/a", "shop");
  await change("lib/a", "shop", "cart");
  for (const name of names) {
    const annotations = { app_repository: stage.gitHost.url("team/shop.git"), deployment_path: `${name}/deployment.yaml` };
    await stage.deploy({ name, annotations: { ...annotations, image_name: `${image}-${name}`, app_paths: paths[name] ?? "" } });
  }
  const pass = async () =>
    Object.fromEntries(
      (await stage.reconcile()).map(({ deployment, to_sha, action, message }) => [
        deployment,
        [action, to_sha, action === "failed" ? message : ""],
      ]),
    );
  const expected = (action: string) => Object.fromEntries(names.map((name) => [name, [action, newest[name], ""]]));
  assert.deepEqual(await pass(), expected("patched"));
  assert.deepEqual(await pass(), expected("up_to_date"));
  await change("lib/docs/b", "shop");
  await change("apps/cart/b", "cart");
  await change("README", "mail");
  assert.deepEqual(await pass(), expected("patched"));

  await stage.deploy({ name: "mail", annotations: { app_repository: stage.gitHost.url("team/shop.git"), app_paths: "apps/mial" } });
  const { action, message } = await stage.reconcileOne("mail");
  assert.equal(action, "failed");
  assert.match(
    message,
    /^Failed to get latest SHA: gitops\.operator\.app_paths names 'apps\/mial', which none of the last \d+ commits of 'master' has/,
  );
});

test("one image goes from the commit over a branch that is moved forward to a release, and nothing is built again", async (t) => {
  const { stage, app, manifests, image, sha } = await startShop(t, { annotations: { github_token_secret_name: null } });
  const names = ["dev", "staging", "prod"] as const;
  await manifests.commit(Object.fromEntries(names.map((name) => [`${name}.yaml`, manifestOf(name, `${image}:${OLD}`)])));
  await git(app.directory, ["branch", "staging"]);
  await git(app.directory, ["tag", "v1.0.0"]);
  stage.registry.put("team/shop", sha);
  const follows = {
    dev: {},
    staging: { observe_branch: "staging", manifest_branch: "master" },
    prod: { release_tags: "v*", tag_format: "{{sha}}" },
  };
  for (const name of names) {
    const annotations = { app_repository: stage.gitHost.url("team/shop.git"), deployment_path: `${name}.yaml`, image_name: image };
    await stage.deploy({ name, annotations: { ...annotations, ...follows[name] } });
  }
  const written = async () => {
    await stage.reconcile();
    return Promise.all(names.map(async (name) => /team\/shop:([\w.-]+)/.exec(await manifests.read(`${name}.yaml`))?.[1]));
  };
  assert.deepEqual(await written(), [sha, sha, sha]);
  const next = await app.commit({ "index.html": "next" });
  stage.registry.put("team/shop", next);
  assert.deepEqual(await written(), [next, sha, sha]);
  await git(app.directory, ["branch", "-f", "staging", next]);
  assert.deepEqual(await written(), [next, next, sha]);
  await git(app.directory, ["tag", "-a", "-m", "Release", "v1.1.0", next]);
  assert.deepEqual(await written(), [next, next, next]);
});

test("of releases the highest version is written, and a lower one while its image is missing, but none below the file's", async (t) => {
  const shop = await startShop(t, { annotations: { github_token_secret_name: null, release_tags: "v*" } });
  const { stage, app, clock } = shop;
  const release = async (name: string) => git(app.directory, ["tag", "-a", "-m", name, name, await commit(shop, `Release ${name}`)]);
  const none = await stage.reconcileOne("shop");
  assert.match(none.message, /has no tag that matches gitops\.operator\.release_tags 'v\*' and is a version; push one/);
  for (const name of ["v1.9.0", "v1.10.0", "v1.10.1-rc.1", "nightly"]) await release(name);
  stage.registry.put("team/shop", "v1.10.0");
  assert.deepEqual([(await stage.reconcileOne("shop")).to_sha, await tagOf(shop)], ["v1.10.0", "v1.10.0"]);
  for (const name of ["v1.9.1", "v1.11.0", "v1.12.0"]) await release(name);
  stage.registry.put("team/shop", "v1.9.1");
  assert.equal((await stage.reconcileOne("shop")).action, "waiting");
  assert.equal(await tagOf(shop), "v1.10.0");
  stage.registry.put("team/shop", "v1.11.0");
  const { action, to_sha, message } = await stage.reconcileOne("shop");
  assert.deepEqual([action, to_sha], ["patched", "v1.11.0"], message);
  clock.advance(GRACE_MS);
  assert.match(
    (await stage.reconcileOne("shop")).message,
    /is up to date at v1\.11\.0; 1 newer commit has no image: v1\.12\.0 \([0-9a-f]{7} Release v1\.12\.0\)$/,
  );

  // A release that was withdrawn: what runs is above all that are left.
  await git(app.directory, ["tag", "-d", "v1.11.0", "v1.12.0"]);
  const above = await stage.reconcileOne("shop");
  assert.deepEqual([above.action, above.to_sha, await tagOf(shop)], ["up_to_date", "v1.11.0", "v1.11.0"], above.message);
  assert.match(above.message, /; it is newer than the newest commit that counts, v1\.10\.0 \([0-9a-f]{7} Release v1\.10\.0\)$/);
});
