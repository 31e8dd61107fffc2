import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { dockerConfigJson } from "../../sandbox/registry.ts";
import { manifestOf, startWorld } from "../../sandbox/world.ts";
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from "../telemetry/otlp-receiver.ts";
import { startOperatorProcess } from "./operator-process.ts";
import { programTest } from "./program-test.ts";
import { OLD } from "./stage.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const SOURCE = join(root, "src/main.ts");
const BUNDLE = join(root, "dist/main.cjs");
const TOKEN = "ghp_canary0123456789canary0123456789ab";
const PASSWORD = "canary-password-of-the-registry";
const CALLER = "0af7651916cd43dd8448eb211c80319c";

/** A shop whose image is there, and a ghost whose build has failed. */
async function startShops(t: TestContext) {
  const world = await startWorld({ chat: "https", registry: { auth: { kind: "basic", username: "robot", password: PASSWORD } } });
  t.after(() => world.close());
  const manifests = await world.repository("team/manifests.git", {
    "shop/deployment.yaml": manifestOf("shop", `${world.registry.host}/team/shop:${OLD}`),
    "ghost/deployment.yaml": manifestOf("ghost", `${world.registry.host}/team/ghost:${OLD}`),
  });
  const shas: Record<string, string> = {};
  const config = dockerConfigJson(world.registry.host, "robot", PASSWORD);
  world.secret("gitops-operator", "regcred", { ".dockerconfigjson": config });
  world.secret("gitops-operator", "chat", { "webhook-url": world.chat.url() });
  world.secret("gitops-operator", "github", { "github-token": TOKEN });
  for (const name of ["shop", "ghost"]) {
    const app = await world.repository(`team/${name}.git`, { "index.html": name });
    shas[name] = (await app.tip()) ?? "";
    world.deploy({ name, annotations: { notifications_secret_name: "chat", github_token_secret_name: "github" } });
  }
  world.registry.put("team/shop", shas.shop ?? "");
  world.ci.setRuns("team/ghost", shas.ghost ?? "", [{ status: "completed", conclusion: "failure" }]);
  return { world, manifests, shas };
}

/** One pass, asked for by a caller with a trace of its own. */
async function traceOfPass(t: TestContext, program: string) {
  const receiver = await startOtlpReceiver(t);
  const { world, shas } = await startShops(t);
  const operator = await startOperatorProcess(t, program, { ...world.env, ...exportTo(receiver) });
  // Run from source the SDK comes module by module; in the bundle it is there before the first call.
  if (program === SOURCE) await firstTrace(receiver, operator.url);
  const traceparent = `00-${CALLER}-b7ad6b7169203331-00`;
  const answer = await fetch(`${operator.url}/reconcile`, { headers: { traceparent } });
  const entries = (await answer.json()) as { deployment: string; action: string }[];
  assert.deepEqual(
    entries.map(({ deployment, action }) => [deployment, action]),
    [
      ["ghost", "failed"],
      ["shop", "patched"],
    ],
  );
  await world.chat.received(2);
  assert.equal((await operator.stop()).code, 0);
  return { receiver, world, shas, lines: operator.lines };
}

function assertTrace({ receiver, world, shas, lines }: Awaited<ReturnType<typeof traceOfPass>>): void {
  const { spans } = receiver;
  const children = (parent: ReceivedSpan) => spans.filter(({ parentId }) => parentId === parent.spanId);
  const names = (of: readonly ReceivedSpan[]) => of.map(({ name }) => name).sort();
  const only = (name: string, of: readonly ReceivedSpan[] = spans) => {
    const found = of.filter((span) => span.name === name);
    assert.equal(found.length, 1, `${found.length} × ${name}`);
    return found[0] as ReceivedSpan;
  };

  const pass = only("reconcile");
  assert.ok(spans.every(({ traceId }) => traceId === CALLER));
  assert.deepEqual([pass.parentId, pass.kind, pass.attributes["http.route"]], ["b7ad6b7169203331", 2, "/reconcile"]);
  assert.match(String(pass.attributes.request_id), /^[0-9a-f-]{36}$/);
  assert.equal(pass.resource["service.name"], "gitops-operator");
  assert.deepEqual(names(children(pass)), ["reconcile deployment", "reconcile deployment"]);

  const run = (name: string) =>
    spans.find((span) => span.name === "reconcile deployment" && span.attributes["k8s.deployment.name"] === name);
  const shop = run("shop") as ReceivedSpan;
  assert.equal(shop.attributes["k8s.namespace.name"], "default");
  assert.equal(shop.attributes["vcs.ref.head.name"], undefined, "none is named");
  assert.equal(shop.attributes["container.image.name"], "team/shop");
  assert.deepEqual(shop.attributes["container.image.tags"], [shas.shop]);
  assert.equal(shop.attributes["gitops_operator.action"], "patched");
  assert.equal(shop.attributes["gitops_operator.tag.from"], OLD);
  assert.equal(shop.status, 0);
  const steps = children(shop);
  const outside = [
    "git fetch",
    "git find branch",
    "git list",
    "registry check",
    "secret read",
    "secret read",
    "secret read",
    "secret read",
    "write commits",
  ];
  // The message's delivery may begin in the queue of the other Deployment's.
  assert.deepEqual(names(steps.filter(({ name }) => name !== "POST")), outside);
  assert.equal(only("git list", steps).attributes["vcs.ref.head.revision"], shas.shop);
  for (const step of ["git list", "git find branch", "git fetch"]) {
    assert.equal(only(step, steps).attributes["vcs.ref.head.name"], "master", step);
  }
  assert.equal(only("git list", steps).attributes["vcs.repository.url.full"], world.gitHost.url("team/shop.git"));
  assert.deepEqual(
    steps
      .filter(({ name }) => name === "secret read")
      .map(({ attributes }) => attributes["k8s.secret.name"])
      .sort(),
    ["chat", "github", "regcred", "ssh-key"],
  );
  const check = only("registry check", steps);
  assert.deepEqual(check.attributes["container.image.tags"], [shas.shop]);
  const head = children(check).map(({ name, kind, attributes }) => [name, kind, attributes["http.response.status_code"]]);
  assert.deepEqual(head.at(-1), ["HEAD", 3, 200]);
  assert.equal(`${children(check)[0]?.attributes["server.address"]}:${children(check)[0]?.attributes["server.port"]}`, world.registry.host);
  const push = only("git push", children(only("write commits", steps)));
  assert.equal(push.attributes["gitops_operator.push.result"], "accepted");
  assert.equal(push.attributes["vcs.ref.head.revision"], shop.attributes["gitops_operator.manifest.commit"]);

  const ghost = run("ghost") as ReceivedSpan;
  assert.deepEqual([ghost.status, ghost.attributes["error.type"]], [2, "build_failed"]);
  assert.match(ghost.statusText, /^:x: Build failed for /);
  assert.equal(ghost.events[0]?.attributes["exception.type"], "build_failed");
  const build = only("build status", children(ghost));
  assert.equal(build.attributes["cicd.pipeline.run.state"], "failed");
  assert.equal(only("GET", children(build)).attributes["http.response.status_code"], 200);
  assert.ok(spans.some(({ name, attributes }) => name === "POST" && attributes["server.address"] === new URL(world.chat.url()).hostname));

  for (const request of [...world.registry.requests, ...world.ci.requests]) assert.equal("traceparent" in request.headers, false);
  const patched = lines.find(({ msg }) => msg === "Deployment patched");
  assert.deepEqual([patched?.trace_id, patched?.span_id], [CALLER, shop.spanId]);

  const sent = JSON.stringify(spans);
  const canaries = [TOKEN, PASSWORD, Buffer.from(`robot:${PASSWORD}`).toString("base64"), new URL(world.chat.url()).pathname];
  for (const canary of [...canaries, ...world.key.privateKey.split("\n").slice(1, -2)]) assert.equal(sent.includes(canary), false, canary);
}

test("a pass is one trace of the caller's: a run per Deployment, its outside calls below it, errors by our codes, no secret", async (t) => {
  assertTrace(await traceOfPass(t, SOURCE));
});

test("the same trace from the bundle, where there is no node_modules", { skip: skipWithoutBundle() }, async (t) => {
  const { world } = await startShops(t);
  const folder = join(world.folder, "elsewhere");
  await cp(join(root, "dist"), join(folder, "dist"), { recursive: true, filter: (path) => /\/dist$|\.cjs$/.test(path) });
  await cp(join(root, "files"), join(folder, "files"), { recursive: true });
  assertTrace(await traceOfPass(t, join(folder, "dist/main.cjs")));
});

programTest("calls that join a run of another's trace are linked to it, or to the call whose answer they share", async (t) => {
  const receiver = await startOtlpReceiver(t);
  const { world } = await startShops(t);
  const operator = await startOperatorProcess(t, SOURCE, { ...world.env, ...exportTo(receiver) });
  await firstTrace(receiver, operator.url);
  await Promise.all(Array.from({ length: 6 }, async () => (await fetch(`${operator.url}/reconcile?deployment=shop`)).json()));
  await operator.stop();
  const runs = receiver.spans.filter(({ name }) => name === "reconcile deployment");
  const passes = receiver.spans.filter(({ name }) => name === "reconcile");
  assert.equal(passes.length, 6);
  assert.ok(runs.length >= 1 && runs.length <= 2, `${runs.length} runs`);
  const started = (pass: (typeof passes)[number]) => runs.filter(({ parentId }) => parentId === pass.spanId).length;
  const linked = (pass: (typeof passes)[number], to: typeof passes) =>
    pass.links.filter((link) => to.some(({ traceId, spanId }) => `${traceId}/${spanId}` === link)).length;
  for (const pass of passes) assert.equal(started(pass) + linked(pass, runs) + linked(pass, passes), 1);
});

programTest("with OTEL_SDK_DISABLED, or a sampler that takes none, nothing is sent", async (t) => {
  const receiver = await startOtlpReceiver(t);
  const { world } = await startShops(t);
  for (const off of [{ OTEL_SDK_DISABLED: "true" }, { OTEL_TRACES_EXPORTER: "none" }, { OTEL_TRACES_SAMPLER: "always_off" }]) {
    const operator = await startOperatorProcess(t, SOURCE, { ...world.env, ...exportTo(receiver), ...off });
    await (await fetch(`${operator.url}/reconcile`)).json();
    assert.equal((await operator.stop()).code, 0);
  }
  assert.equal(receiver.exports, 0);
});

// F45
programTest("a collector that refuses connections is one warning, and passes go on", async (t) => {
  const { world } = await startShops(t);
  const env = { ...world.env, OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", OTEL_BSP_SCHEDULE_DELAY: "50" };
  const operator = await startOperatorProcess(t, SOURCE, env);
  const warnings = () => operator.lines.filter(({ msg }) => String(msg).startsWith("Traces can't be delivered"));
  for (let passes = 0; passes < 600 && warnings().length === 0; passes++) {
    assert.equal((await fetch(`${operator.url}/reconcile?deployment=shop`)).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (let passes = 0; passes < 5; passes++) {
    await (await fetch(`${operator.url}/reconcile?deployment=shop`)).json();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.match(String(warnings()[0]?.problem), /ECONNREFUSED|UNAVAILABLE|No connection/);
  assert.equal((await operator.stop()).code, 0);
  assert.equal(warnings().length, 1);
});

// F45
programTest("a collector that never answers delays neither a pass nor the end", async (t) => {
  const receiver = await startOtlpReceiver(t, { hangs: true });
  const { world } = await startShops(t);
  // Who waited for the exporter would wait ten minutes.
  const env = { ...world.env, ...exportTo(receiver), OTEL_EXPORTER_OTLP_TIMEOUT: "600000" };
  const operator = await startOperatorProcess(t, SOURCE, env);
  await firstTrace(receiver, operator.url);
  await (await fetch(`${operator.url}/reconcile?deployment=shop`)).json();
  assert.equal((await operator.stop()).code, 0);
});

/** Calls until a trace has come: the SDK is loaded after the program listens. */
async function firstTrace(receiver: OtlpReceiver, url: string): Promise<void> {
  for (let tries = 0; receiver.spans.length === 0 && tries < 300; tries++) {
    await (await fetch(`${url}/reconcile?deployment=nobody`)).json();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await receiver.until((spans) => spans.some(({ name }) => name === "reconcile"));
  // What was asked for before the first export is on its way.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  receiver.spans.length = 0;
}

function exportTo({ url }: OtlpReceiver) {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: "500" };
}

/** `npm run e2e` is about the built program, so there (and so in CI) a missing one is a failure. */
function skipWithoutBundle(): string | false {
  return existsSync(BUNDLE) || process.env.OPERATOR_PROGRAM ? false : "there is no dist/main.cjs; npm run build makes it";
}
