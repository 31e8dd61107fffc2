/** Public application repositories over smart HTTP (gitprotocol-http(5)): reading only, no credentials. */
import type { Dispatcher } from "undici";
import type { Repository } from "../../../core/types.ts";
import { ReconcileError } from "../../../errors.ts";
import type { HostBreaker } from "../../egress/host-breaker.ts";
import { AnswerInCrumbs, egressRefusal, explainNetworkError, isUnanswered } from "../../egress/network-error.ts";
import type { GitWire } from "./git-wire.ts";
import { createPktReader, type PktReader } from "./pkt-line.ts";

type HttpsRepository = Extract<Repository, { transport: "https" }>;

const MAX_REDIRECTS = 3;
/** Of an answer that is not wanted: what is longer ends the connection. */
const MOST_UNREAD_BYTES = 16 * 1024;

export function openHttpsWire(
  repository: HttpsRepository,
  limits: { maxBytes: number; signal: AbortSignal; dispatcher: Dispatcher; breaker: HostBreaker; notBefore: number },
): GitWire {
  const { breaker } = limits;
  const hangUp = new AbortController();
  const signal = AbortSignal.any([limits.signal, hangUp.signal]);
  let base = new URL(`https://${repository.host}:${repository.port}`);
  base.pathname = repository.path;

  async function exchange(path: string, body?: Buffer): Promise<PktReader> {
    let url = new URL(`${base.href.replace(/\/$/, "")}/${path}`);
    breaker.refuse(url.host, limits.notBefore);
    const startedAt = performance.now();
    for (let hop = 0; ; hop++) {
      // Not fetch, which unpacks what is compressed, however often, and makes a promise of each piece, however small.
      const response = await limits.dispatcher
        .request({
          origin: url.origin,
          path: url.pathname + url.search,
          method: body ? "POST" : "GET",
          signal,
          headers: {
            "git-protocol": "version=2",
            "user-agent": "git/gitops-operator",
            "accept-encoding": "identity",
            ...(body ? { "content-type": "application/x-git-upload-pack-request" } : {}),
          },
          ...(body ? { body } : {}),
        })
        .catch((cause: unknown) => {
          if (egressRefusal(cause)) {
            throw new ReconcileError("repository_denied", `git host ${url.host} is refused: ${explainNetworkError(cause)}`, { cause });
          }
          const message = `${url.host} could not be reached over https: ${explainNetworkError(cause)}`;
          const failure = new ReconcileError("git_unreachable", message, { cause });
          throw isUnanswered(cause) ? breaker.failed(url.host, startedAt, failure) : failure;
        });
      breaker.answered(url.host);
      const { statusCode: status, headers } = response;
      if (status !== 200) void response.body.dump({ limit: MOST_UNREAD_BYTES, signal }).catch(() => undefined);
      const { location } = headers;
      if (status >= 300 && status < 400 && typeof location === "string" && location !== "" && hop < MAX_REDIRECTS) {
        const next = URL.parse(location, url.href);
        if (!next) throw new ReconcileError("git_protocol", `${url.host} redirects to what is no URL; write the repository's present URL`);
        if (next.origin !== url.origin) {
          throw new ReconcileError(
            "git_repository_missing",
            `${url.host} redirects to another host, which is not followed; write the repository's present URL`,
          );
        }
        if (!body && next.pathname.endsWith("/info/refs")) {
          // Not parsed again: a path that begins with `//` would name another host.
          base = new URL(next.origin);
          base.pathname = next.pathname.slice(0, -"/info/refs".length);
        }
        url = next;
        continue;
      }
      if (status !== 200) throw refusal(status, `https://${url.host}${repository.path}`);
      if (!["", "identity"].includes(String(headers["content-encoding"] ?? ""))) {
        throw new ReconcileError(
          "git_protocol",
          `${url.host} sends what is compressed, which it was not asked for; let it send git's answers as they are`,
        );
      }
      return createPktReader(piecesOf(response.body, url.host), limits.maxBytes);
    }
  }

  return {
    advertisement: () => exchange("info/refs?service=git-upload-pack"),
    request: (body) => exchange("git-upload-pack", body),
    close: () => hangUp.abort(),
    abort: () => hangUp.abort(),
  };
}

async function* piecesOf(body: AsyncIterable<Buffer>, host: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* body;
  } catch (cause) {
    const code = cause instanceof AnswerInCrumbs ? "git_limit" : "git_unreachable";
    throw new ReconcileError(code, `${host} did not send its whole answer: ${explainNetworkError(cause)}`, { cause });
  }
}

function refusal(status: number, name: string): ReconcileError {
  if (status === 401 || status === 403 || status === 404) {
    return new ReconcileError(
      "git_repository_missing",
      `${name} is not a public repository (HTTP ${status}); check the URL, or use its SSH form for a private one`,
    );
  }
  return new ReconcileError("git_unreachable", `${name} answered HTTP ${status}; it is asked again at the next pass`);
}
