import type { Outcome, ProposalRequest } from "../outcome.ts";
import { inWords, type Workload } from "../types.ts";

/** The outcome in the original's words. */
export function describeOutcome(workload: Workload, outcome: Outcome): string {
  switch (outcome.kind) {
    case "patched":
      return `${inWords(workload)} patched successfully to version ${outcome.to}${checkOf(outcome)}${noteOf(outcome)}`;
    case "up_to_date":
      return `${inWords(workload)} is up to date at ${outcome.to}${checkOf(outcome)}${noteOf(outcome)}`;
    case "proposed":
      return `${inWords(workload)}: version ${outcome.to}${checkOf(outcome)}${placeOf(outcome)}${noteOf(outcome)}`;
    case "skipped":
      return describeSkip(workload, outcome);
    case "waiting":
      return outcome.step;
    case "failed":
      return outcome.error.message;
  }
}

function describeSkip(workload: Workload, skipped: Extract<Outcome, { kind: "skipped" }>): string {
  switch (skipped.reason) {
    case "disabled":
      return `${inWords(workload)} is disabled (gitops.operator.enabled=false)`;
    case "deleted":
      return `${inWords(workload)} is gone from the cluster; nothing was pushed`;
    case "held": {
      const { from, to, commit } = skipped;
      const stays = from === undefined ? "without a tag" : `at ${from}`;
      return `${inWords(workload)} stays ${stays}: the operator wrote ${to} in ${commit.slice(0, 7)}, which was taken back since; the next application commit ends this, or put ${to} back${noteOf(skipped)}`;
    }
    case "declined":
      return `${inWords(workload)}: version ${skipped.to} ${whyDeclined(skipped)}; a newer application commit is proposed again${noteOf(skipped)}`;
    case "paused":
      return `${inWords(workload)} is paused until ${skipped.until}${skipped.why === undefined ? "" : `: ${skipped.why}`}`;
  }
}

function placeOf({ branch, request, opener, page }: Extract<Outcome, { kind: "proposed" }>): string {
  if (request) return ` is proposed in ${request.url}`;
  if (opener !== undefined) return ` is proposed on branch '${branch}', for which ${opener} keeps a request open`;
  const open = page === undefined ? "" : ` at ${page}`;
  return ` is proposed on branch '${branch}'; open a pull request for it${open}, or name a token by gitops.operator.manifest_token_secret_name`;
}

function whyDeclined({ branch, request, wasMerged }: Extract<Outcome, { reason: "declined" }>): string {
  if (!request) return `was declined: branch '${branch}' was deleted`;
  return wasMerged ? `was merged in ${request.url} and taken back since` : `was declined in ${request.url}`;
}

function noteOf({ note }: { readonly note?: string }): string {
  return note === undefined ? "" : `; ${note}`;
}

/** Behind the original's words, which stay as they are. */
function checkOf({ unchecked }: { readonly unchecked?: true }): string {
  return unchecked ? " (image unchecked)" : "";
}

/** Where people decide what becomes of a proposal. `url` undefined: what the forge told is no address that may be a link. */
export interface RequestLink {
  readonly words: string;
  readonly url: string | undefined;
}

interface Places {
  readonly request?: ProposalRequest | undefined;
  /** Where a person opens one. */
  readonly page?: string | undefined;
}

/** Undefined: there is neither a request nor a page for a new one. */
export function requestLink({ request, page }: Places): RequestLink | undefined {
  if (request) return { words: `request ${request.number}`, url: httpUrl(request.url) };
  return page === undefined ? undefined : { words: "open a request", url: httpUrl(page) };
}

function httpUrl(url: string): string | undefined {
  return /^https?:\/\/[\x21-\x7e]{1,500}$/.test(url) && !/[<>|"\\^`{}]/.test(url) ? url : undefined;
}
