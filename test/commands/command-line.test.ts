/** The program's command line, but for what the commands do. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { runCommandLine } from "../../src/command-line.ts";
import { commandNames, commandOf } from "../../src/commands/commands.ts";

async function line(args: readonly string[], { isInteractive = false, env = {} } = {}) {
  const [said, errors]: [string[], string[]] = [[], []];
  const code = await runCommandLine(args, {
    ...{ env, isInteractive, print: (text) => void said.push(text), printError: (text) => void errors.push(text) },
    stdin: (async function* () {})(),
  });
  return { code, said: said.join("\n"), errors: errors.join("\n") };
}

test("--help names every command, and that of a command every option of it", async () => {
  for (const option of ["--help", "-h"]) {
    const { code, said } = await line([option]);
    assert.equal(code, 0);
    for (const name of commandNames) assert.match(said, new RegExp(`^  ${name} +\\S`, "m"));
  }
  for (const name of commandNames) {
    const { code, said } = await line([name, "--help"]);
    assert.equal(code, 0);
    assert.ok(said.startsWith(`usage: gitops-operator ${name}`), said);
    for (const option of Object.keys(commandOf(name).options)) assert.match(said, new RegExp(` --${option}\\b`), name);
    for (const text of said.split("\n")) assert.ok(text.length <= 110, text);
  }
});

test("--version tells the version of package.json and nothing else", async () => {
  const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
  assert.deepEqual(await line(["--version"]), { code: 0, said: version, errors: "" });
});

test("what is no command, no option or too much is told with the usage, exit 2", async () => {
  for (const [args, problem] of [
    [["chek"], /^unknown command 'chek'\n\nusage: gitops-operator COMMAND/],
    [["--versoin"], /^unknown command '--versoin'\n/],
    [["run", "now"], /^Unexpected argument 'now'.*\n\nusage: gitops-operator run/],
    [["run", "--port", "1"], /^Unknown option '--port'/],
    [["check", "--lve"], /^Unknown option '--lve'.*\n\nusage: gitops-operator check/],
  ] as const) {
    const { code, said, errors } = await line(args);
    assert.deepEqual([code, said], [2, ""], args.join(" "));
    assert.match(errors, problem);
  }
});

async function kubeconfig(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bare-start-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "config");
  const clusters = [{ name: "far", cluster: { server: "https://far.example:6443" } }];
  const contexts = [{ name: "prod", context: { cluster: "far", user: "me" } }];
  const config = { apiVersion: "v1", kind: "Config", "current-context": "prod", clusters, contexts, users: [{ name: "me", user: {} }] };
  await writeFile(file, JSON.stringify(config));
  return file;
}

test("without a command at a terminal nothing starts: it is said what run would do, in which cluster, exit 2", async (t) => {
  const bare = await line([], { isInteractive: true, env: { KUBECONFIG: await kubeconfig(t) } });
  assert.deepEqual([bare.code, bare.said], [2, ""]);
  assert.match(bare.errors, /push image tags to their manifests repositories/);
  assert.match(bare.errors, /that is https:\/\/far\.example:6443, the cluster of the context 'prod', with your rights/);
  assert.match(bare.errors, /Nothing was done\. Say 'gitops-operator run' if/);
  const none = await line([], { isInteractive: true, env: { KUBECONFIG: "/nowhere" } });
  assert.equal(none.code, 2);
  assert.match(none.errors, /From here it could not: No Kubernetes cluster: KUBECONFIG names no file/);
});

test("without a command and without a terminal it is the operator, and so is run at a terminal", async () => {
  // What the operator itself says where there is no cluster.
  const env = { KUBECONFIG: "/nowhere" };
  await assert.rejects(line([], { env }), /^Error: No Kubernetes cluster: /);
  await assert.rejects(line(["run"], { env, isInteractive: true }), /^Error: No Kubernetes cluster: /);
});

/** Files and packages that are loaded with a file. */
async function loadedWith(entry: string): Promise<readonly string[]> {
  const seen = new Set<string>();
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    if (!file.startsWith("src/")) return;
    for (const [, type, name = ""] of (await readFile(file, "utf8")).matchAll(/^(?:import|export)\b( type)?[^;]*?from\s+"([^"]+)"/gm)) {
      if (!type) await visit(name.startsWith(".") ? join(dirname(file), name) : name);
    }
  };
  await visit(entry);
  return [...seen];
}

test("for --help, --version and wrong usage no package is loaded and no file but the table of commands and what reads it", async () => {
  const loaded = await loadedWith("src/main.ts");
  assert.deepEqual(
    loaded.filter((name) => !name.startsWith("src/commands/")),
    ["src/main.ts", "node:tty", "src/command-line.ts", "node:util", "src/version.ts"],
  );
});
