import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { deployShop, OLD, startStage } from "./stage.ts";

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

  for (const accept of ["*/*", "text/plain", "text/*", "text/plain, text/html"]) {
    const response = await get({ accept });
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain/, accept);
    assert.equal(response.headers.get("vary"), "accept");
    assert.match(await response.text(), /^gitops-operator status\n/);
  }
  const json = await get({ accept: "application/json" });
  assert.equal(json.headers.get("content-type"), "application/json");
  const { workloads, incomplete, counts } = (await json.json()) as Record<string, { name: string; state: string; tag_in_git: string }[]>;
  assert.deepEqual(
    workloads?.map(({ name, state, tag_in_git }) => [name, state, tag_in_git]),
    [
      ["broken", "failing", null],
      ["shop", "pushed", await app.tip()],
    ],
  );
  assert.deepEqual([incomplete?.[0]?.name, counts], ["half", { ...counts, failing: 1, incomplete: 1, pushed: 1, ok: 0 }]);
  const root = await fetch(`${stage.url}/`, { headers: { accept: BROWSER }, redirect: "manual" });
  assert.deepEqual([root.status, root.headers.get("location")], [303, "/status"]);
  assert.equal((await fetch(`${stage.url}/`)).status, 404);
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
  assert.match(page, /half<\/a><\/h3>\s*<ul class="problems"><li>[^<]*gitops\.operator\.ssh_key_name/);
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
  // Nor is it found letter by letter.
  const search = async (text: string) => (await fetch(`${stage.url}/status?text=${text}`)).text();
  assert.match(await search("redacted"), /tracked deployments: 1/);
  assert.match(await search(token.slice(0, 12)), /tracked deployments: 0/);
  await eventually(() => stage.cluster.list("Event").length > 0);
  const [event] = stage.cluster.list("Event");
  assert.match(String(event?.note), /\[redacted\]/);
  assert.ok(!JSON.stringify(event).includes(token));
});

test("/status is narrowed by namespace, name, state and text, and a name that is unknown is 404 with the nearest, in each form", async (t) => {
  const stage = await startStage(t);
  await stage.repository("team/manifests.git", { "README.md": "empty\n" });
  await stage.repository("team/shop.git", { "index.html": "1" });
  for (const namespace of ["default", "till"]) await stage.deploy({ name: "shop", namespace });
  await stage.deploy({ name: "half", annotations: { ssh_key_name: null } });
  await stage.reconcile();
  const namesOf = async (query: string) => {
    const response = await fetch(`${stage.url}/status${query}`, { headers: { accept: "application/json" } });
    const { workloads, incomplete } = (await response.json()) as Record<string, { namespace: string; name: string }[]>;
    return [...(workloads ?? []), ...(incomplete ?? [])].map(({ namespace, name }) => `${namespace}/${name}`);
  };
  assert.deepEqual(await namesOf(""), ["default/shop", "till/shop", "default/half"]);
  assert.deepEqual(await namesOf("?namespace=till"), ["till/shop"]);
  assert.deepEqual(await namesOf("?deployment=half"), ["default/half"]);
  assert.deepEqual(await namesOf("?state=incomplete"), ["default/half"]);
  assert.deepEqual(await namesOf("?text=TILL/SH"), ["till/shop"]);
  assert.deepEqual(await namesOf("?text=TILL%2FSH&state=ok"), []);
  for (const [query, meant] of [
    ["?namespace=tilll", "did you mean 'till'?"],
    ["?deployment=shpo", "did you mean 'shop'?"],
  ]) {
    for (const accept of ["*/*", "application/json", BROWSER]) {
      const response = await fetch(`${stage.url}/status${query}`, { headers: { accept } });
      assert.equal(response.status, 404, `${query} ${accept}`);
      const text = (await response.text()).replaceAll("&#39;", "'");
      assert.ok(text.includes(meant ?? ""), text);
    }
    assert.equal((await fetch(`${stage.url}/reconcile${query}`)).status, 404);
  }
  assert.equal((await fetch(`${stage.url}/status?state=okay`)).status, 400);
});

test("each workload has a page of its own, with what changed it; an unknown one is 404 with the nearest name", async (t) => {
  const token = "0123456789abcdef0123456789abcdef";
  const stage = await startStage(t, { env: { RECONCILE_TOKEN: token } });
  const authorization = `Bearer ${token}`;
  const { app } = await deployShop(stage);
  const jane = { name: "Jane Doe", email: "jane@example.com" };
  const sha = await app.commit({ "index.html": "2" }, { author: jane, message: "Say hello to all" });
  assert.equal((await fetch(`${stage.url}/reconcile`, { headers: { authorization } })).status, 200);
  const ask = (path: string, headers: Record<string, string> = {}) => fetch(stage.url + path, { headers });
  const json = async (path: string, headers = {}) =>
    (await ask(path, { accept: "application/json", ...headers })).json() as Promise<Record<string, unknown>>;

  await eventually(async () => ((await json("/status/default/shop", { authorization })).changes as object[]).length === 1);
  const page = await (await ask("/status/default/shop", { accept: BROWSER, authorization })).text();
  for (const words of [sha, "Say hello to all", "by Jane Doe", "Pushed, not rolled out", `${OLD.slice(0, 7)}</code> → `, "the last 1"])
    assert.ok(page.includes(words), words);
  const open = await (await ask("/status/default/shop", { accept: BROWSER })).text();
  for (const words of ["Say", "Jane", "the last 1"]) assert.ok(!open.includes(words), words);
  const told = await json("/status/default/Deployment/shop");
  assert.deepEqual([told.state, told.tag_in_git, told.changes, told.app_subject], ["pushed", sha, null, null]);
  assert.deepEqual((told.annotations as Record<string, unknown>).rollback, { value: "hold", from: "default" });
  assert.match(await (await ask("/status/default/shop")).text(), /^gitops-operator status\ntracked deployments: 1\n/);

  for (const [path, meant] of [
    ["/status/default/shpo", "did you mean 'shop'?"],
    ["/status/defualt/shop", "did you mean 'default'?"],
    ["/status/default/Deploymnt/shop", "did you mean 'Deployment'?"],
  ] as const) {
    const response = await ask(path, { accept: BROWSER });
    assert.equal(response.status, 404, path);
    assert.ok((await response.text()).replaceAll("&#39;", "'").includes(meant), path);
  }
  assert.equal((await fetch(`${stage.url}/status/default/shop`, { method: "POST" })).status, 405);
});

// P7
test("a page that is live ends with the operator, and holds up nothing", async (t) => {
  const stage = await startStage(t);
  await deployShop(stage);
  const response = await fetch(`${stage.url}/status/events`);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.match((await reader?.read())?.value ?? "", /^retry: /);
  const closed = stage.operator.close();
  // A connection that is cut off would be an error here.
  for (let isOver = false; !isOver; ) isOver = (await reader?.read())?.done ?? true;
  await closed;
});
