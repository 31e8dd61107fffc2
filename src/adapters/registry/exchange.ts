import type { Dispatcher } from "undici";
import type { ImageAnswer } from "../../core/ports.ts";
import { type Hashed, type HttpQuestion, type HttpReply, request } from "../egress/http-request.ts";

export type Unavailable = Extract<ImageAnswer, { kind: "unavailable" }>;

export interface ExchangeLimits {
  readonly dispatcher: Dispatcher;
  /** For one request with its body. */
  readonly requestMs: number;
  /** For all requests of one answer. */
  readonly signal: AbortSignal;
  readonly hashed?: Hashed;
}

/** The longest token, twice: Docker Hub sends it as `token` and as `access_token`; and what is told beside it. Each waiting run may hold one. */
const MOST_BYTES = 40 * 1024;
/** Why it refuses is told at the beginning, and never quoted. */
const BEGINNING_OF = { statuses: [401, 403], bytes: 16 * 1024 };
/** Of other answers only the status counts. */
const TEXT_OF = [200, 401, 403];
const MAX_REDIRECTS = 3;
/** What to do, where the reason does not say so itself. */
const REMEDIES = { late: "; it is asked again at the next pass", too_long: "; check that the URL is a registry's", unreachable: "" };

/** Redirects are followed within one origin only: whatever else a server says, the headers go to the host they are meant for. */
export async function exchange(question: HttpQuestion, limits: ExchangeLimits): Promise<HttpReply | Unavailable> {
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

async function exchangeOnce(question: HttpQuestion, limits: ExchangeLimits): Promise<HttpReply | Unavailable> {
  const { dispatcher, requestMs, signal, hashed } = limits;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(requestMs)]);
  const answer = await request(dispatcher, question, {
    ...{ signal: limit, maxBytes: MOST_BYTES, textOf: TEXT_OF, beginningOf: BEGINNING_OF },
    ...(hashed && { hashed }),
  });
  if (answer.kind === "answer") return answer;
  return { ...unavailable(`${question.url.host} ${answer.reason}${REMEDIES[answer.cause]}`), shareOf: answer.shareOf };
}

export function unavailable(reason: string): Unavailable {
  return { kind: "unavailable", reason };
}
