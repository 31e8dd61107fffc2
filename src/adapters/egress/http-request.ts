import { createHash } from "node:crypto";
import type { Dispatcher } from "undici";
import { shareOf } from "../../sharing/own-share.ts";
import { explainNetworkError } from "./network-error.ts";

export interface HttpQuestion {
  readonly method: "HEAD" | "GET" | "POST" | "PUT" | "PATCH";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpReply {
  readonly kind: "answer";
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Of a body that was hashed, in hex; then there is no text. */
  readonly hash?: string;
}

type Head = Pick<HttpReply, "kind" | "status" | "headers">;

/** Nobody answered, or not within the limits; the reason continues a sentence that begins with who was asked. */
interface HttpFailure {
  readonly kind: "failure";
  readonly cause: "late" | "too_long" | "unreachable";
  readonly reason: string;
  /** It was not asked, since that namespace's own share was used up. */
  readonly shareOf?: string | undefined;
}

export type HttpAnswer = HttpReply | HttpFailure;

interface HttpLimits {
  /** Ends the question, the body's reading included. */
  readonly signal: AbortSignal;
  /** Counted while the body streams in. */
  readonly maxBytes: number;
  /** Answers of other statuses count as without text, however long they are. */
  readonly textOf?: readonly number[];
  /** Of answers of these statuses so many bytes are read, and the rest counts as not sent. */
  readonly beginningOf?: { readonly statuses: readonly number[]; readonly bytes: number };
  readonly hashed?: Hashed;
}

/** Answers of which nothing is kept but a hash, so they may be long. */
export interface Hashed {
  /** As node:crypto names it; undefined: its text is wanted. */
  readonly algorithmOf: (head: Head) => string | undefined;
  readonly maxBytes: number;
}

/** One exchange without redirects. Never rejects. */
export async function request(dispatcher: Dispatcher, question: HttpQuestion, limits: HttpLimits): Promise<HttpAnswer> {
  const { method, url, headers, body } = question;
  const { signal, textOf, beginningOf, hashed } = limits;
  try {
    signal.throwIfAborted();
    const response = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { "user-agent": "gitops-operator", ...headers },
      signal,
      ...(body === undefined ? {} : { body }),
    });
    const answer: Head = { kind: "answer", status: response.statusCode, headers: response.headers };
    if (textOf && !textOf.includes(answer.status)) {
      await response.body.dump({ limit: limits.maxBytes, signal });
      return { ...answer, text: "" };
    }
    const algorithm = hashed?.algorithmOf(answer);
    const hash = algorithm === undefined ? undefined : createHash(algorithm);
    const maxBytes = (hash && hashed?.maxBytes) ?? limits.maxBytes;
    const enough = beginningOf?.statuses.includes(answer.status) ? beginningOf.bytes : Number.POSITIVE_INFINITY;
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      if (bytes + chunk.length >= enough) {
        chunks.push(chunk.subarray(0, enough - bytes));
        break;
      }
      bytes += chunk.length;
      if (bytes > maxBytes) return failure("too_long", `answered with more than ${maxBytes} bytes (HTTP ${answer.status})`);
      if (hash) hash.update(chunk);
      else chunks.push(chunk);
    }
    return { ...answer, text: Buffer.concat(chunks).toString("utf8"), ...(hash && { hash: hash.digest("hex") }) };
  } catch (error) {
    if (signal.aborted) {
      const isLate = (signal.reason as Error | undefined)?.name === "TimeoutError";
      return failure("late", isLate ? "did not answer in time" : "was not waited for any longer");
    }
    return { ...failure("unreachable", `could not be asked: ${explainNetworkError(error)}`), shareOf: shareOf(error) };
  }
}

function failure(cause: HttpFailure["cause"], reason: string): HttpFailure {
  return { kind: "failure", cause, reason };
}
