import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { OLD, startStage } from "./stage.ts";

// P2
test("a moved application is patched by one commit whose diff is the tag, and the next pass pushes and fetches nothing", async (t) => {
  const stage = await startStage(t, { env: { IMAGE_CHECK: undefined } });
  const image = `${stage.registry.host}/team/shop`;
  const before = manifestOf("shop", `${image}:${OLD}`);
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": before, "other.txt": "untouched\n" });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  const sha = (await app.tip()) ?? "";
  stage.registry.put("team/shop", sha);
  await stage.deploy({ name: "shop", annotations: { image_name: image } });

  assert.deepEqual(await stage.reconcile(), [
    {
      deployment: "shop",
      namespace: "default",
      action: "patched",
      from_sha: OLD,
      to_sha: sha,
      status: "success",
      message: `Deployment shop patched successfully to version ${sha}`,
    },
  ]);
  assert.equal(await manifests.read("shop/deployment.yaml"), before.replace(OLD, sha));
  assert.equal(await manifests.read("other.txt"), "untouched\n");
  const [commit, ...older] = await manifests.log();
  assert.equal(older.length, 1);
  assert.equal(commit?.subject, "chore(refs): gitops-operator updating image tags");
  assert.deepEqual(commit?.author, { name: "GitOps Operator", email: "gitops-operator@noreply.local" });
  for (const fact of ["default/shop", "team/shop", OLD, sha, "Initial commit"]) assert.ok(commit?.body.includes(fact), fact);
  await manifests.fsck();

  const execs = (await stage.gitHost.execs()).length;
  assert.deepEqual(await stage.reconcile(), [
    {
      deployment: "shop",
      namespace: "default",
      action: "up_to_date",
      to_sha: sha,
      status: "success",
      message: `Deployment shop is up to date at ${sha}`,
    },
  ]);
  assert.equal((await manifests.log()).length, 2);
  const later = (await stage.gitHost.execs()).slice(execs);
  assert.ok(later.length >= 1 && later.length <= 2, `${later.length} commands`);
  assert.ok(later.every((exec) => exec.service === "git-upload-pack" && !exec.wantedObjects));
});

test("a short tag, another branch with a slash, and a file mode that stays", async (t) => {
  const stage = await startStage(t);
  const content = { content: manifestOf("shop", "team/shop"), mode: "100755" } as const;
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": content }, "release/1.x");
  const app = await stage.repository("team/shop.git", { "index.html": "1" }, "release/1.x");
  const sha = (await app.tip()) ?? "";
  await stage.deploy({ name: "shop", annotations: { tag_type: "short", observe_branch: "release/1.x" } });
  const entry = await stage.reconcileOne("shop");
  assert.equal(entry.action, "patched");
  assert.equal(entry.to_sha, sha.slice(0, 7));
  assert.equal("from_sha" in entry, false);
  assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(`image: team/shop:${sha.slice(0, 7)} # set`));
  assert.equal(await manifests.mode("shop/deployment.yaml"), "100755");

  await stage.deploy({ name: "shop", annotations: { tag_format: "{{branch}}-{{ sha8 }}", observe_branch: "release/1.x" } });
  const formatted = await stage.reconcileOne("shop");
  assert.deepEqual([formatted.action, formatted.to_sha], ["patched", `release-1.x-${sha.slice(0, 8)}`]);
  assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(`image: team/shop:release-1\\.x-${sha.slice(0, 8)} # set`));
});

test("disabled, incomplete and malformed Deployments are told apart, in every view", async (t) => {
  const stage = await startStage(t);
  await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "asleep", annotations: { enabled: "false", app_repository: "not even a URL" } });
  await stage.deploy({ name: "bad", annotations: { deployment_path: "../../etc/passwd" } });
  await stage.deploy({ name: "half", annotations: { ssh_key_name: null, ob_branch: "main" } });
  await stage.deploy({ name: "shop", image: "team/shop:running" });
  stage.cluster.put({ apiVersion: "apps/v1", kind: "Deployment", metadata: { namespace: "default", name: "alien" }, spec: {} });

  const entries = await stage.reconcile();
  assert.deepEqual(
    entries.map(({ deployment, action, status }) => [deployment, action, status]),
    [
      ["bad", "failed", "failure"],
      ["shop", "patched", "success"],
      ["asleep", "skipped", "skipped"],
    ],
  );
  assert.match(entries[0]?.message ?? "", /gitops\.operator\.deployment_path/);
  assert.equal(entries[2]?.message, "Deployment asleep is disabled (gitops.operator.enabled=false)");

  const status = await stage.text("/status");
  assert.match(status, /^gitops-operator status\ntracked deployments: 3\n\nNAMESPACE {4}DEPLOYMENT {15}ENABLED {2}BRANCH {3}IMAGE\n/);
  assert.match(status, /default {6}shop {21}true {5}master {3}team\/shop:running\n/);
  assert.match(status, /default\/half\n[\s\S]*gitops\.operator\.ssh_key_name[\s\S]*gitops\.operator\.ob_branch/);
  assert.doesNotMatch(status, /alien/);
  assert.deepEqual(JSON.parse(await stage.text("/health")), { status: "ok", tracked_deployments: 3 });
  const debug = JSON.parse(await stage.text("/debug")) as { name: string; version: string; config: { tag_type: string } }[];
  assert.deepEqual(
    debug.map(({ name, version, config }) => [name, version, config.tag_type]),
    [
      ["asleep", "old", "long"],
      ["bad", "old", "long"],
      ["shop", "running", "long"],
    ],
  );
  assert.match(await stage.text("/metrics"), /process_cpu_user_seconds_total/);
  const warnings = stage.logLines.filter(({ message }) => message.startsWith("Annotations incomplete"));
  await stage.reconcile();
  assert.equal(warnings.length, 1);
  const { problems, ...about } = { ...warnings[0]?.fields } as Record<string, unknown>;
  assert.deepEqual(about, { namespace: "default", deployment: "half" });
  assert.ok(Array.isArray(problems) && problems.length > 0);
  assert.equal(stage.logLines.filter(({ message }) => message.startsWith("Annotations incomplete")).length, 1);
});

test("a paused Deployment is left alone, with its reason in every view, until its time has come; a malformed time stops it too", async (t) => {
  const stage = await startStage(t);
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  await stage.repository("team/shop.git", { "index.html": "1" });
  const paused = async (paused_until: string) => {
    await stage.deploy({ name: "shop", annotations: { paused_until, paused_reason: "<b>freeze</b>\nof\u202e May" } });
    return stage.reconcileOne("shop");
  };
  const entry = await paused("2999-05-01T00:00:00Z");
  const message = "Deployment shop is paused until 2999-05-01T00:00:00Z: <b>freeze</b> of May";
  assert.deepEqual(entry, { deployment: "shop", namespace: "default", action: "skipped", status: "skipped", message });
  assert.match(await stage.text("/status"), new RegExp(`default/shop: \\S+ skipped: ${message}\\n`));
  const page = await (await fetch(`${stage.url}/status`, { headers: { accept: "text/html" } })).text();
  assert.match(page, /<section id="paused"><h2>Paused/);
  assert.match(page, /is paused until 2999-05-01T00:00:00Z: &lt;b&gt;freeze&lt;\/b&gt; of May</);
  const [debug] = JSON.parse(await stage.text("/debug")) as { config: object }[];
  const added = [
    "image_check",
    "tag_format",
    "look_back",
    "app_paths",
    "release_tags",
    "rollback",
    "paused_until",
    "paused_reason",
    "write_ref",
  ];
  assert.deepEqual(
    added.filter((name) => name in (debug?.config ?? {})),
    ["paused_until", "paused_reason"],
  );
  assert.equal((await stage.gitHost.execs()).length, 0);
  assert.deepEqual(
    stage.cluster.requests.filter(({ path }) => path.includes("/secrets/")),
    [],
  );

  assert.match(
    (await paused("2999-05-01")).message,
    /^Invalid annotations: gitops\.operator\.paused_until is no time as RFC 3339 has it; /,
  );
  assert.equal((await manifests.log()).length, 1);
  assert.equal((await paused("2001-05-01T00:00:00Z")).action, "patched");
});

test("the other answers of HTTP: 404, 405, HEAD starts nothing, narrowed calls, nothing of ours", async (t) => {
  const stage = await startStage(t);
  assert.deepEqual(await stage.reconcile(), []);
  assert.deepEqual(await stage.reconcile("?namespace=anything&pretty"), []);
  assert.match(await stage.text("/status"), /No deployments with gitops\.operator annotations were found\./);
  await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "shop" });
  await stage.deploy({ name: "shop", namespace: "other" });

  const head = await fetch(`${stage.url}/reconcile`, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.match(await stage.text("/status"), /no pass since start/);
  assert.equal((await stage.gitHost.execs()).length, 0);
  const missing = await fetch(`${stage.url}/nowhere`);
  assert.equal(missing.status, 404);
  assert.match(((await missing.json()) as { error: string }).error, /\/reconcile/);
  const wrong = await fetch(`${stage.url}/status`, { method: "POST" });
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get("allow"), "GET, HEAD");
  assert.equal((await fetch(`${stage.url}/reconcile`, { method: "DELETE" })).status, 405);
  const posted = await fetch(`${stage.url}/reconcile?namespace=other`, { method: "POST" });
  assert.deepEqual(
    ((await posted.json()) as { namespace: string; action: string }[]).map(({ namespace, action }) => [namespace, action]),
    [["other", "patched"]],
  );
  const before = (await stage.gitHost.execs()).length;
  for (const [query, nearest] of [
    ["?deployment=shpo", "'shop'"],
    ["?namespace=othr&deployment=shop", "'other'"],
  ] as const) {
    const unknown = await fetch(`${stage.url}/reconcile${query}`);
    assert.equal(unknown.status, 404);
    assert.ok(((await unknown.json()) as { error: string }).error.endsWith(`; did you mean ${nearest}?`));
  }
  assert.equal((await stage.gitHost.execs()).length, before, "nothing was started");
});

// S15
test("DEBUG_ENDPOINT=off: there is no /debug", async (t) => {
  const stage = await startStage(t, { env: { DEBUG_ENDPOINT: "off" } });
  const statuses = await Promise.all(["/debug", "/status"].map(async (path) => (await fetch(stage.url + path)).status));
  assert.deepEqual(statuses, [404, 200]);
});
