/** A world with the real operator in it, for one test. Git is served by OpenSSH where it is installed (in CI always), else in process. */
import type { TestContext } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import { startGitHost } from "../../sandbox/git-host.ts";
import { startHttpsGitHost } from "../../sandbox/https-git-host.ts";
import { type DeployedApp, manifestOf, startWorld, type World, type WorldOptions } from "../../sandbox/world.ts";
import { parseConfig } from "../../src/config.ts";
import type { ReconcileEntry } from "../../src/http/calls/reconcile-entry.ts";
import { type Operator, type OperatorOptions, startOperator } from "../../src/operator.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createRedactor, type Redactor } from "../../src/telemetry/redact.ts";
import { eventually } from "../eventually.ts";
import { skipWithoutSshd, startOpenSsh } from "../openssh.ts";

export interface Stage extends Omit<World, "deploy"> {
  /** Puts the Deployment and waits until the operator's cache has it. */
  deploy(app: DeployedApp): Promise<void>;
  readonly url: string;
  readonly operator: Operator;
  readonly logLines: { readonly level: string; readonly fields: object; readonly message: string }[];
  /** As `deploy`, for an object that carries the same annotations. */
  carry(kind: string, app: DeployedApp, spec?: object): Promise<void>;
  /** The answer of `/reconcile`. */
  reconcile(query?: string): Promise<ReconcileEntry[]>;
  /** The answer for one Deployment. */
  reconcileOne(deployment: string, namespace?: string): Promise<ReconcileEntry>;
  text(path: string): Promise<string>;
}

const LEVELS = new Map([
  [30, "info"],
  [40, "warn"],
  [50, "error"],
]);

interface StageOptions extends WorldOptions {
  /** Undefined takes out what the world sets. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly operator?: Pick<OperatorOptions, "answerDue" | "clock" | "patience" | "tracer">;
  readonly redactor?: Redactor;
}

export async function startStage(t: TestContext, options: StageOptions = {}): Promise<Stage> {
  const startHost = options.startHost ?? usualHost();
  const world = await startWorld({ ...options, startHost });
  t.after(() => world.close());
  const parsed = parseConfig({ ...world.env, ...options.env });
  if (parsed.kind === "error") throw new Error(parsed.problems.join("; "));
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(world.cluster.kubeconfig);
  const logLines: Stage["logLines"] = [];
  const redactor = options.redactor ?? createRedactor();
  const log = createLogger("info", redactor.redact, {
    write(line) {
      const { level, msg, time, name, hostname, pid, v, target, ...fields } = JSON.parse(line);
      logLines.push({ level: LEVELS.get(level) ?? "", fields, message: msg });
    },
  });
  const operator = await startOperator({ config: parsed.config, kubeConfig, log, redactor, ...options.operator });
  t.after(() => operator.close());
  const url = `http://127.0.0.1:${operator.port}`;

  async function reconcile(query = ""): Promise<ReconcileEntry[]> {
    const response = await fetch(`${url}/reconcile${query}`);
    if (response.status !== 200) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
    return (await response.json()) as ReconcileEntry[];
  }
  return {
    ...world,
    url,
    operator,
    logLines,
    reconcile,
    async reconcileOne(deployment, namespace = "default") {
      const entries = await reconcile(`?namespace=${namespace}&deployment=${deployment}`);
      const [entry] = entries;
      if (!entry || entries.length > 1) throw new Error(`${entries.length} entries for ${namespace}/${deployment}`);
      return entry;
    },
    async carry(kind, app, spec = {}) {
      const { metadata } = world.deploymentOf(app);
      world.cluster.put({ kind, metadata, spec });
      const { namespace = "default", name } = app;
      await eventually(async () => {
        const entries = (await (await fetch(`${url}/debug`)).json()) as { kind?: string; namespace: string; name: string }[];
        return entries.some((one) => one.kind === kind && one.namespace === namespace && one.name === name);
      }, `the operator's cache never got ${kind} ${namespace}/${name}`);
    },
    async deploy(app) {
      world.deploy(app);
      const { namespace = "default", name } = app;
      const field = "deployment.kubernetes.io/revision";
      const wanted = (world.cluster.get("Deployment", namespace, name)?.metadata.annotations as Record<string, string> | undefined)?.[
        field
      ];
      for (let tries = 0; ; tries++) {
        const entries = (await (await fetch(`${url}/debug`)).json()) as {
          namespace: string;
          name: string;
          annotations: typeof world.env;
        }[];
        const entry = entries.find((item) => item.namespace === namespace && item.name === name);
        if (entry?.annotations[field] === wanted) return;
        // Incomplete ones are not in /debug.
        if (!entry && (await (await fetch(`${url}/status`)).text()).includes(`  ${namespace}/${name}\n`)) return;
        if (tries > 6_000) throw new Error(`the operator's cache never got ${namespace}/${name}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    text: async (path) => (await fetch(url + path)).text(),
  };
}

/** By which repositories are opened: `ssh`, `https` with a token, or as a GitHub `app`. The end-to-end tests run through each. */
export const door = process.env.STAGE_DOOR ?? "ssh";

/** For a test's `skip`: it is about SSH itself; `why` says where https has the like, or why it has none. */
export function sshAlone(why: string): string | false {
  return door !== "ssh" && `over SSH alone: ${why}`;
}

/** For a test's `skip`. */
export function notAsApp(why: string): string | false {
  return door === "app" && `not as an App: ${why}`;
}

/** OpenSSH, or what `STAGE_DOOR` says. */
export function usualHost(): NonNullable<WorldOptions["startHost"]> {
  if (door === "https") return startHttpsGitHost;
  if (door === "app") return (options) => startHttpsGitHost({ ...options, door: "app" });
  if (door !== "ssh") throw new Error(`STAGE_DOOR=${door}: ssh, https or app`);
  return skipWithoutSshd() ? startGitHost : startOpenSsh;
}

/** The tag that manifests begin with. */
export const OLD = "0".repeat(40);

/** Deployment `shop` at the old tag, with its two repositories. */
export async function deployShop(stage: Stage, annotations: Record<string, string> = {}) {
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "shop", annotations });
  return { manifests, app };
}
