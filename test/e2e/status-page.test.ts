import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { OLD, startStage } from "./stage.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

test("a browser gets the page, curl and whoever takes anything the text", async (t) => {
  const stage = await startStage(t);
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "shop" });
  await stage.deploy({ name: "broken", annotations: { deployment_path: "<b>missing</b>.yaml" } });
  await stage.deploy({ name: "half", annotations: { ssh_key_name: null } });
  await stage.reconcile();
  await stage.reconcile();
  const get = (headers: Record<string, string>, method = "GET") => fetch(`${stage.url}/status`, { headers, method });

  for (const accept of ["*/*", "text/plain", "application/json", "text/*", "text/plain, text/html"]) {
    const response = await get({ accept });
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain/, accept);
    assert.equal(response.headers.get("vary"), "accept");
    assert.match(await response.text(), /^gitops-operator status\n/);
  }
  const response = await get({ accept: BROWSER });
  assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  const page = await response.text();
  const style = /<style>([^<]*)<\/style>/.exec(page)?.[1] ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  assert.ok(response.headers.get("content-security-policy")?.startsWith(`default-src 'none'; style-src 'sha256-${hash}';`));
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  const [commit] = await manifests.log();
  assert.ok(page.includes(`<code title="${await app.tip()}">`));
  assert.ok(page.includes(`<code title="${commit?.sha}">`));
  assert.match(page, /<title>1 failing · gitops-operator status<\/title>/);
  assert.match(page, /&lt;b&gt;missing&lt;\/b&gt;\.yaml/);
  assert.doesNotMatch(page, /<b>missing/);
  assert.match(page, /half<\/h3>\s*<ul class="problems"><li>[^<]*gitops\.operator\.ssh_key_name/);
  assert.equal((await get({ accept: BROWSER }, "HEAD")).status, 200);
  assert.equal((await get({ accept: BROWSER }, "POST")).status, 405);
});

test("what looks like a secret in an annotation is neither on the page nor in an Event", async (t) => {
  const stage = await startStage(t);
  await stage.repository("team/manifests.git", { "README.md": "empty\n" });
  await stage.repository("team/shop.git", { "index.html": "1" });
  const token = "ghp_canary0123456789canary0123456789ab";
  await stage.deploy({ name: "shop" });
  const known = stage.cluster.get("Deployment", "default", "shop");
  assert.ok(known);
  const annotations = { ...known.metadata.annotations, "gitops.operator.deployment_path": `${token}/app.yaml` };
  stage.cluster.put({ ...known, metadata: { ...known.metadata, annotations } });
  await eventually(async () => (await stage.text("/debug")).includes("[redacted]"), "the operator's cache never got the change");
  assert.equal((await stage.reconcileOne("shop")).action, "failed");
  const page = await (await fetch(`${stage.url}/status`, { headers: { accept: BROWSER } })).text();
  assert.match(page, /\[redacted\]/);
  assert.ok(!page.includes(token));
  await eventually(() => stage.cluster.list("Event").length > 0);
  const [event] = stage.cluster.list("Event");
  assert.match(String(event?.note), /\[redacted\]/);
  assert.ok(!JSON.stringify(event).includes(token));
});
