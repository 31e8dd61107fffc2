/** The manifests repository that docs/ENVIRONMENTS.md shows, made and checked as the page says. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { command } from "./check/command.ts";
import { skipWithoutKubectl as skip } from "./kubectl.ts";
import { pathOf } from "./observability-files.ts";
import { runTool } from "./tool.ts";

test("the overlays of docs/ENVIRONMENTS.md render, and check finds the tag in the file of each environment", { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "environments-"));
  t.after(() => rm(folder, { recursive: true }));
  const page = await readFile(pathOf("docs/ENVIRONMENTS.md"), "utf8");
  const files = [...page.matchAll(/```yaml\n# (\S+\.yaml)\n([\s\S]*?)```/g)].map(([, path = "", text = ""]) => ({ path, text }));
  for (const { path, text } of [...files, { path: "base/kustomization.yaml", text: "resources: [deployment.yaml]\n" }]) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const overlays = files.map(({ path }) => path).filter((path) => path.startsWith("overlays/"));
  assert.equal(overlays.length, 2);
  for (const path of overlays) {
    const { code, stdout, stderr } = await runTool("kubectl", ["kustomize", join(folder, dirname(path))]);
    assert.equal(code, 0, stderr);
    const answer = await command(["check", "-f", "-", "--repository", folder], stdout);
    const lines = answer.lines.join("\n");
    assert.equal(answer.code, 0, lines);
    assert.doesNotMatch(lines, /^ *(?:warning|problem) /m);
    assert.match(lines, new RegExp(`ok +${path} holds a kustomization: 1 place is ours`));
    assert.match(lines, /tag +the commit's SHA, 40 characters$/m);
  }
});
