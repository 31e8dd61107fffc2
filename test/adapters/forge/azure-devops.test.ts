import assert from "node:assert/strict";
import { test } from "node:test";
import { startAzureDevops } from "../../../sandbox/forges/azure-devops.ts";
import { createAzureDevops } from "../../../src/adapters/forge/azure-devops.ts";
import { type Kind, reasonOf, startKind, testKind, token } from "./kinds.ts";

const build = (state: string, name = "build") => ({ state, name });
const own = build("pending", "gitops-operator/default/shop");
const path = "/org/project/_apis/git/repositories/shop/commits/SHA/statuses?api-version=7.1&latestOnly=true&top=100";

const azure: Kind = {
  name: "Azure DevOps",
  start: startAzureDevops,
  create: createAzureDevops,
  repository: "git@ssh.dev.azure.com:v3/org/project/shop",
  known: "org/project/shop",
  rows: [
    ["none"],
    ["none", build("notApplicable"), build("notSet"), own],
    ["running", build("pending"), build("failed")],
    ["running", build("aStateOfTheFuture")],
    ["completed", build("failed"), build("succeeded"), own],
    ["completed", build("partiallySucceeded")],
    ["failed", build("failed"), build("error")],
  ],
  running: build("pending"),
  failed: build("failed"),
  perPage: 100,
  pages: [path, `${path}&skip=100`],
  login: ["authorization", `Basic ${Buffer.from(`:${token}`).toString("base64")}`],
  wrongToken: /^Azure DevOps refuses the token \(HTTP 203\): it is wrong, expired or revoked/,
  garbage: ["[]", '{"value":{}}', '{"value":[{"context":{"name":"x"}}]}'],
  repositories: [
    ["https://dev.azure.com/org/project/_git/shop", "org/project/shop"],
    ["https://dev.azure.com/org/_git/shop", "org/shop/shop"],
    ["git@ssh.dev.azure.com:v3/org/My%20Project/My%20Shop", "org/My Project/My Shop"],
    ["ssh://git@ssh.dev.azure.com/v3/org/My%20Project/shop", "org/My Project/shop"],
    ["https://dev.azure.com/org/project", /is no repository of Azure DevOps; write git@ssh/],
    ["https://dev.azure.com/org/project/shop", /is no repository of Azure DevOps/],
    ["https://dev.azure.com/org/project/_git/shop/more", /is no repository of Azure DevOps/],
    ["git@ssh.dev.azure.com:v3/org/pro%2Fject/shop", /is no repository of Azure DevOps/],
    ["git@ssh.dev.azure.com:v3/org/project", /is no repository of Azure DevOps/],
  ],
};
testKind(azure);

// S26
test("Azure DevOps: being led to its page to sign in is a refusal of the token", async (t) => {
  const { api, ask } = await startKind(t, azure);
  api.answer({ status: 302, headers: { location: "https://spsprodweu1.vssps.visualstudio.com/_signin" } });
  assert.match(reasonOf(await ask()), /^Azure DevOps refuses the token \(HTTP 302\)/);
});

test("Azure DevOps: an answer that asks to be left alone for a while counts, and the next question waits", async (t) => {
  const { api, ask, clock } = await startKind(t, azure);
  api.setBuilds("org/project/shop", "0123456789abcdef0123456789abcdef01234567", [build("pending")]);
  const end = api.answer({ status: 200, body: '{"value":[],"count":0}', headers: { "retry-after": "20" } });
  assert.deepEqual(await ask(), { kind: "none" });
  end();
  assert.match(reasonOf(await ask()), /asked again in 20 s/);
  assert.equal(api.requests.length, 1);
  clock.ms = 20_001;
  assert.equal((await ask()).kind, "running");
});
