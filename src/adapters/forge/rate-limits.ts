/**
 * Rate limits of a forge, which count by token: GitHub's, Azure DevOps' and Bitbucket's fields, and GitLab's.
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api, https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/
 */
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import { currentAsker } from "../egress/asker.ts";
import type { HttpReply } from "../egress/http-request.ts";
import { retryAfterMs, serverNow } from "../egress/retry-after.ts";

type LimitedAnswer = Pick<HttpReply, "status" | "headers" | "text">;

interface Budget {
  readonly remaining: number | undefined;
  readonly blockedUntil: number;
  /** Nothing that is known counts after that. */
  readonly endsAt: number;
}

/** The forges count by the hour or less; a longer wait is not believed. */
const LONGEST_MS = 3_600_000;
/** What GitHub asks for where a refusal names no time; the others say nothing. */
const UNNAMED_MS = 60_000;

/** Of tokens that are not forgotten yet. */
const MOST_BYTES = 2 ** 20;

export type RateLimits = ReturnType<typeof createRateLimits>;

export function createRateLimits(now: () => number) {
  /** Each counts for the namespace that asked with the token last. */
  const budgets = createBoundedMap<Budget>(MOST_BYTES, dataBytes, ({ endsAt }) => endsAt <= now());

  return {
    /** 0: a request may be sent. */
    blockedForMs: (tokenId: string) => Math.max(0, (budgets.get(tokenId)?.blockedUntil ?? 0) - now()),
    /** How long the token is to be left alone when the answer refuses for a limit; undefined for any other answer. */
    learn(tokenId: string, answer: LimitedAnswer): number | undefined {
      const remaining = wholeNumber(limitField(answer.headers, "remaining"));
      const resetMs = msUntilReset(answer.headers);
      const refusedMs = isRefusal(answer, remaining)
        ? believed(retryAfterMs(answer.headers) ?? (remaining === 0 ? resetMs : undefined))
        : undefined;
      // Azure DevOps slows down whoever does not wait before it refuses.
      const askedMs = answer.status < 400 ? retryAfterMs(answer.headers) : undefined;
      const usedUpMs = remaining === 0 ? resetMs : undefined;
      const waitMs = askedMs ?? usedUpMs;
      const blockedMs = refusedMs ?? (waitMs === undefined ? 0 : believed(waitMs));
      // Answers overtake each other: one that came late lifts no block.
      const blockedUntil = Math.max(now() + blockedMs, budgets.get(tokenId)?.blockedUntil ?? 0);
      budgets.set(tokenId, { remaining, blockedUntil, endsAt: Math.max(blockedUntil, now() + believed(resetMs)) }, currentAsker());
      return refusedMs;
    },
    /** Requests that the token nearest to its limit has left; undefined when no limit is known. */
    remaining(): number | undefined {
      const known = [...budgets.values()].flatMap(({ remaining }) => remaining ?? []);
      return known.length > 0 ? Math.min(...known) : undefined;
    },
  };
}

/** A 403 without one of these signs is about permissions. */
function isRefusal({ status, headers, text }: LimitedAnswer, remaining: number | undefined): boolean {
  if (status === 429) return true;
  return status === 403 && (remaining === 0 || headers["retry-after"] !== undefined || /rate limit/i.test(text));
}

function msUntilReset(headers: LimitedAnswer["headers"]): number | undefined {
  const seconds = wholeNumber(limitField(headers, "reset"));
  return seconds === undefined ? undefined : seconds * 1_000 - serverNow(headers);
}

function limitField(headers: LimitedAnswer["headers"], name: "remaining" | "reset") {
  return headers[`x-ratelimit-${name}`] ?? headers[`ratelimit-${name}`];
}

function believed(ms: number | undefined): number {
  return Math.min(LONGEST_MS, Math.max(1_000, ms ?? UNNAMED_MS));
}

function wholeNumber(text: string | string[] | undefined): number | undefined {
  return typeof text === "string" && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}
