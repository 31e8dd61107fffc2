/** Pull requests of Gitea and Forgejo, which both tell of them alike: `/api/swagger` of each. */
import { z } from "zod";
import type { Proposals } from "../../core/proposal-ports.ts";
import { parseJson } from "../../text/parse-json.ts";
import type { AskedOf } from "./asked.ts";
import type { Questions } from "./commit-statuses.ts";
import type { ForgeOptions } from "./forge.ts";
import { hasNextLink, listOf, oneOf, type Unknown, unknown } from "./forge-questions.ts";
import type { ListedProposal, ProposalKind, Talk } from "./proposal-kind.ts";
import { createProposals } from "./proposals.ts";

/** The most that a server sends unless it is set up for more. */
const PER_PAGE = 50;

const end = z.object({ ref: z.string(), label: z.string().nullish(), repo_id: z.int(), sha: z.string().nullish() });
const pull = z.object({
  ...{
    number: z.int().positive(),
    state: z.string(),
    merged: z.boolean().nullish(),
    body: z.string().nullish(),
    html_url: z.string().nullish(),
  },
  head: end,
  base: end.extend({ repo: z.object({ default_merge_style: z.string().nullish() }).nullish() }),
  labels: listOf(z.object({ id: z.int() })).nullish(),
});
type Pull = z.infer<typeof pull>;

const knownLabels = listOf(z.object({ id: z.int(), name: z.string() }));

const kind: ProposalKind<Pull> = {
  what: "the pull requests",
  rights: { read: { right: "the scope read:repository" }, write: { right: "the scope write:repository" } },
  item: pull,
  read(item, { head, base }) {
    const { number, body: description, html_url: url } = item;
    // Once the branch is gone, its name is in the label alone.
    const isOurs = (item.head.label ?? item.head.ref) === head && item.base.ref === base && item.head.repo_id === item.base.repo_id;
    const state = item.merged === true ? "merged" : item.state === "open" ? "open" : "declined";
    return isOurs ? { state, number, description, headSha: item.head.sha, url, item } : undefined;
  },
  // Its list knows no branch that is proposed, and strangers can fill it. A base with a slash is not found by older servers.
  one: (talk, { head, base }) =>
    base.includes("/") ? undefined : `${pathOf(talk)}/${encodeURIComponent(base)}/${head.split("/").map(encodeURIComponent).join("/")}`,
  list: async (talk, { base }, state) => ({
    path: pathOf(talk),
    // Older servers don't know the filter for the base, and pass over it.
    query: { state, base_branch: base, page: "1", limit: `${PER_PAGE}` },
    next: ({ headers }, page, count) => (hasNextLink(headers) || count >= PER_PAGE ? { page: `${page + 1}` } : undefined),
  }),
  page: ({ repository }, number) => `${repository}/pulls/${number}`,
  create: (talk, { head, base }, { title, description }) =>
    talk.send({ method: "POST", path: pathOf(talk), body: { title, body: description, head, base } }),
  edit: (talk, number, { title, description }) =>
    talk.send({ method: "PATCH", path: `${pathOf(talk)}/${number}`, body: { title, body: description } }),
  addLabels,
  autoMerge,
};

/** It takes numbers, and all of them at once. */
async function addLabels(talk: Talk, number: number, names: readonly string[]): Promise<Unknown | undefined> {
  const known = await talk.ask({
    ...{
      what: "the labels",
      right: "the scope read:issue",
      path: `repos/${talk.repository}/labels`,
      query: { page: "1", limit: `${PER_PAGE}` },
    },
    read({ text, headers }, page) {
      const { data } = knownLabels.safeParse(parseJson(text));
      return data && { items: data, next: hasNextLink(headers) || data.length >= PER_PAGE ? { page: `${page + 1}` } : undefined };
    },
  });
  if (known.kind === "unknown") return known;
  const path = `${pathOf(talk)}/${number}`;
  const found = await talk.ask({ path, read: oneOf(pull) });
  if (found.kind === "unknown") return found;
  const before = (found.items[0]?.labels ?? []).map(({ id }) => id);
  const ids = known.items.filter(({ name }) => names.includes(name)).map(({ id }) => id);
  const labels = [...new Set([...before, ...ids])];
  const sent = labels.length > before.length ? await talk.send({ method: "PATCH", path, body: { labels } }) : undefined;
  if (sent?.kind === "unknown") return sent;
  const missing = names.filter((name) => !known.items.some((one) => one.name === name));
  return missing.length === 0 ? undefined : unknown(`${talk.repository} has no label ${missing.join(", ")}; make it there`);
}

/** Where nothing is to be waited for it is merged at once. */
async function autoMerge(
  talk: Talk,
  { number, headSha, item }: ListedProposal<Pull>,
  _place: unknown,
  isLast: boolean,
): Promise<Unknown | "not yet" | undefined> {
  const style = item.base.repo?.default_merge_style ?? "merge";
  const sent = await talk.send({
    ...{ what: "the auto-merge", method: "POST", path: `${pathOf(talk)}/${number}/merge` },
    body: { Do: style, merge_when_checks_succeed: true, ...(headSha && { head_commit_id: headSha }) },
  });
  if (sent.kind === "answer" || (sent.status === 409 && /already scheduled/.test(sent.reason))) return undefined;
  return sent.status === 405 && /try again later/.test(sent.reason) && !isLast ? "not yet" : sent;
}

export function createGiteaProposals(questions: Questions, askedOf: AskedOf, options: ForgeOptions): Proposals {
  return createProposals(questions, kind, askedOf, { ...options, root: () => options.apiUrl.replace(/\/api\/v1$/, "") });
}

function pathOf({ repository }: Talk): string {
  return `repos/${repository}/pulls`;
}
