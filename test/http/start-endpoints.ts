import type { TestContext } from "node:test";
import type { Filter } from "../../src/core/types.ts";
import { createEndpoints, type EndpointsOptions } from "../../src/endpoints.ts";
import { createApp } from "../../src/http/app.ts";
import { startHttpServer } from "../../src/http/http-server.ts";
import type { ObserveRequest } from "../../src/http/observe-requests.ts";
import { manyWorkloads } from "./many-workloads.ts";

type Options = Partial<Pick<EndpointsOptions, "ask" | "hasDebug" | "reconcileToken">>;

const log = { info() {}, warn() {}, error() {} };

/** Those of an operator that has one Deployment, `team-0/api`. */
export function endpointsWith(options: Options = {}) {
  return createEndpoints({
    ...manyWorkloads(1, log).known,
    ...{ ask: async () => [], ready() {}, metrics: async () => ({ contentType: "text/plain", text: "metrics" }) },
    ...{ hasDebug: true, reconcileToken: undefined, stopping: new AbortController().signal, ...options },
  });
}

/** `calls`: what was to be reconciled. */
export async function startEndpoints(
  t: TestContext,
  { ask = async () => [], requestStarted, ...options }: Options & { readonly requestStarted?: ObserveRequest } = {},
) {
  const calls: Filter[] = [];
  const endpoints = endpointsWith({
    ...options,
    ask(filter, ...call) {
      calls.push(filter);
      return ask(filter, ...call);
    },
  });
  const server = await startHttpServer(createApp(endpoints.all, log, requestStarted), { port: 0, host: "127.0.0.1" });
  t.after(() => server.close());
  return { calls, ask: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init) };
}
