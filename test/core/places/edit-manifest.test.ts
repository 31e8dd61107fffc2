import assert from "node:assert/strict";
import { test } from "node:test";
import { editManifest } from "../../../src/core/places/edit-manifest.ts";
import { requireOurs } from "./require-ours.ts";

const app = { repository: "team/app" };
const of = (kind: string, apiVersion = "v1") => `apiVersion: ${apiVersion}\nkind: ${kind}\n`;
const edit = (text: string, path: string, tag: string) => requireOurs(editManifest({ text, path, image: app, tag }));
const values = "image: {repository: team/other, tag: x}\n";
const container = (image: string) => `spec: {template: {spec: {containers: [{image: "${image}"}]}}}\n`;

const nothing: [name: string, path: string, text: string, reason: string][] = [
  ["an empty file", "empty.yaml", "# nothing yet\n---\n", "Nothing in PATH names image 'team/app'; CHECK (PATH is empty)"],
  [
    "a kustomization without images",
    "k.yaml",
    of("Kustomization", "kustomize.config.k8s.io/v1beta1"),
    "No entry of images in PATH names image 'team/app'; add - name: team/app / newTag: 1",
  ],
  [
    "a kustomization without a kind",
    "kustomization.yaml",
    "images: [{name: team/other, newTag: x}, {name: team/app, newName: mirror/app, newTag: y}]\n",
    "No entry of images in PATH names image 'team/app'; add - name: team/app / newTag: 1 (there are: team/other:x, mirror/app:y)",
  ],
  [
    "an entry that only renames",
    "kustomization.yaml",
    "images:\n- name: app\n  newName: team/app\n",
    "Nothing in PATH names image 'team/app' with its tag: line 3 names it without a tag: add newTag: ''",
  ],
  [
    "Helm values of others",
    "values.yaml",
    values,
    "Nothing in PATH names image 'team/app'; check gitops.operator.image_name (there are: team/other:x)",
  ],
  [
    "Helm values without a tag",
    "values.yaml",
    "image:\n  repository: team/app\n  tag:\n",
    "Nothing in PATH names image 'team/app' with its tag: line 2 names it without a tag: write tag: ''",
  ],
  [
    "an image that has no tag in values",
    "values.yaml",
    "image: team/app\n",
    "Nothing in PATH names image 'team/app' with its tag: line 1 names it without a tag: write one behind it",
  ],
  [
    "values in the text of an Application",
    "app.yaml",
    `${of("Application", "argoproj.io/v1alpha1")}spec: {source: {helm: {values: "image: {repository: team/app}"}}}\n`,
    "Nothing in PATH names image 'team/app' with its tag: line 3 may name it in the text of helm.values, which is not written: make it valuesObject",
  ],
  [
    "JSON of something else",
    "package.json",
    '{"name": "shop"}\n',
    "Nothing in PATH names image 'team/app'; CHECK (PATH holds JSON without a kind)",
  ],
  [
    "other objects",
    "all.yaml",
    [of("Service"), of("ConfigMap"), of("Service"), of("Ingress", "networking.k8s.io/v1")].join("---\n"),
    "Nothing in PATH names image 'team/app'; CHECK (PATH holds a Service, a ConfigMap and an Ingress)",
  ],
  [
    "a List of others",
    "list.yaml",
    "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Service}, {a: 1}]\n",
    "Nothing in PATH names image 'team/app'; CHECK (PATH holds a Service and an item without a kind)",
  ],
  ["text", "README.md", "just text\n", "Nothing in PATH names image 'team/app'; CHECK (PATH holds plain text)"],
  ["a list", "list.yaml", "- a\n- b\n", "Nothing in PATH names image 'team/app'; CHECK (PATH holds a list)"],
  [
    "an odd kind",
    "odd.yaml",
    of('"hunter2 hunter2"'),
    "Nothing in PATH names image 'team/app'; CHECK (PATH holds an object of an odd kind)",
  ],
  [
    "kinds without end",
    "many.yaml",
    Array.from({ length: 30 }, (_, at) => of(`Kind${at}`)).join("---\n"),
    "Nothing in PATH names image 'team/app'; CHECK (PATH holds a Kind0, a Kind1, a Kind2, a Kind3, a Kind4, a Kind5, a Kind6, a Kind7, a Kind8, a Kind9 and more)",
  ],
  [
    "a kustomization and another format",
    "mixed.yaml",
    `${of("Kustomization", "kustomize.toolkit.fluxcd.io/v1")}spec: {images: [{name: team/other, newTag: x}]}\n---\n${of("ConfigMap")}`,
    "Nothing in PATH names image 'team/app'; check gitops.operator.image_name (PATH holds a Kustomization and a ConfigMap (images: team/other:x))",
  ],
  [
    "a Deployment whose images are others'",
    "a.yaml",
    `${of("Service")}---\n${of("Deployment", "apps/v1")}${container("team/other:1")}`,
    "No container in PATH references image 'team/app'; check gitops.operator.image_name (there are: team/other:1)",
  ],
  [
    "a Deployment without images",
    "a.yaml",
    of("Deployment", "apps/v1"),
    "No container in PATH references image 'team/app'; check gitops.operator.image_name (there are no images in its containers)",
  ],
  [
    "another kind's containers",
    "a.yaml",
    `${of("StatefulSet", "apps/v1")}${container("team/other:1")}`,
    "No container in PATH references image 'team/app'; check gitops.operator.image_name (there are: team/other:1)",
  ],
];

for (const [name, path, text, reason] of nothing) {
  test(`nothing is ours in ${name}: the answer says what the file holds, and what to do`, () => {
    const answer = editManifest({ text, path, image: app, tag: "1" });
    assert.equal(answer.kind, "none");
    const check = "check gitops.operator.image_name and gitops.operator.deployment_path";
    assert.equal(answer.reason, reason.replaceAll("PATH", path).replace("CHECK", check));
    assert.doesNotMatch(answer.reason, /hunter2/);
    assert.throws(() => edit(text, path, "1"), { code: "manifest_no_container", message: answer.reason });
  });
}

const D = `sha256:${"a".repeat(64)}`;
const refused: [name: string, text: string, reason: RegExp, path?: string][] = [
  [
    "a tagSuffix",
    "images:\n- {name: team/app, newTag: x, tagSuffix: -debug}\n",
    /^line 2: 'tagSuffix' makes another tag/,
    "kustomization.yaml",
  ],
  ["a digest without newTag", `images:\n- name: team/app\n  digest: ${D}\n`, /^line 3: .* no newTag; add newTag: ''/, "kustomization.yaml"],
  ["a template of Helm in a reference", "image: 'team/app:{{ .Values.tag }}'\n", /^line 1: a template stands where the tag is/],
  ["a template in a container", `${of("Pod")}spec:\n  containers:\n  - image: team/app:v\${TAG}\n`, /^line 5: a template stands/],
  ["a template of Flux as tag", `image: {repository: team/app, tag: '\${TAG}'}\n`, /^line 1: a template stands/],
  ["what is no tag", "image: {repository: team/app, tag: 'a b'}\n", /^line 1: 'tag' holds no image tag/],
  ["two tags", "image: {image: team/app, tag: a, imageTag: b}\n", /^line 1: both 'tag' and 'imageTag' are there/],
  [
    "what is no digest beside",
    "image: {repository: team/app, tag: a, digest: latest}\n",
    /^line 1: 'digest' beside the tag holds no digest/,
  ],
  [
    "values that SOPS encrypted",
    "image: {repository: team/app, tag: a}\nsops: {mac: 'ENC[AES256_GCM,data:eA==]'}\n",
    /^line 1: SOPS encrypted this document/,
  ],
  [
    "digests in two keys beside",
    `image: {repository: team/app, tag: a, digest: "${D}", sha: ${"a".repeat(64)}}\n`,
    /^line 1: two keys beside the tag hold a digest; write sha: ''/,
  ],
  ["a tag that a label repeats", "image:\n  repository: team/app\n  tag: &tag x\nlabel: *tag\n", /^line 3: line 4 repeats this text/],
  [
    "a tag that another image repeats",
    "a: &a\n  repository: team/app\n  tag: x\nb:\n  <<: *a\n  repository: team/other\n",
    /^line 3: line 3 repeats this text/,
  ],
  ["a tag written with escapes", 'image: {repository: team/app, tag: "\\x61"}\n', /^line 1: the image is written with escapes/],
];
for (const [name, text, reason, path = "values.yaml"] of refused) {
  test(`refused with the reason: ${name}`, () => {
    assert.throws(
      () => edit(text, path, "1"),
      ({ code, message }) => {
        assert.equal(code, "manifest_invalid");
        assert.match(message.replace(`${path} can't be used as a manifest: `, ""), reason);
        return true;
      },
    );
  });
}

test("a plain tag that a reader may take for a number gets quotes, also where it spells the wanted one; a quoted one keeps its own", () => {
  const text = (tag: string, name = "tag") => `image: {repository: team/app, ${name}: ${tag}}\n`;
  const written = (from: string, tag: string) => {
    const edited = edit(text(from), "values.yaml", tag);
    return edited.kind === "update" ? edited.text : edited.kind;
  };
  for (const tag of ["1234567", "0123456", "12e4567", "1_000", "0x1f", "true", "No", "2026-01-01", "1.10"]) {
    assert.equal(written("a", tag), text(`"${tag}"`), tag);
    assert.equal(written(tag, tag), text(`"${tag}"`), `${tag} as it stands`);
    assert.equal(written("'a'", tag), text(`'${tag}'`), tag);
    assert.equal(written(`'${tag}'`, tag), "up_to_date", tag);
    assert.equal(written(`!!str ${tag}`, tag), "up_to_date", tag);
  }
  assert.equal(written("a", "null"), text('"null"'));
  for (const tag of ["a234567", "v1", "1.2.3", "main-1234567", "12e45f7", "_1"]) assert.equal(written("a", tag), text(tag), tag);
});

const seen = `sha256:${"b".repeat(64)}`;
const ask = (text: string, more: Partial<Parameters<typeof editManifest>[0]>) => {
  const answer = editManifest({ text, path: "values.yaml", image: app, tag: "new", ...more });
  return answer.kind === "update" ? answer.text : answer.kind;
};

test("a digest becomes the one that the gate saw, wherever it stands and in its own form", () => {
  const two = (tag: string, key: string, digest: string) => `image: {repository: team/app, tag: ${tag}, ${key}: ${digest}}\n`;
  assert.equal(ask(two("x", "digest", D), { digest: seen }), two("new", "digest", seen));
  assert.equal(ask(two("x", "sha", `"${"a".repeat(64)}"`), { digest: seen }), two("new", "sha", `"${"b".repeat(64)}"`));
  assert.equal(ask(two("x", "digest", "''"), { digest: seen }), two("new", "digest", "''"));
  assert.equal(
    ask(two("x", "sha", "0123456789012345678901234567890123456789"), {}),
    two("new", "sha", "0123456789012345678901234567890123456789"),
  );
  assert.equal(ask(`image: {repository: team/app, tag: x@${D}}\n`, { digest: seen }), `image: {repository: team/app, tag: new@${seen}}\n`);
  assert.equal(ask(`image: team/app:x@${D}\n`, { digest: seen }), `image: team/app:new@${seen}\n`);
  assert.equal(
    ask(two(`x@${D}`, "digest", D), { digest: seen }),
    two(`new@${seen}`, "digest", seen),
    "the same one in the tag and beside it",
  );
  const application = (tag: string, digest: string) =>
    `${of("Application", "argoproj.io/v1alpha1")}spec: {source: {kustomize: {images: ["team/app:${tag}@${digest}"]}, helm: {parameters: [{name: i.repository, value: team/app}, {name: i.tag, value: ${tag}}, {name: i.digest, value: "${digest}"}]}}}\n`;
  assert.equal(ask(application("x", D), { digest: seen }), application("new", seen));
  const container = (image: string) => `${of("Pod")}spec: {containers: [{image: "team/app${image}"}]}\n`;
  assert.equal(ask(container(`@${D}`), { digest: seen }), container(`:new@${seen}`));
  const entry = (tag: string, digest: string) => `images: [{name: team/app, newTag: ${tag}, digest: "${digest}"}]\n`;
  assert.equal(ask(entry("x", D), { digest: seen, path: "kustomization.yaml" }), entry("new", seen));
});

test("without an image check a digest in the tag's scalar goes, and one in a key of its own is refused with both remedies", () => {
  assert.equal(ask(`image: {repository: team/app, tag: x@${D}}\n`, { isUnchecked: true }), "image: {repository: team/app, tag: new}\n");
  assert.throws(() => ask(`image:\n  repository: team/app\n  tag: x\n  digest: ${D}\n`, { isUnchecked: true }), {
    message: /line 4: a digest stands beside the tag, .* set gitops\.operator\.image_check to 'on', or make the digest ''$/,
  });
});

test("whether a digest is pinned is told wherever it stands, so that the registry is asked for the new one", () => {
  for (const text of [`image: {repository: team/app, tag: x, digest: ${D}}\n`, `image: team/app:x@${D}\n`]) {
    const answer = editManifest({ text, path: "values.yaml", image: app, tag: "new" });
    assert.ok(answer.kind === "update" && answer.isPinned, text);
  }
});

test("a pointer of Git LFS is named with its path and the remedy", () => {
  const text = `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 1\n`;
  assert.throws(() => edit(text, "deploy.yaml", "1"), {
    code: "manifest_invalid",
    message: /^deploy\.yaml can't be used as a manifest: it is a Git LFS pointer, not the file itself; keep manifests out of LFS/,
  });
});

test("the tags of the images that are ours are told as they stand, each once, whether something is to be changed or not", () => {
  const images = ["team/app:b", "team/other:9", "team/app", "team/app:a", "team/app:b"].map((image) => `{image: "${image}"}`);
  const text = (list: readonly string[]) =>
    `${of("Deployment", "apps/v1")}spec: {template: {spec: {initContainers: [{image: "team/app:init"}], containers: [${list.join(", ")}]}}}\n`;
  const edited = edit(text(images), "a.yaml", "a");
  assert.deepEqual([edited.kind, edited.tags], ["update", ["b", "a", "init"]]);
  const done = edit(text(images).replaceAll(/app(:\w+)?"/g, 'app:a"'), "a.yaml", "a");
  assert.deepEqual([done.kind, done.tags], ["up_to_date", ["a"]]);
});

test("up to date is only when every image has exactly the tag; where one has another, the first that differs is told", () => {
  const edit = (...tags: string[]) => {
    const containers = tags.map((tag) => `{image: "team/app${tag}"}`).join(", ");
    const text = `${of("Deployment", "apps/v1")}spec: {template: {spec: {containers: [${containers}]}}}\n`;
    const { kind, from } = { from: undefined, ...editManifest({ text, path: "a.yaml", image: app, tag: "b" }) };
    return [kind, from];
  };
  assert.deepEqual(edit(":b", ":b"), ["up_to_date", undefined]);
  assert.deepEqual(edit(":b", ":a", ":c"), ["update", "a"]);
  assert.deepEqual(edit(":bb"), ["update", "bb"]);
  assert.deepEqual(edit("", ":a"), ["update", "a"]);
  assert.deepEqual(edit("", ":b"), ["update", undefined]);
});

const H = "a".repeat(64);
const parameters = (...all: [name: string, value: string][]) =>
  `${of("Application", "argoproj.io/v1alpha1")}spec: {source: {helm: {parameters: [${all.map(([name, value]) => `{name: ${name}, value: "${value}"}`).join(", ")}]}}}\n`;
const entry = (tag: string) => `images: [{name: team/app, newTag: ${tag}}]\n`;
const written: [name: string, textOf: (tag: string, digest: string, hex: string) => string, path?: string][] = [
  ["kustomization.yml without a kind", entry, "kustomization.yml"],
  ["Kustomization without a kind", entry, "Kustomization"],
  ["an image and the digest beside it", (tag, digest) => `image: team/app:${tag}\ndigest: "${digest}"\n`],
  ["parameters with the digest", (tag, digest) => parameters(["i.image", "team/app"], ["i.imageTag", tag], ["i.digest", digest])],
  ["parameters with a bare digest", (tag, _digest, hex) => parameters(["i.name", "team/app"], ["i.tag", tag], ["i.sha", hex])],
  ["a digest by its alias", (tag, digest) => `x: &d "${digest}"\nimage: {repository: team/app, tag: ${tag}, digest: *d}\n`],
];
for (const [name, textOf, path = "values.yaml"] of written) {
  test(`the new tag, and the digest that the registry tells, are written in ${name}`, () => {
    assert.equal(ask(textOf("old", D, H), { path, digest: seen }), textOf("new", seen, "b".repeat(64)));
  });
}

test("the registry beside a name counts, in values and in parameters: another's image stays", () => {
  const hosted = { image: { registry: "ghcr.io", repository: "team/app" } };
  for (const textOf of [
    (host: string) => `image: {registry: ${host}, repository: team/app, tag: old}\n`,
    (host: string) => parameters(["i.registry", host], ["i.repository", "team/app"], ["i.tag", "old"]),
  ]) {
    assert.equal(ask(textOf("ghcr.io"), hosted), textOf("ghcr.io").replace("old", "new"));
    assert.equal(ask(textOf("quay.io"), hosted), "none");
  }
});

test("a digest that something else repeats is refused", () => {
  const text = `x: &d "${D}"\nimage: {repository: team/app, tag: old, digest: *d}\nlabel: *d\n`;
  assert.throws(() => ask(text, { digest: seen }), { message: /line 3 repeats this text/ });
});
