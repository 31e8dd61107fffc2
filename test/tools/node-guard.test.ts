import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runTool } from "../tool.ts";

const guard = fileURLToPath(new URL("../../tools/node-guard.mjs", import.meta.url));

/** The guard as the first line of a program, on a Node that says it is of that version. */
async function runOn(version: string) {
  const { nodeGuard } = (await import(guard)) as { nodeGuard: string };
  assert.doesNotMatch(nodeGuard, /\n|=>|`|\b(?:const|let|class)\b|\?\.|\?\?/, "an old Node must be able to read it");
  const pretend = `Object.defineProperty(process, "versions", { value: { node: "${version}" } }); Object.defineProperty(process, "version", { value: "v${version}" });`;
  return runTool(process.execPath, ["-e", `${pretend} var __filename = "main.cjs"; ${nodeGuard} console.log("runs")`]);
}

test("the bundle on an older Node ends with one line that says which Node is needed", async () => {
  for (const version of ["0.12.18", "20.20.2", "23.9.0"]) {
    const { code, stdout, stderr } = await runOn(version);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      new RegExp(`^gitops-operator needs Node 24, this is v${version.replaceAll(".", "\\.")}: .*npx node@24 main\\.cjs\n$`),
    );
  }
});

test("on Node 24 and later it runs", async () => {
  for (const version of ["24.0.0", "100.1.0"]) assert.equal((await runOn(version)).stdout, "runs\n");
});
