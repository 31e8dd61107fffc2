import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
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
  process.env = { ...before };
  rmSync(home, { recursive: true });
});

function useKubeconfig(text: string): void {
  process.env.KUBECONFIG = join(home, "config");
  writeFileSync(process.env.KUBECONFIG, text);
}

async function problem(): Promise<string> {
  const error = await loadKubeConfig().then(
    () => assert.fail("a configuration was found"),
    (error: Error) => error,
  );
  assert.ok(!error.message.includes("\n"), error.message);
  return error.message;
}

test("the current context of KUBECONFIG is used", async () => {
  useKubeconfig(kubeconfigOf({ url: "https://127.0.0.1:1", caPem: "x", token: "t" }));
  assert.equal((await loadKubeConfig()).getCurrentCluster()?.server, "https://127.0.0.1:1");
});

test("without any configuration one line says so and names the sandbox", async () => {
  assert.match(await problem(), /^No Kubernetes cluster: .*npm run sandbox$/);
});

test("a KUBECONFIG that is not there, or is no kubeconfig, is told in one line", async () => {
  process.env.KUBECONFIG = join(home, "absent");
  assert.match(await problem(), /^The kubeconfig cannot be read: ENOENT.*npm run sandbox$/);
  useKubeconfig("a: [\nb: }");
  assert.match(await problem(), /^The kubeconfig cannot be read: .*npm run sandbox$/);
});

test("a kubeconfig without current context is told as no cluster", async () => {
  useKubeconfig("apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n");
  assert.match(await problem(), /^No Kubernetes cluster: .*kubectl config use-context/);
});

test("plain http without insecure-skip-tls-verify is told at the start", async () => {
  useKubeconfig(kubeconfigOf({ url: "http://127.0.0.1:1", caPem: "x", token: undefined }));
  assert.match(await problem(), /is plain http, which needs `insecure-skip-tls-verify: true`/);
});
