import assert from "node:assert/strict";
import { test } from "node:test";
import { editManifest } from "../../../src/core/places/edit-manifest.ts";

const app = { repository: "team/app" };
const D = `sha256:${"a".repeat(64)}`;

function ask(text: string, at: string, more: Partial<Parameters<typeof editManifest>[0]> = {}) {
  const answer = editManifest({ text, path: "a.yaml", at, image: app, tag: "new", ...more });
  return answer.kind === "update" ? answer.text : answer;
}

const right: [name: string, at: string, before: string, after: string][] = [
  ["a tag alone", "image.tag", "image: {tag: old} # old\n", "image: {tag: new} # old\n"],
  ["a number of a list", "jobs[1].image", "jobs: [{image: a:1}, {image: team/app:old}]\n", "jobs: [{image: a:1}, {image: team/app:new}]\n"],
  [
    "an item by what it says",
    "containers[name=web].image",
    "containers:\n- {name: db, image: x}\n- {name: web, image: team/app:old}\n",
    "containers:\n- {name: db, image: x}\n- {name: web, image: team/app:new}\n",
  ],
  ["the root as a list", "[0].value", "- {op: replace, value: team/app:old}\n", "- {op: replace, value: team/app:new}\n"],
  ["a dot in a key", "data.image\\.tag", "data:\n  image.tag: old\n", "data:\n  image.tag: new\n"],
  ["nothing in quotes", "tag", "tag: ''\n", "tag: 'new'\n"],
  ["a reference without a tag", "image", "image: team/app\n", "image: team/app:new\n"],
  ["a tag that looks like a number", "tag", "tag: 12\n", "tag: new\n"],
  ["a tag with a digest", "tag", `tag: old@${D}\n`, "tag: new\n"],
  [
    "all of a list, where others' references stay",
    "list[*].image",
    "list: [{image: team/app:old}, {image: team/app-sidecar:old}, {image: other:old}, {}]\n",
    "list: [{image: team/app:new}, {image: team/app-sidecar:old}, {image: other:old}, {}]\n",
  ],
  ["all of a mapping", "jobs[*].tag", "jobs: {a: {tag: old}, b: {tag: x}}\n", "jobs: {a: {tag: new}, b: {tag: new}}\n"],
  ["one document of several", "image", "a: 1\n---\nimage: team/app:old\n", "a: 1\n---\nimage: team/app:new\n"],
  ["what a merge brings", "b.tag", "a: &a {tag: old}\nb: {<<: *a}\n", "a: &a {tag: new}\nb: {<<: *a}\n"],
  [
    "an object of any kind",
    "spec.image",
    "apiVersion: x/v1\nkind: Shop\nspec: {image: team/app:old}\n",
    "apiVersion: x/v1\nkind: Shop\nspec: {image: team/app:new}\n",
  ],
];
for (const [name, at, before, after] of right) {
  test(`FILE#PATH writes ${name}, and a second time nothing`, () => {
    assert.equal(ask(before, at), after);
    const again = ask(after, at);
    assert.equal(typeof again === "string" ? again : again.kind, "up_to_date");
  });
}

test("FILE#PATH quotes what would be a number, and keeps quotes", () => {
  assert.equal(ask("tag: old\n", "tag", { tag: "1234567" }), 'tag: "1234567"\n');
  assert.equal(ask("tag: 1234567\n", "tag", { tag: "1234567" }), 'tag: "1234567"\n');
  assert.equal(ask("tag: 'old'\n", "tag", { tag: "1234567" }), "tag: '1234567'\n");
});

test("FILE#PATH asks the registry that stands beside the tag, where image_name names none", () => {
  const answer = editManifest({
    text: "image: {registry: ghcr.io, repository: team/app, tag: x}\n",
    path: "a.yaml",
    at: "image.tag",
    image: app,
    tag: "new",
  });
  assert.ok(answer.kind === "update");
  assert.deepEqual(answer.image, { registry: "ghcr.io", repository: "team/app" });
});

test("a digest beside what FILE#PATH names becomes the new one too", () => {
  const digest = `sha256:${"b".repeat(64)}`;
  assert.equal(ask(`i: {tag: old, digest: "${D}"}\n`, "i.tag", { digest }), `i: {tag: new, digest: "${digest}"}\n`);
});

const nowhere: [at: string, text: string][] = [
  ["image.tag", "image: {}\n"],
  ["image.tag.more", "image: {tag: a}\n"],
  ["list[3]", "list: [a]\n"],
  ["list[name=x].image", "list: [{name: y, image: team/app:1}]\n"],
  ["a", ""],
];
for (const [at, text] of nowhere) {
  test(`FILE#PATH that leads to nothing is an answer: ${at} in ${JSON.stringify(text)}`, () => {
    const answer = ask(text, at);
    assert.ok(typeof answer !== "string" && answer.kind === "none");
    assert.ok(answer.reason.startsWith(`'#${at}' leads to nothing in a.yaml`), answer.reason);
  });
}

test("FILE#PATH with [*] among others' references alone is an answer that names them", () => {
  assert.deepEqual(ask("list: [{image: other:1}]\n", "list[*].image"), {
    kind: "none",
    reason: "'#list[*].image' leads to nothing in a.yaml (there are: other:1); check gitops.operator.deployment_path",
  });
});

const refused: [name: string, at: string, text: string, reason: RegExp][] = [
  ["another's reference", "image", "image: team/other:1\n", /^line 1: '#image' leads to neither a tag nor a reference to team\/app/],
  ["a mapping", "image", "image: {tag: x}\n", /^line 1: '#image' leads to no text; write ''/],
  ["nothing without quotes", "tag", "a: 1\ntag:\n", /^line 2: '#tag' leads to no text; write ''/],
  ["what is no tag", "tag", "tag: a b\n", /^line 1: 'tag' holds no image tag/],
  ["a template", "image", "image: 'team/app:{{ x }}'\n", /^line 1: a template stands/],
  ["several places", "tag", "tag: a\n---\ntag: b\n", /^'#tag' leads to 2 places \(lines 1, 3\); name one of them, or write \[\*\]/],
  ["several items that say the same", "l[n=a].tag", "l: [{n: a, tag: x}, {n: a, tag: y}]\n", /leads to 2 places/],
  ["a path that is none", "tag[", "tag: a\n", /^'#tag\[' has a '\[' without/],
  ["a document that SOPS signed", "a.tag", "a: {tag: x}\nsops: {mac: 'ENC[x]'}\n", /^line 1: SOPS encrypted this document/],
  ["a text that another key repeats", "tag", "tag: &t x\nlabel: *t\n", /^line 1: line 2 repeats this text/],
  ["a key that is there twice", "tag", "tag: a\ntag: b\n", /^line 1: key 'tag' is there twice/],
  ["a pointer of Git LFS", "tag", "version https://git-lfs.github.com/spec/v1\n", /^it is a Git LFS pointer/],
];
for (const [name, at, text, reason] of refused) {
  test(`FILE#PATH is refused with the reason: ${name}`, () => {
    assert.throws(
      () => ask(text, at),
      ({ code, message }) => {
        assert.equal(code, "manifest_invalid");
        assert.match(message.replace("a.yaml can't be used as a manifest: ", ""), reason);
        return true;
      },
    );
  });
}
