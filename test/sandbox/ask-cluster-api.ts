import type { TestContext } from "node:test";
import type { NewObject } from "../../sandbox/cluster-api/kinds.ts";
import { type ClusterApi, type ClusterApiOptions, startClusterApi } from "../../sandbox/cluster-api.ts";

export async function start(t: TestContext, options: ClusterApiOptions = {}): Promise<ClusterApi> {
  const api = await startClusterApi(options);
  t.after(() => api.close());
  return api;
}

// biome-ignore lint/suspicious/noExplicitAny: answers of an API, looked at field by field
export type Json = any;

export async function ask(
  api: ClusterApi,
  method: string,
  path: string,
  body?: object,
  type = "application/json",
): Promise<{ code: number; body: Json }> {
  const response = await fetch(api.url + path, { method, headers: { "content-type": type }, ...(body && { body: JSON.stringify(body) }) });
  return { code: response.status, body: await response.json() };
}

export const deployments = "/apis/apps/v1/deployments";
export const inTeam = "/apis/apps/v1/namespaces/team/deployments";

export function deployment(name: string, namespace = "team"): NewObject {
  return {
    kind: "Deployment",
    metadata: { name, namespace },
    spec: { template: { spec: { containers: [{ name: "app", image: "app:1" }] } } },
  };
}

export const names = (list: Json) => list.items.map((item: Json) => item.metadata.name).join();
