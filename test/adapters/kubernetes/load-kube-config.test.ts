import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { parse, stringify } from "yaml";
import { kubeconfigOf } from "../../../sandbox/cluster-api/kubeconfig.ts";
import { loadKubeConfig } from "../../../src/adapters/kubernetes/load-kube-config.ts";

const before = { ...process.env };
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "load-kube-config-"));
  process.env.HOME = home;
  delete process.env.KUBECONFIG;
});

afterEach(() => {
  // Not a new object: only the real environment moves the home directory.
  Object.assign(process.env, before);
  rmSync(home, { recursive: true });
});

function useKubeconfig(text: string): void {
  process.env.KUBECONFIG = join(home, "config");
  writeFileSync(process.env.KUBECONFIG, text);
}

async function problem(): Promise<string> {
  const error = await loadKubeConfig(process.env.KUBECONFIG).then(
    () => assert.fail("a configuration was found"),
    (error: Error) => error,
  );
  assert.ok(!error.message.includes("\n"), error.message);
  return error.message;
}

test("the current context of KUBECONFIG is used", async () => {
  useKubeconfig(kubeconfigOf({ url: "https://127.0.0.1:1", caPem: "x", token: "t" }));
  assert.equal((await loadKubeConfig(process.env.KUBECONFIG)).getCurrentCluster()?.server, "https://127.0.0.1:1");
});

test("without any configuration one line says so and names the sandbox", async () => {
  assert.match(await problem(), /^No Kubernetes cluster: .*npm run sandbox$/);
});

test("a KUBECONFIG that is not there, or is no kubeconfig, is told in one line", async () => {
  process.env.KUBECONFIG = join(home, "absent");
  assert.match(await problem(), /^No Kubernetes cluster: KUBECONFIG names no file that exists \(.*absent\)\. .*npm run sandbox$/);
  process.env.KUBECONFIG = [join(home, "absent"), join(home, "gone")].join(delimiter);
  assert.match(await problem(), /\(.*absent, .*gone\)/);
  useKubeconfig("a: [\nb: }");
  assert.match(await problem(), /^The kubeconfig cannot be read: .*config: .*npm run sandbox$/);
});

test("as with kubectl missing files are skipped, and of several the first names the context and wins where names are equal", async () => {
  const files = ["one", "two"].map((name, index) => {
    writeFileSync(join(home, name), kubeconfigOf({ url: `https://127.0.0.1:${index + 1}`, caPem: "x", token: name }));
    return join(home, name);
  });
  const server = async (...paths: string[]) => {
    process.env.KUBECONFIG = paths.join(delimiter);
    return (await loadKubeConfig(process.env.KUBECONFIG)).getCurrentCluster()?.server;
  };
  assert.equal(await server(join(home, "missing"), files[1] ?? ""), "https://127.0.0.1:2");
  assert.equal(await server(files[0] ?? "", files[1] ?? ""), "https://127.0.0.1:1");
  writeFileSync(join(home, "no-context"), "apiVersion: v1\nkind: Config\n");
  assert.equal(await server(join(home, "no-context"), "", files[1] ?? ""), "https://127.0.0.1:2");
});

test("a current context that is not defined is named, with its file and what lists the others", async () => {
  useKubeconfig("apiVersion: v1\nkind: Config\ncurrent-context: stagign\nclusters: []\ncontexts: []\nusers: []\n");
  assert.match(
    await problem(),
    /^The current context 'stagign' is not defined in .*config; `kubectl config get-contexts` .*use-context NAME/,
  );
  useKubeconfig(
    "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: []\nusers: []\ncontexts: [{ name: a, context: { cluster: gone, user: u } }]\n",
  );
  assert.match(await problem(), /^The context 'a' names the cluster 'gone', which .*config does not define/);
});

test("a kubeconfig without current context is told as no cluster", async () => {
  useKubeconfig("apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n");
  assert.match(await problem(), /^No Kubernetes cluster: .*kubectl config use-context/);
});

test("plain http without insecure-skip-tls-verify is told at the start", async () => {
  useKubeconfig(kubeconfigOf({ url: "http://127.0.0.1:1", caPem: "x", token: undefined }));
  assert.match(await problem(), /is plain http, which needs `insecure-skip-tls-verify: true`/);
});

/** A kubeconfig in a folder of its own, whose only user is this. */
async function userIn(folder: string, user: object) {
  const whole = parse(kubeconfigOf({ url: "https://127.0.0.1:1", caPem: "x", token: undefined }));
  mkdirSync(join(home, folder), { recursive: true });
  process.env.KUBECONFIG = join(home, folder, "config");
  writeFileSync(process.env.KUBECONFIG, stringify({ ...whole, users: [{ ...whole.users[0], user }] }));
  return (await loadKubeConfig(process.env.KUBECONFIG)).getCurrentUser();
}

test("a credential plugin is beside the kubeconfig when its command has a slash, and in PATH when it has none", async () => {
  const commandOf = async (command: string) => (await userIn("deep", { exec: { command } }))?.exec.command;
  assert.equal(await commandOf("./plugin"), join(home, "deep", "plugin"));
  assert.equal(await commandOf("../bin/plugin"), join(home, "bin", "plugin"));
  assert.equal(await commandOf("/opt/plugin"), "/opt/plugin");
  assert.equal(await commandOf("plugin"), "plugin");
});

test("a tokenFile is beside the kubeconfig too, also of ~/.kube/config, and wins over a token", async () => {
  const expected = { name: "tokenFile", config: { tokenFile: join(home, ".kube", "token") } };
  const user = await userIn(".kube", { token: "old", tokenFile: "token" });
  assert.deepEqual([user?.authProvider, user?.token], [expected, undefined]);
  assert.deepEqual((await loadKubeConfig()).getCurrentUser()?.authProvider, expected);
});
