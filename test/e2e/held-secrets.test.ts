import assert from "node:assert/strict";
import { test } from "node:test";
import { dockerConfigJson } from "../../sandbox/registry.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { createRedactor } from "../../src/telemetry/redact.ts";
import { eventually } from "../eventually.ts";
import { collectingTracer } from "./collecting-tracer.ts";
import { OLD, startStage } from "./stage.ts";
import { createTestClock } from "./test-clock.ts";

/** The most that is read of a Secret. */
const MOST_FIELD_BYTES = 64 * 1024 - 1;
const RUNNING = { status: "in_progress" } as const;

// S11
test("a Secret that is an ordinary word is kept out of its own tenant's texts, after a long wait too, and garbles nobody else's", async (t) => {
  const clock = createTestClock();
  const redactor = createRedactor();
  const traced: string[] = [];
  const stage = await startStage(t, {
    redactor,
    env: { IMAGE_WAIT_ATTEMPTS: "1" },
    operator: { clock, answerDue: clock.answerDue, tracer: collectingTracer(redactor.redact, traced) },
  });
  const image = (name: string) => `${stage.registry.host}/team/${name}`;
  await stage.repository("team/manifests.git", {
    "loud/deployment.yaml": manifestOf("loud", `${image("loud")}:${OLD}`),
    "shop/deployment.yaml": manifestOf("shop", `${image("shop")}:${OLD}`),
  });
  const loud = await stage.repository("team/loud.git", { "index.html": "1" });
  const shop = await stage.repository("team/shop.git", { "index.html": "1" });
  stage.secret("noisy", "word", { "github-token": "Deployment" });
  stage.secret("noisy", "phrase", { ".dockerconfigjson": dockerConfigJson(stage.registry.host, "robot", "Build running for") });
  stage.secret("gitops-operator", "regcred", { ".dockerconfigjson": '{"auths":{}}' });
  stage.secret("gitops-operator", "chat", { "webhook-url": stage.chat.url() });
  stage.ci.setRuns("team/loud", (await loud.tip()) ?? "", [RUNNING]);
  const own = { github_token_secret_namespace: "noisy", registry_secret_name: "phrase", registry_secret_namespace: "noisy" };
  const told = { notifications_secret_name: "chat" };
  await stage.deploy({ namespace: "noisy", name: "loud", annotations: { github_token_secret_name: "word", ...own, ...told } });
  assert.equal((await clock.answerInSleep(() => stage.reconcileOne("loud", "noisy"))).action, "waiting");
  await stage.chat.received(1);

  await stage.deploy({ name: "shop", annotations: told });
  const sha = (await shop.tip()) ?? "";
  const restore = stage.registry.answer({ status: 500 });
  assert.match((await stage.reconcileOne("shop")).message, /^the registry could not be asked about /);
  restore();
  stage.registry.put("team/shop", sha);
  const news = `Deployment shop patched successfully to version ${sha}`;
  assert.equal((await stage.reconcileOne("shop")).message, news);
  await stage.chat.received(2);
  const [hourglass, patched] = stage.chat.messages;
  assert.match(hourglass?.text ?? "", /^:hourglass: \[redacted: secret\] /);
  assert.equal(patched?.text, news);
  await eventually(async () => stage.cluster.list("Event").some(({ note }) => String(note).startsWith(news)));
  assert.ok((await stage.text("/status")).includes(news));

  stage.ci.answer({ status: 403, body: JSON.stringify({ message: "no rights for Deployment" }) });
  clock.advance(10_000);
  await eventually(async () => (await stage.text("/status")).includes("(HTTP 403: no rights for …)"));
  const echoes = traced.filter((text) => text.includes("no rights for"));
  assert.ok(echoes.length > 0);
  for (const text of echoes) assert.doesNotMatch(text, /no rights for Deployment/);
  assert.equal(redactor.watchedCount, 0);
});

test("what the runs of one namespace hold while they wait is bounded: the rest say so, others find room, and all is given back", async (t) => {
  const clock = createTestClock();
  const redactor = createRedactor();
  const stage = await startStage(t, { redactor, operator: { clock, answerDue: clock.answerDue } });
  const image = (name: string) => `${stage.registry.host}/team/${name}`;
  const names = Array.from({ length: 50 }, (_, i) => `greedy-${i}`);
  const files = names.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `${image("greedy")}:${OLD}`)]);
  const manifests = await stage.repository("team/manifests.git", {
    ...Object.fromEntries(files),
    "shop/deployment.yaml": manifestOf("shop", `${image("shop")}:${OLD}`),
  });
  const greedy = await stage.repository("team/greedy.git", { "index.html": "1" });
  const shop = await stage.repository("team/shop.git", { "index.html": "1" });
  const sha = (await greedy.tip()) ?? "";
  stage.ci.setRuns("team/greedy", sha, [RUNNING]);
  stage.registry.put("team/shop", (await shop.tip()) ?? "");
  stage.secret("gitops-operator", "regcred", { ".dockerconfigjson": '{"auths":{}}' });
  const long = ["ssh-privatekey", "password", "githubAppPrivateKey"];
  const fields = Object.entries(stage.login(stage.key));
  const key = Object.fromEntries(fields.map(([field, text]) => [field, long.includes(field) ? text.padEnd(MOST_FIELD_BYTES) : text]));
  stage.secret("greedy", "key", key);
  stage.secret("greedy", "all", {
    ...key,
    ".dockerconfigjson": '{"auths":{}}'.padEnd(MOST_FIELD_BYTES),
  });
  stage.secret("greedy", "token", { "github-token": "sandbox-token".padEnd(MOST_FIELD_BYTES) });
  const annotations: Record<string, string> = { app_repository: stage.gitHost.url("team/greedy.git"), image_name: image("greedy") };
  for (const secret of ["ssh_key", "manifest_ssh_key", "registry_secret", "github_token_secret"]) {
    Object.assign(annotations, { [`${secret}_name`]: "all", [`${secret}_namespace`]: "greedy" });
  }
  annotations.manifest_ssh_key_name = "key";
  annotations.github_token_secret_name = "token";
  for (const name of names) await stage.deploy({ namespace: "greedy", name, annotations });

  const answer = stage.reconcile();
  const ended = async () => (await stage.text("/metrics")).match(/deployment_result\{[^}]*namespace="greedy"[^}]*\} 1\n/g)?.length ?? 0;
  await eventually(async () => clock.sleeps.length + (await ended()) === names.length);
  clock.answer();
  const entries = await answer;
  const waiting = entries.filter(({ message }) => message.startsWith(":hourglass:"));
  const refused = entries.filter(({ message }) => /the runs of namespace greedy hold \d{4} KiB of Secrets while they wait/.test(message));
  // Four Secrets of 64 KiB each, and half of 16 MiB for one namespace; eight runs at once may each lack the last of theirs.
  assert.ok(waiting.length <= 32 && waiting.length >= 24, `${waiting.length} wait`);
  assert.ok(refused.length >= 10, `${refused.length} are refused`);
  await stage.deploy({ name: "shop" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");

  stage.registry.put("team/greedy", sha);
  clock.advance(10_000);
  await eventually(() => redactor.watchedCount === 0);
  const last = await stage.reconcile("?namespace=greedy");
  assert.deepEqual(
    last.filter(({ status }) => status !== "success"),
    [],
  );
  assert.equal((await manifests.log()).length, 1 + names.length + 1);
});
