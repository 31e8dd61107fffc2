import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { test } from "node:test";
import { drawArrows, idleDoors, importsOf, problemOf, readImports } from "../tools/rooms.ts";

/** Each package's one place; a new package needs one. */
const HOMES: Record<string, RegExp> = {
  "@kubernetes/client-node": /^src\/adapters\/kubernetes\//,
  "@opentelemetry/api": /^src\/telemetry\/trac(ing|er)\.ts$/,
  "@opentelemetry/sdk-node": /^src\/telemetry\/tracing\.ts$/,
  express: /^src\/http\//,
  "ipaddr.js": /^src\/adapters\/egress\//,
  "isomorphic-git": /^src\/adapters\/git\//,
  pino: /^src\/telemetry\//,
  "pino-pretty": /^src\/telemetry\//,
  "prom-client": /^src\/telemetry\//,
  semver: /^src\/core\/release-pattern\.ts$/,
  ssh2: /^src\/adapters\/ssh\//,
  tldts: /^src\/adapters\/registry\//,
  undici: /^src\/adapters\/(egress|kubernetes|git)\//,
  yaml: /^src\/(core\/|adapters\/kubernetes\/load-kube-config\.ts$)/,
  zod: /^src\/(variables\.ts|core\/|adapters\/)/,
};
/** Who else may name a package's types. */
const TYPE_HOMES: Record<string, RegExp> = {
  "@kubernetes/client-node": /^src\/(connect-outside|operator)\.ts$/,
  undici: /^src\/(adapters\/|telemetry\/traced-http\.ts)/,
};
/** Node's modules that talk to nobody. */
const HARMLESS = /^node:(buffer|util|path|url|assert)$/;

/** Broken rules of one file, in words. */
function broken(file: string, source: string): string[] {
  const imports = source.matchAll(/^(?:import|export)\b(\s+type\b)?[^;]*?from\s+"([^"]+)"|\bimport\(\s*"([^"]+)"/gm);
  const problems = importsOf(file, source).flatMap((one) => problemOf(one) ?? []);
  for (const [, type, from, loaded] of imports) {
    const name = from ?? loaded ?? "";
    if (name.startsWith(".")) continue;
    const isAtHome = HOMES[name]?.test(file) || (type && TYPE_HOMES[name]?.test(file));
    if (!name.startsWith("node:") && !isAtHome) problems.push(`${file} imports ${name}, which belongs elsewhere`);
    if (file.startsWith("src/core/") && name.startsWith("node:") && !HARMLESS.test(name)) problems.push(`${file} imports ${name}`);
  }
  if (file !== "src/main.ts" && /process\.env/.test(source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")))
    problems.push(`${file} reads process.env`);
  return problems;
}

test("imports point one way, each library has one home, and only main.ts reads the environment", async () => {
  const problems: string[] = [];
  let count = 0;
  for await (const file of glob("src/**/*.ts")) {
    count += 1;
    problems.push(...broken(file, await readFile(file, "utf8")));
  }
  assert.ok(count > 30);
  assert.deepEqual(problems, [], drawArrows(await readImports(".")));
});

test("the rule sees what it forbids", () => {
  assert.equal(broken("src/core/a.ts", 'import { x } from "../adapters/git/git.ts";').length, 1);
  assert.equal(broken("src/core/a.ts", 'import { readFile } from "node:fs";').length, 1);
  assert.equal(broken("src/http/a.ts", 'import {\n  x,\n} from "ssh2";').length, 1);
  assert.equal(broken("src/core/a.ts", 'import { trace } from "@opentelemetry/api";').length, 1);
  assert.equal(broken("src/operator.ts", 'import { KubeConfig } from "@kubernetes/client-node";').length, 1);
  assert.equal(broken("src/operator.ts", 'import type { KubeConfig } from "@kubernetes/client-node";').length, 0);
  assert.equal(broken("src/adapters/chat/chat.ts", 'import { request } from "undici";').length, 1);
  assert.equal(broken("src/adapters/chat/chat.ts", 'import { x } from "a-new-package";').length, 1);
  assert.equal(broken("src/telemetry/tracing.ts", 'await import("@opentelemetry/sdk-node");').length, 0);
  assert.equal(broken("src/operator.ts", 'await import("../sandbox/world.ts")').length, 1);
  assert.equal(broken("src/config.ts", "const port = process.env.PORT;").length, 1);
  assert.equal(broken("src/core/a.ts", 'import type { Target } from "./types.ts";').length, 0);
});

test("rooms: only who may ask another does, and by its doors; the failure says why", () => {
  const told = (from: string, to: string) => problemOf({ from, to });
  assert.equal(told("src/core/runs/run.ts", "src/core/delivery/writer.ts"), undefined);
  assert.equal(told("src/core/runs/run.ts", "src/errors.ts"), undefined);
  assert.match(
    told("src/core/delivery/writer.ts", "src/core/runs/run.ts") ?? "",
    /delivery \(.*push.*\) does not ask src\/core\/runs \(.*; pass it in/,
  );
  assert.match(
    told("src/operator.ts", "src/core/places/find-places.ts") ?? "",
    /places's own; import one of its doors: describe-places, edit-files, edit-manifest/,
  );
  assert.match(told("src/core/new/a.ts", "src/core/types.ts") ?? "", /src\/core\/new, which is no room; add it/);
  assert.match(told("src/http/app.ts", "src/config.ts") ?? "", /src\/http \(.*\) does not ask src \(/);
  assert.match(told("src/operator.ts", "sandbox/world.ts") ?? "", /does not ship/);
});

test("rooms: no door is open that nobody uses", async () => {
  assert.deepEqual(idleDoors(await readImports(".")), []);
  assert.match(idleDoors([]).join("\n"), /^src\/core\/images has the door image-gate, which no other room uses; close it/m);
  const inside = { from: "src/core/images/image-looks.ts", to: "src/core/images/image-gate.ts" };
  assert.ok(idleDoors([inside]).some((problem) => problem.includes("image-gate")));
});
