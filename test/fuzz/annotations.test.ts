import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { annotationNames } from "../../src/core/annotations.ts";
import { formatImage, matchesImage, parseImageName, parseImageReference, parseRegistryUrl } from "../../src/core/image.ts";
import { formatRepository, parseRepository } from "../../src/core/repository.ts";
import { branchProblem } from "../../src/core/targets/branch.ts";
import { parseManifestPath } from "../../src/core/targets/manifest-path.ts";
import { parseTarget } from "../../src/core/targets/target.ts";
import { required } from "../core/required-annotations.ts";
import { holds, made } from "./property.ts";

const digest = `sha256:${"a".repeat(64)}`;

test("whatever the annotations hold, parsing answers and never throws", async (t) => {
  const names = fc.oneof(
    fc.constantFrom<string>(...annotationNames, "namespace", "image_nmae", "", "__proto__", "constructor", "a/b"),
    fc.string(),
  );
  const values = made(
    [
      "true",
      "git@github.com:a/b",
      "https://",
      "ssh://",
      "/",
      "..",
      ":",
      "@",
      "\0",
      "\ud800",
      "é",
      " ",
      "-",
      "a",
      "team/app",
      "%",
      "[",
      "\n",
      "x".repeat(3000),
    ],
    3,
  );
  const changes = fc.array(fc.tuple(names, values), { maxLength: 4 });
  const kinds = new Set<string>();
  await holds(t, fc.tuple(fc.boolean(), changes), ([complete, changed]) => {
    const entries = [...Object.entries(complete ? required : {}), ...changed].map(([name, value]) => [`gitops.operator.${name}`, value]);
    const parsed = parseTarget(
      { kind: "Deployment", namespace: "prod", name: "web", annotations: Object.fromEntries(entries), containers: [] },
      "operator-home",
    );
    kinds.add(parsed.kind);
    const problems = parsed.kind === "incomplete" || parsed.kind === "malformed" ? parsed.problems : [];
    if (parsed.kind === "malformed") assert.ok(problems.length > 0);
    for (const problem of problems) assert.match(problem, /^gitops\.operator\.[^\n]*; [^\n]+$/);
  });
  assert.deepEqual([...kinds].sort(), ["disabled", "incomplete", "malformed", "ready", "untracked"]);
});

// S3
test("a repository that is accepted is safe to execute and means the same after formatting", async (t) => {
  const parts = [
    ..."git@host:/.~-_%[]?#\\ \n\0'\"$;é",
    "ssh://",
    "https://",
    "ext::",
    "file://",
    "..",
    "--",
    "%20",
    "%2e",
    "%00",
    ":22",
    "[::1]",
    "a",
    "team/app.git",
  ];
  const starts = fc.constantFrom("", "git@github.com:", "ssh://", "ssh://git@h:22/", "https://h/");
  let accepted = 0;
  await holds(
    t,
    fc.tuple(starts, made(parts, 8)),
    ([start, rest]) => {
      const result = parseRepository(start + rest);
      if (result.kind === "error") return;
      accepted += 1;
      const { repository } = result;
      assert.deepEqual(parseRepository(formatRepository(repository)), result);
      assert.match(repository.host, /^(?!-)[a-z0-9_.:-]+$/);
      assert.doesNotMatch(repository.path, /^-|[\p{Cc}'"$;\\?#]|(^|\/)\.\.(\/|$)/u);
      assert.ok(repository.port >= 1 && repository.port <= 65_535);
    },
    { runs: 10_000, known: [["git@github.com:", "/~"]] },
  );
  assert.ok(accepted > 0, `${accepted}`);
});

test("a name is ours whatever tag and digest it carries, and reads as written", async (t) => {
  const parts = [
    "a",
    "b1",
    "/",
    ".",
    "-",
    "_",
    "library/",
    "ghcr.io/",
    "docker.io/",
    "localhost:5000/",
    "host.x/",
    "[::1]:5000/",
    ":443/",
    "A",
  ];
  let accepted = 0;
  await holds(
    t,
    made(parts, 6),
    (text) => {
      const name = parseImageName(text);
      const reference = parseImageReference(`${text}:tag@${digest}`);
      assert.equal(name.kind === "ok", reference !== undefined);
      if (name.kind === "error" || !reference) return;
      accepted += 1;
      assert.ok(matchesImage(reference, name.image));
      assert.equal(reference.tag, "tag");
      const again = parseImageName(formatImage(name.image));
      assert.ok(again.kind === "ok" && matchesImage(reference, again.image), formatImage(name.image));
    },
    { runs: 5_000, known: ["a:443/a", "docker.io/ghcr.io/a"] },
  );
  assert.ok(accepted > 0, `${accepted}`);
});

test("a registry's URL that is accepted is read again as the same registry", async (t) => {
  const parts = [
    "https://",
    "http://",
    "ghcr.io",
    "index.docker.io",
    "localhost",
    ":5000",
    ":443",
    "/",
    "v2/",
    "@",
    "u:p@",
    "?",
    "#",
    "..",
    "%2e",
    "[::1]",
    "0x7f.1",
    "é",
    "\\",
    "\t",
  ];
  await holds(
    t,
    made(parts, 6),
    (text) => {
      const parsed = parseRegistryUrl(text);
      if (parsed.kind === "error") return;
      assert.deepEqual(parseRegistryUrl(parsed.url), parsed);
      assert.equal(new URL(parsed.url).username + new URL(parsed.url).search, "");
    },
    { runs: 5_000 },
  );
});

// S7
test("a manifest's path that is accepted stays below the root, outside .git, and means itself", async (t) => {
  let accepted = 0;
  await holds(
    t,
    made(["a", "/", ".", "..", ".git", ".GIT", "git~1", ".github", "./", "//", "\\", "\0", " ", ":", "x.yaml"], 7),
    (text) => {
      const result = parseManifestPath(text);
      if (result.kind === "error") return;
      accepted += 1;
      const parts = result.path.split("/");
      assert.ok(
        parts.every((part) => !["", ".", "..", ".git", ".github"].includes(part.toLowerCase())),
        result.path,
      );
      assert.deepEqual(parseManifestPath(result.path), result);
    },
    { runs: 10_000 },
  );
  assert.ok(accepted > 0, `${accepted}`);
});

// S8
test("a branch's name that is accepted is one for git", async (t) => {
  const parts = ["a", "b", "/", ".", "-", "@", "{", "}", ".lock", "~", "^", ":", "?", "*", "[", "\\", " ", "#", "é", "HEAD", "refs/"];
  let accepted = 0;
  await holds(t, made(parts, 6), (name) => {
    if (branchProblem(name) !== undefined || ++accepted % 10 !== 0) return;
    assert.equal(spawnSync("git", ["check-ref-format", "--branch", name]).status, 0);
  });
  assert.ok(accepted > 0, `${accepted}`);
});
