import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { parseConfig } from "../src/config.ts";
import { annotationNames } from "../src/core/annotation-names.ts";
import { annotationPrefix } from "../src/core/annotations.ts";
import { schema } from "../src/variables.ts";
import { withTables } from "../tools/settings-tables.ts";
import { endpointsWith } from "./http/start-endpoints.ts";
import { anchors, codeIn, readPages, shellBlocks, tableRows, yamlBlocks } from "./markdown.ts";
import { pathOf } from "./observability-files.ts";
import { npmScriptsIn } from "./shell-lines.ts";
import { runTool } from "./tool.ts";

const pages = await readPages();
const page = (path: string) => pages.find((one) => one.path === path)?.text ?? assert.fail(`${path} is not there`);
const readme = page("README.md");
const configuration = page("docs/CONFIGURATION.md");
const sources = (
  await Promise.all((await Array.fromAsync(glob("src/**/*.ts", { cwd: pathOf("") }))).map((path) => readFile(pathOf(path), "utf8")))
).join("\n");

test("the README stays readable, and every relative link leads somewhere", () => {
  assert.ok(readme.split("\n").length <= 130, "move reference into docs/");
  const broken = pages.flatMap(({ path, text }) =>
    [...text.replace(/```[\s\S]*?```/g, "").matchAll(/\]\(([^)]+)\)/g)]
      .map(([, link = ""]) => link)
      .filter((link) => !link.startsWith("https://") && !leads(path, link))
      .map((link) => `${path}: ${link}`),
  );
  assert.deepEqual(broken, []);
});

function leads(from: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const path = file === "" ? from : join(dirname(from), file);
  if (!existsSync(pathOf(path))) return false;
  return anchor === undefined || anchors(page(path)).includes(anchor);
}

/** CONTRIBUTING.md calls rooms by their path below `src/`. */
const paths =
  /`((?:src|test|sandbox|manifests|docs|files|\.github|\.ci|core|sharing|text|adapters|workshop|http|telemetry|check)\/[\w./-]*)`/g;

test("what pages call by its path is there", () => {
  const missing = pages.flatMap(({ path, text }) =>
    [...text.matchAll(paths)]
      .map(([, named = ""]) => named)
      .filter((named) => ![named, ...(path === "CONTRIBUTING.md" ? [`src/${named}`] : [])].some((one) => existsSync(pathOf(one))))
      .map((named) => `${path}: ${named}`),
  );
  assert.deepEqual(missing, []);
});

test("the tables of docs/CONFIGURATION.md are what the descriptions of annotations and variables make them", () => {
  assert.ok(configuration === withTables(configuration), "docs/CONFIGURATION.md is stale: npm run docs makes its tables anew");
});

test("each annotation that a page names is there", () => {
  // The misspelt one is the example of `check`; the last one stands on Secrets.
  const known: string[] = [...annotationNames, "ssh_key_nam", "allowed_repositories"];
  for (const [key] of pages.flatMap(({ text }) => [...text.matchAll(/gitops\.operator\.[a-z_]+/g)])) {
    assert.ok(known.includes(key.slice(annotationPrefix.length)), key);
  }
});

test("each variable is described but two older names, and defaults that are described are the program's", () => {
  const silent = Object.entries(schema.shape).filter(([, variable]) => variable.description === undefined);
  assert.deepEqual(
    silent.map(([name]) => name),
    ["RUST_LOG", "REQUIRE_IMAGE_CHECK"],
  );
  const parsed = parseConfig({});
  assert.equal(parsed.kind, "ok");
  const { logLevel, knownHostsFiles, workDir, imageCheck } = parsed.config;
  const defaults = new Map(tableRows(configuration, "## Environment variables").map(([name = "", unset = ""]) => [name, codeIn(unset)[0]]));
  assert.equal(defaults.get("`LOG_LEVEL`"), logLevel);
  assert.deepEqual([defaults.get("`SSH_KNOWN_HOSTS`")?.replace("~", homedir())], knownHostsFiles);
  assert.equal(defaults.get("`WORK_DIR`")?.replace("<tmp>", tmpdir()), workDir);
  assert.equal(defaults.get("`IMAGE_CHECK`"), imageCheck.level);
  assert.equal(defaults.get("`UV_THREADPOOL_SIZE`"), sources.match(/UV_THREADPOOL_SIZE \?\?= "(\d+)"/)?.[1]);
});

test("the table of endpoints is the program's list of them", () => {
  const routes = endpointsWith().all.flatMap(({ paths }) => paths);
  const told = tableRows(page("docs/ENDPOINTS.md"), "## All paths").map(([path = ""]) => path.match(/\/\w+/)?.[0]);
  assert.ok(routes.length >= 5);
  assert.deepEqual(told, routes);
  const actions = tableRows(page("docs/ENDPOINTS.md"), "## `/reconcile`").map(([action = ""]) => codeIn(action)[0]);
  assert.deepEqual(actions, ["patched", "up_to_date", "proposed", "skipped", "waiting", "failed"]);
});

test("every message of the troubleshooting table is one of the program's", () => {
  const rows = page("docs/TROUBLESHOOTING.md")
    .split("\n")
    .filter((line) => line.startsWith("| ") && /`.* /.test(line.split("|")[1] ?? ""));
  assert.ok(rows.length > 40);
  const messages = rows.flatMap((row) => codeIn(row.split("|")[1] ?? "")).filter((message) => !message.startsWith("/"));
  assert.deepEqual(invented(messages), []);
});

test("the answers to events that docs/HOOKS.md explains are the program's, and all of its", async () => {
  const answers = tableRows(page("docs/HOOKS.md"), "## When it does not").map(([answer = ""]) => answer);
  assert.deepEqual(invented(answers.flatMap(codeIn).filter((text) => text.includes(" "))), []);

  const listener = await readFile(pathOf("src/http/hooks/hook-server.ts"), "utf8");
  const statuses = [...listener.matchAll(/refusal\((\d+)/g)].map(([, status = ""]) => status);
  assert.ok(statuses.length >= 9);
  for (const status of statuses)
    assert.ok(
      answers.some((answer) => answer.startsWith(status)),
      status,
    );

  const hints = await Promise.all(
    ["image-shapes", "repository-shapes", "match-hint", "read-hint"].map((name) => readFile(pathOf(`src/core/hints/${name}.ts`), "utf8")),
  );
  const reasons = [...hints.join("\n").matchAll(/(?:why: |nothing\("\w+", |: )"([^"]+ [^"]+)"/g)].map(([, reason = ""]) => reason);
  assert.ok(reasons.length >= 8);
  for (const reason of reasons)
    assert.ok(
      answers.some((answer) => answer.includes(reason)),
      reason,
    );
});

/** Parts of messages that the program never says. */
function invented(messages: readonly string[]): string[] {
  const code = sources
    .replace(/\/\*\*[\s\S]*?\*\/|^ *\/\/.*$/gm, "")
    .replaceAll("\\`", "`")
    .replace(/["`] \+\s+["`]/g, "");
  const parts = messages.flatMap((message) => message.split("…").map((part) => part.trim()));
  return parts.filter((part) => part.length > 3 && !code.includes(part));
}

test("each kind of failure leads to a section of the troubleshooting page, and each reason of an Event is told", () => {
  const membersOf = (type: string) =>
    [...(sources.match(new RegExp(`type ${type} =\\n([^;]+);`))?.[1] ?? "").matchAll(/"(\w+)"/g)].map(([, name = ""]) => name);
  const told = tableRows(page("docs/TROUBLESHOOTING.md"), "## Where to look").flatMap(([, codes = ""]) => codeIn(codes));
  const leads = (code: string) => told.some((one) => one === code || (one.endsWith("…") && code.startsWith(one.slice(0, -1))));
  // No results of Deployments that failed: an answer of /reconcile, and a run that gives way to the next.
  assert.deepEqual(
    membersOf("ErrorCode").filter((code) => !leads(code)),
    ["name_unknown", "superseded"],
  );
  const reasons = tableRows(page("docs/OBSERVABILITY.md"), "## Events").flatMap(([names = ""]) => codeIn(names));
  assert.deepEqual(reasons.filter((name) => /^[A-Z]\w+$/.test(name)).sort(), membersOf("EventReason").sort());
});

test("samples that are called YAML or JSON can be read as such", () => {
  let count = 0;
  for (const { path, text } of pages) {
    for (const [, indent = "", kind, body = ""] of text.matchAll(/^( *)```(yaml|json)\n([\s\S]*?)^ *```$/gm)) {
      const sample = body.replace(new RegExp(`^${indent}`, "gm"), "");
      count += 1;
      if (kind === "json") assert.doesNotThrow(() => JSON.parse(sample), `${path}: ${sample}`);
      // A sample may show several values for one key.
      else for (const { errors } of parseAllDocuments(sample, { uniqueKeys: false })) assert.deepEqual(errors, [], `${path}: ${sample}`);
    }
  }
  assert.ok(count > 30, `${count}`);
});

test("the NetworkPolicy of docs/OPERATIONS.md opens the port of the operator's Pod that shows the page", async () => {
  const [text = ""] = yamlBlocks(page("docs/OPERATIONS.md"));
  const { metadata, spec } = parse(text);
  const pod = parse(await readFile(pathOf("manifests/base/deployment.yaml"), "utf8")).spec.template;
  const labels = Object.entries(spec.podSelector.matchLabels);
  assert.ok(labels.length > 0 && labels.every(([key, value]) => pod.metadata.labels[key] === value));
  const { containerPort, protocol = "TCP" } = pod.spec.containers[0].ports.find(({ name }: { name: string }) => name === "http");
  assert.deepEqual(
    spec.ingress.map(({ ports }: { ports: unknown }) => ports),
    [[{ port: containerPort, protocol }]],
  );
  assert.equal(metadata.namespace, "gitops-operator");
});

test("shell lines are shell, and the scripts, recipes and programs that pages name are there", async () => {
  const { scripts, bin } = JSON.parse(await readFile(pathOf("package.json"), "utf8"));
  const recipes = [...(await readFile(pathOf("justfile"), "utf8")).matchAll(/^([a-z]+)[^:\n]*:(?!=)/gm)].map(([, name]) => name);
  for (const { path, text } of pages) {
    for (const block of shellBlocks(text)) {
      const { code, stderr } = await runTool("bash", ["-n", "-c", block]);
      assert.equal(code, 0, `${path}: ${block}\n${stderr}`);
    }
    const code = [...shellBlocks(text), ...codeIn(text.replace(/```[\s\S]*?```/g, ""))].join("\n");
    for (const script of npmScriptsIn(code)) assert.ok(script in scripts, `${path}: npm run ${script}`);
    for (const [, recipe] of code.matchAll(/\bjust ([a-z]+)/g)) assert.ok(recipes.includes(recipe), `${path}: just ${recipe}`);
    for (const [, program = ""] of code.matchAll(/\bnpx ((?:--no )?[\w-]+)/g)) {
      // Without `--no` it would fetch a stranger's package where there is no checkout.
      assert.ok(program.startsWith("--no ") && program.slice(5) in bin, `${path}: npx ${program}`);
    }
  }
});
