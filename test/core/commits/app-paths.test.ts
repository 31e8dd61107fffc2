import assert from "node:assert/strict";
import { test } from "node:test";
import type { FolderView, PathPrint } from "../../../src/core/app-history.ts";
import { createPathPrinter, isChanged, missingPath } from "../../../src/core/commits/app-paths.ts";
import type { AppPaths } from "../../../src/core/types.ts";

/** A folder's entries: files by what they hold (`link → x`, `module x` for what is none), folders by theirs. */
interface Files {
  readonly [name: string]: string | Files;
}

/** Ids are the contents written out, so equal ids are equal contents. */
const idOf = (entry: string | Files): string => (typeof entry === "string" ? entry : JSON.stringify(Object.entries(entry).sort()));
const modeOf = (entry: string | Files): string =>
  typeof entry !== "string" ? "40000" : entry.startsWith("link") ? "120000" : entry.startsWith("module") ? "160000" : "100644";

/** The print of such a tree, and which folders were asked for, level by level. */
function look(files: Files, paths: AppPaths): PathPrint & { asked: string[][] } {
  const folders = new Map<string, Files>();
  const remember = (folder: Files): void => {
    folders.set(idOf(folder), folder);
    for (const entry of Object.values(folder)) if (typeof entry !== "string") remember(entry);
  };
  remember(files);
  const views = new Map<string, FolderView>();
  const asked: string[][] = [];
  const printer = createPathPrinter(paths);
  for (let round = 0; round < 20; round++) {
    const answer = printer.print(idOf(files), (question) => views.get(JSON.stringify(question)));
    if (answer.kind === "print") return { ...answer.print, asked };
    asked.push(answer.folders.map(({ names }) => names.join(" ")));
    for (const question of answer.folders) {
      const folder = folders.get(question.tree);
      if (!folder) throw new Error(`asked for ${question.tree}, which is no folder`);
      const named = question.names.map((name) => {
        const entry = Object.hasOwn(folder, name) ? folder[name] : undefined;
        return entry === undefined ? undefined : { mode: modeOf(entry), id: idOf(entry) };
      });
      const rest = Object.entries(folder).filter(([name]) => !question.names.includes(name));
      views.set(JSON.stringify(question), { named, rest: rest.length > 0 ? idOf(Object.fromEntries(rest)) : "" });
    }
  }
  throw new Error("it asks for ever");
}

const paths = (...written: string[]): AppPaths => ({
  include: written.filter((path) => !path.startsWith("!")),
  exclude: written.filter((path) => path.startsWith("!")).map((path) => path.slice(1)),
});

const MONOREPO: Files = {
  "README.md": "read me",
  current: "link → services/shop",
  vendor: "module 1",
  libs: { money: { "index.ts": "m1" } },
  services: {
    shop: { "main.ts": "s1", docs: { "a.md": "d1", api: { "b.md": "e1" } } },
    mail: { "main.ts": "q1" },
  },
};

/** With one file at `path` (its folders are made) replaced; null deletes it. */
function change(files: Files, path: string, content: string | Files | null): Files {
  const [name = "", ...rest] = path.split("/");
  const below = files[name];
  const next = rest.length > 0 ? change(typeof below === "object" ? below : {}, rest.join("/"), content) : content;
  const { [name]: _, ...others } = files;
  return next === null || (typeof next === "object" && Object.keys(next).length === 0) ? others : { ...others, [name]: next };
}

for (const [what, written, counting, others] of [
  ["a file", ["README.md"], ["README.md"], ["libs/money/index.ts", "services/shop/main.ts", "new"]],
  [
    "a folder, whatever is in it",
    ["services/shop"],
    ["services/shop/main.ts", "services/shop/docs/api/b.md", "services/shop/new"],
    ["services/mail/main.ts", "services/new", "README.md"],
  ],
  [
    "several paths",
    ["services/shop", "libs"],
    ["services/shop/main.ts", "libs/money/index.ts", "libs/new/x"],
    ["services/mail/main.ts", "new"],
  ],
  ["paths that overlap", ["services", "services/shop"], ["services/shop/main.ts", "services/mail/main.ts", "services/new"], ["README.md"]],
  [
    "a folder but for one in it",
    ["services/shop", "!services/shop/docs"],
    ["services/shop/main.ts", "services/shop/new"],
    ["services/shop/docs/a.md", "services/shop/docs/new/x", "README.md"],
  ],
  [
    "what is included again inside of what is excluded",
    ["services/shop", "!services/shop/docs", "services/shop/docs/api"],
    ["services/shop/main.ts", "services/shop/docs/api/b.md"],
    ["services/shop/docs/a.md", "services/shop/docs/new"],
  ],
  [
    "everything else, where all are excluded",
    ["!services/shop/docs", "!README.md"],
    ["services/shop/main.ts", "libs/new/x", "new", "vendor"],
    ["README.md", "services/shop/docs/a.md"],
  ],
  ["a symlink and a submodule, each as what it points to", ["current", "vendor"], ["current", "vendor"], ["services/shop/main.ts"]],
] as const) {
  test(`what counts: ${what}`, () => {
    const of = (files: Files) => look(files, paths(...written));
    const before = of(MONOREPO);
    for (const path of counting) assert.ok(isChanged(of(change(MONOREPO, path, "module changed")), before), path);
    for (const path of others) assert.ok(!isChanged(of(change(MONOREPO, path, "changed")), before), path);
  });
}

test("only the folders on the way to a named path are asked for, level by level", () => {
  const asked = (...written: string[]) => look(MONOREPO, paths(...written)).asked;
  assert.deepEqual(asked("README.md", "libs"), [["libs README.md"]]);
  assert.deepEqual(asked("services/shop"), [["services"], ["shop"]]);
  assert.deepEqual(asked("services/shop", "!services/shop/docs", "libs/money"), [["libs services"], ["money", "shop"], ["docs"]]);
  assert.deepEqual(asked("gone/deep/path"), [["gone"]]);
  assert.deepEqual(asked("README.md/x", "vendor/x", "current/x"), [["vendor current README.md"]], "what is no folder has nothing in it");
  assert.deepEqual(asked("__proto__/constructor"), [["__proto__"]]);
});

test("a file that becomes executable, a symlink or a folder has changed", () => {
  const print = (mode: string): PathPrint => {
    const view: FolderView = { named: [{ mode, id: "1" }], rest: "r" };
    const answer = createPathPrinter(paths("a")).print("t", () => view);
    if (answer.kind === "needs") throw new Error("nothing is needed");
    return answer.print;
  };
  const prints = ["100644", "100755", "120000", "160000", "40000"].map(print);
  for (const [i, one] of prints.entries()) for (const other of prints.slice(i + 1)) assert.ok(isChanged(one, other));
});

test("a folder of excluded files alone is as good as none", () => {
  const of = (files: Files) => look(files, paths("services", "!services/docs"));
  assert.ok(!isChanged(of({ a: "1", services: { docs: { x: "1" } } }), of({ a: "2" })));
  assert.ok(isChanged(of({ services: { docs: { x: "1" }, y: "1" } }), of({ services: { docs: { x: "1" } } })));
});

test("a commit without a parent counts when anything is there", () => {
  assert.ok(isChanged(look(MONOREPO, paths("libs")), undefined));
  assert.ok(!isChanged(look(MONOREPO, paths("gone")), undefined));
});

test("a path that no commit has is named as the annotation has it; one that any has is not", () => {
  const written = paths("services/shop", "libs", "!libs/docs");
  const older = change(MONOREPO, "libs/docs/a.md", "1");
  const prints = [MONOREPO, older].map((files) => look(files, written));
  assert.equal(missingPath(written, prints), undefined);
  assert.equal(missingPath(written, prints.slice(0, 1)), "!libs/docs");
  assert.equal(missingPath(paths("lib", "services"), [look(MONOREPO, paths("lib", "services"))]), "lib");
  assert.equal(missingPath(paths("libs", "libs/docs/a"), [look(older, paths("libs", "libs/docs/a"))]), "libs/docs/a");
});

test("equal paths make equal prints in any order", () => {
  const [one, other] = [paths("libs", "services/shop", "!libs/docs"), paths("services/shop", "!libs/docs", "libs")];
  assert.equal(createPathPrinter(one).key, createPathPrinter(other).key);
  assert.equal(look(MONOREPO, one).print, look(MONOREPO, other).print);
});
