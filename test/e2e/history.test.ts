import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { appendFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import type { BareRepository } from "../../sandbox/bare-repository.ts";
import { git } from "../../sandbox/git-process.ts";
import { parseConfig } from "../../src/config.ts";
import { startOperator } from "../../src/operator.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createRedactor } from "../../src/telemetry/redact.ts";
import { eventually } from "../eventually.ts";
import { skipWithoutSshd } from "../openssh.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { deployShop, OLD, type Stage, startStage } from "./stage.ts";

const PATH = "shop/deployment.yaml";
const skip = skipWithoutSshd();

type Entry = Record<string, string>;

async function historyOf(url: string, name = "shop", namespace = "default"): Promise<Entry[]> {
  const response = await fetch(`${url}/history?namespace=${namespace}&deployment=${name}`);
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as Entry[];
}

/** Once there are so many entries; what is looked behind a pass comes after it. */
async function whenThere(url: string, count: number, name = "shop"): Promise<Entry[]> {
  await eventually(async () => (await historyOf(url, name)).length >= count, `never ${count} entries of ${name}`);
  const entries = await historyOf(url, name);
  assert.equal(entries.length, count, JSON.stringify(entries));
  return entries;
}

/** Another operator in the same world, which knows nothing of the first one's; its log's warnings. */
async function restart(t: TestContext, stage: Stage) {
  await stage.operator.close();
  const parsed = parseConfig({ ...stage.env });
  if (parsed.kind === "error") throw new Error(parsed.problems.join("; "));
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(stage.cluster.kubeconfig);
  const redactor = createRedactor();
  const lines: string[] = [];
  const log = createLogger("info", redactor.redact, { write: (line) => void lines.push(line) });
  const operator = await startOperator({ config: parsed.config, kubeConfig, log, redactor });
  t.after(() => operator.close());
  return { url: `http://127.0.0.1:${operator.port}`, lines };
}

async function revert(stage: Stage, { directory, branch }: BareRepository): Promise<void> {
  const folder = `${stage.folder}/clone-${Math.random()}`;
  await git(directory, ["clone", "--quiet", "--branch", branch, directory, folder]);
  await git(folder, ["revert", "--no-edit", "HEAD"]);
  await git(folder, ["push", "--quiet", "origin", `HEAD:${branch}`]);
}

/** By git itself, at one go: sixty commits of a megabyte would hold up this process so long that the operator closes connections that it is about to use. */
async function commitOften({ directory, branch }: BareRepository, count: number, messageOf: () => string): Promise<void> {
  const ref = `refs/heads/${branch}`;
  const commits = Array.from({ length: count }, (_, edit) => {
    const from = edit === 0 ? `from ${ref}^0\n` : "";
    const text = String(edit);
    const message = messageOf();
    return `commit ${ref}\ncommitter t <t@t> ${edit} +0000\ndata ${message.length}\n${message}\n${from}M 100644 inline README.md\ndata ${text.length}\n${text}\n`;
  });
  await git(directory, ["fast-import", "--quiet"], { input: commits.join("") });
}

/** Three commits of the operator, a person's revert of the second, and one that is about something else. */
async function makeHistory(stage: Stage) {
  const { manifests, app } = await deployShop(stage);
  for (const { config } of [manifests, app]) {
    await config("uploadpack.allowFilter", "true");
    await config("uploadpack.allowAnySHA1InWant", "true");
  }
  const jane = { name: "Jane Doe", email: "jane@example.com" };
  const shas: string[] = [(await app.tip()) ?? ""];
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  shas.push(await app.commit({ "index.html": "2" }, { author: jane, message: "Second: fixes #1 for @team" }));
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  await revert(stage, manifests);
  assert.equal((await stage.reconcileOne("shop")).action, "skipped");
  await manifests.commit({ "README.md": "Nothing to do with it" });
  shas.push(await app.commit({ "index.html": "3" }));
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  return { manifests, app, shas };
}

test("/history tells the operator's commits with what they deployed, and a person's change of the tag; after a restart, from git alone, the same", {
  skip,
}, async (t) => {
  const stage = await startStage(t, { env: { CLUSTER_NAME: "eu-1" } });
  const { manifests, shas } = await makeHistory(stage);
  const [first, second, third] = shas;
  const entries = await whenThere(stage.url, 4);
  const log = await manifests.log();
  assert.deepEqual(
    entries.map(({ by, from, to, app_commit }) => ({ by, from, to, app_commit })),
    [
      { by: "operator", from: first, to: third, app_commit: third },
      { by: "person", from: second, to: first, app_commit: undefined },
      { by: "operator", from: first, to: second, app_commit: second },
      { by: "operator", from: OLD, to: first, app_commit: first },
    ],
  );
  assert.deepEqual(
    entries.map(({ commit }) => commit),
    [0, 2, 3, 4].map((index) => log[index]?.sha),
  );
  assert.deepEqual(
    entries.map(({ cluster }) => cluster),
    ["eu-1", undefined, "eu-1", "eu-1"],
  );
  assert.equal(entries[2]?.app_author, "Jane Doe");
  assert.equal(entries[2]?.app_subject, "Second: fixes # 1 for @ team");
  assert.match(entries[0]?.at ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);

  const { url, lines } = await restart(t, stage);
  assert.deepEqual(await historyOf(url), [], "nothing is asked for before a pass");
  await fetch(`${url}/reconcile`);
  assert.deepEqual(await whenThere(url, 4), entries);
  assert.deepEqual(
    lines.filter((line) => line.includes("History")),
    [],
  );
});

test("a tag that a person sets by hand, twice, is told with both tags, also of a file among others and after a restart", {
  skip,
}, async (t) => {
  const stage = await startStage(t);
  const { manifests } = await makeHistory(stage);
  for (const tag of ["1.0-hotfix", "2.0-hotfix"]) {
    const text = await manifests.read(PATH);
    await manifests.commit({ [PATH]: text.replace(/(image: [^:]+:)\S+/, `$1${tag}`), "other.yaml": tag });
    await manifests.commit({ [PATH]: (await manifests.read(PATH)).replace("replicas: 1", "replicas: 2") });
  }
  await stage.reconcile();
  const entries = await whenThere(stage.url, 6);
  assert.deepEqual(
    entries.slice(0, 2).map(({ by, from, to }) => [by, from, to]),
    [
      ["person", "1.0-hotfix", "2.0-hotfix"],
      ["person", entries[2]?.to, "1.0-hotfix"],
    ],
  );
  const { url } = await restart(t, stage);
  await fetch(`${url}/reconcile`);
  assert.deepEqual(await whenThere(url, 6), entries);
});

// S10
test("behind a pass that meets a tip, one conversation of 50 KiB at most; a pass without news asks nothing, and commits that come are there already", {
  skip,
}, async (t) => {
  const stage = await startStage(t);
  const { host, port, knownHosts } = stage.gitHost;
  const proxy = await startTcpProxy(t, port);
  await appendFile(String(stage.env.SSH_KNOWN_HOSTS), knownHosts.replaceAll(`[${host}]:${port}`, `[${host}]:${proxy.port}`));
  const url = (path: string) => stage.gitHost.url(path).replace(`:${port}/`, `:${proxy.port}/`);
  const { manifests, app } = await deployShop(stage, {
    app_repository: url("team/shop.git"),
    manifest_repository: url("team/manifests.git"),
  });
  await manifests.config("uploadpack.allowFilter", "true");
  // Of these git makes packs of 7 MiB, and a channel of SSH has no more than 2 MiB on its way.
  await commitOften(manifests, 60, () => `Work\n\n${randomBytes(2 ** 17).toString("hex")}`);
  const services = async () => (await stage.gitHost.execs()).length;
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const [before, bytes] = [await services(), proxy.serverBytes];
  await whenThere(stage.url, 1);
  await eventually(async () => (await services()) > before);
  assert.equal(await services(), before + 1);
  assert.ok(proxy.serverBytes - bytes < 4 * 2 ** 20, `${proxy.serverBytes - bytes} bytes`);
  for (const action of ["up_to_date", "patched", "up_to_date"]) {
    if (action === "patched") {
      await manifests.commit({ "README.md": "again" });
      await app.commit({ "index.html": "2" });
    }
    const asked = await services();
    assert.equal((await stage.reconcileOne("shop")).action, action);
    if (action === "patched") await whenThere(stage.url, 2);
    else await new Promise((resolve) => setTimeout(resolve, 2_500));
    assert.equal(await services(), asked + (action === "patched" ? 3 : 2), `a pass that is ${action}`);
  }
});

// S2
test("who has another key sees nothing of a history, nor who names its repository without a key that opens it", { skip }, async (t) => {
  const stage = await startStage(t);
  await makeHistory(stage);
  await whenThere(stage.url, 4);
  const worthless = await stage.gitHost.newKey({ read: ["team/shop.git"] });
  stage.secret("gitops-operator", "worthless", { "ssh-privatekey": worthless.privateKey });
  const annotations = {
    app_repository: stage.gitHost.url("team/shop.git"),
    deployment_path: PATH,
    image_name: "team/shop",
    ssh_key_name: "worthless",
  };
  await stage.deploy({ name: "spy", annotations });
  const entry = await stage.reconcileOne("spy");
  assert.equal(entry.action, "failed");
  assert.match(entry.message, /team\/manifests\.git/);
  assert.deepEqual(await historyOf(stage.url, "spy"), []);
  // Its annotations are its owner's: who had the key and names another one now sees no more of it.
  await stage.deploy({ name: "shop", annotations: { ssh_key_name: "worthless" } });
  assert.deepEqual(await historyOf(stage.url), []);
});

test("/history names one Deployment: else 400, and 404 with the nearest name", { skip }, async (t) => {
  const stage = await startStage(t);
  await deployShop(stage);
  const ask = async (query: string) => {
    const response = await fetch(`${stage.url}/history${query}`);
    return [response.status, ((await response.json()) as { error: string }).error];
  };
  for (const query of ["", "?namespace=default", "?deployment=shop", "?namespace=default&deployment=shop&deployment=shop"])
    assert.deepEqual(await ask(query), [400, "the query names one Deployment: namespace=… and deployment=…, once each"]);
  assert.deepEqual(await ask("?namespace=default&deployment=shpo"), [
    404,
    "no tracked Deployment 'shpo' in namespace 'default'; did you mean 'shop'?",
  ]);
  assert.deepEqual(await ask("?namespace=default&deployment=shop"), [200, undefined]);
  assert.equal((await fetch(`${stage.url}/history`, { method: "POST" })).status, 405);
});

test("where the git server can't send folders without files, the operator's commits are told after a restart, people's are not, and that is said once", {
  skip,
}, async (t) => {
  const stage = await startStage(t);
  const { manifests } = await makeHistory(stage);
  await manifests.config("uploadpack.allowFilter", "false");
  const { url, lines } = await restart(t, stage);
  for (let pass = 0; pass < 2; pass++) await fetch(`${url}/reconcile`);
  assert.deepEqual(
    (await whenThere(url, 3)).map(({ by }) => by),
    ["operator", "operator", "operator"],
  );
  const told = lines.map((line) => JSON.parse(line) as Entry).filter(({ msg }) => msg?.startsWith("History"));
  assert.equal(told.length, 1);
  assert.match(told[0]?.reason ?? "", /can't send folders without files/);
});
