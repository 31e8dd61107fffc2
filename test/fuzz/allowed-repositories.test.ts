import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseRepository } from "../../src/core/repository.ts";
import { isAllowed, parseAllowedRepositories } from "../../src/core/targets/allowed-repositories.ts";
import { holds, made } from "./property.ts";

const segment = (letters: string[]) => fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 6 }).map((all) => all.join(""));
const glob = segment(["a", "b", "b", "*"]).filter((text) => !text.includes("**"));

test("a glob allows what the plain regular expression for it allows, and nothing else", async (t) => {
  const globs = fc.tuple(fc.array(glob, { minLength: 1, maxLength: 3 }), fc.boolean());
  let allowed = 0;
  await holds(t, fc.tuple(globs, fc.array(segment(["a", "b", "b"]), { minLength: 1, maxLength: 4 })), ([[parts, isBelow], names]) => {
    const parsed = parseAllowedRepositories(["host", ...parts, ...(isBelow ? ["**"] : [])].join("/"));
    const named = parseRepository(`git@host:${names.join("/")}`);
    assert.ok(parsed.kind === "ok" && named.kind === "ok");
    const expression = new RegExp(`^${parts.map((part) => part.replaceAll("*", "[^/]*")).join("/")}${isBelow ? "/.+" : ""}$`);
    const expected = expression.test(names.join("/"));
    if (expected) allowed += 1;
    assert.equal(isAllowed(parsed.allowed, named.repository), expected);
  });
  assert.ok(allowed > 0, `${allowed}`);
});

test("a list is read or refused, soon and without a word of it", async (t) => {
  const parts = ["host", "/", "*", "**", ",", " ", "\n", "git@", "ssh://", ".git", ":22", "..", "[::1]", "é", "canary", "a*".repeat(500)];
  const named = parseRepository(`git@host:${"a".repeat(200)}/app`);
  assert.ok(named.kind === "ok");
  const kinds = new Set<string>();
  await holds(t, made(parts, 8), (text) => {
    const parsed = parseAllowedRepositories(text);
    kinds.add(parsed.kind);
    if (parsed.kind === "error") assert.doesNotMatch(parsed.problem, /canary|\p{Cc}/u);
    else isAllowed(parsed.allowed, named.repository);
  });
  assert.deepEqual([...kinds].sort(), ["error", "ok"]);
});
