import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { annotationNames } from "../../src/core/annotation-names.ts";
import { formatImage, isTag, matchesImage, parseImageName, parseImageReference, parseRegistryUrl } from "../../src/core/image.ts";
import { parseManifestPath } from "../../src/core/manifest-path.ts";
import { formatRepository, parseRepository } from "../../src/core/repository.ts";
import { parseTagFormat, renderTag, shaParts } from "../../src/core/tag-format.ts";
import { parseAppPaths } from "../../src/core/targets/app-paths.ts";
import { branchProblem } from "../../src/core/targets/branch.ts";
import { pausedOutcome, readPause } from "../../src/core/targets/pause.ts";
import { parseTarget } from "../../src/core/targets/target.ts";
import { escapeControl } from "../../src/text/escape.ts";
import { required } from "../core/required-annotations.ts";
import { answerOf, anyText, holds, made } from "./property.ts";

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
      "{{",
      "sha}}",
      "!",
      ",",
      "v*",
      "2026-05-04T",
      "10:00:00Z",
      "\n",
      "x".repeat(3000),
    ],
    3,
  );
  const changes = fc.array(fc.tuple(names, values), { maxLength: 4 });
  const kinds = new Set<string>();
  await holds(t, fc.tuple(fc.boolean(), fc.constantFrom("true", "false"), changes), ([complete, enabled, changed]) => {
    const entries = [...Object.entries(complete ? { ...required, enabled } : {}), ...changed].map(([name, value]) => [
      `gitops.operator.${name}`,
      value,
    ]);
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
    { runs: 2_500, known: [["git@github.com:", "/~"]] },
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
    { runs: 1_250, known: ["a:443/a", "docker.io/ghcr.io/a"] },
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
    { runs: 1_250 },
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
    { runs: 2_500 },
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

test("a tag's format that is accepted makes legal image tags that tell commits apart, and nothing else of it", async (t) => {
  const parts = [
    "{{",
    "}}",
    "{{sha}}",
    "{{ sha7 }}",
    "{{sha4}}",
    "{{branch}}",
    "{{tag}}",
    "{{version}}",
    "sha",
    "{",
    "}",
    " ",
    "-",
    ".",
    "_",
    "a1",
  ];
  const [one, other] = ["0123456789abcdef".repeat(3).slice(0, 40), "fedcba9876543210".repeat(3).slice(0, 40)];
  let accepted = 0;
  await holds(
    t,
    fc.tuple(made(parts, 6), made(["main", "/", "feature", "é", "+", "."], 3), made(["v", "1.2.3", "-rc.1", "+x", "\u202e"], 3)),
    async ([text, branch, release]) => {
      const parsed = parseTagFormat(text);
      if (parsed.kind === "error") {
        assert.match(parsed.problem, /^[^\n]*; [^\n]+$/);
        assert.equal(parsed.problem, escapeControl(parsed.problem));
        return;
      }
      const tagOf = (sha: string, release: string) => answerOf(() => renderTag(parsed.format, { sha, branch, release }));
      const [tag, otherTag] = [await tagOf(one, release), await tagOf(other, "v9.9.9")];
      if (tag === undefined || otherTag === undefined) return;
      accepted += 1;
      assert.ok(isTag(tag), tag);
      assert.notEqual(tag, otherTag);
    },
    { runs: 1_250 },
  );
  assert.ok(accepted > 0, `${accepted}`);
});

test("what of a tag may be a commit's SHA is part of it, and the SHA that a format wrote is among it where nothing hexadecimal touches it", async (t) => {
  const sha = "0123456789abcdef".repeat(3).slice(0, 40);
  await holds(
    t,
    fc.tuple(anyText(40), fc.integer({ min: 7, max: 40 }), made(["-", "x", ".", "sha-", "v1.2"], 4)),
    ([text, length, around]) => {
      for (const part of shaParts(text)) assert.ok(text.includes(part) && /^[0-9a-f]{7,40}$/.test(part));
      assert.ok(shaParts(`${around}-${sha.slice(0, length)}-${around}`).includes(sha.slice(0, length)));
    },
  );
});

// S7
test("application paths that are accepted stay below the root and mean themselves", async (t) => {
  let accepted = 0;
  await holds(
    t,
    made(["a", "b", "/", ".", "..", "!", ",", " ", "./", "//", "\\", "\0", "é"], 8),
    (text) => {
      const result = parseAppPaths(text);
      if (result.kind === "error") return;
      accepted += 1;
      const { include, exclude } = result.paths;
      for (const path of [...include, ...exclude])
        assert.ok(
          path.split("/").every((part) => !["", ".", ".."].includes(part)),
          path,
        );
      // The slashes keep the blanks at the ends of a folder's name.
      const again = [...include.map((path) => `./${path}/`), ...exclude.map((path) => `!./${path}/`)].join(",");
      assert.deepEqual(parseAppPaths(again), result);
    },
    { runs: 2_500 },
  );
  assert.ok(accepted > 0, `${accepted}`);
});

test("a time that a pause may have is one and the same for Date, and a pause never throws", async (t) => {
  const upTo = (max: number) => fc.integer({ min: 0, max }).map((number) => String(number).padStart(2, "0"));
  const times = fc.tuple(
    fc.constantFrom("0000", "1999", "2024", "2026"),
    upTo(13),
    upTo(32),
    upTo(24),
    upTo(60),
    upTo(60),
    made(["Z", "z", "+02:30", "-00:00", ".5"], 2),
  );
  let accepted = 0;
  await holds(
    t,
    times,
    ([year, month, day, hour, minute, second, end]) => {
      const text = `${year}-${month}-${day}T${hour}:${minute}:${second}${end}`;
      let isTold = false;
      const pause = readPause({ paused_until: text, paused_reason: end }, () => {
        isTold = true;
      });
      if (isTold) return;
      accepted += 1;
      const local = new Date(`${text.slice(0, 19)}Z`).toISOString();
      assert.equal(local.slice(0, 19), text.slice(0, 19));
      assert.equal(pausedOutcome(pause, 1e15), undefined);
      assert.equal(pausedOutcome(pause, -1e15)?.kind, "skipped");
    },
    { runs: 5_000 },
  );
  assert.ok(accepted > 0, `${accepted}`);
});
