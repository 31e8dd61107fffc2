import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchHint } from "../../src/core/hints/match-hint.ts";
import { readEvent } from "../../src/core/hints/read-event.ts";
import { readHint } from "../../src/core/hints/read-hint.ts";
import { mayBeOfFormat, parseTagFormat, renderTag, tagProblem } from "../../src/core/tag-format.ts";
import { parseHookPath } from "../../src/http/hooks/hook-path.ts";
import { prove } from "../../src/http/hooks/proof.ts";
import { formOf } from "../../src/http/hooks/read-body.ts";
import { escapeControl } from "../../src/text/escape.ts";
import { builds, images, pushes } from "../core/hints/sender-events.ts";
import { targetOf } from "../core/targets.ts";
import { holds, made } from "./property.ts";

const events = [...Object.values(pushes), ...Object.values(images), ...Object.values(builds)];
const listeners = ["shop", "other"].map((name) => ({ target: targetOf(name), observed: "main" }));
const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  made(["refs/heads/", "git@", "https://", "/", ":", "%", "é", "\u202e", "x".repeat(3_000), "latest", "\n", "canary"], 3),
  fc.constantFrom<unknown>(null, [], {}, "__proto__", 1e308, { toString: 1 }),
);

/** An event with one of its values, however deep, replaced. */
function withChange(event: unknown, path: number, value: unknown): unknown {
  let left = path;
  const copy = (part: unknown): unknown => {
    if (left-- === 0) return value;
    if (Array.isArray(part)) return part.map(copy);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, content]) => [key, copy(content)]));
  };
  return copy(event);
}

// S23
test("each sender's event with random JSON in any place is a hint or none: no throw, and a reason that is one printable line", async (t) => {
  const kinds = new Set<string>();
  const inputs = fc.tuple(fc.constantFrom(...events), fc.nat(30), odd);
  await holds(t, inputs, ([event, path, value]) => {
    const match = matchHint(readHint(JSON.parse(JSON.stringify(withChange(event, path, value)))), listeners);
    kinds.add(match.kind);
    if (match.kind === "concerns") assert.ok(match.listeners.length > 0);
    else {
      assert.ok(match.why !== "" && match.why.length < 500, match.why);
      assert.equal(match.why, escapeControl(match.why));
    }
  });
  assert.deepEqual([...kinds].sort(), ["concerns", "nothing"]);
});

test("random JSON, and bytes that are none, tell of nothing and do not throw", async (t) => {
  await holds(t, fc.oneof(fc.json(), fc.string()), (text) => {
    for (const type of ["application/json", "application/x-www-form-urlencoded"]) {
      const bytes = Buffer.from(text);
      const hint = readEvent({ bytes, form: formOf(type, bytes) ?? "none" });
      if (hint.about !== "all") assert.equal(matchHint(hint, listeners).kind, "nothing");
    }
  });
});

// S23, S25
test("whatever headers, path and body hold, nothing proves that does not hold the secret", async (t) => {
  const names = [
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "x-hub-signature",
    "x-hub-signature-256",
    "x-gitlab-token",
    "authorization",
  ];
  const values = made(
    ["sha256=", "sha1=", "v1,", "Bearer ", "Basic ", "whsec_", "0", "ab", "=", " ", ",", "é", "1700000000", "x".repeat(500)],
    4,
  );
  const headers = fc.dictionary(fc.constantFrom(...names), values);
  const known = { secrets: ["a-secret-of-some-length", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], pathTokens: ["a-token-of-some-length"] };
  await holds(t, fc.tuple(headers, fc.string(), fc.option(values)), ([sent, body, token]) => {
    const proof = prove({ headers: sent, body: Buffer.from(body), pathToken: token ?? undefined }, known, 1_700_000_000_000);
    assert.equal(proof.kind, "unproved");
  });
});

// S24
test("a path that is taken names a namespace and a Secret as Kubernetes has them", async (t) => {
  let taken = 0;
  await holds(
    t,
    made(["/hook", "/", "default", "a.b", "..", "%2f", "A", "-", "?", "x".repeat(100), "é", "secrets"], 6),
    (path) => {
      const parsed = parseHookPath(path);
      if (!parsed) return;
      taken += 1;
      assert.match(parsed.ref.namespace, /^[a-z0-9-]{1,63}$/);
      assert.match(parsed.ref.name, /^[a-z0-9.-]{1,253}$/);
      assert.doesNotMatch(parsed.ref.name, /\.\./);
    },
    { runs: 2_000 },
  );
  assert.ok(taken > 0);
});

test("a tag that a format makes may always be of that format", async (t) => {
  let count = 0;
  const parts = made(["{{sha7}}", "{{sha}}", "{{branch}}", "{{tag}}", "{{version}}", "-", "v", "a", "0"], 5);
  const facts = fc.record({
    sha: fc.constantFrom("4f2a1c9d8e7b6a5f4e3d2c1b0a9f8e7d6c5b4a39", "0".repeat(40)),
    branch: made(["a", "/", "0", "-v"], 4),
    release: made(["v", "1", ".", "-a"], 4),
  });
  await holds(t, fc.tuple(parts, facts), ([text, made]) => {
    const parsed = parseTagFormat(text);
    if (parsed.kind === "error" || tagProblem(parsed.format, made) !== undefined) return;
    count += 1;
    assert.ok(mayBeOfFormat(renderTag(parsed.format, made), parsed.format), text);
  });
  assert.ok(count > 50);
});
