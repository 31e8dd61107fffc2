import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { editManifest } from "../../../src/core/places/edit-manifest.ts";
import { parseRepository, repositoryName } from "../../../src/core/repository.ts";
import { findProgram } from "../../find-program.ts";
import { skipWithoutKubectl } from "../../kubectl.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { otherTargets, remoteTargets } from "./remote-targets.ts";

const run = promisify(execFile);
const image = { repository: "team/app" };
const OLD = "a".repeat(40);
/** Of each kind that readers take for something else, and one that they don't. */
const tags = ["2".repeat(40), "1234567", "0123456", "12e4567", "1e1", "abcdef1", "2026-01-01", "true"];

/** Renders, sets each tag in one file, and renders again: the image alone is another one. */
async function assertOnlyImage(
  root: string,
  file: { readonly path: string; readonly text: string },
  render: () => Promise<string>,
): Promise<void> {
  const before = await render();
  assert.equal(before.split(`team/app:${OLD}`).length, 2, before);
  for (const tag of tags) {
    const edit = editManifest({ ...file, image, tag });
    assert.ok(edit.kind === "update", tag);
    await writeFile(join(root, file.path), edit.text);
    assert.equal(await render(), before.replace(OLD, tag), tag);
  }
}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, labels: {app: shop}}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      initContainers:
      - {name: wait, image: "busybox:1"}
      containers:
      - {name: shop, image: "team/app:old"}
      - {name: sidecar, image: "team/app-sidecar:1"}
`;

const kustomizations: Record<string, string> = {
  "that does not say what it is": `resources: [deployment.yaml]\nimages:\n- name: team/app\n  newTag: ${OLD}\n`,
  "with another name": `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [deployment.yaml]
images:
- {name: busybox, newTag: "2"}
- newName: team/app # ours
  name: team/app
  newTag: "${OLD}"
`,
};
for (const [name, text] of Object.entries(kustomizations)) {
  test(`kustomize renders another image, and nothing else, for every tag: ${name}`, { skip: skipWithoutKubectl }, async (t) => {
    const path = "kustomization.yaml";
    const root = await temporaryFolder(t, { "deployment.yaml": deployment, [path]: text });
    await assertOnlyImage(root, { path, text }, async () => (await run("kubectl", ["kustomize", root])).stdout);
  });
}

test("kustomize finds containers where the operator finds them, in kinds that it does not know too", {
  skip: skipWithoutKubectl,
}, async (t) => {
  const path = "shops.yaml";
  const of = (kind: string, spec: string) =>
    `apiVersion: example.com/v1\nkind: ${kind}\nmetadata: {name: ${kind.toLowerCase()}}\nspec: ${spec}\n`;
  const container = "containers: [{name: a, image: team/app:old}]";
  const text = [
    of("Shop", `{${container}}`),
    of("Chain", `{shops: [{pod: {${container}, initContainers: [{name: b, image: team/app:old}]}}]}`),
    of("Sign", "{image: team/app:old}"),
    of("Kiosk", "{containers: {name: a, image: team/app:old}}"),
    of("Stall", "{containers: {a: {image: team/app:old}}}"),
    of("CustomResourceDefinition", `{${container}}`).replace("example.com", "apiextensions.k8s.io"),
  ].join("---\n");
  const root = await temporaryFolder(t, {
    [path]: text,
    "kustomization.yaml": `resources: [${path}]\nimages: [{name: team/app, newTag: new}]\n`,
  });
  const edit = editManifest({ text, path, image, tag: "new" });
  assert.ok(edit.kind === "update");
  const { stdout } = await run("kubectl", ["kustomize", root]);
  await writeFile(join(root, path), edit.text);
  await writeFile(join(root, "kustomization.yaml"), `resources: [${path}]\n`);
  assert.equal((await run("kubectl", ["kustomize", root])).stdout, stdout);
  assert.equal(stdout.match(/team\/app:new/g)?.length, 4);
});

test("kustomize asks git for the repository and the commit that the operator reads in each form of its URLs", {
  skip: skipWithoutKubectl,
}, async (t) => {
  /** Whatever is fetched has a kustomization in each folder that a URL names, so that one run asks for all. */
  const git = `#!/bin/sh
if [ "$1" = fetch ]; then echo "$3 $4" >>"$GIT_LOG"; fi
if [ "$1" = checkout ]; then mkdir -p path/deep x repo; for d in . path path/deep x repo; do echo namePrefix: a- >$d/kustomization.yaml; done; fi
`;
  const asks = async (urls: readonly string[], isRefused = false) => {
    const root = await temporaryFolder(t, { "bin/git": git, "k/kustomization.yaml": `resources: ${JSON.stringify(urls)}\n`, log: "" });
    await chmod(join(root, "bin/git"), 0o755);
    // What kustomize takes for a file of the web is not asked for: nobody listens at that port.
    const nobody = "http://127.0.0.1:9";
    const web = { HTTP_PROXY: nobody, HTTPS_PROXY: nobody, http_proxy: nobody, https_proxy: nobody, NO_PROXY: "", no_proxy: "" };
    const env = { ...process.env, ...web, PATH: `${root}/bin:${process.env.PATH}`, GIT_LOG: join(root, "log") };
    const rendered = run("kubectl", ["kustomize", join(root, "k")], { env });
    await (isRefused ? rendered.catch(() => {}) : rendered);
    return (await readFile(join(root, "log"), "utf8")).split("\n").map((line) => line.split(" "));
  };
  const all = await asks(remoteTargets.map(([url]) => url));
  for (const [index, [url, repository, commit]] of remoteTargets.entries()) {
    const [asked = "", ref] = all[index] ?? [];
    const named = asked
      .replace(/^http:/, "https:")
      .replace("//user@", "//")
      .replace(/^github\.com:/, "git@github.com:");
    const parsed = parseRepository(named);
    assert.ok(parsed.kind === "ok", `${asked} for ${url}`);
    assert.deepEqual([repositoryName(parsed.repository), ref], [repository, commit], url);
  }
  for (const url of otherTargets) {
    const [[asked, ref = ""] = []] = await asks([url], true);
    if (asked && !asked.startsWith("file:")) assert.doesNotMatch(ref, /^[0-9a-f]{40}$/, url);
  }
});

/** On CI nothing is skipped. */
const skipWithoutHelm = process.env.CI || findProgram("helm") ? false : "there is no helm on the PATH";

const chart = {
  "Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
  "templates/deployment.yaml": deployment.replace("team/app:old", "{{ .Values.image.repository }}:{{ .Values.image.tag }}"),
};
const values: Record<string, string> = {
  plain: `image:\n  repository: team/app   # ours\n  tag: ${OLD}\nother: {repository: team/app-sidecar, tag: 0123456}\n`,
  "by an alias": `version: &v ${OLD}\nimage: {repository: team/app, tag: *v}\n`,
};
for (const [name, text] of Object.entries(values)) {
  test(`helm renders another image, and nothing else, for every tag in its values: ${name}`, { skip: skipWithoutHelm }, async (t) => {
    const path = "values.yaml";
    const root = await temporaryFolder(t, { ...chart, [path]: text });
    await assertOnlyImage(root, { path, text }, async () => (await run("helm", ["template", root])).stdout);
  });
}

/** Two of `tags`: with a digest behind it any tag is text. All containers of the image are told to run what was pinned. */
async function assertPinned(
  root: string,
  file: { readonly path: string; readonly text: string },
  render: () => Promise<string>,
  rendered: string,
) {
  const digest = `sha256:${"b".repeat(64)}`;
  for (const tag of tags.slice(0, 2)) {
    const edit = editManifest({ ...file, image, tag, digest, pins: true });
    assert.ok(edit.kind === "update", tag);
    await writeFile(join(root, file.path), edit.text);
    const images = (await render()).matchAll(/image: "?(team\/app[:@][^\s"]*)/g).map(([, found]) => found);
    assert.deepEqual([...new Set(images)], [rendered.replace("TAG", tag).replace("DIGEST", digest)]);
  }
}

const pinnedEntries: Record<string, string> = {
  "behind newTag": "- {name: team/app, newTag: ''}",
  "in its own key": "- {name: team/app, newTag: '', digest: ''}",
  "of an image with another name": "- {name: team/app, newName: team/app, newTag: '1'}",
};
for (const [name, entry] of Object.entries(pinnedEntries)) {
  // S30
  test(`kustomize renders the tag with the digest that was pinned: ${name}`, { skip: skipWithoutKubectl }, async (t) => {
    const path = "kustomization.yaml";
    const text = `resources: [deployment.yaml]\nimages:\n${entry}\n`;
    const others = [`team/app:old@sha256:${"a".repeat(64)}`, "team/app"].map((was, at) => `      - {name: shop-${at}, image: "${was}"}\n`);
    const root = await temporaryFolder(t, { "deployment.yaml": deployment + others.join(""), [path]: text });
    await assertPinned(root, { path, text }, async () => (await run("kubectl", ["kustomize", root])).stdout, "team/app:TAG@DIGEST");
  });
}

const digestCharts: Record<string, readonly [template: string, values: string, rendered: string]> = {
  "a chart that puts the digest in the place of the tag": [
    "{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag }}{{ end }}",
    "image: {repository: team/app, tag: '', digest: ''}\n",
    "team/app@DIGEST",
  ],
  "a chart that puts a bare digest behind the tag": [
    "{{ .Values.image.repository }}:{{ .Values.image.tag }}{{ if .Values.image.sha }}@sha256:{{ .Values.image.sha }}{{ end }}",
    "image:\n  repository: team/app\n  tag: old\n  sha: ''\n",
    "team/app:TAG@DIGEST",
  ],
  "a chart that knows one reference": ["{{ .Values.image }}", "image: team/app:old\n", "team/app:TAG@DIGEST"],
};
for (const [name, [template, text, rendered]] of Object.entries(digestCharts)) {
  // S30
  test(`helm renders the digest that was pinned: ${name}`, { skip: skipWithoutHelm }, async (t) => {
    const path = "values.yaml";
    const root = await temporaryFolder(t, {
      ...chart,
      "templates/deployment.yaml": deployment.replace("team/app:old", template),
      [path]: text,
    });
    await assertPinned(root, { path, text }, async () => (await run("helm", ["template", root])).stdout, rendered);
  });
}

test("a tag that stands as a number is put right for helm and kustomize, which take it for another or refuse it", {
  skip: skipWithoutHelm,
}, async (t) => {
  const text = "image: {repository: team/app, tag: 1234567}\n";
  const root = await temporaryFolder(t, { ...chart, "values.yaml": text });
  const render = async () => (await run("helm", ["template", root])).stdout;
  assert.match(await render(), /team\/app:1\.234567e\+06/);
  const edit = editManifest({ text, path: "values.yaml", image, tag: "1234567" });
  assert.ok(edit.kind === "update");
  await writeFile(join(root, "values.yaml"), edit.text);
  assert.match(await render(), /team\/app:1234567"/);
});
