import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { pathOf } from "./observability-files.ts";

const read = (path: string) => readFile(pathOf(path), "utf8");

/** Of the Secrets that annotations name. */
const nameAnnotation = /^ *gitops\.operator\.\w*(?:key|secret)_name: (\S+)/gm;

test("the example says of each Secret that it names how that is made, in its namespace", async () => {
  const text = await read("manifests/examples/shop.yaml");
  const { annotations } = parse(text).metadata as { annotations: Record<string, string> };
  const named = Object.entries(annotations).flatMap(([key, name]) =>
    /(?:key|secret)_name$/.test(key) ? [`${annotations[key.replace(/name$/, "namespace")]}/${name}`] : [],
  );
  const made = [...text.matchAll(/^ *# kubectl -n (\S+) create secret (?:generic|docker-registry) (\S+) --/gm)].map(
    ([, namespace, name]) => `${namespace}/${name}`,
  );
  assert.ok(named.length >= 5);
  assert.deepEqual(made, named);
});

test("the Secrets that SECRETS.md makes are those that the example names and that the components' roles open", async () => {
  const made = [...(await read("docs/SECRETS.md")).matchAll(/create secret (?:generic|docker-registry) (\S+)/g)].map(([, name]) => name);
  // A token stands in the place of the key where https is used, which the example does not.
  const wanted = [...new Set(made)].filter((name) => name !== "git-token").sort();
  assert.ok(wanted.length >= 5);

  const { annotations } = parse(await read("manifests/examples/shop.yaml")).metadata as { annotations: Record<string, string> };
  const named = Object.entries(annotations).filter(([key]) => /\.(?:\w+_)?(?:key|secret)_name$/.test(key));
  assert.deepEqual(named.map(([, name]) => name).sort(), wanted);

  const opened: string[] = [];
  for await (const path of glob("manifests/components/{namespaced-secrets,tenants}/*.yaml", { cwd: pathOf("") }))
    opened.push(...[...(await read(path)).matchAll(/resourceNames(?::|\n +value:) \[(.*)\]/g)].map(([, names = ""]) => names));
  assert.equal(opened.length, 3);
  for (const names of opened) assert.deepEqual(names.split(", ").sort(), wanted);
});

test("every Secret that an annotation in manifests/ or the README names is made by a command: in SECRETS.md, the README's own in the README", async () => {
  const makes = async (page: string) =>
    [...(await read(page)).matchAll(/create secret (?:generic|docker-registry) (\S+)/g)].map(([, name]) => name);
  const pages = new Map<string, string>([["README.md", "README.md"]]);
  for await (const path of glob("manifests/**/*.yaml", { cwd: pathOf("") })) pages.set(path, "docs/SECRETS.md");
  let count = 0;
  for (const [path, page] of pages) {
    const made = await makes(page);
    for (const [, name] of (await read(path)).matchAll(nameAnnotation)) {
      assert.ok(made.includes(name), `${path} names ${name}, which no command of ${page} makes`);
      count += 1;
    }
  }
  assert.ok(count >= 7);
});
