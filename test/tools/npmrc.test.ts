import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathOf } from "../observability-files.ts";
import { runTool } from "../tool.ts";

test("npm says nothing of packages that ask for a newer Node than the one that runs npm: the program runs on the one that npm ci brings", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "npmrc-"));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "newer"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ dependencies: { newer: "file:newer" } }));
  await writeFile(join(folder, "newer/package.json"), JSON.stringify({ name: "newer", version: "1.0.0", engines: { node: ">=999" } }));
  async function toldBy(settings: string): Promise<string> {
    await writeFile(join(folder, ".npmrc"), settings);
    // npm hands its settings to the scripts that it starts, this test's among them.
    const { code, stdout, stderr } = await runTool("env", [
      "-u",
      "npm_config_loglevel",
      "npm",
      "install",
      "--prefix",
      folder,
      "--dry-run",
      "--offline",
    ]);
    assert.equal(code, 0, stderr);
    return stdout + stderr;
  }
  const settings = await readFile(pathOf(".npmrc"), "utf8");
  assert.doesNotMatch(await toldBy(settings), /EBADENGINE/);
  assert.match(await toldBy(settings.replace(/^loglevel=.*$/m, "")), /EBADENGINE/, "what is to be silent is told otherwise");
});
