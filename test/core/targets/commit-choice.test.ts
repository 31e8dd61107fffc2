import assert from "node:assert/strict";
import { test } from "node:test";
import { annotationPrefix } from "../../../src/core/annotations.ts";
import { parseTarget } from "../../../src/core/targets/target.ts";
import type { Parsed, Target } from "../../../src/core/types.ts";
import { required } from "../required-annotations.ts";

function parse(changes: Record<string, string>, lookBack?: number): Parsed {
  const entries = Object.entries({ ...required, ...changes }).map(([name, text]) => [annotationPrefix + name, text]);
  const record = { kind: "Deployment", namespace: "prod", name: "web", annotations: Object.fromEntries(entries), containers: [] } as const;
  const imageCheck = { level: "on", binds: false } as const;
  return lookBack === undefined ? parseTarget(record, "home") : parseTarget(record, "home", { imageCheck, lookBack, forges: [] });
}

function targetOf(changes: Record<string, string>, lookBack?: number): Target {
  const parsed = parse(changes, lookBack);
  assert.ok(parsed.kind === "ready", JSON.stringify(parsed));
  return parsed.target;
}

function problemsOf(changes: Record<string, string>): string {
  const parsed = parse(changes);
  assert.equal(parsed.kind, "malformed", JSON.stringify(parsed));
  return parsed.kind === "malformed" ? parsed.problems.join("\n") : "";
}

const warningsOf = (changes: Record<string, string>) => {
  const parsed = parse(changes);
  return "warnings" in parsed ? parsed.warnings : [];
};

test("the tag's format is that of tag_format, else of tag_type, else the git tag where release_tags is set, else the whole SHA", () => {
  const git = { release_tags: "v*" };
  for (const [changes, format] of [
    [{}, [{ sha: 40 }]],
    [{ tag_type: "short" }, [{ sha: 7 }]],
    [{ tag_type: "long" }, [{ sha: 40 }]],
    [{ tag_type: "odd" }, [{ sha: 40 }]],
    [{ tag_format: "main-{{sha8}}" }, [{ text: "main-" }, { sha: 8 }]],
    [{ tag_format: "{{sha8}}", tag_type: "short" }, [{ sha: 8 }]],
    [git, [{ of: "tag" }]],
    [{ ...git, tag_type: "short" }, [{ sha: 7 }]],
    [{ ...git, tag_type: "long" }, [{ sha: 40 }]],
    [{ ...git, tag_format: "{{version}}-slim" }, [{ of: "version" }, { text: "-slim" }]],
    [{ ...git, tag_format: "{{sha}}" }, [{ sha: 40 }]],
  ] as const) {
    assert.deepEqual(targetOf(changes).tagFormat, format, JSON.stringify(changes));
  }
});

test("where tag_type and tag_format are both set, one warning says which of them has no effect, also while disabled", () => {
  const warning = ["gitops.operator.tag_type has no effect, as gitops.operator.tag_format is set; remove it"];
  for (const tag_type of ["short", "long", "odd"]) assert.deepEqual(warningsOf({ tag_format: "{{sha}}", tag_type }), warning);
  assert.deepEqual(warningsOf({ tag_format: "{{sha}}", tag_type: "short", enabled: "false" }), warning);
  assert.deepEqual(warningsOf({ tag_format: "{{sha}}" }), []);
});

test("a tag_format that does not suit the other annotations is malformed, and says which one", () => {
  for (const [changes, problem] of [
    [{ tag_format: "{{shaa}}" }, /^gitops\.operator\.tag_format holds an unknown name in \{\{…\}\}; did you mean \{\{sha\}\}\?$/],
    [{ tag_format: "{{tag}}" }, /^gitops\.operator\.tag_format holds \{\{tag\}\}, which needs a git tag; set release_tags too/],
    [{ tag_format: "{{sha}}-{{version}}" }, /^gitops\.operator\.tag_format holds \{\{version\}\}, which needs a git tag; set release_tags/],
    [{ tag_format: "{{branch}}-{{tag}}", release_tags: "v*" }, /holds \{\{branch\}\}, but release_tags takes commits of any branch; /],
    [{ tag_format: "{{branch}}-{{sha7}}", observe_branch: "büro" }, /makes 'büro-0000000', which is no legal image tag .*; /],
    [{ tag_format: "{{branch}}-{{sha}}", observe_branch: "x".repeat(100) }, /which is no legal image tag .*at most 128.*; /],
  ] as const) {
    assert.match(problemsOf(changes), problem);
  }
  assert.equal(targetOf({ tag_format: "{{branch}}-{{sha7}}", observe_branch: "feature/x" }).tagFormat.length, 3);
});

test("look_back is a whole number from 0 to 100, else that of the operator", () => {
  assert.equal(targetOf({}).lookBack, 20);
  assert.equal(targetOf({}, 0).lookBack, 0);
  for (const [text, number] of [
    ["0", 0],
    ["7", 7],
    ["007", 7],
    ["100", 100],
  ] as const) {
    assert.equal(targetOf({ look_back: text }, 3).lookBack, number);
  }
  for (const text of ["101", "-1", "1.5", "1e2", "0x10", "ten", "1000", "٣"]) {
    assert.equal(
      problemsOf({ look_back: text }),
      "gitops.operator.look_back is no whole number from 0 to 100; write one, for example '20'",
    );
  }
});

test("app_paths are files and folders with commas between them, each normalised and once, those with ! excluded", () => {
  assert.equal(targetOf({}).appPaths, undefined);
  for (const [text, include, exclude] of [
    ["services/shop", ["services/shop"], []],
    [" services/shop/ ,libs, !services/shop/docs ", ["services/shop", "libs"], ["services/shop/docs"]],
    ["./a//b/./c, a/b/c", ["a/b/c"], []],
    ["! docs,!README.md", [], ["docs", "README.md"]],
    ["with blank/x,é", ["with blank/x", "é"], []],
    [".github/workflows", [".github/workflows"], []],
  ] as const) {
    assert.deepEqual(targetOf({ app_paths: text }).appPaths, { include, exclude }, text);
  }
});

test("app_paths that no repository can have, or that name nothing or all, are malformed", () => {
  for (const [text, problem] of [
    ["/services/shop", "has a path that begins with '/'; write it relative to the root of the repository"],
    ["a,!/b", "has a path that begins with '/'; write it relative to the root of the repository"],
    ["a/../b", "has a path with '..'; write it relative to the root of the repository"],
    ["..", "has a path with '..'; write it relative to the root of the repository"],
    ["a,,b", "has an empty path; write paths with commas between them, for example services/shop, !services/shop/docs"],
    ["!", "has an empty path; write paths with commas between them, for example services/shop, !services/shop/docs"],
    ["./", "names the whole repository; name folders or files in it, or leave the annotation out"],
    ["a\\b", "holds a backslash; separate folders with '/'"],
    ["a\u202eb", "holds a control or invisible character; type the paths again"],
    ["a, !a/", "has a path both with and without '!'; leave out one of them"],
    [Array.from({ length: 100 }, (_, i) => `a/${i}`).join(","), "names more than 100 folders and files; name folders above them"],
    ["a/".repeat(33), "has a path of more than 32 parts; name a folder above it"],
  ] as const) {
    assert.equal(problemsOf({ app_paths: text }), `gitops.operator.app_paths ${problem}`, text);
  }
  assert.equal(
    targetOf({ app_paths: Array.from({ length: 99 }, (_, i) => `${i % 2 ? "!" : ""}a/${i}`).join(",") }).appPaths?.include.length,
    50,
  );
  assert.equal(targetOf({ app_paths: "a/".repeat(32) }).appPaths?.include[0]?.length, 63);
});

test("release_tags is a glob that git tags with a version can match", () => {
  for (const glob of ["v*", "*", "1.2.*", "v1.?.*", "?.*", "v*-rc.*", "v1.2.3"])
    assert.equal(targetOf({ release_tags: glob }).releaseTags, glob);
  for (const [glob, problem] of [
    ["v[0-9]*", /is no glob on versions.*; write one, for example v\*$/],
    ["v 1", /is no glob on versions.*; write /],
    ["refs/tags/v*", /is no glob on versions.*; write /],
    ["v~1*", /is no glob on versions.*; write /],
    ["v1..*", /is no name that git would give a tag; write /],
    ["v1.*.", /is no name that git would give a tag; write /],
    ["-v*", /is no name that git would give a tag; write /],
    ["v*.lock", /is no name that git would give a tag; write /],
    ["release-*", /matches no version, .*; write /],
    ["v", /matches no version, .*; write /],
    ["x".repeat(200), /is longer than 128 characters; /],
  ] as const) {
    assert.match(problemsOf({ release_tags: glob }), new RegExp(`^gitops\\.operator\\.release_tags ${problem.source}`), glob);
  }
});

test("rollback holds unless it is overridden", () => {
  assert.equal(targetOf({}).options.rollback, "hold");
  assert.equal(targetOf({ rollback: "override" }).options.rollback, "override");
  assert.equal(problemsOf({ rollback: "overide" }), "gitops.operator.rollback is none of 'hold' and 'override'; did you mean 'override'?");
});

test("all that is malformed is named at once", () => {
  const names = problemsOf({ look_back: "x", app_paths: "/", release_tags: "[", tag_format: "x", rollback: "x", paused_until: "x" });
  assert.deepEqual(
    names.split("\n").map((line) => line.slice(annotationPrefix.length).split(" ")[0]),
    ["rollback", "look_back", "app_paths", "release_tags", "tag_format", "paused_until"],
  );
});

test("app_paths beside release_tags is told to have no effect", () => {
  const warning = /app_paths has no effect on the git tags of gitops\.operator\.release_tags; remove one of them/;
  assert.match(warningsOf({ app_paths: "a", release_tags: "v*" }).join(), warning);
  for (const one of [{ app_paths: "a" }, { release_tags: "v*" }]) assert.deepEqual(warningsOf(one), []);
});
