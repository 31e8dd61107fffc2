import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { version } from "../src/version.ts";
import { pathOf, readYaml } from "./observability-files.ts";
import { npmScriptsIn } from "./shell-lines.ts";
import { runTool, skipWithout } from "./tool.ts";

const recipes = ["run", "dev", "sandbox", "observe", "fmt", "check", "test", "build", "import", "release"];
const justfile = await readFile(pathOf("justfile"), "utf8");
const tiltfile = await readFile(pathOf("Tiltfile"), "utf8");
const { scripts, version: packageVersion } = JSON.parse(await readFile(pathOf("package.json"), "utf8"));
const just = (...args: string[]) => runTool("just", ["--justfile", pathOf("justfile"), ...args]);

test("every recipe that starts an npm script starts one that is there", () => {
  const started = npmScriptsIn(justfile);
  assert.deepEqual(started, ["dev", "sandbox", "fmt", "check", "start", "test"]);
  assert.deepEqual(
    started.filter((script) => !(script in scripts)),
    [],
  );
});

test("just alone lists the recipes, and each can be run dry", { skip: skipWithout("just", "just") }, async () => {
  const { stdout } = await just();
  const listed = [...stdout.matchAll(/^ {4}([\w-]+)/gm)].map(([, name = ""]) => name);
  assert.deepEqual(listed, recipes);
  // A recipe with a parameter takes the next word for it, so it is the last.
  const { code, stderr } = await just("--dry-run", ...recipes);
  assert.equal(code, 0, stderr);
  for (const { name, body } of Object.values(await dumped())) if (name !== "default") assert.ok(body.length > 0, name);
  assert.equal((await runTool("bash", ["-n", "-c", stderr])).code, 0, stderr);
});

async function dumped(): Promise<Readonly<Record<string, { name: string; body: unknown[] }>>> {
  return JSON.parse((await just("--dump", "--dump-format", "json")).stdout).recipes;
}

test("import loads the image that build makes, and puts it on the Deployment and container of the manifests", {
  skip: skipWithout("just", "just"),
}, async () => {
  const { metadata, spec } = await readYaml<{
    metadata: { name: string };
    spec: { template: { spec: { containers: { name: string }[] } } };
  }>("manifests/base/deployment.yaml");
  const commands = (await just("--dry-run", "build", "import")).stderr;
  const built = commands.match(/--tag (\S+)/)?.[1];
  assert.ok(commands.includes(`kind load docker-image ${built}\n`), commands);
  assert.ok(commands.includes(`set image deployment/${metadata.name} ${spec.template.spec.containers[0]?.name}=${built}\n`), commands);
  assert.ok(commands.includes(`rollout restart deployment/${metadata.name}\n`), commands);
});

test("the Tiltfile is well-formed, and the paths and the image it names are there", {
  skip: skipWithout("python3", "python3-minimal"),
}, async () => {
  // Starlark's grammar is a part of Python's.
  const { code, stderr } = await runTool("python3", ["-c", "import sys; compile(sys.stdin.read(), 'Tiltfile', 'exec')"], tiltfile);
  assert.equal(code, 0, stderr);
  const only = tiltfile.match(/only=\[([^\]]*)\]/)?.[1] ?? "";
  const named = [...only.matchAll(/'([^']+)'/g)].map(([, path = ""]) => path);
  const copied = [...tiltfile.matchAll(/^COPY (?:--\S+ )?(.*) \S+$/gm)].flatMap(([, paths = ""]) => paths.split(" "));
  assert.ok(named.length > 3 && copied.every((path) => named.includes(path)), copied.join(" "));
  for (const path of [...named, tiltfile.match(/kustomize\('([^']+)'\)/)?.[1] ?? ""]) assert.ok(existsSync(pathOf(path)), path);
  const image = tiltfile.match(/^image = '([^']+)'/m)?.[1];
  assert.ok((await readFile(pathOf("manifests/base/deployment.yaml"), "utf8")).includes(`image: ${image}:`), image);
});

test("the program's version is the package's", () => {
  assert.equal(version, packageVersion);
  assert.equal(scripts.version, "node tools/write-version.mjs && git add src/version.ts manifests");
});

test("npm version writes the next version into the program, the manifests and the chart", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "version-"));
  t.after(() => rm(folder, { recursive: true }));
  const places = ["src/version.ts", "manifests/base/deployment.yaml", "manifests/overlays/example/kustomization.yaml"];
  for (const path of [...places, "manifests/chart/Chart.yaml"]) await cp(pathOf(path), join(folder, path));
  await writeFile(join(folder, "package.json"), '{ "version": "99.0.1" }');
  const { code, stderr } = await runTool("env", ["-C", folder, process.execPath, pathOf("tools/write-version.mjs")]);
  assert.equal(code, 0, stderr);
  const written = async (path: string) => (await readFile(join(folder, path), "utf8")).split("99.0.1").length - 1;
  for (const path of places) assert.equal(await written(path), 1, path);
  assert.equal(await written("manifests/chart/Chart.yaml"), 2);
});
