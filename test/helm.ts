/** The Helm chart as `helm template` renders it. */
import { spawnSync } from "node:child_process";
import type { KubeObject } from "../sandbox/cluster-api/kinds.ts";
import { pathOf } from "./observability-files.ts";
import { parseObjects } from "./rendered-manifests.ts";
import { runTool } from "./tool.ts";

/** For a test's `skip`; on CI nothing is skipped. */
export const skipWithoutHelm: string | false =
  !process.env.CI && spawnSync("helm", ["version"]).error ? "there is no helm on the PATH (.ci/run fetches one)" : false;

export const chartFolder = pathOf("manifests/chart");

interface RenderOptions {
  /** As values.yaml has them. */
  readonly values?: object;
  readonly release?: string;
  readonly namespace?: string;
  /** A folder or a package. */
  readonly chart?: string;
}

export function helmTemplate({
  values = {},
  release = "gitops-operator",
  namespace = "gitops-operator",
  chart = chartFolder,
}: RenderOptions) {
  // JSON is YAML.
  return runTool("helm", ["template", release, chart, "--namespace", namespace, "--values", "-"], JSON.stringify(values));
}

export async function renderChart(options: RenderOptions = {}): Promise<KubeObject[]> {
  const { code, stdout, stderr } = await helmTemplate(options);
  if (code !== 0) throw new Error(stderr);
  return parseObjects(stdout).filter(Boolean);
}
