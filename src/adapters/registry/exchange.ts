import type { Readable } from "node:stream";
import { type Dispatcher, request } from "undici";
import { explainNetworkError } from "../egress/network-error.ts";

interface Question {
  readonly method: "HEAD" | "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Reply {
  readonly kind: "reply";
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Empty unless the status is 200. */
  readonly text: string;
}

export interface Unavailable {
  readonly kind: "unavailable";
  readonly reason: string;
}

export interface ExchangeLimits {
  readonly dispatcher: Dispatcher;
  /** For one request with its body. */
  readonly requestMs: number;
  /** For all requests of one answer. */
  readonly signal: AbortSignal;
}

const MAX_BODY_BYTES = 2 ** 20;
const MAX_REDIRECTS = 3;

/** Redirects are followed within one origin only: whatever else a server says, the headers go to the host they are meant for. */
export async function exchange(question: Question, limits: ExchangeLimits): Promise<Reply | Unavailable> {
  let { url } = question;
  for (let hop = 0; ; hop++) {
    const reply = await exchangeOnce({ ...question, url }, limits);
    if (reply.kind === "unavailable" || reply.status < 300 || reply.status >= 400) return reply;
    const { location } = reply.headers;
    const next = URL.parse(typeof location === "string" ? location : "", url.href);
    if (!next || location === undefined)
      return unavailable(`${url.host} answers HTTP ${reply.status} without a place to go; check the registry's URL`);
    if (next.origin !== url.origin) {
      return unavailable(
        `${url.host} redirects to ${next.host || next.protocol}, which is not followed: credentials stay with one host; use the URL of the host that has the image`,
      );
    }
    if (question.method === "POST" || hop === MAX_REDIRECTS)
      return unavailable(`${url.host} redirects without end; check the registry's URL`);
    url = next;
  }
}

async function exchangeOnce(
  { url, method, headers, body }: Question,
  { dispatcher, requestMs, signal }: ExchangeLimits,
): Promise<Reply | Unavailable> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(requestMs)]);
  try {
    const answer = await request(url, {
      dispatcher,
      method,
      headers: { "user-agent": "gitops-operator", ...headers },
      body: body ?? null,
      signal: limit,
    });
    if (answer.statusCode !== 200 || method === "HEAD") {
      await answer.body.dump({ limit: MAX_BODY_BYTES, signal: limit });
      return { kind: "reply", status: answer.statusCode, headers: answer.headers, text: "" };
    }
    const text = await readText(answer.body);
    if (text === undefined)
      return unavailable(`${url.host} sends more than ${MAX_BODY_BYTES / 2 ** 20} MiB as an answer; check that the URL is a registry's`);
    return { kind: "reply", status: answer.statusCode, headers: answer.headers, text };
  } catch (error) {
    if (limit.aborted) return unavailable(`${url.host} did not answer in time; it is asked again at the next pass`);
    return unavailable(`${url.host} could not be asked: ${explainNetworkError(error)}`);
  }
}

/** Undefined: too long; the connection is then closed. */
async function readText(body: Readable): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += (chunk as Buffer).length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

export function unavailable(reason: string): Unavailable {
  return { kind: "unavailable", reason };
}
