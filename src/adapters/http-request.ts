import type { Dispatcher } from "undici";
import { explainNetworkError } from "./egress/network-error.ts";

interface HttpQuestion {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `failure`: nobody answered, or not within the limits; the reason continues a sentence that begins with who was asked. */
export type HttpAnswer =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      readonly text: string;
    }
  | { readonly kind: "failure"; readonly reason: string };

interface HttpLimits {
  /** Ends the question, the body's reading included. */
  readonly signal: AbortSignal;
  /** Counted while the body streams in. */
  readonly maxBytes: number;
}

/** One exchange without redirects. Never rejects. */
export async function request(dispatcher: Dispatcher, question: HttpQuestion, { signal, maxBytes }: HttpLimits): Promise<HttpAnswer> {
  const { method, url, headers, body } = question;
  try {
    signal.throwIfAborted();
    const response = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers,
      signal,
      ...(body === undefined ? {} : { body }),
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) return { kind: "failure", reason: `answered with more than ${maxBytes} bytes (HTTP ${response.statusCode})` };
      chunks.push(chunk);
    }
    return { kind: "answer", status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString("utf8") };
  } catch (error) {
    return { kind: "failure", reason: signal.aborted ? endOf(signal) : `could not be asked: ${explainNetworkError(error)}` };
  }
}

function endOf({ reason }: AbortSignal): string {
  return (reason as Error | undefined)?.name === "TimeoutError" ? "did not answer in time" : "was not waited for any longer";
}
