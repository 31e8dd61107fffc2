import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { retryAfterMs } from "../egress/retry-after.ts";
import { createKubeConnections } from "./kube-connections.ts";
import { createCredentialSource } from "./kube-credentials.ts";
import { type KubeAnswer, KubeError, kubeErrorOf } from "./kube-error.ts";
import { readText } from "./read-text.ts";
import { createRefusalDoubts } from "./refusal-doubts.ts";
import { type LongLine, splitLines } from "./split-lines.ts";
import { type Deadline, startDeadline } from "./start-deadline.ts";

export interface KubeLimits {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

interface AnswerLimits extends KubeLimits {
  /** A longer answer rejects with `too_large`. */
  readonly mostBytes?: number;
  readonly accept?: string | undefined;
}

type WatchLimits = Pick<AnswerLimits, "deadlineMs" | "signal" | "accept">;

/**
 * Of an answer, and of a line of a watch: with what it becomes when it is parsed, a part of the Pod's 512 MiB. No honest object comes near it:
 * etcd takes 1.5 MiB, which JSON's escapes of `<` make six times as long.
 */
export const mostAnswerBytes = 8 * 2 ** 20;

/** A server that is too busy tells whole seconds, and 0 where it means as soon as possible. */
const leastWaitMs = 1_000;

export type KubeClient = ReturnType<typeof createKubeClient>;

/** Authenticated requests to the API server over kept connections. Rejects with KubeError, or the signal's reason. Paths are absolute, with query. */
export function createKubeClient(config: KubeConfig, doubtMs = 2_000) {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error("The kubeconfig has no current context");
  const { origin, pathname } = new URL(cluster.server);
  // Some servers live below a path (Rancher: /k8s/clusters/ID).
  const prefix = pathname.replace(/\/$/, "");
  const closed = new AbortController();
  const credentials = createCredentialSource(config);
  const connections = createKubeConnections(cluster.proxyUrl || undefined);
  const beginDoubt = createRefusalDoubts();

  /** A server that is too busy is asked again after the time that it tells, as long as the deadline leaves room for that. */
  async function send(
    method: "GET" | "POST",
    path: string,
    purpose: "requests" | "watches",
    deadline: Deadline,
    { accept = "application/json", body }: { readonly accept?: string | undefined; readonly body?: string | undefined } = {},
  ) {
    for (;;) {
      const { headers, tls, isAnonymous } = await credentials.current();
      deadline.signal.throwIfAborted();
      const response = await connections.to(purpose, tls).request({
        origin,
        path: prefix + path,
        method,
        headers: {
          ...headers,
          accept,
          "user-agent": "gitops-operator",
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        signal: deadline.signal,
        ...(body !== undefined && { body }),
      });
      const asked = response.statusCode === 429 ? retryAfterMs(response.headers) : undefined;
      if (asked === undefined || Math.max(asked, leastWaitMs) >= deadline.remainingMs) return { response, isAnonymous };
      await response.body.dump();
      await sleep(Math.max(asked, leastWaitMs), undefined, { signal: deadline.signal });
    }
  }

  async function readAnswer(
    { response, isAnonymous }: Awaited<ReturnType<typeof send>>,
    isDoubtful: (status: number) => boolean,
    mostBytes = mostAnswerBytes,
  ): Promise<KubeAnswer> {
    const { statusCode: status } = response;
    const text = await readText(response.body, mostBytes);
    // A 403 says whom the server saw: a proxy in between may have added credentials, or taken them away.
    const wasAnonymous = status === 401 ? isAnonymous : status === 403 && text.includes("system:anonymous");
    return { status, text, isAnonymous: wasAnonymous, isDoubtful: isDoubtful(status) };
  }

  async function ask(method: "GET" | "POST", path: string, limits: AnswerLimits, body?: string): Promise<KubeAnswer> {
    const { deadlineMs, signal, mostBytes, accept } = limits;
    const deadline = startDeadline(deadlineMs, [signal, closed.signal]);
    const isDoubtful = beginDoubt(method, path);
    async function once(): Promise<KubeAnswer> {
      const sent = await deadline.race(send(method, path, "requests", deadline, { accept, body }));
      const answer = await deadline.race(readAnswer(sent, isDoubtful, mostBytes));
      // undici takes an HTTP/1.1 connection back one turn after the last byte; asked before that it would open a second one.
      await nextTurn();
      return answer;
    }
    try {
      const answer = await once().catch((error) => {
        // A kept connection may have died unnoticed: what changes nothing is asked once more.
        if (method !== "GET" || deadline.signal.aborted || error instanceof KubeError) throw error;
        return once();
      });
      return answer.status === 401 && credentials.renew() ? await once() : answer;
    } catch (error) {
      if (deadline.passed) connections.replace();
      throw kubeErrorOf(error, signal);
    } finally {
      deadline.stop();
    }
  }

  return {
    /** Any status is an answer. */
    get: (path: string, limits: AnswerLimits) => ask("GET", path, limits),
    post: (path: string, body: object, limits: KubeLimits) => ask("POST", path, limits, JSON.stringify(body)),
    /** The lines of a watch until its clean end; rejects when the answer is not 200 or nothing arrives for `deadlineMs`. */
    async *watch(path: string, { deadlineMs, signal, accept }: WatchLimits): AsyncGenerator<string | LongLine, void, undefined> {
      const silence = startDeadline(deadlineMs, [signal, closed.signal]);
      const isDoubtful = beginDoubt("WATCH", path);
      try {
        const sent = await silence.race(send("GET", path, "watches", silence, { accept }));
        if (sent.response.statusCode !== 200) throw KubeError.ofAnswer(await silence.race(readAnswer(sent, isDoubtful)));
        for await (const line of splitLines(sent.response.body, mostAnswerBytes)) {
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
    /** How long to wait before a doubtful refusal is asked about again: an API server that starts takes about half of it. */
    doubtMs,
    /** Cuts everything at once. */
    close(): void {
      closed.abort(new KubeError("network", "the client is closed"));
      connections.replace();
    },
  };
}
