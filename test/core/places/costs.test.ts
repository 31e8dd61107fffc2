import assert from "node:assert/strict";
import { test } from "node:test";
import { findPlaces } from "../../../src/core/places/find-places.ts";
import { writePlaces } from "../../../src/core/places/write-places.ts";
import { growthOf, MOST_GROWTH } from "../../growth.ts";

const image = { repository: "team/app" };

interface Shape {
  /** What is repeated, up to the file's size; `#` is its number. */
  readonly unit: string;
  readonly head?: string;
  readonly tail?: string;
  readonly path?: string;
  readonly at?: string;
}

const argo = ".argocd-source.yaml";
const shapes: Record<string, Shape> = {
  containers: { head: "apiVersion: v1\nkind: Pod\ncontainers:\n", unit: "- {image: team/app:1}\n" },
  "Helm values": { head: "x:\n", unit: "- {repository: team/app, tag: a, sha: x}\n" },
  "values with all keys that mean something": {
    head: "x:\n",
    unit: "- {name: x, image: x, repository: y, registry: z, tag: a, imageTag: b, sha: c, digest: d}\n",
  },
  "keys of one mapping that end in image": { head: "x:\n", unit: "  a#image: team/app:1\n" },
  "entries of a kustomization": { head: "images:\n", unit: "- {name: team/app, newTag: a}\n", path: "kustomization.yaml" },
  "parameters of Argo CD": {
    head: "helm:\n  parameters:\n",
    unit: "  - {name: p#.tag, value: a}\n  - {name: p#.name, value: team/app}\n",
    path: argo,
  },
  "overrides of Argo CD": { head: "kustomize:\n  images:\n", unit: "  - a=team/app:1\n", path: argo },
  "a long name of a parameter": { head: "helm:\n  parameters:\n  - {value: a, name: ", unit: ".tag", tail: "}\n", path: argo },
  "values in values": {
    head: "helm: {valuesObject: ".repeat(40),
    unit: "a#: {tag: a, name: x}, ",
    tail: `${"}".repeat(80)}\n`,
    path: argo,
  },
  "a list that 95 others repeat": {
    head: "apiVersion: v1\nkind: Pod\nx: &l\n",
    unit: "- {image: team/app:1}\n",
    tail: `y:\n${"- containers: *l\n".repeat(95)}`,
  },
  "a wide mapping that 95 others merge": {
    head: "x: &l\n",
    unit: "  k#: 1\n",
    tail: `y:\n${"- {<<: *l, tag: a, repository: team/app}\n".repeat(95)}`,
  },
  "a path to all of a list": { head: "x:\n", unit: "- {tag: a}\n", at: "x[*].tag" },
  "a path to too many": { head: "x:\n", unit: "- {tag: a, n: b}\n", at: "x[n=b].tag" },
  "a path through aliases": { head: "l: &l\n", unit: "- {tag: a}\n", tail: `x: [${Array(95).fill("*l").join(", ")}]\n`, at: "x[*][*].tag" },
  "a long tag": { head: "image: {repository: team/app, tag: '", unit: "1_@", tail: "'}\n" },
  "a long template": { head: "image: 'team/app:", unit: "{$", tail: "{{'\n" },
  "a long name": { head: "image: {tag: a, repository: '", unit: "a/", tail: "'}\n" },
};

for (const [name, { unit, head = "", tail = "", path = "values.yaml", at }] of Object.entries(shapes)) {
  // S9, S32
  test(`finding and writing take linear time, whatever is repeated in a file: ${name}`, async () => {
    // Each text is a new one: what was read before is remembered, and costs nothing.
    let texts = 0;
    const work = (bytes: number) => {
      const units = Array.from({ length: Math.max(1, Math.floor(bytes / unit.length)) }, (_, number) => unit.replaceAll("#", `${number}`));
      const question = { text: `${head}${units.join("")}${tail}# ${texts++}\n`, path, at, image };
      findPlaces(question);
      writePlaces({ ...question, tag: "1234567" });
    };
    const growth = await growthOf(2 ** 13, work);
    assert.ok(growth < MOST_GROWTH, `${growth} times for eight times as much`);
  });
}
