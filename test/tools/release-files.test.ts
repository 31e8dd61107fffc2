import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { KubeObject } from "../../sandbox/cluster-api/kinds.ts";
import { version } from "../../src/version.ts";
import { renderChart, skipWithoutHelm } from "../helm.ts";
import { skipWithoutKubectl } from "../kubectl.ts";
import { pathOf } from "../observability-files.ts";
import { parseObjects, renderManifests } from "../rendered-manifests.ts";
import { normalised } from "../sorted-objects.ts";
import { runTool } from "../tool.ts";

const image = "ghcr.io/somebody/gitops-operator";
const chart = `gitops-operator-${version}.tgz`;

async function made(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "release-"));
  t.after(() => rm(folder, { recursive: true }));
  const { code, stderr } = await runTool(process.execPath, [pathOf("tools/release-files.ts"), "--image", image, "--out", folder]);
  assert.equal(code, 0, stderr);
  assert.deepEqual((await readdir(folder)).sort(), [chart, "install.yaml"]);
  return folder;
}

/** The base with the image of the release. */
async function released(): Promise<KubeObject[]> {
  const text = JSON.stringify(await renderManifests("manifests/base"));
  return JSON.parse(text.replace(/registry\.example\/gitops-operator:[^"]*/, `${image}:${version}`)) as KubeObject[];
}

test("install.yaml is the base with the image of the release, and the same sources make the same bytes", {
  skip: skipWithoutKubectl,
}, async (t) => {
  const [one, other] = [await made(t), await made(t)];
  assert.deepEqual(normalised(parseObjects(await readFile(join(one, "install.yaml"), "utf8"))), normalised(await released()));
  for (const file of ["install.yaml", chart]) assert.ok((await readFile(join(one, file))).equals(await readFile(join(other, file))), file);
  const { stdout } = await runTool("tar", ["--utc", "-tvzf", join(one, chart)]);
  for (const line of stdout.trim().split("\n")) assert.match(line, /^-rw-r--r-- 0\/0 .* 1970-01-01 00:00 gitops-operator\//);
});

test("the packaged chart is whole: helm finds nothing wrong with it, and installs the image of the release with all of its switches", {
  skip: skipWithoutKubectl || skipWithoutHelm,
}, async (t) => {
  const path = join(await made(t), chart);
  const { code, stdout } = await runTool("helm", ["lint", "--strict", path]);
  assert.equal(code, 0, stdout);
  const wanted = (await released()).filter(({ kind }) => kind !== "Namespace");
  assert.deepEqual(normalised(await renderChart({ chart: path })), normalised(wanted));
  const values = { monitoring: { enabled: true } };
  const own = { ...values, image: { repository: image } };
  assert.deepEqual(normalised(await renderChart({ chart: path, values })), normalised(await renderChart({ values: own })));
});
