/** The image where no format looks for one: who asks is told the value's path, or that it can't be written there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { editManifest } from "../../../src/core/places/edit-manifest.ts";
import { parseDeploymentPath } from "../../../src/core/targets/deployment-path.ts";
import { growthOf, MOST_GROWTH } from "../../growth.ts";

const image = { repository: "team/app" };
const ask = (text: string, path = "a.yaml", at?: string) =>
  editManifest({ text, path, image, tag: "new", ...(at !== undefined && { at }) });
const shop = (spec: string) => `apiVersion: example.com/v1\nkind: Shop\nspec: ${spec}\n`;
const kustomization = (rest: string) => `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${rest}`;

const named: readonly [name: string, text: string, line: number, at: string][] = [
  ["a custom resource", shop("{image: team/app:old}"), 3, "spec.image"],
  ["one without a tag", shop("{image: team/app}"), 3, "spec.image"],
  ["one with repository and tag", shop("\n  image:\n    registry: ghcr.io\n    repository: team/app\n    tag: old"), 7, "spec.image.tag"],
  ["a list in one", shop("{jobs: [{image: other:1}, {workerImage: team/app:old}]}"), 3, "spec.jobs[1].workerImage"],
  ["a key with dots and brackets", shop("{'a.b[0]': {'c\\d': team/app:old}}"), 3, "spec.a\\.b\\[0].c\\\\d"],
  [
    "a variable of a container",
    `apiVersion: v1\nkind: Pod\nspec: {containers: [{image: x, env: [{name: A, value: team/app:old}]}]}\n`,
    3,
    "spec.containers[0].env[0].value",
  ],
  ["a ConfigMap", "apiVersion: v1\nkind: ConfigMap\ndata:\n  shop: team/app:old\n", 4, "data.shop"],
  ["a JSON patch", "- op: replace\n  path: /spec/image\n  value: team/app:old\n", 3, "[0].value"],
  ["another document", `a: 1\n---\n${shop("{image: team/app:old}")}`, 5, "spec.image"],
  [
    "the second of two, the first of which can't be named",
    `${shop("{image: team/app:old, images: [team/app:old]}")}---\nspec: {image: x/y:1}\n`,
    3,
    "spec.images[0]",
  ],
];
for (const [name, text, line, at] of named) {
  test(`nothing is found, but the image stands in ${name}: its path is told, and it leads there`, () => {
    const answer = ask(text);
    assert.ok(answer.kind === "none");
    const where = `Nothing in a.yaml names image 'team/app' where images are looked for: line ${line} does; name that value as `;
    assert.equal(answer.reason, `${where}a.yaml#${at} in gitops.operator.deployment_path`);
    assert.deepEqual(parseDeploymentPath(`a.yaml#${at}`), { kind: "ok", files: [{ path: "a.yaml", at }] });
    const edit = ask(text, "a.yaml", at);
    assert.ok(edit.kind === "update");
    const changed = edit.text.split("\n").findIndex((one, index) => one !== text.split("\n")[index]);
    assert.equal(changed + 1, line);
  });
}

const unwritable: readonly [name: string, text: string, line: number][] = [
  ["a patch of a kustomization", kustomization("patches:\n- patch: |-\n    spec:\n      image: team/app:old\n"), 4],
  ["JSON within a text", kustomization(`patches: [{patch: '[{"op": "replace", "value": "team/app:old"}]'}]\n`), 3],
  ["values of several documents", `${shop("{image: team/app:old}")}---\n${shop("{image: team/app:old}")}`, 3],
  ["a key with a comma", shop("{'a,b': team/app:old}"), 3],
  ["a document that SOPS signed", `${shop("{image: team/app:old}")}sops: {mac: "ENC[x]"}\n`, 3],
];
for (const [name, text, line] of unwritable) {
  test(`nothing is found, but the image stands in ${name}: no path is told`, () => {
    const answer = ask(text);
    assert.ok(answer.kind === "none");
    assert.equal(
      answer.reason,
      `Nothing in a.yaml names image 'team/app' where images are looked for: line ${line} does, where it can't be written; keep that in a file of its own`,
    );
  });
}

test("another image's name, and ours without a tag under another key, are not the image", () => {
  for (const text of [
    shop("{image: team/app-sidecar:old}"),
    shop("{name: team/app}"),
    shop('{note: "team/app is ours"}'),
    shop("{image: x}  # team/app:1"),
  ]) {
    const answer = ask(text);
    assert.ok(answer.kind === "none");
    assert.match(answer.reason, /^Nothing in a\.yaml names image 'team\/app'; check /);
  }
});

// S9, S32
test("to look for the image where no format does costs time that grows with the file alone", async () => {
  let count = 0;
  for (const unit of [
    "- {image: team/app:1}\n",
    "- {image: {repository: team/app, tag: a}}\n",
    "- team/app:1 x\n",
    "- a.b: {c: [team/app:1]}\n",
  ]) {
    const growth = await growthOf(2 ** 11, (bytes) => ask(`# ${count++}\n${unit.repeat(bytes / unit.length)}`));
    assert.ok(growth < MOST_GROWTH, `${growth} times for ${unit}`);
  }
});
