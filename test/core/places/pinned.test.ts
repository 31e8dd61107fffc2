/** `digest: pin`: the digest that the registry told with its yes is written beside the tag, so that what runs is what was checked. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { editManifest } from "../../../src/core/places/edit-manifest.ts";
import { writePlaces } from "../../../src/core/places/write-places.ts";

const testdata = new URL("./testdata/pinned/", import.meta.url);
const image = { repository: "team/app" };
const newTag = "2".repeat(40);
const D = (digit: string) => `sha256:${digit.repeat(64)}`;
const seen = D("b");

/** Some are known by their names alone. */
const pathOf: Readonly<Record<string, string>> = { "argocd-source": ".argocd-source-shop.yaml" };
const names = readdirSync(testdata).flatMap((file) => (file.endsWith(".before.yaml") ? [file.replace(".before.yaml", "")] : []));
const goldenPairs = names.map((name) => {
  const textOf = (which: string) => readFileSync(new URL(`${name}.${which}.yaml`, testdata), "utf8");
  return { name, path: pathOf[name] ?? "a.yaml", before: textOf("before"), after: textOf("after") };
});

const ask = (text: string, more: Partial<Parameters<typeof editManifest>[0]> = {}) => {
  const edit = editManifest({ text, path: "values.yaml", image, tag: "new", digest: seen, pins: true, ...more });
  return edit.kind === "update" ? edit.text : edit.kind;
};

for (const { name, path, before, after } of goldenPairs) {
  // S30
  test(`golden file pinned/${name}: the new tag and the digest stand at every image that is ours, and every other byte stays`, () => {
    const question = { path, image, tag: newTag, pins: true };
    // Before the registry is asked it is known whether all of it can be written.
    const draft = editManifest({ ...question, text: before });
    assert.ok(draft.kind === "update" && draft.isPinned);
    assert.equal(ask(before, { path, tag: newTag }), after);
    for (const digest of [seen, D("d"), undefined])
      assert.equal(ask(after, { path, tag: newTag, digest }), "up_to_date", "whatever the registry tells of the same tag by now");
  });
}

// S30
test("a digest is not added where nobody asked for it", () => {
  const { before } = goldenPairs.find(({ name }) => name === "workload") ?? assert.fail();
  const kept = ask(before, { pins: false, tag: newTag, path: "a.yaml" });
  assert.equal(kept.match(new RegExp(seen, "g"))?.length, 1, "the one in the place of an old one");
  assert.equal(kept.match(new RegExp(`team/app:${newTag}["\\s]`, "g"))?.length, 2);
});

// S30
test("a tag that stands there without a digest is not up to date, and no other tag is told as the one before", () => {
  const edit = editManifest({ text: "image: team/app:new\n", path: "values.yaml", image, tag: "new", pins: true });
  assert.ok(edit.kind === "update" && edit.isPinned && edit.from === undefined);
  assert.deepEqual(edit.tags, ["new"]);
  assert.equal(ask("image: team/app:new\n"), `image: team/app:new@${seen}\n`);
});

test("a value that is named takes the digest behind its tag, unless there is room for it beside", () => {
  const at = (text: string, path: string) => ask(text, { at: path });
  assert.equal(at("image: {repository: team/app, tag: old}\n", "image.tag"), `image: {repository: team/app, tag: new@${seen}}\n`);
  assert.equal(at("version: ''\n", "version"), `version: 'new@${seen}'\n`);
  assert.equal(at("deep: {ref: team/app:old}\n", "deep.ref"), `deep: {ref: team/app:new@${seen}}\n`);
  assert.equal(at("{tag: old, digest: ''}\n", "tag"), `{tag: new, digest: '${seen}'}\n`);
  assert.equal(at("{tag: '1', sha: ''}\n", "tag"), `{tag: 'new', sha: '${"b".repeat(64)}'}\n`);
});

const application = (source: string) => `apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: ${source}}\n`;
const refused: readonly [name: string, text: string, reason: RegExp, more?: Partial<Parameters<typeof editManifest>[0]>][] = [
  [
    "Helm values without room for a digest",
    "a: 1\nimage:\n  repository: team/app\n  tag: old\n",
    /line 4: gitops\.operator\.digest is 'pin', and nothing beside the tag is for a digest; add digest: '' if the chart reads it, or name the tag as FILE#PATH/,
  ],
  ["a digest without value", "image: {repository: team/app, tag: old, digest: }\n", /line 1: .* nothing beside the tag is for a digest/],
  [
    "Helm values with room in two keys",
    "image: {repository: team/app, tag: old, digest: '', sha: ''}\n",
    /line 1: .* two keys beside the tag are for a digest; remove sha: ''/,
  ],
  [
    "Helm parameters without one for the digest",
    application("{helm: {parameters: [{name: i.repository, value: team/app}, {name: i.tag, value: old}]}}"),
    /line 3: .* nothing beside the tag is for a digest; add the parameter for it with the value ''/,
  ],
  [
    "an image of Argo CD's kustomize.images without a name in front",
    application('{kustomize: {images: ["team/app:old"]}}'),
    /line 3: .* write NAME=NAME:TAG/,
  ],
  [
    "a digest that something else repeats",
    "none: &none ''\nimage: {repository: team/app, tag: old, digest: *none}\nlabel: *none\n",
    /line 1: line 3 repeats this text, and is not the image's tag/,
  ],
  [
    "a digest that another image repeats",
    "image: {repository: team/app, tag: old, digest: &none ''}\nother: {repository: team/other, tag: x, digest: *none}\n",
    /line 1: line 2 repeats this text/,
  ],
];
for (const [name, text, reason] of refused) {
  // S30
  test(`can't be pinned, which is told before the registry is asked: ${name}`, () => {
    for (const digest of [undefined, seen])
      assert.throws(() => ask(text, { digest }), { code: "manifest_invalid", message: reason }, `${digest}`);
    assert.notEqual(ask(text, { pins: false }), text, "without a pin it can be written");
  });
}

// S30, P4
test("nothing is written of an image that went unchecked, with a pin", () => {
  const question = { text: "image: team/app:old\n", path: "values.yaml", image, tag: "new" };
  assert.equal(writePlaces({ ...question, isUnchecked: true }).kind, "ok");
  const written = writePlaces({ ...question, isUnchecked: true, pins: true });
  assert.ok(written.kind === "invalid" && /nobody tells the digest/.test(written.reason));
});

test("a kustomization's refs are commits, and are not pinned", () => {
  const text = (commit: string) => `resources: [https://github.com/team/app//k?ref=${commit}]\n`;
  const [was, commit] = ["1".repeat(40), "3".repeat(40)];
  const ref = { repository: "github.com/team/app", commit };
  const path = "kustomization.yaml";
  assert.equal(ask(text(was), { ref, path }), text(commit));
  assert.equal(ask(text(commit), { ref, path }), "up_to_date");
});
