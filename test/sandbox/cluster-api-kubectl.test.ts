import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import type { Protocol } from "../../sandbox/cluster-api/listener.ts";
import { type ClusterApi, startClusterApi } from "../../sandbox/cluster-api.ts";

const run = promisify(execFile);
const oldestMinor = 26;

/** Why kubectl cannot be used here; on CI that is a failure. */
function reasonToSkip(): string | undefined {
  const { stdout, error } = spawnSync("kubectl", ["version", "--client", "-o", "json"], { encoding: "utf8" });
  if (error) return "there is no kubectl on the PATH";
  const minor = Number.parseInt(JSON.parse(stdout || "{}").clientVersion?.minor, 10);
  return minor >= oldestMinor ? undefined : `kubectl 1.${minor} is older than 1.${oldestMinor} (aggregated discovery)`;
}

const skip = reasonToSkip();

function skips(t: TestContext): boolean {
  if (skip === undefined) return false;
  assert.ok(!process.env.CI, `on CI this test must run: ${skip}`);
  t.skip(skip);
  return true;
}

interface Session {
  readonly api: ClusterApi;
  readonly env: NodeJS.ProcessEnv;
  readonly directory: string;
  kubectl(...args: string[]): Promise<string>;
}

async function startSession(t: TestContext, protocol: Protocol): Promise<Session> {
  const api = await startClusterApi({ protocol, ...(protocol !== "http" && { token: "t0ken" }) });
  const directory = mkdtempSync(join(tmpdir(), "cluster-api-"));
  t.after(async () => {
    await api.close();
    rmSync(directory, { recursive: true });
  });
  writeFileSync(join(directory, "config"), api.kubeconfig);
  const env = { ...process.env, KUBECONFIG: join(directory, "config"), KUBECACHEDIR: join(directory, "cache") };
  api.put({
    kind: "Deployment",
    metadata: { name: "app", namespace: "team" },
    spec: { template: { spec: { containers: [{ name: "app", image: "app:1" }] } } },
  });
  return {
    api,
    env,
    directory,
    kubectl: async (...args) => (await run("kubectl", args, { env, timeout: 10_000 })).stdout,
  };
}

for (const protocol of ["http", "https", "h2"] as const) {
  test(`kubectl gets and annotates Deployments over ${protocol}`, async (t) => {
    if (skips(t)) return;
    const { api, kubectl } = await startSession(t, protocol);
    const [head, row] = (await kubectl("get", "deployments", "-A")).split("\n");
    assert.match(head ?? "", /^NAMESPACE +NAME +READY +UP-TO-DATE +AVAILABLE +AGE$/);
    assert.match(row ?? "", /^team +app +1\/1 +1 +1 +\d+s$/);
    await kubectl("annotate", "deployment", "app", "-n", "team", "gitops.operator.enabled=true");
    assert.equal(api.get("Deployment", "team", "app")?.metadata.annotations?.["gitops.operator.enabled"], "true");
  });
}

test("kubectl applies, reads, changes and deletes", async (t) => {
  if (skips(t)) return;
  const { api, directory, kubectl } = await startSession(t, "h2");
  const file = join(directory, "secret.yaml");
  writeFileSync(file, "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: team}\nstringData: {ssh-privatekey: hello}\n");
  assert.equal(await kubectl("apply", "--validate=false", "-f", file), "secret/key created\n");
  assert.match(await kubectl("apply", "--validate=false", "-f", file), /^secret\/key (?:configured|unchanged)\n$/);
  assert.equal(await kubectl("apply", "--server-side", "--validate=false", "-f", file), "secret/key serverside-applied\n");
  assert.match(await kubectl("get", "secret", "key", "-n", "team", "-o", "yaml"), /ssh-privatekey: aGVsbG8=/);
  await kubectl("set", "image", "-n", "team", "deployment/app", "app=app:2");
  assert.match(JSON.stringify(api.get("Deployment", "team", "app")), /"image":"app:2"/);
  await kubectl("delete", "secret", "key", "-n", "team");
  await assert.rejects(kubectl("get", "secret", "key", "-n", "team"), {
    stderr: 'Error from server (NotFound): secrets "key" not found\n',
  });
});

test("kubectl watches", async (t) => {
  if (skips(t)) return;
  const { api, env } = await startSession(t, "h2");
  const child = spawn("kubectl", ["get", "deployments", "-A", "-w"], { env });
  t.after(() => child.kill());
  let printed = "";
  let lines: string[] = [];
  for await (const chunk of child.stdout) {
    printed += chunk;
    lines = printed.split("\n").slice(0, -1);
    if (lines.length >= 3) break;
    if (lines.length === 2) api.put({ kind: "Deployment", metadata: { name: "second", namespace: "team" }, spec: { replicas: 2 } });
  }
  assert.match(lines[2] ?? "", /^team +second +2\/2 /);
});
