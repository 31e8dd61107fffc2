import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { matchesImage, parseImageReference, splitImage } from "../../src/core/image.ts";
import { write } from "../core/places/asked.ts";
import { holds } from "./property.ts";

const app = { repository: "team/app" };
const oldTag = "1".repeat(40);
const newTag = "2".repeat(40);
const digest = `sha256:${"a".repeat(64)}`;
/** Stands where a tag comes. */
const mark = "\u0001";

const image = fc.tuple(
  fc.constantFrom("", "", "&a1 "),
  fc.constantFrom("", "'", '"'),
  fc.constantFrom("", "", "docker.io/", "index.docker.io/"),
);
const ours = image.map(([anchor, quote, host]) => `${anchor}${quote}${host}team/app${mark}${quote}`);
const others = fc.constantFrom(
  `team/app-sidecar:${oldTag}`,
  `ghcr.io/team/other@${digest}`,
  "'app'",
  `"localhost:5000/team/apps:${oldTag}"`,
);
const comment = fc.constantFrom("", "", " # team/app:latest", "   #");

function container(of: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const flow = fc
    .tuple(of, comment, fc.constantFrom(" ", "  "))
    .map(([text, end, gap]) => `      - {name: x,${gap}image: ${text}}${end}\n`);
  const block = fc
    .tuple(of, comment, comment, fc.constantFrom("", "\n", "      # team/app:1\n"), fc.constantFrom(" ", "   "))
    .map(([text, first, end, between, gap]) => `      - name: x${first}\n${between}        image:${gap}${text}${end}\n`);
  return fc.oneof(flow, block);
}

const list = (key: string) =>
  fc
    .array(container(fc.oneof(ours, others)), { maxLength: 2 })
    .map((items) => (items.length === 0 ? "" : `      ${key}:\n${items.join("")}`));
const deployment = fc
  .tuple(
    fc.constantFrom("", "# head\n"),
    fc.constantFrom("apps/v1", "'apps/v1'", "extensions/v1beta1", "apps/v1beta2"),
    list("initContainers"),
    container(ours),
    container(others),
  )
  .map(
    ([head, version, inits, first, second]) =>
      `${head}apiVersion: ${version}\nkind: Deployment\nmetadata: {name: x, note: "team/app:1"}\nspec:\n  template:\n    spec:\n${inits}      containers:\n${first}${second}`,
  );
const foreign = fc.constant(`apiVersion: v1\nkind: Shop\nspec: {parts: [{image: "team/app:${oldTag}"}]}\n`);
/** Alone, or as an item of Lists; a DeploymentList says what its items are. */
const placed = fc
  .tuple(deployment, fc.array(fc.constantFrom("List", "DeploymentList"), { maxLength: 2 }), fc.boolean())
  .map(([text, lists, isBare]) =>
    lists.reduce((inner, kind, depth) => {
      const item = isBare && depth === 0 && kind === "DeploymentList" ? inner.replace(/^apiVersion.*\nkind.*\n/m, "") : inner;
      return `apiVersion: ${kind === "List" ? "v1" : "apps/v1"}\nkind: ${kind}\nitems:\n${item.replace(/^(?=.)/gm, "  ").replace("  ", "- ")}`;
    }, text),
  );
const template = fc
  .record({
    first: placed,
    rest: fc.array(fc.oneof(placed, foreign), { maxLength: 2 }),
    between: fc.constantFrom("---\n", "--- # next\n", "...\n---\n", "---\n\ufeff", "\ufeff---\n", "...\n\ufeff---\n", "--- # next\n\ufeff"),
    isCut: fc.boolean(),
    isCrLf: fc.boolean(),
    hasMark: fc.boolean(),
  })
  .map(({ first, rest, between, isCut, isCrLf, hasMark }) => {
    const joined = [first, ...rest].join(between);
    const cut = isCut ? joined.replace(/\n+$/, "") : joined;
    return (hasMark ? "\ufeff" : "") + (isCrLf ? cut.replaceAll("\n", "\r\n") : cut);
  });

// F36-F37
test("whatever the layout, only the tag's characters differ, and the parse only in the image", async (t) => {
  const was = fc.constantFrom("", `:${oldTag}`, ":v1.2.3", `:${oldTag}@${digest}`, `@${digest}`);
  await holds(t, fc.tuple(template, was), ([text, tag]) => {
    const before = text.replaceAll(mark, tag);
    const after = text.replaceAll(mark, `:${newTag}`);
    assert.deepEqual(write(before, app, newTag), { kind: "ok", text: after });
    assertOnlyImagesDiffer(before, after);
  });
});

// F36-F37
test("a garbled manifest is refused, or edited in nothing but the image, and then once and for all", async (t) => {
  const testdata = new URL("../core/places/testdata/manifest/", import.meta.url);
  const files = readdirSync(testdata).map((file) => {
    const path = file.startsWith("kustomization")
      ? "kustomization.yaml"
      : file.startsWith("argocd-source")
        ? ".argocd-source.yaml"
        : "a.yaml";
    return { path, text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(readFileSync(new URL(file, testdata))) };
  });
  const noise = [
    "\n",
    " ",
    "\t",
    ":",
    "- ",
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "&a ",
    "*a ",
    "<<: ",
    "!!x ",
    "!!str ",
    "#",
    "|",
    ">",
    "%",
    "---\n",
    "...\n",
    "\0",
    "\ud800",
    "?",
    "\r",
    "\u0085",
    "\u2028",
    "\ufeff",
    "*img : ",
    "image: team/app:1\n",
  ];
  const edit = fc.record({ place: fc.double({ min: 0, max: 1, noNaN: true }), drop: fc.nat(3), put: fc.constantFrom(...noise) });
  const garbled = fc.tuple(fc.constantFrom(...files), fc.array(edit, { minLength: 1, maxLength: 3 })).map(([{ text, path }, edits]) => ({
    path,
    text: edits.reduce((all, { place, drop, put }) => {
      const at = Math.floor(place * all.length);
      return all.slice(0, at) + put + all.slice(at + drop);
    }, text),
  }));
  const kinds = new Set<string>();
  await holds(t, garbled, ({ text, path }) => {
    const written = write(text, app, newTag, undefined, path);
    kinds.add(written.kind);
    if (written.kind === "invalid") return assert.notEqual(written.reason, "");
    assertOnlyTagsDiffer(text, written.text);
    assertOnlyImagesDiffer(text, written.text);
    assert.deepEqual(write(written.text, app, newTag, undefined, path), written);
  });
  assert.deepEqual([...kinds].sort(), ["invalid", "ok"]);
});

/** Without the tags and digests of the image the two are one text; a lone tag is only told by where it has become the new one. */
function assertOnlyTagsDiffer(before: string, after: string): void {
  const bare = (text: string) => text.replace(/(?<=team\/app)(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?/g, "");
  const were = bare(before).split("\n");
  for (const [at, line] of bare(after).split("\n").entries()) {
    const was = were[at] ?? "";
    const parts = line === was ? [line] : line.split(/"?2{40}"?/);
    const is = new RegExp(`^${parts.map((part) => RegExp.escape(part)).join('(?:"?[\\w.-]+"?(?:@sha256:[0-9a-f]+)?)?')}$`);
    assert.match(was, is);
  }
}

/** Both as any parser reads them: equal, but for texts that were an image of ours and now have the new tag. */
function assertOnlyImagesDiffer(before: string, after: string): void {
  const parse = (text: string): unknown =>
    parseAllDocuments(text, { uniqueKeys: false, logLevel: "silent", schema: "failsafe" }).map((document) => document.toJS());
  assert.deepEqual(parse(after), replaceImages(parse(before), parse(after)));
}

function replaceImages(old: unknown, now: unknown): unknown {
  if (typeof old === "string" && typeof now === "string" && old !== now) {
    if (now === newTag && !/[^\w.@:-]/.test(old)) return now;
    const parameter = /^[\w./:-]*=(?=(?:docker.io\/)?team\/app)/.exec(old)?.[0];
    if (parameter !== undefined) return `${parameter}${replaceImages(old.slice(parameter.length), now.slice(parameter.length))}`;
    const reference = parseImageReference(old);
    return reference && matchesImage(reference, app) ? `${splitImage(old).name}:${newTag}` : old;
  }
  if (Array.isArray(old)) return old.map((item, index) => replaceImages(item, Array.isArray(now) ? now[index] : undefined));
  if (typeof old !== "object" || old === null) return old;
  const others = (typeof now === "object" && now !== null ? now : {}) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(old).map(([key, value]) => [key, replaceImages(value, others[key])]));
}
