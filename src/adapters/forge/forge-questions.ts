/** A question to a forge: its pages, within what is read of any answer, and the words for what is none. Nothing is followed to another host. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { BuildState } from "../../core/ports.ts";
import { asReconcileError, ReconcileError } from "../../errors.ts";
import { parseJson } from "../../text/parse-json.ts";
import { withoutLast } from "../../text/without-last.ts";
import type { UsedDispatcher } from "../egress/credential-connections.ts";
import { type HttpAnswer, type HttpQuestion, type HttpReply, request } from "../egress/http-request.ts";
import type { AppRight } from "./app-tokens.ts";
import type { AppAsker, Asked } from "./asked.ts";
import type { ForgeOptions } from "./forge.ts";
import { createRateLimits } from "./rate-limits.ts";
import { said } from "./refusal-words.ts";

/** A list is sent as its key again and again. */
export type Query = Readonly<Record<string, string | readonly string[]>>;

export interface Page<Item> {
  readonly items: readonly Item[];
  /** What the question for the next page has in its query beside the first one's; undefined: this is the last. */
  readonly next: Query | undefined;
}

interface Exchange extends Asked {
  /** Below the API's root, encoded: `repos/team/shop/actions/runs`. */
  readonly path: string;
  readonly query: Query;
  /** What is asked for or written: `the pipelines`. */
  readonly what: string;
  /** The least right that a token needs. */
  readonly right: string;
  /** The same of a GitHub App, at GitHub. */
  readonly appRight?: AppRight;
  /** When all that it is a part of is to have ended, by `now`. */
  readonly until?: number;
}

export interface ForgeQuestion<Item> extends Exchange {
  /** Undefined: it is no such list. */
  readonly read: (reply: HttpReply, page: number) => Page<Item> | undefined;
}

export interface ForgeMessage extends Exchange {
  readonly method: "POST" | "PUT" | "PATCH";
  readonly body: object;
}

/** Why it is not known: the forge's `status`; or this token or namespace alone is `limited`; or nobody answered. Else it was not asked. */
export type Unknown = Extract<BuildState, { kind: "unknown" }> & { readonly status?: number; readonly why?: "limited" | "unanswered" };
export type ForgeAnswer<Item> = { readonly kind: "items"; readonly items: readonly Item[] } | Unknown;

const MOST_PAGES = 5;
const MOST_BYTES = 2 ** 20;
/** More on one page are no such list, and are not looked at one by one. */
const MOST_ITEMS = 1_000;

/** `setting`: the variable that holds the address. */
export function createForgeQuestions(forge: string, options: ForgeOptions, setting = "FORGES") {
  const { dispatcher, deadlineMs = 10_000, now = () => performance.now() } = options;
  const api = new URL(options.apiUrl);
  const limits = createRateLimits(now);

  /** Newest first; a commit with more items than five pages hold is judged by those. */
  async function ask<Item>(question: ForgeQuestion<Item>): Promise<ForgeAnswer<Item>> {
    const signal = deadlineOf(question);
    const items: Item[] = [];
    let next: Query | undefined = {};
    for (let page = 1; page <= MOST_PAGES && next; page++) {
      const answer = await exchange(question, { method: "GET", ...addressOf(question, next) }, signal);
      if (answer.kind === "unknown") return answer;
      if (answer.status !== 200) return unknown(refusal(question, answer, "read"), { status: answer.status });
      const found = question.read(answer, page);
      if (!found)
        return unknown(`${forge}'s API at ${api.host} sent no list of ${bareNoun(question.what)}; check ${setting}`, { status: 200 });
      items.push(...found.items);
      next = found.next;
    }
    return { kind: "items", items };
  }

  /** Writes once; any status of success is one. */
  async function send(message: ForgeMessage): Promise<HttpReply | Unknown> {
    const { url, headers } = addressOf(message, {});
    const body = JSON.stringify(message.body);
    const sent = { method: message.method, url, headers: { ...headers, "content-type": "application/json" }, body };
    const answer = await exchange(message, sent, deadlineOf(message));
    if (answer.kind === "unknown" || (answer.status >= 200 && answer.status < 300 && !message.tokenRefused?.includes(answer.status)))
      return answer;
    return unknown(refusal(message, answer, "write"), { status: answer.status });
  }

  function deadlineOf({ until = Number.POSITIVE_INFINITY }: Exchange): AbortSignal {
    return AbortSignal.timeout(Math.max(0, Math.floor(Math.min(deadlineMs, until - now()))));
  }

  async function exchange(asked: Exchange, question: HttpQuestion, signal: AbortSignal): Promise<HttpReply | Unknown> {
    const tokenId = createHash("sha256").update(asked.token).digest("hex");
    const blockedMs = limits.blockedForMs(tokenId);
    if (blockedMs > 0) return limited(blockedMs);
    const answer = asked.app
      ? await requestAsApp(asked.app, asked.appRight, question, signal)
      : await request(dispatcher, question, { signal, maxBytes: MOST_BYTES });
    if (answer.kind === "unknown") return answer;
    if (answer.kind === "failure") {
      const { reason, shareOf, cause } = answer;
      const text = `${forge}'s API at ${api.host} ${reason}; it is asked again at the next pass`;
      // How long an answer is depends on the repository, so it is no sign of a forge that is down.
      if (cause === "too_long") return unknown(text);
      return unknown(text, { shareOf, why: shareOf === undefined ? "unanswered" : "limited" });
    }
    const refusedMs = limits.learn(tokenId, answer);
    return refusedMs === undefined ? answer : limited(refusedMs);
  }

  /** A token that is refused before its time is replaced once. */
  async function requestAsApp(app: AppAsker, right: AppRight | undefined, question: HttpQuestion, signal: AbortSignal) {
    const send = (way: UsedDispatcher, token: string): Promise<HttpAnswer> => {
      const headers = { ...question.headers, authorization: `Bearer ${token}` };
      return request(way.dispatcher, { ...question, headers }, { signal, maxBytes: MOST_BYTES });
    };
    try {
      if (right === undefined) throw new ReconcileError("internal", `no right of a GitHub App is named for ${question.url.pathname}`);
      using ways = new DisposableStack();
      const way = ways.adopt(app.use(), ({ end }) => end());
      const token = await app.token(right, signal);
      const answer = await send(way, token);
      return answer.kind === "answer" && answer.status === 401 ? await send(way, await app.token(right, signal, token)) : answer;
    } catch (error) {
      if (signal.aborted)
        return unknown(`${forge}'s API at ${api.host} did not answer in time; it is asked again at the next pass`, { why: "unanswered" });
      const { code, message } = asReconcileError(error);
      return unknown(message, code === "git_unreachable" ? { why: "unanswered" } : code === "git_denied" ? { status: 403 } : {});
    }
  }

  /** It is made of ours and never taken from an answer, so the token goes nowhere else. */
  function addressOf({ path, query, headers }: Exchange, next: Query) {
    const url = new URL(api);
    url.pathname = `${withoutLast(api.pathname, "/")}/${path}`;
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries({ ...query, ...next })) for (const one of [value].flat()) search.append(key, one);
    url.search = `${search}`;
    return { url, headers: { accept: "application/json", ...headers } };
  }

  function refusal(exchange: Exchange, { status, text }: HttpReply, verb: "read" | "write"): string {
    const { repository, what, right, tokenRefused = [], annotation = "app_repository", token, headers } = exchange;
    // Some repeat what they were sent.
    const http = `HTTP ${status}${said(text, [token, headers.authorization?.split(" ")[1] ?? token])}`;
    // Bitbucket Server says 401 of what a right token may not do.
    const mayNot = status === 403 || (status === 401 && text.includes("are not permitted"));
    if (!mayNot && (status === 401 || tokenRefused.includes(status))) {
      return `${forge} refuses the token (${http}): it is wrong, expired or revoked; put a valid one into its Secret`;
    }
    if (status >= 300 && status < 400)
      return `${repository} has moved on ${forge} (HTTP ${status}); write its new address into gitops.operator.${annotation}`;
    if (mayNot) return `${forge} does not let the token ${verb} ${what} of ${repository} (${http}); give it ${right}`;
    if (status === 404)
      return `${forge} shows the token no repository ${repository} (${http}); check gitops.operator.${annotation}, and give the token access to it with ${right}`;
    if (status >= 500) return `${forge}'s API fails (HTTP ${status}); it is asked again at the next pass`;
    if (verb === "write") return `${forge} does not take ${what} of ${repository} (${http}); see to what it says`;
    return `${forge}'s API does not answer the question for ${repository} (${http}); check ${setting}`;
  }

  function limited(waitMs: number): Unknown {
    return unknown(
      `${forge}'s rate limit for this token is used up; it is asked again in ${Math.ceil(waitMs / 1_000)} s (share the load over several tokens if this lasts)`,
      { why: "limited" },
    );
  }

  return { ask, send, rateRemaining: limits.remaining };
}

export function unknown(reason: string, more: Pick<Unknown, "shareOf" | "status" | "why"> = {}): Unknown {
  return { kind: "unknown", reason, ...more };
}

/** A list of these that is no longer than any forge's page. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.custom<unknown[]>((list) => Array.isArray(list) && list.length <= MOST_ITEMS).pipe(z.array(item));
}

/** Reads an answer that is one of these alone. */
export function oneOf<Item>(item: z.ZodType<Item>) {
  return ({ text }: HttpReply): Page<Item> | undefined => {
    const { data } = item.safeParse(parseJson(text));
    return data === undefined ? undefined : { items: [data], next: undefined };
  };
}

/** `Link` of RFC 8288: whether there is a next page. Where it is, is not believed. */
export function hasNextLink({ link }: HttpReply["headers"]): boolean {
  return /;\s*rel="?next"?/.test(String(link ?? ""));
}

function bareNoun(what: string): string {
  return what.replace(/^the /, "");
}
