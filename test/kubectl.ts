/** kubectl against a cluster API of the sandbox. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";

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

/** For a test's `skip`; on CI nothing is skipped. */
export const skipWithoutKubectl: string | false = process.env.CI ? false : (skip ?? false);

export interface Kubectl {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** What it prints. */
  readonly kubectl: (...args: string[]) => Promise<string>;
}

export function startKubectl(t: TestContext, kubeconfig: string): Kubectl {
  const directory = mkdtempSync(join(tmpdir(), "kubectl-"));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "config"), kubeconfig);
  const env = { ...process.env, KUBECONFIG: join(directory, "config"), KUBECACHEDIR: join(directory, "cache") };
  return { directory, env, kubectl: async (...args) => (await run("kubectl", args, { env, timeout: 60_000 })).stdout };
}
