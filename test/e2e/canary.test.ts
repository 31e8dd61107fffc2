import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { dockerConfigJson } from "../../sandbox/registry.ts";
import { newSshKeyPair } from "../../sandbox/ssh-key-pair.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { createRedactor } from "../../src/telemetry/redact.ts";
import { eventually } from "../eventually.ts";
import { collectingTracer } from "./collecting-tracer.ts";
import { door, OLD, type Stage, startStage } from "./stage.ts";

// S11, S12
test("canary secrets are found in no log line, answer, page, span, chat message, Event or file, over every kind of failure", async (t) => {
  const password = "canary-registry-password-7f3a";
  // Without a shape: it is to be known by its value.
  const token = "canary-token";
  // Where no run holds it: known by its shape.
  const shaped = "ghp_canaryTOKENcanaryTOKENcanaryTOKEN99";
  const redactor = createRedactor();
  const spans: string[] = [];
  const stage = await startStage(t, {
    redactor,
    registry: { auth: { kind: "basic", username: "robot", password } },
    env: { RECONCILE_TIMEOUT_SECONDS: "2", IMAGE_GRACE_SECONDS: "0" },
    operator: { tracer: collectingTracer(redactor.redact, spans) },
  });
  const stranger = newSshKeyPair();
  const broken = stage.key.privateKey.replace(/\n.{40}/, "\ncanary-broken-key-material-canary-broken");
  stage.secret("gitops-operator", "regcred", { ".dockerconfigjson": dockerConfigJson(stage.registry.host, "robot", password) });
  stage.secret("gitops-operator", "wrongcred", {
    ".dockerconfigjson": dockerConfigJson(stage.registry.host, "robot", `wrong-${password}`),
  });
  stage.secret("gitops-operator", "oddcred", { ".dockerconfigjson": `{"auths": {"${stage.registry.host}": {"auth": "${password}"` });
  stage.secret("gitops-operator", "github", { "github-token": token });
  stage.secret("gitops-operator", "chat", { "webhook-url": stage.chat.url("/services/T000/B000/canarywebhook") });
  stage.secret("gitops-operator", "bad-chat", { "webhook-url": "not a url canarywebhook" });
  stage.secret("gitops-operator", "stranger", { "ssh-privatekey": stranger.privateKey });
  stage.secret("gitops-operator", "broken", { "ssh-privatekey": broken });
  const signer = newSshKeyPair();
  stage.secret("gitops-operator", "signer", { "ssh-privatekey": signer.privateKey, name: "Jane", email: "jane@example.com" });
  const image = `${stage.registry.host}/team/shop`;
  await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `${image}:${OLD}`) });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  const sha = (await app.tip()) ?? "";
  const base = {
    app_repository: stage.gitHost.url("team/shop.git"),
    deployment_path: "shop/deployment.yaml",
    image_name: image,
    notifications_secret_name: "chat",
    github_token_secret_name: "github",
  };
  const variants: Record<string, Record<string, string>> = {
    missing: {},
    stranger: { ssh_key_name: "stranger" },
    broken: { ssh_key_name: "broken" },
    wrongcred: { registry_secret_name: "wrongcred" },
    oddcred: { registry_secret_name: "oddcred" },
    badchat: { notifications_secret_name: "bad-chat" },
    url: { app_repository: `https://user:${password}@example.com/x.git` },
    branch: { observe_branch: "gone" },
    path: { deployment_path: `${shaped}/app.yaml` },
    signed: { signing_key_name: "signer" },
    unsigned: { signing_key_name: "broken" },
    // Over https the one Secret holds a token of git's, or an App, which is for forges too.
    forge: { forge_token_secret_name: "ssh-key" },
  };
  for (const [name, annotations] of Object.entries(variants)) await stage.deploy({ name, annotations: { ...base, ...annotations } });
  // Told of by name, in the log, an Event and /status.
  await stage.deploy({ name: "half", annotations: { ssh_key_name: null, [shaped]: "x" } });
  // The API of an App is asked with what the App has signed, before anybody reads the token for builds.
  const sentToApi = () => (door === "app" ? String(stage.ci.requests.at(-1)?.headers.authorization) : token);
  let answers = "";
  const failures = [
    () => stage.registry.answer({ status: 500, body: `oops ${password}` }),
    () => stage.ci.answer({ status: 403, body: JSON.stringify({ message: `bad token ${sentToApi()}` }) }),
    () => stage.chat.answer({ status: 500, body: "canarywebhook" }, 1),
    // Over https: a git host that says again what it was told.
    () => stage.gitHost.answer?.(echo) ?? (() => {}),
    () => stage.cluster.faults.answer(500, /secrets/),
    () => {
      stage.registry.put("team/shop", sha);
      return () => {};
    },
  ];
  for (const fail of failures) {
    const restore = fail();
    answers += JSON.stringify(await stage.reconcile());
    for (const path of ["/status", "/debug", "/health", "/metrics"]) answers += await stage.text(path);
    answers += await (await fetch(`${stage.url}/status`, { headers: { accept: "text/html" } })).text();
    restore();
  }
  await stage.chat.received(1);
  await eventually(() => stage.cluster.list("Event").some(({ reason }) => reason === "IncompleteAnnotations"));
  assert.match(answers, /"failed"/);
  assert.match(spans.join("\n"), /bad token/);
  const keyLines = [stage.key, stranger, signer].flatMap(({ privateKey }) =>
    privateKey.split("\n").filter((line) => line.length > 40 && !line.startsWith("-")),
  );
  const canaries = [
    password,
    Buffer.from(`robot:${password}`).toString("base64"),
    token,
    shaped,
    "canarywebhook",
    "canary-broken-key",
    ...keyLines,
    ...loginTexts(stage),
    ...stage.ci.requests.flatMap(({ headers }) => String(headers.authorization).match(/eyJ[\w.-]+/) ?? []),
  ];
  const places: Record<string, string> = {
    answers,
    spans: spans.join("\n"),
    log: JSON.stringify(stage.logLines),
    events: JSON.stringify(stage.cluster.list("Event")),
    chat: stage.chat.messages.map(({ text }) => text).join("\n"),
    files: await textOf(stage.env.WORK_DIR as string),
  };
  for (const [place, text] of Object.entries(places)) {
    for (const canary of canaries) assert.ok(!text.includes(canary), `${place} holds ${canary.slice(0, 24)}…`);
  }
});

/** Says whom it was asked by, in both forms. */
function echo({ headers }: IncomingMessage, response: ServerResponse): void {
  const login = headers.authorization ?? "";
  response.statusCode = 403;
  response.end(`remote: ${login} is ${Buffer.from(login.slice("Basic ".length), "base64")}, who may not`);
}

/** What is sent over https, and in which form. */
function loginTexts(stage: Stage): string[] {
  const { username, password } = stage.login(stage.key);
  const tokens = stage.gitHost.apps?.texts ?? [];
  const users = [...(password === undefined ? [] : [[username, password]]), ...tokens.map((token) => ["x-access-token", token])];
  return users.flatMap(([user, text = ""]) => [text, Buffer.from(`${user}:${text}`).toString("base64")]);
}

async function textOf(path: string): Promise<string> {
  if ((await stat(path)).isDirectory())
    return (await Promise.all((await readdir(path)).map((name) => textOf(join(path, name))))).join("\n");
  return readFile(path, "latin1");
}
