/** Annotations that a page shows are pasted; so they are tried by the command `check`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { check } from "./check/command.ts";
import { deploymentYaml } from "./check/deployment-yaml.ts";
import { readPages, yamlBlocks } from "./markdown.ts";

const PREFIX = "gitops.operator.";
const overHttps = { app_repository: "https://github.com/team/shop", manifest_repository: "https://github.com/team/manifests" };
/** What the page asks for beside the block: another word for an annotation takes its place, and an App goes over https. */
const BESIDE: Readonly<Record<string, object>> = {
  git_secret_name: { ssh_key_name: null, ...overHttps },
  proposal_labels: { write_to: "proposal", manifest_token_secret_name: "token" },
  manifest_token_secret_name: { write_to: "proposal" },
};

/** Several values of one key are alternatives. */
function fragmentsOf(block: string): object[] {
  const lines = block.split("\n").filter((line) => line.startsWith(PREFIX));
  const keys = new Set(lines.map((line) => line.split(":")[0]));
  const texts = keys.size < lines.length ? lines : lines.length > 0 ? [lines.join("\n")] : [];
  return texts.map((text) => {
    const all = Object.entries(parse(text) as object).map(([key, value]) => [key.slice(PREFIX.length), value] as const);
    return Object.assign({}, ...all.map(([key]) => BESIDE[key] ?? {}), Object.fromEntries(all));
  });
}

test("annotations that pages show alone have neither a problem nor a warning beside those that are required; whole objects neither", async () => {
  const documents: string[] = [];
  for (const { path, text } of await readPages()) {
    for (const block of yamlBlocks(text)) {
      for (const shown of fragmentsOf(block) as Record<string, string>[]) {
        const namespace = Object.entries(shown).find(([key]) => key.endsWith("_namespace"))?.[1];
        documents.push(deploymentYaml(path, shown, namespace));
      }
    }
    // Overlays are rendered before they are checked, in a test of their own.
    const whole = yamlBlocks(text).filter((block) => block.includes(PREFIX) && !block.startsWith(PREFIX));
    if (whole.some((block) => block.includes("kind: Kustomization"))) continue;
    for (const block of whole)
      for (const document of parseAllDocuments(block))
        documents.push(JSON.stringify({ apiVersion: "apps/v1", kind: "Deployment", ...(document.toJS() as object) }));
  }
  assert.ok(documents.length >= 18, `${documents.length}`);
  const { lines } = await check(documents.join("\n---\n"));
  const said = lines.filter((line) => /^\S|^ +(?:problem|warning) /.test(line));
  assert.deepEqual(
    said.filter((line, at) => line.startsWith(" ") || said[at + 1]?.startsWith(" ")),
    [],
  );
  assert.match(lines.at(-1) ?? "", /no problems$/);
});
