import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import v8 from "node:v8";
import vm from "node:vm";
import { growthOf, MOST_GROWTH } from "../../growth.ts";
import { find, write } from "./asked.ts";

const testdata = new URL("testdata/manifest/", import.meta.url);
const app = { repository: "team/app" };
const oldTag = "1".repeat(40);
const newTag = "2".repeat(40);
/** Where a kustomization reads the application at a commit. */
const appRef = { repository: "github.com/team/app", commit: newTag };
const digest = `sha256:${"a".repeat(64)}`;
const seenDigest = `sha256:${"b".repeat(64)}`;

const deploymentJson =
  '{"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"image": "team/app:1"}]}}}}';

function deployment(containers: string): string {
  return `apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n${containers}`;
}

/** What some files are is said by their names alone. */
const pathOf: Record<string, string> = {
  "kustomization-bare": "shop/kustomization.yaml",
  "argocd-source": "shop/.argocd-source-shop.yaml",
};

function readText(url: URL): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(url));
}

for (const file of readdirSync(testdata).filter((name) => name.endsWith(".before.yaml"))) {
  const name = file.replace(".before.yaml", "");
  // F36-F37
  test(`golden file ${name}: the new tag stands at every image that is ours and every other byte stays`, () => {
    const before = readText(new URL(file, testdata));
    const after = readText(new URL(`${name}.after.yaml`, testdata));
    const path = pathOf[name] ?? "a.yaml";
    assert.deepEqual(write(before, app, newTag, undefined, path, appRef), { kind: "ok", text: after });
    assert.deepEqual(write(after, app, newTag, undefined, path, appRef), { kind: "ok", text: after }, "writing again changes nothing");
    const images = find(after, app, path);
    assert.equal(images.kind, "ok");
    assert.ok(images.ours.every(({ tag }) => tag === newTag));
  });
}

test("images are read with tag and digest, containers before initContainers", () => {
  const text = `${deployment(`      - image: team/app:${oldTag}@${digest}\n      - image: team/app-sidecar:x\n      - image: docker.io/team/app\n`)}      initContainers: [{image: "team/app:init"}]\n`;
  assert.deepEqual(find(text, app), {
    kind: "ok",
    registry: "docker.io",
    ours: [
      { tag: oldTag, digest },
      { tag: undefined, digest: undefined },
      { tag: "init", digest: undefined },
    ],
  });
});

test("a digest is replaced by the one that the gate saw; none is added where none was", () => {
  const text = (first: string, second: string) => deployment(`      - image: team/app${first}\n      - image: team/app${second}\n`);
  assert.deepEqual(write(text(`:${oldTag}@${digest}`, `:${oldTag}`), app, newTag, seenDigest), {
    kind: "ok",
    text: text(`:${newTag}@${seenDigest}`, `:${newTag}`),
  });
});

test("the registry is the manifest's where the target names none", () => {
  const text = deployment("      - image: registry.example:5000/team/app:1\n");
  assert.deepEqual(find(text, app), { kind: "ok", registry: "registry.example:5000", ours: [{ tag: "1", digest: undefined }] });
});

test("where the target names a host, an image without it is another one", () => {
  const text = deployment("      - image: team/app:1\n      - image: ghcr.io/team/app:2\n");
  const images = find(text, { registry: "ghcr.io", repository: "team/app" });
  assert.deepEqual(images, { kind: "ok", registry: "ghcr.io", ours: [{ tag: "2", digest: undefined }] });
});

test("one image from two registries is refused, for only one can be checked", () => {
  const images = find(deployment("      - image: team/app:1\n      - image: ghcr.io/team/app:2\n"), app);
  assert.equal(images.kind, "invalid");
  assert.match(images.reason, /several registries \(docker\.io, ghcr\.io\).*gitops\.operator\.image_name/);
});

test("none of ours: the images that are there are named once, and not without bound", () => {
  const text = deployment("      - image: team/other:1\n      - image: 'team/app:$(TAG)'\n      - image: team/other:1\n");
  assert.match(reasonOf(text), / \(there are: team\/other:1, team\/app:\$\(TAG\)\)$/);
  const many = reasonOf(deployment(Array.from({ length: 50 }, (_, index) => `      - image: team/x${index}\n`).join("")));
  assert.equal(many.split(", ").length, 21);
  assert.match(many, /, 30 more\)$/);
  for (const nothing of ["", "\n", "# only a comment\n", "---\n", "just text\n", "- a\n- list\n", "kind: Deployment\n", "\t", "\ufeff"]) {
    assert.match(
      reasonOf(nothing),
      /^Nothing in a\.yaml names image 'team\/app'; check .* \(a\.yaml (?:is empty|holds [^:]*)\)$/,
      JSON.stringify(nothing),
    );
  }
  assert.match(reasonOf("apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 1}\n"), /there are no images in its containers/);
});

function reasonOf(text: string): string {
  const found = find(text, app);
  assert.equal(found.kind, "none");
  return found.reason;
}

const unreadable: [name: string, text: string, reason: RegExp][] = [
  ["a syntax error in any document", `${deployment("      - image: team/app:1\n")}---\na: [1\n`, /^line \d+: /],
  ["bad indentation", "a:\n  b: 1\n c: 2\n", /^line 3: /],
  ["a tab as indentation", "a:\n\tb: 1\n", /^line 2: /],
  ["control characters, so binary", "\u007fELF\u0002\u0001\u0000", /^line 1: a control character/],
  ["a NUL", "a: 1\nb: \0\n", /^line 2: a control character/],
  ["carriage returns alone", "a: 1\rb: 2\r", /^line 1: a carriage return/],
  ["more than 1 MiB", "a".repeat(1024 * 1024 + 1), /larger than 1 MiB/],
  ["more than 1 MiB of UTF-8", "é".repeat(600_000), /larger than 1 MiB/],
  ["flow nesting", "[".repeat(1_000_000), /nested deeper than 100/],
  ["nested lists on one line", "- ".repeat(500_000), /nested deeper than 100/],
  ["nested mappings", Array.from({ length: 500 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join(""), /nested deeper than 100/],
  ["more than 100 aliases", `a: &a x\nb: [${"*a, ".repeat(101)}]\n`, /^line 2: more than 100 aliases/],
  ["more than 1,000 documents", "---\n".repeat(1002), /more than 1000 documents/],
  ["directives without end", "%a\n".repeat(300_000), /more than 1000 directives/],
  ["tokens without end", `[${"a,".repeat(500_000)}]`, /more than 100000 tokens/],
  ["a list without commas", '["a" "b"]', /^line 1: Missing , or : between flow sequence items/],
  ["an alias bomb on the way to the images", aliasBomb(), /multiply without end/],
  ["a merge of itself", "&x\n<<: *x\n", /^line 2: merge keys lead from one to the next more than 100 times/],
  [
    "a merge in a circle",
    deployment("      - &app\n        name: x\n        env: [{inner: &inner {<<: *app}}]\n        <<: *inner\n"),
    /^line \d+: merge keys lead from one to the next more than 100 times/,
  ],
  ["an alias without anchor", deployment("      - image: *nowhere\n"), /^line 7: alias \*nowhere has no anchor/],
  [
    "an alias without anchor in another document",
    `${deployment("      - image: team/app:1\n")}---\na: {b: [*nowhere]}\n`,
    /^line 9: alias \*nowhere has no anchor/,
  ],
  ["a key twice on the way", `${deployment("      - image: team/app:1\n")}kind: Deployment\n`, /^line 1: key 'kind' is there twice/],
  ["an image twice", deployment("      - image: team/app:1\n        image: team/app:2\n"), /^line 7: key 'image' is there twice/],
  ["containers that are no list", deployment("        image: team/app:1\n"), /^line 7: 'containers' is no list/],
  ["a container that is no mapping", deployment("      - team/app:1\n"), /^line 7: an item of 'containers' is no mapping/],
  [
    "an image twice, the second by an alias for its key",
    aliasKey("        image: team/app:1\n        *key : team/app:2\n"),
    /^line 9: key 'image' is written as an alias/,
  ],
  ["an image by an alias for its key alone", aliasKey("        *key : team/app:1\n"), /^line 8: key 'image' is written as an alias/],
  ["a merge by an alias for its key", aliasKey("        *merge : {image: team/app:2}\n"), /^line 8: key '<<' is written as an alias/],
  [
    "a merge behind the image that it would replace",
    deployment("      - image: team/app:1\n        <<: {image: team/app:2}\n"),
    /^line 8: '<<' brings a second 'image'/,
  ],
  [
    "two merges with an image each",
    deployment("      - <<: {image: team/app:1}\n        <<: {image: team/app:2}\n"),
    /^line 8: '<<' brings a second 'image'/,
  ],
  [
    "an image whose key is written in base64",
    deployment("      - image: team/app:1\n        !!binary aW1hZ2U=: team/app:2\n"),
    /^line 8: a key has the YAML tag !!binary/,
  ],
  ["a merge key with a tag", deployment("      - !!merge <<: {image: team/app:1}\n"), /^line 7: key '<<' has a YAML tag/],
  ["a kind by an alias for its key", `- &key kind\n---\nx: &key kind\n*key : Deployment\n`, /^line 4: key 'kind' is written as an alias/],
  ["a kind that is written in base64", "apiVersion: apps/v1\nkind: !!binary RGVwbG95bWVudA==\n", /^line 2: 'kind' has a YAML tag/],
  ["a List that holds itself", "&list\nkind: List\nitems: [*list]\n", /^line 2: Lists are nested in Lists more than 50 deep/],
  [
    "a text block before what may be a byte order mark or its content",
    `--- |\n\ufeff---\n${deployment("      - image: team/app:1\n")}`,
    /^line 1: a text block beside byte order marks/,
  ],
  [
    "a Deployment that SOPS encrypted in part",
    sops(deployment("      - image: team/app:1\n")),
    /^line 7: SOPS encrypted this document, and its MAC .*mac_only_encrypted/,
  ],
  [
    "a Deployment that SOPS encrypted, the image too",
    sops(deployment("      - image: ENC[AES256_GCM,data:eA==]\n")),
    /^line 1: SOPS encrypted this document/,
  ],
  [
    "a document that SOPS encrypted whole",
    sops("apiVersion: ENC[AES256_GCM,data:eA==]\nkind: ENC[AES256_GCM,data:eA==]\n"),
    /^line 1: SOPS encrypted this document/,
  ],
  [
    "a List that SOPS encrypted in part",
    sops(`apiVersion: v1\nkind: List\nitems: [{${deploymentJson.slice(1)}]\n`),
    /^line 3: SOPS encrypted this document/,
  ],
  [
    "a pointer of Git LFS",
    `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 12345\n`,
    /^it is a Git LFS pointer, not the file itself; /,
  ],
  ["an image that is no text", deployment("      - image: {repository: team/app}\n"), /^line 7: 'image' of a container is no text/],
  ["an image with a tag of YAML", deployment("      - image: !!binary team/app:1\n"), /^line 7: .*YAML tag/],
];

/** Anchors for the keys, so far from them that nobody sees what they are. */
function aliasKey(container: string): string {
  return deployment(`      - {name: x, env: [{name: &key image, value: &merge <<}]}\n      - name: y\n${container}`).replace(
    "- name: y\n        ",
    "- ",
  );
}

function sops(text: string): string {
  return `${text}sops:\n  mac: ENC[AES256_GCM,data:bWFj]\n  encrypted_regex: ^(env)$\n`;
}

function aliasBomb(): string {
  const levels = Array.from(
    { length: 9 },
    (_, level) => `x${level + 1}: &x${level + 1}\n  <<: [${Array(9).fill(`*x${level}`).join(", ")}]\n`,
  );
  return `x0: &x0 {a: 1}\n${levels.join("")}<<: *x9\n`;
}

for (const [name, text, reason] of unreadable) {
  // F36-F37
  test(`refused with the reason: ${name}`, () => {
    const read = find(text, app);
    assert.equal(read.kind, "invalid");
    assert.match(read.reason, reason);
    assert.deepEqual(write(text, app, newTag), read);
  });
}

const unwritable: [name: string, image: string][] = [
  ["an escape", '"team/app\\x3a1"'],
  ["a folded block", ">-\n          team/app:1"],
  ["a literal block", "|-\n          team/app:1"],
  ["quotes over two lines", '"team/app:\\\n          1"'],
];
for (const [name, image] of unwritable) {
  test(`${name} can be read, but is not written: no characters stand for the tag alone`, () => {
    const text = deployment(`      - image: ${image}\n`);
    assert.deepEqual(find(text, app), { kind: "ok", registry: "docker.io", ours: [{ tag: "1", digest: undefined }] });
    const written = write(text, app, newTag);
    assert.equal(written.kind, "invalid");
    assert.match(written.reason, /^line 7: the image is written with escapes or over several lines/);
    assert.deepEqual(write(text, app, "1"), { kind: "ok", text }, "at the wanted tag there is nothing to write");
  });
}

// S9
test("up to the limits a manifest is edited: depth, aliases, documents, size", () => {
  const ours = deployment("      - image: team/app:1\n");
  const deep = `x: ${"[".repeat(99)}${"]".repeat(99)}\n${ours}`;
  const aliased = `x: &x 1\ny: [${Array(100).fill("*x").join(", ")}]\n${ours}`;
  const documents = `${"a: 1\n---\n".repeat(999)}${ours}`;
  const bullets = `${"x: |\n  * a point\n---\n".repeat(200)}${ours}`;
  const large = `${ours}# ${"x".repeat(1024 * 1024 - ours.length - 100)}`;
  for (const [name, text] of Object.entries({ deep, aliased, documents, bullets, large })) {
    const written = write(text, app, newTag);
    assert.ok(written.kind === "ok" && written.text === text.replace("team/app:1", `team/app:${newTag}`), name);
  }
});

// S9, S32
test("hostile files cost linear time, and none of 1 MiB 150 MB", async () => {
  v8.setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = vm.runInNewContext("gc");
  const openings = [
    "[[",
    "- -",
    "[a,",
    '["" ',
    "&a &a ",
    "#\n",
    "a: \n",
    "%a\n",
    '"\n',
    "a: b\n ",
    "''",
    "{a: 1,",
    "\n\n\ufeff",
    "\n---\n\ufeff",
  ];
  for (const opening of openings) {
    const textOf = (bytes: number) => opening[0] + opening.slice(1).repeat(Math.floor((bytes - 1) / (opening.length - 1)));
    const text = textOf(2 ** 20);
    collectGarbage();
    const rss = process.memoryUsage().rss;
    find(text, app);
    assert.ok(process.memoryUsage().rss - rss < 150_000_000, JSON.stringify(opening));
    // Each text is a new one: what was read before is remembered, and costs nothing.
    let texts = 0;
    const growth = await growthOf(2 ** 11, (bytes) => find(`${textOf(bytes)}\n# ${texts++}`, app));
    assert.ok(growth < MOST_GROWTH, `${growth} times for ${JSON.stringify(opening)}`);
  }
});

test("a quoted << is a key like any other, as Kubernetes reads it", () => {
  const text = deployment('      - "<<": {image: team/app:1}\n        name: x\n');
  assert.match(reasonOf(text), /where images are looked for: line 7 does; name that value as .*containers\[0\]\.<<\.image in /);
});

// S9
test("keys like __proto__ are only text", () => {
  const text = `__proto__: {kind: List}\nconstructor: 1\n${deployment("      - image: team/app:1\n        __proto__: {image: x}\n")}`;
  assert.deepEqual(write(text, app, "2"), { kind: "ok", text: text.replace("team/app:1", "team/app:2") });
});

test("what is no tag or digest is never written", () => {
  const text = deployment("      - image: team/app:1\n");
  for (const tag of ["", "a b", "x\ny: 1", "a:b", "-x", "a".repeat(129)]) assert.equal(write(text, app, tag).kind, "invalid", tag);
  assert.equal(write(text, app, "2", "sha256:short").kind, "invalid");
});

test("a refusal does not quote the file, which may hold a Secret", () => {
  for (const text of ["a: [x]\n]]] hunter2hunter2\n", "a: |hunter2hunter2\n", "%YAML hunter2hunter2\n---\n", "a: 1\n@hunter2hunter2\n"]) {
    const read = find(text, app);
    assert.doesNotMatch(JSON.stringify(read), /hunter2/);
  }
});
