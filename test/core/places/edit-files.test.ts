import assert from "node:assert/strict";
import { test } from "node:test";
import { type EditQuestion, editFiles } from "../../../src/core/places/edit-files.ts";
import { editManifest } from "../../../src/core/places/edit-manifest.ts";
import type { Target } from "../../../src/core/types.ts";
import { targetOf } from "../targets.ts";

const names: readonly [path: string, shown: string][] = [
  [".github/workflows/ci.yaml", "'\\.github/workflows/ci\\.yaml', which leads into \\.github, which the operator never writes"],
  ["a/.GIT/config.yaml", "'a/\\.GIT/config\\.yaml', which leads into git's own folder"],
  ["git~1/x.yaml", "'git~1/x\\.yaml', which leads into git's own folder"],
  ["a\nGitops-Operator-Commit: x.yaml", "'a\\\\nGitops-Operator-Commit: x\\.yaml', which holds a control"],
  ["a\u001b[2J.yaml", "'a\\\\u\\{1b\\}\\[2J\\.yaml', which holds a control"],
  ["a/../b.yaml", "'a/\\.\\./b\\.yaml', which holds '\\.\\.'"],
  ["\ufffd.yaml", "'\ufffd\\.yaml', which is not UTF-8; rename the file"],
  [`${"d/".repeat(600)}k.yaml`, "'(?:d/){150}', which is longer than 1024 bytes"],
];

// S10
test("a pattern leads to no file that may not be named by itself: it is told, and nothing is read", async () => {
  const target = { ...targetOf("shop"), files: [{ path: "**/*" }] as const };
  const question = { image: target.image, tag: "new", appCommit: "1".repeat(40), digest: undefined };
  const places = { edit: async (one: Parameters<typeof editManifest>[0]) => editManifest(one) };
  for (const [path, shown] of names) {
    const copy = { list: async () => ["first.yaml", path], read: () => assert.fail("read") };
    await assert.rejects(
      editFiles(target, "0".repeat(40), question, { copy, places, signal: new AbortController().signal }),
      ({ code, message }: { code?: string } & Error) => {
        assert.equal(code, "manifest_invalid");
        assert.match(message, new RegExp(`^gitops\\.operator\\.deployment_path '\\*\\*/\\*' leads to ${shown}`));
        return true;
      },
    );
  }
});

const commit = "1".repeat(40);
const D = `sha256:${"a".repeat(64)}`;
const container = (tag: string) =>
  `apiVersion: v1\nkind: Pod\nspec: {containers: [{image: "team/app:${tag}"}]}\nsettings: {image: "team/app:${tag}"}\n`;

/** As a commit with those files is edited; a pattern finds all of them. */
function editAll(texts: Readonly<Record<string, string>>, files: Target["files"], more: Partial<EditQuestion> = {}) {
  const target = { ...targetOf("shop"), image: { repository: "team/app" }, files };
  const copy = { list: async () => Object.keys(texts), read: async (_commit: string, path: string) => texts[path] ?? assert.fail(path) };
  const places = { edit: async (one: Parameters<typeof editManifest>[0]) => editManifest(one) };
  const question = { image: target.image, tag: "new", appCommit: commit, digest: undefined, ...more };
  return editFiles(target, commit, question, { copy, places, signal: new AbortController().signal });
}

const refused: readonly [name: string, text: string, reason: RegExp][] = [
  ["is no YAML", "a: [\n", /^bad\.yaml can't be used as a manifest: line /],
  ["SOPS has signed", `${container("old")}sops: {mac: "ENC[x]"}\n`, /^bad\.yaml can't be .*SOPS encrypted this document/],
  ["is a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1\n", /^bad\.yaml can't be .*it is a Git LFS pointer/],
  ["holds a template for the tag", container("{{ tag }}"), /^bad\.yaml can't be .*a template stands where the tag is/],
];
for (const [name, text, reason] of refused) {
  test(`a file that a pattern finds and that ${name} is a failure, and not passed over`, async () => {
    await assert.rejects(editAll({ "a.yaml": container("old"), "bad.yaml": text }, [{ path: "*" }]), {
      code: "manifest_invalid",
      message: reason,
    });
  });
}

test("a file that a pattern finds without the value behind # is passed over, and one at least must have it", async () => {
  const texts = { "a.yaml": "b: 1\n", "c.yaml": "image: {tag: old}\n" };
  const edit = await editAll(texts, [{ path: "*", at: "image.tag" }]);
  assert.ok(edit.kind === "update");
  assert.deepEqual(edit.files, [{ path: "c.yaml", text: "image: {tag: new}\n", tags: ["old"] }]);
  await assert.rejects(editAll(texts, [{ path: "*", at: "image.tags" }]), { code: "manifest_no_container" });
});

test("a file that several places name counts once, has the changes of all, and has to have the image where one names it by itself", async () => {
  const texts = { "a.yaml": container("old"), "b.yaml": container("older") };
  const edit = await editAll(texts, [{ path: "*" }, { path: "a.yaml" }, { path: "a.yaml", at: "settings.image" }, { path: "**" }]);
  assert.ok(edit.kind === "update");
  assert.deepEqual(edit.files, [
    { path: "a.yaml", text: container("new"), tags: ["old"] },
    { path: "b.yaml", text: container("older").replace("older", "new"), tags: ["older"] },
  ]);
  assert.deepEqual([edit.from, edit.tags], ["old", ["old", "older"]]);
  const other = { ...texts, "a.yaml": "kind: Service\n" };
  assert.equal((await editAll(other, [{ path: "*" }])).kind, "update");
  await assert.rejects(editAll(other, [{ path: "*" }, { path: "a.yaml" }]), { code: "manifest_no_container", message: /in a\.yaml/ });
});

test("what stands at one of a file's named values is told of the file: a digest, the first other tag, another registry", async () => {
  const text = `a: team/app:old@${D}\nb: team/app:older\nc: ghcr.io/team/app:old\nd: {tag: old, digest: "${D}"}\n`;
  const at = (...names: string[]) => names.map((name) => ({ path: "v.yaml", at: name })) as unknown as Target["files"];
  for (const names of [at("a", "b"), at("b", "a"), at("b", "d.tag"), at("d.tag", "b")]) {
    const edit = await editAll({ "v.yaml": text }, names);
    assert.ok(edit.kind === "update" && edit.isPinned && edit.files.length === 1, JSON.stringify(names));
    assert.equal(edit.from, names[0].at === "b" ? "older" : "old");
  }
  await assert.rejects(editAll({ "v.yaml": text }, at("b", "c")), {
    code: "manifest_invalid",
    message: /several registries \(docker\.io in v\.yaml#b, ghcr\.io in v\.yaml#c\)/,
  });
});
