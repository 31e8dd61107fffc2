import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";

/** Which folders of src a folder may import. */
const LAYERS: [folder: string, allowed: RegExp][] = [
  ["src/text/", /^src\/text\//],
  ["src/sharing/", /^src\/(sharing\/|text\/|errors\.ts)/],
  ["src/core/", /^src\/(core\/|sharing\/|text\/|errors\.ts)/],
  ["src/adapters/", /^src\/(adapters\/|core\/|sharing\/|text\/|errors\.ts|workshop\/(workshop|jobs)\.ts)/],
  ["src/workshop/jobs/", /^src\/(workshop\/jobs\/|adapters\/|core\/|sharing\/|text\/|errors\.ts)/],
  ["src/workshop/", /^src\/(workshop\/|core\/|sharing\/|text\/|errors\.ts)/],
  ["src/http/", /^src\/(http\/|core\/|sharing\/|text\/|errors\.ts)/],
  ["src/telemetry/", /^src\/(telemetry\/|core\/|sharing\/|text\/|errors\.ts)/],
];
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
  ssh2: /^src\/adapters\/ssh\//,
  tldts: /^src\/adapters\/registry\//,
  undici: /^src\/adapters\/(egress|kubernetes|git)\//,
  yaml: /^src\/(core\/|adapters\/kubernetes\/load-kube-config\.ts$)/,
  zod: /^src\/(config\.ts|core\/|adapters\/)/,
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
  const problems: string[] = [];
  for (const [, type, from, loaded] of imports) {
    const name = from ?? loaded ?? "";
    const target = name.startsWith(".") ? normalize(join(dirname(file), name)) : undefined;
    const layer = LAYERS.find(([folder]) => file.startsWith(folder));
    if (target && layer && !layer[1].test(target)) problems.push(`${file} imports ${target}`);
    if (target && !target.startsWith("src/")) problems.push(`${file} imports ${target}, which the program does not ship`);
    const isAtHome = HOMES[name]?.test(file) || (type && TYPE_HOMES[name]?.test(file));
    if (!target && !name.startsWith("node:") && !isAtHome) problems.push(`${file} imports ${name}, which belongs elsewhere`);
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
  assert.deepEqual(problems, []);
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
