import assert from "node:assert/strict";
import { test } from "node:test";
import { editManifest } from "../../../src/core/places/edit-manifest.ts";
import { requireOurs } from "./require-ours.ts";

const app = { repository: "team/app" };
const of = (kind: string, apiVersion = "v1") => `apiVersion: ${apiVersion}\nkind: ${kind}\n`;
const edit = (text: string, path: string, tag: string) => requireOurs(editManifest({ text, path, image: app, tag }));
const without = "No container in PATH references image 'team/app'; check gitops.operator.image_name";

const files: [name: string, path: string, text: string, held: string][] = [
  ["an empty file", "empty.yaml", "# nothing yet\n---\n", "the file is empty"],
  ["a kustomization", "kustomization.yaml", of("Kustomization", "kustomize.config.k8s.io/v1beta1"), "the file holds a Kustomization, and"],
  [
    "a kustomization without a kind",
    "kustomization.yaml",
    "resources: [a.yaml]\n",
    "a mapping without a kind, as Helm values or a kustomization, and",
  ],
  [
    "Helm values",
    "values.yaml",
    "image: {repository: team/app, tag: x}\n",
    "a mapping without a kind, as Helm values or a kustomization, and",
  ],
  ["JSON of something else", "package.json", '{"name": "shop"}\n', "the file holds JSON without a kind, and"],
  [
    "other objects",
    "all.yaml",
    [of("Service"), of("ConfigMap"), of("Service"), of("Ingress", "networking.k8s.io/v1")].join("---\n"),
    "a Service, a ConfigMap and an Ingress, and only Deployments are written",
  ],
  [
    "a List of others",
    "list.yaml",
    "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Service}]\n",
    "the file holds a Service, and",
  ],
  [
    "another group's Deployment",
    "other.yaml",
    of("Deployment", "example.com/v1"),
    "the file holds a Deployment of another apiVersion, and",
  ],
  ["text", "README.md", "just text\n", "the file holds plain text, and"],
  ["a list", "list.yaml", "- a\n- b\n", "the file holds a list, and"],
  ["an odd kind", "odd.yaml", of('"hunter2 hunter2"'), "the file holds an object of an odd kind, and"],
  [
    "kinds without end",
    "many.yaml",
    Array.from({ length: 30 }, (_, at) => of(`Kind${at}`)).join("---\n"),
    "a Kind8, a Kind9 and more, and",
  ],
];

for (const [name, path, text, held] of files) {
  test(`${name}: the failure says what the file holds instead of a Deployment`, () => {
    assert.throws(
      () => edit(text, path, "1"),
      ({ code, message }) => {
        assert.equal(code, "manifest_no_container");
        assert.ok(message.startsWith(`${without.replace("PATH", path)} and gitops.operator.deployment_path (`), message);
        assert.ok(message.includes(held), message);
        assert.doesNotMatch(message, /hunter2/);
        return true;
      },
    );
  });
}

test("a Deployment whose images are others' is told those images alone, whatever else the file holds", () => {
  const text = `${of("Service")}---\n${of("Deployment", "apps/v1")}spec: {template: {spec: {containers: [{image: team/other:1}]}}}\n`;
  assert.throws(() => edit(text, "a.yaml", "1"), {
    message: `${without.replace("PATH", "a.yaml")} (there are: team/other:1)`,
  });
  const bare = of("Deployment", "apps/v1");
  assert.throws(() => edit(bare, "a.yaml", "1"), { message: /image_name \(there are no images in its Deployments\)$/ });
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
