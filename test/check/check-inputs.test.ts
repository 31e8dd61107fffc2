/** Several files, folders and patterns in one call. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { compileCache } from "../../sandbox/compile-cache.ts";
import { readFiles } from "../../src/check/read-files.ts";
import { growthOf, MOST_GROWTH } from "../growth.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { command } from "./command.ts";
import { deploymentYaml } from "./deployment-yaml.ts";

const shared = ["app_repository", "manifest_repository", "ssh_key_name", "ssh_key_namespace"];
const without = Object.fromEntries(shared.map((name) => [name, null]));
const defaults = `apiVersion: v1
kind: ConfigMap
metadata: { name: defaults, namespace: web, labels: { gitops.operator/defaults: 'true' } }
data:
  gitops.operator.app_repository: git@github.com:team/shop.git
  gitops.operator.manifest_repository: git@github.com:team/manifests.git
  gitops.operator.ssh_key_name: ssh-key
  gitops.operator.ssh_key_namespace: gitops-operator
`;

/** The names of the files that were checked, below the root, and what was said of none in particular. */
async function checked(root: string, names: readonly string[]) {
  const { code, lines } = await command(["check", "-o", "json", ...names.flatMap((name) => ["-f", name])]);
  const { files } = JSON.parse(lines.join("\n")) as { files: { file: string; findings: { message: string }[] }[] };
  return {
    code,
    files: files.map(({ file }) => file.slice(root.length + 1)),
    findings: files.flatMap(({ findings }) => findings.map(({ message }) => message)),
  };
}

const world = {
  "a/shop.yaml": deploymentYaml("shop"),
  "a/deep/er/web.yml": deploymentYaml("web"),
  "a/deep/api.json": deploymentYaml("api"),
  "a/values.yaml": "image: {repository: team/shop, tag: x}\n",
  "a/broken-template.yaml": "a: {{ .Values.x }}: b: c",
  "a/plain.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: plain }\n",
  "a/README.md": "gitops.operator.enabled",
  "a/.hidden/shop.yaml": deploymentYaml("hidden"),
  "a/node_modules/x/shop.yaml": deploymentYaml("module"),
  "b/shop.yaml": deploymentYaml("shop"),
};

test("of a folder and of a pattern the YAML and JSON files with annotations of ours are checked, each once, in order", async (t) => {
  const root = await temporaryFolder(t, world);
  await symlink(join(root, "b"), join(root, "a/link"));
  await symlink(join(root, "a/plain.yaml"), join(root, "a/link.yaml"));
  const below = ["a/deep/api.json", "a/deep/er/web.yml", "a/shop.yaml"];
  assert.deepEqual(await checked(root, [join(root, "a")]), { code: 0, files: below, findings: [] });
  assert.deepEqual((await checked(root, [join(root, "*/shop.yaml")])).files, ["a/shop.yaml", "b/shop.yaml"]);
  const all = [join(root, "b/shop.yaml"), join(root, "a"), join(root, "a/../a/shop.yaml"), join(root, "**/shop.yaml")];
  assert.deepEqual((await checked(root, all)).files, ["b/shop.yaml", ...below]);
});

test("a file that is named itself is always checked; a folder or a pattern without one of ours is a problem", async (t) => {
  const root = await temporaryFolder(t, world);
  const named = await checked(root, [join(root, "a/shop.yaml"), join(root, "a/broken-template.yaml")]);
  assert.deepEqual([named.code, named.files], [1, ["a/shop.yaml", "a/broken-template.yaml"]]);
  assert.match(named.findings.join(), /^it is a Helm template \(line 1 /);
  const none = await checked(root, [join(root, "a/*.yml"), join(root, "a/shop.yaml")]);
  assert.deepEqual([none.code, none.files], [1, ["a/*.yml", "a/shop.yaml"]]);
  assert.match(none.findings.join(), /^names no YAML or JSON file with annotations of ours/);
  await mkdir(join(root, "empty"));
  assert.match((await checked(root, [join(root, "empty")])).findings.join(), /^has no YAML or JSON file with annotations of ours/);
});

test("a chart's templates and values in a folder are told as not checked, by a warning, unless nothing else is there", async (t) => {
  const template = world["a/broken-template.yaml"].replace("a:", "gitops.operator.enabled:");
  const parsed = deploymentYaml("{{ .Release.Name }}");
  const values = "podAnnotations: {gitops.operator.enabled: 'true'}\n";
  const root = await temporaryFolder(t, {
    "t/a.yaml": template,
    "t/b.yaml": parsed,
    "t/values.yaml": values,
    "shop.yaml": deploymentYaml("shop"),
  });
  const levels = async (...names: string[]) => {
    const { code, lines } = await command(["check", "-o", "github", ...names.flatMap((name) => ["-f", join(root, name)])]);
    return [code, ...lines.slice(0, -1).map((line) => /^::([a-z]+) /.exec(line)?.[1])];
  };
  assert.deepEqual(await levels("."), [0, "warning", "warning", "warning"]);
  assert.deepEqual(await levels("t"), [1, "error", "error", "error"]);
  assert.deepEqual(await levels("shop.yaml", "t/a.yaml"), [1, "error"]);
  await writeFile(join(root, "t/a.yaml"), "gitops.operator.enabled: [");
  assert.deepEqual(await levels("."), [1, "error", "warning", "warning"]);
});

test("defaults count from any of the files, and a file of them alone is no problem", async (t) => {
  const root = await temporaryFolder(t, { "z/defaults.yaml": defaults, "a.yaml": deploymentYaml("shop", without, "web") });
  assert.equal((await checked(root, [join(root, "a.yaml")])).code, 1);
  assert.deepEqual(await checked(root, [join(root, "a.yaml"), join(root, "z/defaults.yaml")]), {
    ...{ code: 0, files: ["a.yaml", "z/defaults.yaml"], findings: [] },
  });
  assert.equal((await checked(root, [join(root, "z")])).code, 1);
});

test("of several files each has its line, and all together one that names those with problems", async (t) => {
  const root = await temporaryFolder(t, { "a.yaml": deploymentYaml("shop"), "b.yaml": deploymentYaml("web", { look_back: "500" }) });
  const { code, lines } = await command(["check", "-f", root]);
  assert.equal(code, 1);
  const [a, b] = [join(root, "a.yaml"), join(root, "b.yaml")];
  assert.deepEqual(
    lines.filter((line) => /checked/.test(line)),
    [
      `${a}: 1 Deployment checked, no problems`,
      `${b}: 1 Deployment checked, 1 problem`,
      `2 files: 2 Deployments checked, 1 problem (in ${b})`,
    ],
  );
});

test("a name can't add a property or a command to those that GitHub reads", async (t) => {
  const root = await temporaryFolder(t, { "odd,line=1::name%0A::stop-commands::x.yaml": deploymentYaml("shop", { look_back: "500" }) });
  const { lines } = await command(["check", "-o", "github", "-f", root], "", { GITHUB_WORKSPACE: root });
  assert.equal(lines.length, 2);
  assert.match(
    lines[0] ?? "",
    /^::error file=odd%2Cline=1%3A%3Aname%250A%3A%3Astop-commands%3A%3Ax\.yaml,line=\d+,title=Deployment default\/shop::gitops\.operator\.look_back is no whole number/,
  );
});

// S9
test("reading grows with the file alone, however many objects stand in one line", async () => {
  // What could be a template's begin keeps the search for one busy.
  const padding = "{{ x".repeat(110);
  const one = JSON.parse(
    deploymentYaml("shop", { padding, ...Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`typo${i}`, "x"])) }),
  );
  const text = (size: number) => JSON.stringify({ kind: "List", apiVersion: "v1", items: Array(size).fill(one) });
  const growth = await growthOf(80, (size) => readFiles([text(size)], "default"));
  assert.ok(growth < MOST_GROWTH, `${growth}`);
});

test("the workflow step and the commands of the page do what it says", async (t) => {
  const page = await readFile("docs/CHECK.md", "utf8");
  const root = await temporaryFolder(t, {
    "manifests/shop.yaml": deploymentYaml("shop", { look_back: "500" }),
    "defaults.yaml": defaults,
    "deployment.yaml": deploymentYaml("web", without, "web"),
  });
  const main = join(process.cwd(), "src/main.ts");
  const run = (args: string) =>
    new Promise<{ code: unknown; stdout: string }>((resolve) => {
      const env = { ...compileCache, PATH: process.env.PATH };
      const child = execFile(process.execPath, [main, ...args.split(" ")], { cwd: root, env }, (_, stdout) =>
        resolve({ code: child.exitCode, stdout }),
      );
    });
  const [, step = ""] = /--workdir \/work IMAGE (check .*-o github)$/m.exec(page) ?? [];
  const marked = await run(step);
  assert.equal(marked.code, 1);
  assert.match(marked.stdout, /^::error file=manifests\/shop\.yaml,line=\d+,title=Deployment default\/shop::/);
  const [, both = ""] = /gitops-operator (check -f defaults\.yaml -f deployment\.yaml)$/m.exec(page) ?? [];
  const together = await run(both);
  assert.equal(together.code, 0, together.stdout);
});
