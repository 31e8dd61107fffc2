import { setImmediate as nextTurn } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import type { Dispatcher } from "undici";
import { createKubeConnections } from "./kube-connections.ts";
import { createCredentialSource } from "./kube-credentials.ts";
import { KubeError, kubeErrorOf } from "./kube-error.ts";
import { splitLines } from "./split-lines.ts";
import { startDeadline } from "./start-deadline.ts";

export interface KubeAnswer {
  readonly status: number;
  readonly text: string;
}

interface KubeLimits {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** Authenticated requests to the API server over kept connections. Rejects with KubeError, or the signal's reason. Paths are absolute, with query. */
export interface KubeClient {
  /** Any status is an answer. */
  get(path: string, limits: KubeLimits): Promise<KubeAnswer>;
  post(path: string, body: object, limits: KubeLimits): Promise<KubeAnswer>;
  /** The lines of a watch until its clean end; rejects when the answer is not 200 or nothing arrives for `deadlineMs`. */
  watch(path: string, limits: KubeLimits): AsyncGenerator<string, void, undefined>;
  /** Cuts everything at once. */
  close(): void;
}

export function createKubeClient(config: KubeConfig): KubeClient {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error("The kubeconfig has no current context");
  const { origin, pathname } = new URL(cluster.server);
  // Some servers live below a path (Rancher: /k8s/clusters/ID).
  const prefix = pathname.replace(/\/$/, "");
  const closed = new AbortController();
  const credentials = createCredentialSource(config);
  const connections = createKubeConnections(cluster.proxyUrl || undefined);

  async function send(
    method: "GET" | "POST",
    path: string,
    purpose: "requests" | "watches",
    signal: AbortSignal,
    body?: string,
  ): Promise<Dispatcher.ResponseData> {
    const { headers, tls } = await credentials.current();
    signal.throwIfAborted();
    return connections.to(purpose, tls).request({
      origin,
      path: prefix + path,
      method,
      headers: {
        ...headers,
        accept: "application/json",
        "user-agent": "gitops-operator",
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      signal,
      ...(body !== undefined && { body }),
    });
  }

  async function ask(method: "GET" | "POST", path: string, { deadlineMs, signal }: KubeLimits, body?: string): Promise<KubeAnswer> {
    const deadline = startDeadline(deadlineMs, [signal, closed.signal]);
    async function once(): Promise<KubeAnswer> {
      const response = await deadline.race(send(method, path, "requests", deadline.signal, body));
      const answer = { status: response.statusCode, text: await deadline.race(response.body.text()) };
      // undici takes an HTTP/1.1 connection back one turn after the last byte; asked before that it would open a second one.
      await nextTurn();
      return answer;
    }
    try {
      const answer = await once().catch((error) => {
        // A kept connection may have died unnoticed: what changes nothing is asked once more.
        if (method !== "GET" || deadline.signal.aborted) throw error;
        return once();
      });
      return answer.status === 401 && (await credentials.renew()) ? await once() : answer;
    } catch (error) {
      if (deadline.passed) connections.replace();
      throw kubeErrorOf(error, signal);
    } finally {
      deadline.stop();
    }
  }

  return {
    get: (path, limits) => ask("GET", path, limits),
    post: (path, body, limits) => ask("POST", path, limits, JSON.stringify(body)),
    async *watch(path, { deadlineMs, signal }) {
      const silence = startDeadline(deadlineMs, [signal, closed.signal]);
      try {
        const response = await silence.race(send("GET", path, "watches", silence.signal));
        if (response.statusCode !== 200) throw KubeError.ofAnswer(response.statusCode, await silence.race(response.body.text()));
        for await (const line of splitLines(response.body)) {
          silence.restart();
          yield line;
        }
      } catch (error) {
        if (silence.passed) connections.replace();
        throw kubeErrorOf(error, signal);
      } finally {
        silence.stop();
      }
    },
    close() {
      closed.abort(new KubeError("network", "the client is closed"));
      connections.replace();
    },
  };
}
