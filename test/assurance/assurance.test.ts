import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { pathOf } from "../observability-files.ts";
import { assurancePage } from "./assurance-page.ts";
import { markedTests, marksIn } from "./marked-tests.ts";
import { sections } from "./requirements.ts";

const known = sections.flatMap(([, requirements]) => Object.keys(requirements));

test("docs/ASSURANCE.md is what the tests' marks make it", async () => {
  const page = await readFile(pathOf("docs/ASSURANCE.md"), "utf8");
  assert.ok(page === assurancePage(await markedTests()), "docs/ASSURANCE.md is stale: npm run docs makes it anew");
});

test("every promise, attack and fault is shown by a test, and no test is marked with another id", async () => {
  const marked = new Set((await markedTests()).flatMap(({ ids }) => ids));
  assert.deepEqual(
    known.filter((id) => !marked.has(id)),
    [],
    "without a test",
  );
  assert.deepEqual(
    [...marked].filter((id) => !known.includes(id)),
    [],
    "without a meaning in test/assurance/requirements.ts",
  );
});

test("no promise, and none of the attacks and faults that the program meets, is left out", () => {
  const numbers = known.flatMap((id) => {
    const [, kind, first = "", last = first] = /^([PSF])(\d+)(?:-F(\d+))?b?$/.exec(id) ?? assert.fail(id);
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, at) => `${kind}${Number(first) + at}`);
  });
  const to = (kind: string, most: number) => Array.from({ length: most }, (_, at) => `${kind}${at + 1}`);
  const missing = [...to("P", 12), ...to("S", 22), ...to("F", 50)].filter((id) => !numbers.includes(id));
  assert.deepEqual(missing, []);
});

test("a mark is read with the name below it, whatever the name is made of", () => {
  const source = [
    "// P1, F3-F5",
    'test("a \\"quoted\\" name", async () => {});',
    "for (const one of all) {",
    "  // F41b",
    "  programTest(",
    `    \`\${one.isOdd ? { a: "b" }.a : one} and \\\`this\\\`\`, async () => {});`,
  ].join("\n");
  assert.deepEqual(marksIn("x.test.ts", source), [
    { ids: ["P1", "F3-F5"], path: "x.test.ts", name: 'a "quoted" name' },
    { ids: ["F41b"], path: "x.test.ts", name: "… and `this`" },
  ]);
});

test("a mark that has lost its test is told", () => {
  for (const below of ["", "\n\ntest('x', () => {});", "\nconst a = 1;", "\ntest(name, () => {});"]) {
    assert.throws(() => marksIn("x.test.ts", `  // P1, S2${below}`), {
      message: "x.test.ts: // P1, S2 is not directly above a test whose name is written out",
    });
  }
});
