import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { chartFolder, skipWithoutHelm } from "./helm.ts";
import { skipWithoutKubectl } from "./kubectl.ts";
import { readPages, shellBlocks } from "./markdown.ts";
import { pathOf } from "./observability-files.ts";
import { runTool } from "./tool.ts";

interface Made {
  readonly kind: string;
  readonly type?: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly data: Readonly<Record<string, string>>;
}

const pages = await readPages();
const lines = pages.flatMap(({ path, text }) =>
  shellBlocks(text).flatMap((block) =>
    block
      .split("\n")
      .filter((line) => line.startsWith("kubectl "))
      .map((line) => ({ path, line })),
  ),
);
/** What the operator reads of each Secret, by its name in the pages. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "ssh-key": ["ssh-privatekey"],
  "manifests-key": ["ssh-privatekey"],
  "git-token": ["password", "username"],
  "git-app": ["githubAppID", "githubAppInstallationID", "githubAppPrivateKey"],
  "signing-key": ["email", "name", "ssh-privatekey"],
  "reconcile-token": ["token"],
  hook: ["hook-path-token", "hook-secret"],
  regcred: [".dockerconfigjson"],
  "forge-token": ["forge-token"],
  "manifests-token": ["forge-token"],
  "webhook-secret": ["webhook-url"],
  "teams-webhook": ["format", "webhook-url"],
  "known-hosts": ["known_hosts"],
};

test("every line that makes a Secret or ConfigMap makes one with the field that the operator reads, where it reads it", {
  skip: skipWithoutKubectl,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "docs-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "file");
  await writeFile(file, '{"auths":{"registry.example":{"auth":"dTpw"}}}');
  const made = new Set<string>();
  for (const { path, line } of lines.filter((one) => / create (secret|configmap) /.test(one.line))) {
    const words = line
      .replace(/"\$\([^)]*\)"/, "made-by-a-command")
      .split(" ")
      .slice(1);
    const args = words.map((word) =>
      word.replace(/^(--from-file=[\w.-]+=).*/, `$1${file}`).replace(/^--from-file=([\w-]+)$/, `--from-file=$1=${file}`),
    );
    const { code, stdout, stderr } = await runTool("kubectl", [...args, "--dry-run=client", "--output=yaml"]);
    assert.equal(code, 0, `${path}: ${line}\n${stderr}`);
    const { metadata, data } = parse(stdout) as Made;
    assert.equal(metadata.namespace, "gitops-operator", line);
    assert.deepEqual(Object.keys(data).sort(), FIELDS[metadata.name], line);
    made.add(metadata.name);
  }
  assert.deepEqual([...made].sort(), Object.keys(FIELDS).sort());
});

test("what the pages apply is there, folders render", { skip: skipWithoutKubectl }, async () => {
  const applied = lines.filter(({ line }) => line.startsWith("kubectl apply "));
  assert.ok(applied.length >= 2);
  for (const { path, line } of applied) {
    const [, , option = "", target = ""] = line.split(" ");
    if (target.startsWith("https://github.com/OWNER/")) continue;
    // What the page has copied before it renders in a test of its own.
    if (pages.some((page) => page.path === path && page.text.includes(`cp -r manifests/overlays/example ${target}\n`))) continue;
    assert.ok(existsSync(pathOf(target)), line);
    if (option === "-k") assert.equal((await runTool("kubectl", ["kustomize", pathOf(target)])).code, 0, line);
  }
});

test("the pages' lines of helm name values that the chart has", { skip: skipWithoutHelm }, async () => {
  const told = pages.flatMap(({ text }) =>
    shellBlocks(text).flatMap((block) => block.split("\n").filter((line) => line.startsWith("helm install "))),
  );
  assert.ok(told.length >= 4);
  for (const line of told) {
    // The chart of this checkout in the place of a release's.
    const chart = line.replace(/oci:\S+ --version \S+/, "manifests/chart").replace("manifests/chart", chartFolder);
    const { code, stdout, stderr } = await runTool("bash", [
      "-c",
      chart.replace("helm install", "helm template").replace("--create-namespace", ""),
    ]);
    assert.equal(code, 0, stderr);
    for (const [, set = ""] of line.matchAll(/--set '?[\w.]+=\{?([^'\s}]+)/g))
      assert.ok(
        set.split(",").every((value) => stdout.includes(value)),
        set,
      );
  }
});
