import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse, parseAllDocuments } from "yaml";
import { editManifest } from "../../src/core/places/edit-manifest.ts";
import { isText } from "../../src/core/places/plain-text.ts";
import { parseValuePath } from "../../src/core/value-path.ts";
import { answerOf, holds, made } from "./property.ts";

const image = { repository: "team/app" };
/** Where a tag comes, alone in its scalar: with the quotes of its own. */
const MARK = "\u0001";

/** The library's reader of YAML 1.1 alone takes these for numbers: no digit stands in front, which the standard asks for. */
const odd = /^e[-+]?\d+$/i;
const tag = fc.oneof(
  fc.stringMatching(/^[0-9a-f]{7}$/).filter((text) => !odd.test(text)),
  fc.stringMatching(/^\d{7}$/),
  fc.stringMatching(/^\d{1,4}e\d{2,5}$/),
  fc.constantFrom("true", "no", "null", "0x1f", "0o17", "1_000", "1.10", "2026-01-01", "v1.2.3", "main-0123456"),
);
const other = fc.constantFrom("{repository: team/app-sidecar, tag: 1234567}", "team/other:1", "7", "'x'", "{tag: 0123456}", "[a, 1.10]");

/** Each a file in which one lone tag is ours, and things that are not. */
const layout = fc.oneof(
  other.map((x) => ({ path: "values.yaml", text: `# top\nother: ${x}\nimage:\n  tag: ${MARK}   # team/app\n  repository: team/app\n` })),
  other.map((x) => ({ path: "values.yaml", text: `jobs:\n- image: {name: team/app,   imageTag: ${MARK}}\n- ${x}\n` })),
  other.map((x) => ({
    path: "k/kustomization.yaml",
    text: `x: ${x}\nimages:\n- newTag: ${MARK}\n  name: team/app\n- {name: team/app-sidecar, newTag: "1"}\n`,
  })),
  other.map((x) => ({
    path: "release.yaml",
    text: `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec: {values: {a: ${x}, image: {repository: team/app, tag: ${MARK}}}}\n`,
  })),
  other.map((x) => ({
    path: "app.yaml",
    text: `apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    helm:\n      valuesObject: {a: ${x}}\n      parameters:\n      - {name: i.tag, value: ${MARK}}\n      - {name: i.name, value: team/app}\n`,
  })),
);

// F36-F37
test("a tag alone in its scalar: nothing but it changes, whatever the format, and any reader takes it for the tag's text", async (t) => {
  // A plain null is no tag.
  const inputs = fc
    .tuple(layout, tag, tag, fc.constantFrom("", "'", '"'), fc.boolean())
    .filter(([, was, , quote]) => was !== "null" || quote !== "");
  await holds(t, inputs, ([{ path, text }, was, wanted, quote, isCrLf]) => {
    const filled = (mark: string) => text.replace(MARK, () => mark).replaceAll("\n", isCrLf ? "\r\n" : "\n");
    const question = { text: filled(`${quote}${was}${quote}`), path, image, tag: wanted };
    const edit = editManifest(question);
    const isAt = was === wanted && (quote !== "" || isText(was));
    assert.equal(edit.kind, isAt ? "up_to_date" : "update");
    const after = edit.kind === "update" ? edit.text : question.text;
    const mark = quote === "" && !isText(wanted) ? `"${wanted}"` : `${quote}${wanted}${quote}`;
    assert.equal(after, filled(mark));
    assert.equal(editManifest({ ...question, text: after }).kind, "up_to_date");
    for (const version of ["1.1", "1.2"] as const) {
      const read = (source: string) => parseAllDocuments(source, { version }).map((document) => document.toJS());
      assert.deepEqual(read(after), read(filled(`!!str '${wanted}'`)));
    }
  });
});

/** Each a file in which a digest comes behind the tag at one mark, and in its own key at the other. */
const BEHIND = "\u0002";
const BESIDE = "\u0003";
const roomy = fc.oneof(
  other.map((x) => ({ path: "values.yaml", text: `x: ${x}\nimage: {tag: ${MARK}, repository: team/app, digest: ${BESIDE}}\n` })),
  other.map((x) => ({ path: "values.yaml", text: `jobs:\n- sha: ${BESIDE} # hex\n  imageTag: ${MARK}\n  name: team/app\n- ${x}\n` })),
  other.map((x) => ({ path: "values.yaml", text: `x: ${x}\nworkerImage: 'team/app:${MARK}${BEHIND}'\n` })),
  other.map((x) => ({ path: "k/kustomization.yaml", text: `x: ${x}\nimages: [{name: team/app, newTag: '${MARK}${BEHIND}'}]\n` })),
  other.map((x) => ({
    path: "k/kustomization.yaml",
    text: `x: ${x}\nimages: [{digest: ${BESIDE}, newTag: ${MARK}, newName: team/app}]\n`,
  })),
  other.map((x) => ({
    path: "pod.yaml",
    text: `apiVersion: v1\nkind: Pod\nx: ${x}\nspec: {containers: [{image: "team/app:${MARK}${BEHIND}"}, {image: "team/app-b:1"}]}\n`,
  })),
  other.map((x) => ({
    path: "app.yaml",
    text: `apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    kustomize: {images: ['a=team/app:${MARK}${BEHIND}']}\n    x: ${x}\n`,
  })),
);

// S30, F36-F37
test("a pinned image: the tag and the digest that was checked, each where it belongs, and no other byte; then nothing more, whatever the registry tells", async (t) => {
  const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
  // Within quotes of its own any tag is text; a digest behind one makes it text too.
  const inputs = fc.tuple(roomy, fc.oneof(tag, fc.constant("")), tag, hex, fc.option(hex), fc.constantFrom("'", '"'), fc.boolean());
  await holds(t, inputs, ([{ path, text }, was, wanted, seen, before, quote, isCrLf]) => {
    const isHex = text.includes("# hex");
    const filled = (version: string, digest: string | null) =>
      text
        .replace(MARK, () => (text.includes(BEHIND) ? version : `'${version}'`))
        .replace(BEHIND, () => (digest === null ? "" : `@sha256:${digest}`))
        .replace(BESIDE, () => `${quote}${digest === null ? "" : `${isHex ? "" : "sha256:"}${digest}`}${quote}`)
        .replaceAll("\n", isCrLf ? "\r\n" : "\n");
    // In one scalar there is no digest behind nothing.
    const stands = was === "" && text.includes(BEHIND) ? wanted : was;
    const question = { text: filled(stands, before), path, image, tag: wanted, pins: true };
    const isDone = stands === wanted && before !== null;
    assert.equal(editManifest(question).kind, isDone ? "up_to_date" : "update");
    const edit = editManifest({ ...question, digest: `sha256:${seen}` });
    assert.equal(edit.kind === "update" ? edit.text : question.text, filled(wanted, isDone ? before : seen));
    const after = edit.kind === "update" ? edit.text : question.text;
    assert.equal(editManifest({ ...question, text: after, digest: `sha256:${"f".repeat(64)}` }).kind, "up_to_date");
  });
});

const sha = fc.stringMatching(/^[0-9a-f]{40}$/);

// F36-F37
test("of a kustomization's refs only the commits of the application's repository change, to its 40 characters", async (t) => {
  const ours = fc.constantFrom(
    "github.com/team/app",
    "https://github.com/team/app//k",
    "git@github.com:team/app.git//k",
    "git::ssh://git@github.com/team/app",
  );
  const theirs = fc.constantFrom("github.com/team/app-sidecar", "https://gitlab.com/team/app", "../app", "github.com/org/app//team/app");
  const query = fc.constantFrom(`?ref=${MARK}`, `?timeout=90s&ref=${MARK}`, `?version=${MARK}`, `?version=v1&ref=${MARK}&submodules=false`);
  const quote = fc.constantFrom("", "'", '"');
  const entry = fc.tuple(fc.oneof(ours, theirs), query, quote).map(([url, rest, mark]) => `${mark}${url}${rest}${mark}`);
  const list = fc.tuple(fc.constantFrom("resources", "components", "bases"), fc.array(entry, { minLength: 1, maxLength: 5 }), fc.boolean());
  const inputs = fc.tuple(fc.uniqueArray(list, { minLength: 1, maxLength: 3, selector: ([name]) => name }), sha, sha, fc.boolean());
  await holds(t, inputs, ([lists, was, commit, isCrLf]) => {
    const isOurs = (url: string) => /^.?(?:git::)?(?:ssh:\/\/git@|https:\/\/|git@)?github\.com[:/]team\/app(?![-\w])/.test(url);
    const filled = (mark: string) =>
      lists
        .map(([name, entries, isFlow]) => {
          const items = entries.map((one) => one.replace(MARK, isOurs(one) ? mark : was));
          return isFlow ? `${name}: [${items.join(", ")}] # team/app\n` : `${name}:\n${items.map((item) => `- ${item}\n`).join("")}`;
        })
        .join("")
        .replaceAll("\n", isCrLf ? "\r\n" : "\n");
    const ref = { repository: "github.com/team/app", commit };
    const question = { text: filled(was), path: "kustomization.yaml", image, tag: "new", ref };
    const edit = editManifest(question);
    const has = lists.some(([, entries]) => entries.some(isOurs));
    assert.equal(edit.kind, !has ? "none" : was === commit ? "up_to_date" : "update");
    if (edit.kind !== "update") return;
    assert.equal(edit.text, filled(commit));
    assert.equal(editManifest({ ...question, text: edit.text }).kind, "up_to_date");
    assert.equal(editManifest({ ...question, ref: undefined }).kind, "none");
  });
});

test("what stands without quotes is taken for text only where YAML 1.1 and 1.2 both read text", async (t) => {
  const known = ["12e4567", "1e1_0", "0_8", "1:30", "190:20:30.15", "2001-12-14t21", "0b_1", "y", "1.", "2001-1-1"];
  const text = fc.oneof(
    tag,
    made(["0", "1", "7", "9", "_", ".", "e", "E", "-", "+", "x", "o", "b", "f", ":", "n", "y", "true", "null"], 8),
  );
  await holds(
    t,
    text,
    (plain) => {
      if (!/^\w[\w.:+-]*$/.test(plain) || odd.test(plain) || /:$/.test(plain)) return;
      const isRead = (["1.1", "1.2"] as const).every((version) => typeof parse(plain, { version, logLevel: "silent" }) === "string");
      if (isText(plain)) assert.ok(isRead, `${plain} is read as something else`);
    },
    { known },
  );
});

test("a path into a file is parsed or refused with words, and leads into any file without failing otherwise", async (t) => {
  const path = made(["a", "image", "tag", ".", "[", "]", "*", "=", "0", "\\", "name", "web"], 10);
  const file = fc.constantFrom(
    "a: {image: {tag: x}}\n",
    "a: &a [{name: web, image: team/app:1}, *a0]\n",
    "- a\n- [b]\n",
    "a: [\n",
    "&a a: *a\n",
    "a: &x {<<: *x}\n",
  );
  await holds(t, fc.tuple(path, file), async ([at, text]) => {
    const parsed = parseValuePath(at);
    if (parsed.kind === "error") assert.notEqual(parsed.problem, "");
    const answer = await answerOf(() => editManifest({ text, path: "a.yaml", at, image, tag: "new" }));
    if (parsed.kind === "error") assert.equal(answer, undefined);
  });
});
