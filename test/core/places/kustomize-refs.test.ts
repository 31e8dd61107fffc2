import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManifestQuestion } from "../../../src/core/manifest-edit.ts";
import { editManifest } from "../../../src/core/places/edit-manifest.ts";

const old = "1".repeat(40);
const commit = "2".repeat(40);
const path = "kustomization.yaml";
const image = { repository: "team/app" };
const ref = { repository: "github.com/team/app", commit };
const kustomization = (at: string, tag: string) =>
  `resources: ["https://github.com/team/app//k?ref=${at}"]\nimages: [{name: team/app, newTag: ${tag}}]\n`;

function ask(text: string, more: Partial<ManifestQuestion> = {}) {
  return editManifest({ text, path, image, tag: "new", ref, ...more });
}

test("a stale ref beside the right tag is written, whatever the tag's form, and is no tag that was there", () => {
  const edit = ask(kustomization(old, "new"));
  assert.deepEqual(edit, {
    kind: "update",
    ...{ image: { registry: "docker.io", repository: "team/app" }, tags: ["new"], refs: [old], isPinned: false },
    text: kustomization(commit, "new"),
  });
  assert.equal(ask(kustomization(commit, "new")).kind, "up_to_date");
});

test("a stale tag beside the right ref is written, and the ref stays", () => {
  const edit = ask(kustomization(commit, "old"));
  assert.ok(edit.kind === "update" && edit.from === "old");
  assert.equal(edit.text, kustomization(commit, "new"));
});

test("where refs are not to be written they are left alone, and are nothing that a file holds", () => {
  assert.equal(ask(kustomization(old, "new"), { ref: undefined }).kind, "up_to_date");
  const none = ask(`resources: ["https://github.com/team/app//k?ref=${old}"]\n`, { ref: undefined });
  assert.deepEqual(none, {
    kind: "none",
    reason: "No entry of images in kustomization.yaml names image 'team/app'; add - name: team/app / newTag: new",
  });
});

test("a ref alone is ours, with no word of where the image comes from", () => {
  const text = (at: string) => `resources:\n- github.com/team/app?ref=${at}\n`;
  const edit = ask(text(old));
  assert.deepEqual(edit, { kind: "update", image, tags: [], refs: [old], isPinned: false, text: text(commit) });
  assert.equal(ask(text(old), { ref: { ...ref, repository: "github.com/team/other" } }).kind, "none");
});

test("what FILE#PATH names is all that is written", () => {
  const edit = ask(kustomization(old, "old"), { at: "images[0].newTag" });
  assert.ok(edit.kind === "update");
  assert.equal(edit.text, kustomization(old, "new"));
});

const refused: [name: string, text: string, reason: RegExp][] = [
  ["one that something else repeats", `resources: [&r github.com/team/app?ref=${old}]\nx: *r\n`, /line 1: line 2 repeats this text/],
  ["one written with escapes", `resources: ["github.com/team/app\\x3fref=${old}"]\n`, /line 1: the image is written with escapes/],
  [
    "one in a document that SOPS signed",
    `resources: [github.com/team/app?ref=${old}]\nsops: {mac: "ENC[x]"}\n`,
    /line 1: SOPS encrypted this document/,
  ],
];
for (const [name, text, reason] of refused) {
  test(`a ref is refused with the reason: ${name}`, () => {
    assert.throws(() => ask(text), { code: "manifest_invalid", message: reason });
  });
}

test("what is no commit is never written as a ref", () => {
  for (const bad of ["main", "2".repeat(39), "2".repeat(41), `${"2".repeat(39)}&`])
    assert.throws(() => ask(kustomization(old, "old"), { ref: { ...ref, commit: bad } }), {
      code: "manifest_invalid",
      message: /no commit/,
    });
});
