import type { Dispatcher } from "undici";
import { explainNetworkError } from "./egress/network-error.ts";

export interface HttpQuestion {
  readonly method: "HEAD" | "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpReply {
  readonly kind: "answer";
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  readonly text: string;
}

/** Nobody answered, or not within the limits; the reason continues a sentence that begins with who was asked. */
interface HttpFailure {
  readonly kind: "failure";
  readonly cause: "late" | "too_long" | "unreachable";
  readonly reason: string;
}

export type HttpAnswer = HttpReply | HttpFailure;

interface HttpLimits {
  /** Ends the question, the body's reading included. */
  readonly signal: AbortSignal;
  /** Counted while the body streams in. */
  readonly maxBytes: number;
  /** Answers of other statuses count as without text, however long they are. */
  readonly textOf?: readonly number[];
}

/** One exchange without redirects. Never rejects. */
export async function request(dispatcher: Dispatcher, question: HttpQuestion, limits: HttpLimits): Promise<HttpAnswer> {
  const { method, url, headers, body } = question;
  const { signal, maxBytes, textOf } = limits;
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
    const answer = { kind: "answer", status: response.statusCode, headers: response.headers } as const;
    if (textOf && !textOf.includes(answer.status)) {
      await response.body.dump({ limit: maxBytes, signal });
      return { ...answer, bytes: Buffer.alloc(0), text: "" };
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) return failure("too_long", `answered with more than ${maxBytes} bytes (HTTP ${answer.status})`);
      chunks.push(chunk);
    }
    const read = Buffer.concat(chunks);
    return { ...answer, bytes: read, text: read.toString("utf8") };
  } catch (error) {
    return signal.aborted ? failure("late", endOf(signal)) : failure("unreachable", `could not be asked: ${explainNetworkError(error)}`);
  }
}

function failure(cause: HttpFailure["cause"], reason: string): HttpFailure {
  return { kind: "failure", cause, reason };
}

function endOf({ reason }: AbortSignal): string {
  return (reason as Error | undefined)?.name === "TimeoutError" ? "did not answer in time" : "was not waited for any longer";
}
