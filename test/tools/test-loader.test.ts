import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { pathOf } from "../observability-files.ts";
import { temporaryFolder } from "../temporary-folder.ts";

test("an error that nobody catches fails npm test, though the runner does not follow promises there", async (t) => {
  const text = 'import { test } from "node:test"; test("a", async () => { await 0; void Promise.reject(new Error("nobody waits")); });';
  const folder = await temporaryFolder(t, { "a.mjs": text });
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ["--import", pathOf("tools/test-loader.mjs"), "--test", `${folder}/a.mjs`];
  const { status, stdout } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
  assert.equal(status, 1, stdout);
  assert.match(stdout, /nobody waits/);
});
