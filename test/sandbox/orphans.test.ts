import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually } from "../eventually.ts";

const sandbox = fileURLToPath(new URL("../../sandbox/main.ts", import.meta.url));

/** `--keep`, started by a process in between that stands for npm; what the story tells once it is told. */
async function startSandbox(t: TestContext) {
  const between = `const { spawn } = require("node:child_process"); const child = spawn(process.execPath, [${JSON.stringify(sandbox)}, "--keep"], { stdio: "inherit" }); console.log("pid " + child.pid); child.on("exit", (code) => process.exit(code ?? 1));`;
  const parent = spawn(process.execPath, ["-e", between], { stdio: ["ignore", "pipe", "inherit"] });
  let pid = 0;
  let url = "";
  t.after(() => {
    parent.kill("SIGKILL");
    if (isAlive(pid)) process.kill(pid, "SIGTERM");
  });
  const lines = createInterface({ input: parent.stdout });
  const { promise: folder, resolve, reject } = Promise.withResolvers<string>();
  lines.on("close", () => reject(new Error("the sandbox ended before it was up")));
  lines.on("line", (line) => {
    pid ||= Number(/^pid (\d+)$/.exec(line)?.[1] ?? 0);
    url ||= /curl (http:\S+)\/reconcile /.exec(line)?.[1] ?? "";
    const log = /tail -f (\S+)$/.exec(line)?.[1];
    if (log) resolve(dirname(log));
  });
  return { parent, folder: await folder, pid, url, silent: once(lines, "close") };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid > 0;
  } catch {
    return false;
  }
}

async function isGone(url: string): Promise<void> {
  await eventually(async () => !(await fetch(`${url}/health`).catch(() => undefined)), "the operator goes on");
}

test("a sandbox whose parent is killed ends by itself, with its operator and its folder", { timeout: 60_000 }, async (t) => {
  const { parent, folder, url, silent } = await startSandbox(t);
  assert.equal((await fetch(`${url}/health`)).status, 200);
  parent.kill("SIGKILL");
  await silent;
  await isGone(url);
  await assert.rejects(access(folder), { code: "ENOENT" });
});

test("a sandbox that is killed leaves no operator behind", { timeout: 60_000 }, async (t) => {
  const { folder, pid, url } = await startSandbox(t);
  t.after(() => rm(folder, { recursive: true, force: true }));
  process.kill(pid, "SIGKILL");
  await isGone(url);
});
