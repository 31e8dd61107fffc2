/** The operator's program against a real API server, as the ServiceAccount of what is installed; git, registry, CI and chat are the sandbox's. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { IDeployment } from "kubernetes-models/apps/v1";
import type { KubeObject } from "../../sandbox/cluster-api/kinds.ts";
import { type DeployedApp, manifestOf, startWorld, type World } from "../../sandbox/world.ts";
import type { ReconcileEntry } from "../../src/http/calls/reconcile-entry.ts";
import { type OperatorProcess, startOperatorProcess } from "../e2e/operator-process.ts";
import { eventually } from "../eventually.ts";
import { objectOf, renderManifests, withInstall } from "../rendered-manifests.ts";
import type { ApiServer } from "./api-server.ts";

const program = process.env.OPERATOR_PROGRAM ?? fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** pino's number. */
const INFO = 30;
export const OLD = "0".repeat(40);
const namespace = "gitops-operator";

export const account = { namespace, name: "gitops-operator" };
export const user = `system:serviceaccount:${account.namespace}:${account.name}`;

interface Installed {
  readonly world: World;
  readonly objects: readonly KubeObject[];
  readonly operator: OperatorProcess;
  /** The account's. */
  readonly kubeconfigFile: string;
  /** Applied, and known to the operator. */
  deploy(app: DeployedApp): Promise<void>;
  secret(namespace: string, name: string, data: Readonly<Record<string, string>>): Promise<void>;
  /** The status code, and the entries of a 200. */
  reconcile(query?: string): Promise<{ readonly status: number; readonly entries: readonly ReconcileEntry[] }>;
  /** The Events about a Deployment as `kubectl describe` shows them: `ImageUpdated …`. */
  described(name: string, namespace?: string): Promise<string[]>;
  /** What the log has told as warnings and errors, as JSON. */
  problems(): string[];
}

/** Applies the folder, a component on top of the base; with `port` the operator reaches the server there. */
export async function startInstalled(t: TestContext, server: ApiServer, folder: string, port = server.port): Promise<Installed> {
  await withInstall(folder, (overlay) => server.kubectl(["apply", "-k", overlay]));
  const objects = await renderManifests(folder);
  const token = (await server.kubectl(["-n", namespace, "create", "token", "gitops-operator"])).trim();
  const world = await startWorld({ chat: "https" });
  t.after(() => world.close());
  const file = join(world.folder, "account-kubeconfig");
  await writeFile(file, server.kubeconfig(token, port));
  const pod = (objectOf(objects, "Deployment") as KubeObject & IDeployment).spec?.template.spec;
  const env = (pod?.containers[0]?.env ?? []).flatMap(({ name, value }) =>
    value === undefined || /^(?:WORK_DIR|SSH_KNOWN_HOSTS|ALLOWED_REPOSITORIES|RECONCILE_INTERVAL_SECONDS|DEBUG_ENDPOINT)$/.test(name)
      ? []
      : [[name, value] as const],
  );
  const operator = await startOperatorProcess(t, program, { ...world.env, ...Object.fromEntries(env), KUBECONFIG: file });

  async function reconcile(query = ""): Promise<{ status: number; entries: ReconcileEntry[] }> {
    const response = await fetch(`${operator.url}/reconcile${query}`);
    const body = await response.text();
    return { status: response.status, entries: response.status === 200 ? (JSON.parse(body) as ReconcileEntry[]) : [] };
  }
  async function secret(of: string, name: string, data: Readonly<Record<string, string>>): Promise<void> {
    await server.apply({ apiVersion: "v1", kind: "Secret", metadata: { namespace: of, name }, type: "Opaque", stringData: data });
  }
  await secret(namespace, "ssh-key", { "ssh-privatekey": world.key.privateKey });
  return {
    world,
    objects,
    operator,
    kubeconfigFile: file,
    reconcile,
    secret,
    async deploy(app) {
      await server.apply(world.deploymentOf(app));
      await eventually(async () => (await (await fetch(`${operator.url}/status`)).text()).includes(app.name), `${app.name} is known`);
    },
    async described(name, of = "default") {
      const text = await server.kubectl(["-n", of, "describe", "deployment", name]);
      const [, events = ""] = text.split("\nEvents:\n");
      return [...events.matchAll(/^ +(?:Normal|Warning) +(\w.*)$/gm)].map(([, line = ""]) => line);
    },
    problems: () => operator.lines.filter(({ level }) => Number(level) > INFO).map((line) => JSON.stringify(line)),
  };
}

/** An application `shop` whose manifest has the old tag, deployed. */
export async function deployShop(installed: Installed, annotations: Record<string, string> = {}) {
  const { world } = installed;
  const image = `${world.registry.host}/team/shop:${OLD}`;
  const manifests = await world.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", image) });
  const app = await world.repository("team/shop.git", { "index.html": "1" });
  await installed.secret(namespace, "regcred", { ".dockerconfigjson": '{"auths":{}}' });
  await installed.deploy({ name: "shop", image, annotations });
  return { manifests, app };
}

/** Its image is built, and the operator is asked until the manifest has it. */
export async function converges({ world, reconcile }: Installed, sha: string | undefined): Promise<void> {
  assert.ok(sha);
  world.registry.put("team/shop", sha);
  let last: unknown;
  for (let tries = 0; tries < 300; tries++) {
    const { entries } = await reconcile();
    if (entries.some(({ to_sha, status }) => status === "success" && to_sha === sha)) return;
    last = entries;
    await sleep(100);
  }
  assert.fail(`never at ${sha}: ${JSON.stringify(last)}`);
}
