/** The same questions at a real Gitea or Forgejo, so that the double is no kinder than it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Agent } from "undici";
import { freePort } from "../../../sandbox/free-port.ts";
import { createGitea } from "../../../src/adapters/forge/gitea.ts";
import { parseRepository } from "../../../src/core/repository.ts";
import { eventually } from "../../eventually.ts";
import { runTool } from "../../tool.ts";

const program = process.env.GITEA ?? "";
const skip = program === "" ? "GITEA names no program (gitea or forgejo)" : false;

/** A server with user `ada`, who has the repository `shop` with one commit. */
async function startRealGitea(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "gitea-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await mkdir(join(folder, "custom", "conf"), { recursive: true });
  const config = join(folder, "custom", "conf", "app.ini");
  const sections = [
    `[database]\nDB_TYPE = sqlite3\nPATH = ${join(folder, "gitea.db")}`,
    `[server]\nHTTP_ADDR = 127.0.0.1\nHTTP_PORT = ${port}\nROOT_URL = ${url}/\nDISABLE_SSH = true`,
    `[repository]\nROOT = ${join(folder, "repositories")}`,
    "[security]\nINSTALL_LOCK = true",
    "[log]\nLEVEL = Error",
  ];
  await writeFile(config, `${sections.join("\n")}\n`);
  const common = ["--config", config, "--work-path", folder];
  const server = spawn(program, ["web", ...common], { stdio: "ignore" });
  t.after(async () => {
    server.kill();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  await eventually(async () => (await fetch(`${url}/api/v1/version`).catch(() => undefined))?.ok === true);
  const user = ["--username", "ada", "--password", "canary-password-1", "--email", "ada@example.com", "--must-change-password=false"];
  assert.equal((await runTool(program, ["admin", "user", "create", ...user, ...common])).code, 0);

  async function api(path: string, authorization: string, body: object): Promise<{ sha1?: string; commit?: { sha: string } }> {
    const headers = { authorization, "content-type": "application/json" };
    const response = await fetch(`${url}/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    assert.ok(response.ok, `${path}: HTTP ${response.status}`);
    return (await response.json()) as { sha1?: string; commit?: { sha: string } };
  }
  const basic = `Basic ${Buffer.from("ada:canary-password-1").toString("base64")}`;
  const tokenWith = async (name: string, scopes: string[]) => (await api("/users/ada/tokens", basic, { name, scopes })).sha1 ?? "";
  await api("/user/repos", basic, { name: "shop", private: true, auto_init: true });
  const content = Buffer.from("1").toString("base64");
  const { commit } = await api("/repos/ada/shop/contents/index.html", basic, { content, message: "One" });
  const sha = commit?.sha ?? "";
  return {
    ...{ url, sha, tokenWith },
    report: (state: string, context: string) => api(`/repos/ada/shop/statuses/${sha}`, basic, { state, context }),
  };
}

test("a real Gitea: no status is none, our own too; pending, failed and done are told; without the right or the repository it is no answer", {
  skip,
}, async (t) => {
  const { url, sha, tokenWith, report } = await startRealGitea(t);
  const dispatcher = new Agent();
  t.after(() => dispatcher.destroy());
  const forge = createGitea({ dispatcher, apiUrl: `${url}/api/v1` });
  const token = await tokenWith("read", ["read:repository"]);
  const ask = (name = "ada/shop", sent = token) => {
    const parsed = parseRepository(`git@127.0.0.1:${name}.git`);
    assert.ok(parsed.kind === "ok");
    return forge.state(parsed.repository, sha, sent);
  };
  assert.deepEqual(await ask(), { kind: "none" });
  await report("pending", "gitops-operator/default/shop");
  assert.deepEqual(await ask(), { kind: "none" });
  await report("pending", "ci/build");
  assert.deepEqual(await ask(), { kind: "running" });
  await report("failure", "ci/build");
  assert.deepEqual(await ask(), { kind: "failed" });
  for (let index = 0; index < 60; index++) await report("failure", `ci/${index}`);
  await report("success", "ci/0");
  assert.deepEqual(await ask(), { kind: "completed" });
  assert.equal((await ask("ada/nobody")).kind, "unknown");
  assert.equal((await ask("ada/shop", "0".repeat(40))).kind, "unknown");
  assert.equal((await ask("ada/shop", await tokenWith("other", ["read:user"]))).kind, "unknown");
});
