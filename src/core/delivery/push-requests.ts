/** Requests that a forge opens by itself when it is pushed to, as push options ask it to (GitLab, and AGit of Gitea and Forgejo). */
import type { ProposalRequest } from "../outcome.ts";
import type { ProposalWords } from "../proposal-ports.ts";

/** Git's server takes no more of an option than of any line. */
const MOST_CHARACTERS = 4_000;

/** For GitLab. An option holds no line break: where a description has one, Markdown is told of it. */
export function pushOptions(base: string, { title, description, labels, autoMerge }: ProposalWords): string[] {
  const options = [
    "create",
    `target=${base}`,
    `title=${title}`,
    `description=${oneLine(description)}`,
    ...labels.map((label) => `label=${label}`),
    ...(autoMerge ? ["auto_merge"] : []),
  ];
  return options.map((option) => `merge_request.${option}`);
}

/** For Gitea and Forgejo, which read title and description where a request is opened. `isForced`: what this user has pushed there before may go. */
export function agitOptions({ title, description }: ProposalWords, isForced: boolean): string[] {
  return [`title=${title}`, `description=${oneLine(description)}`, ...(isForced ? ["force-push=true"] : [])];
}

/** The page that the server named, if it is below `root`, that of the repository's own pages. Its words are its own. */
export function requestIn(said: string | undefined, root: string | undefined): ProposalRequest | undefined {
  if (said === undefined || root === undefined) return undefined;
  const start = `${root}/-/merge_requests/`;
  for (let at = said.indexOf(start); at >= 0; at = said.indexOf(start, at + 1)) {
    const [digits] = /^\d{1,9}(?!\d)/.exec(said.slice(at + start.length, at + start.length + 10)) ?? [];
    if (digits !== undefined) return { number: Number(digits), url: start + digits };
  }
  return undefined;
}

function oneLine(text: string): string {
  return text.trim().split("\n").join("<br>").slice(0, MOST_CHARACTERS);
}
