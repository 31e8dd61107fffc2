import type { Dispatcher } from "undici";
import type { Builds, Reports } from "../../core/ports.ts";
import type { Proposals } from "../../core/proposal-ports.ts";
import type { AppTokens } from "./app-tokens.ts";
import type { RateLimits } from "./rate-limits.ts";

export interface ForgeOptions {
  readonly dispatcher: Dispatcher;
  /** With what the kind of forge has below its own root: `https://gitlab.com/api/v4`. */
  readonly apiUrl: string;
  /** Default: GitHub is asked as no App. */
  readonly apps?: AppTokens;
  /** For all pages of one question. */
  readonly deadlineMs?: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
  /** Before what a forge is not ready for yet is asked of it again; ever longer. */
  readonly pauseMs?: number;
}

/** A kind of forge at one address. */
export interface Forge extends Builds {
  readonly reports: Reports;
  readonly proposals: Proposals;
  /** Requests that the token nearest to its limit has left; undefined when no limit is known. */
  readonly rateRemaining: RateLimits["remaining"];
}
