/** A git conversation over smart HTTP (gitprotocol-http(5)). Credentials go to the repository's own origin alone, and over TLS alone. */
import type { Dispatcher } from "undici";
import type { Repository } from "../../../core/types.ts";
import { ReconcileError } from "../../../errors.ts";
import type { HostBreaker } from "../../egress/host-breaker.ts";
import { AnswerInCrumbs, egressRefusal, explainNetworkError, isUnanswered, isUntrusted } from "../../egress/network-error.ts";
import type { GitService } from "../../ssh/git-command.ts";
import type { GitWire } from "./git-wire.ts";
import type { HttpsLogin } from "./https-access.ts";
import { httpsRefusal } from "./https-refusal.ts";
import { createPktReader, type PktReader } from "./pkt-line.ts";

type HttpsRepository = Extract<Repository, { transport: "https" }>;

type Response = Dispatcher.ResponseData;

interface HttpsLimits {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly dispatcher: Dispatcher;
  readonly breaker: HostBreaker;
  readonly notBefore: number;
  /** Default: reading. */
  readonly service?: GitService;
  /** Undefined: nobody in particular asks. */
  readonly login?: HttpsLogin;
}

const MAX_REDIRECTS = 3;
/** Of an answer that is not wanted: what is longer ends the connection. */
const MOST_UNREAD_BYTES = 16 * 1024;
const MOST_SAID_BYTES = 2 * 1024;
/** How long the rest of an answer may take that is read only so that the connection can be kept. */
const GOODBYE_MS = 5_000;
/** The same where the rest is not wanted: what is little is read, since hanging up costs the connection. */
const HANG_UP_MS = 500;

export function openHttpsWire(repository: HttpsRepository, limits: HttpsLimits): GitWire {
  const { breaker, login, service = "git-upload-pack" } = limits;
  const dispatcher = login?.dispatcher ?? limits.dispatcher;
  const hangUp = new AbortController();
  const signal = AbortSignal.any([limits.signal, hangUp.signal]);
  const origin = new URL(`https://${repository.host}:${repository.port}`);
  let base = new URL(origin);
  base.pathname = repository.path;
  let authorization: string | undefined;
  let isEnded = false;
  /** What is left of the last answer. */
  let answer: AsyncGenerator<Buffer, void, undefined> | undefined;

  async function send(url: URL, body: Buffer | undefined): Promise<Response> {
    breaker.refuse(url.host, limits.notBefore);
    const startedAt = performance.now();
    // Not fetch, which unpacks what is compressed, however often, and makes a promise of each piece, however small.
    const ask = () =>
      dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: body ? "POST" : "GET",
        signal,
        headers: {
          // The protocol of pushes has no second version.
          ...(service === "git-upload-pack" ? { "git-protocol": "version=2" } : {}),
          "user-agent": "git/gitops-operator",
          "accept-encoding": "identity",
          ...(body ? { "content-type": `application/x-${service}-request`, accept: `application/x-${service}-result` } : {}),
          ...(authorization !== undefined && url.origin === origin.origin && { authorization }),
        },
        ...(body ? { body } : {}),
      });
    try {
      // A kept connection may be closed by the host at the very moment: what only reads is sent once more.
      const response = await (body || !login ? ask() : ask().catch((cause) => (isClosed(cause) ? ask() : Promise.reject(cause))));
      breaker.answered(url.host);
      return response;
    } catch (cause) {
      if (egressRefusal(cause)) {
        throw new ReconcileError("repository_denied", `git host ${url.host} is refused: ${explainNetworkError(cause)}`, { cause });
      }
      const ownAuthority =
        login && isUntrusted(cause) ? `, or in the field ca.crt of Secret ${login.secret.namespace}/${login.secret.name}` : "";
      const message = `${url.host} could not be reached over https: ${explainNetworkError(cause)}${ownAuthority}`;
      const failure = new ReconcileError("git_unreachable", message, { cause });
      throw isUnanswered(cause) ? breaker.failed(url.host, startedAt, failure) : failure;
    }
  }

  /** Where an answer leads that is none yet; undefined: nowhere. */
  function redirectOf({ statusCode: status, headers: { location } }: Response, url: URL): URL | undefined {
    if (status < 300 || status >= 400 || typeof location !== "string" || location === "") return undefined;
    const next = URL.parse(location, url.href);
    if (!next) throw new ReconcileError("git_protocol", `${url.host} redirects to what is no URL; write the repository's present URL`);
    if (next.origin === url.origin) return next;
    const secret = login && `Secret ${login.secret.namespace}/${login.secret.name}`;
    const doubt =
      secret === undefined ? "" : `, or put a valid token into ${secret}: some hosts lead others to a page that asks who they are`;
    throw new ReconcileError(
      "git_repository_missing",
      `${url.host} redirects to another host, which is not followed; write the repository's present URL${doubt}`,
    );
  }

  async function exchange(path: string, body?: Buffer): Promise<PktReader> {
    await finish();
    let url = new URL(`${base.href.replace(/\/$/, "")}/${path}`);
    let isRenewed = false;
    authorization ??= await login?.authorization();
    for (let hop = 0; ; hop++) {
      const response = await send(url, body);
      const { headers } = response;
      // Azure DevOps shows the page where one logs in.
      const status = response.statusCode === 203 ? 401 : response.statusCode;
      const next = hop < MAX_REDIRECTS ? redirectOf(response, url) : undefined;
      if (next) {
        void unread(response);
        if (!body && next.pathname.endsWith("/info/refs")) {
          // Not parsed again: a path that begins with `//` would name another host.
          base = new URL(next.origin);
          base.pathname = next.pathname.slice(0, -"/info/refs".length);
        }
        url = next;
        continue;
      }
      if (status === 401 && login && !isRenewed) {
        isRenewed = true;
        const renewed = await login.renewed();
        if (renewed !== undefined) {
          void unread(response);
          authorization = renewed;
          continue;
        }
      }
      if (status !== 200) {
        const said = login ? await wordsOf(response) : void unread(response);
        throw httpsRefusal({ status, name: `https://${url.host}${repository.path}`, service, login, said: said ?? "" });
      }
      if (!["", "identity"].includes(String(headers["content-encoding"] ?? ""))) {
        void unread(response);
        throw new ReconcileError(
          "git_protocol",
          `${url.host} sends what is compressed, which it was not asked for; let it send git's answers as they are`,
        );
      }
      answer = piecesOf(response.body, url.host);
      return createPktReader(answer, limits.maxBytes);
    }
  }

  /** A connection is free for the next question once its answer was read to the end. */
  async function finish(): Promise<void> {
    const rest = answer;
    answer = undefined;
    if (!rest) return;
    let bytes = 0;
    for await (const piece of rest) {
      bytes += piece.length;
      if (bytes > MOST_UNREAD_BYTES) break;
    }
  }

  const unread = ({ body }: Response) => body.dump({ limit: MOST_UNREAD_BYTES, signal }).catch(() => undefined);

  /** Who hung up says goodbye all the same: once is enough. */
  async function end(withinMs: number): Promise<void> {
    if (isEnded) return;
    isEnded = true;
    const timer = setTimeout(() => hangUp.abort(), withinMs);
    // How the connection ended no longer matters.
    await finish().catch(() => undefined);
    clearTimeout(timer);
    hangUp.abort();
    login?.end();
  }

  const path = `info/refs?service=${service}`;
  return {
    advertisement: () => (login ? login.logIn(() => exchange(path)) : exchange(path)),
    request: (body) => exchange(service, body),
    close: () => void end(GOODBYE_MS),
    abort: () => void end(login ? HANG_UP_MS : 0),
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

/** The beginning of what a host says in plain text. */
async function wordsOf({ headers, body }: Response): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > MOST_SAID_BYTES) break;
    }
  } catch {
    // The status says enough.
  }
  const said = Buffer.concat(pieces).subarray(0, MOST_SAID_BYTES).toString();
  return /html/i.test(String(headers["content-type"] ?? "")) || said.trimStart().startsWith("<") ? "" : said;
}

function isClosed(cause: unknown): boolean {
  const { code } = cause as { readonly code?: unknown };
  return code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code === "EPIPE";
}
