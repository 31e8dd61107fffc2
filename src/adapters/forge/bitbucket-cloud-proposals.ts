/** Pull requests of Bitbucket Cloud, which have no labels and are merged by people. https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/ */

import { z } from "zod";
import type { Proposals } from "../../core/proposal-ports.ts";
import { canonicalHost } from "../../core/repository.ts";
import type { AskedOf } from "./asked.ts";
import type { Questions } from "./commit-statuses.ts";
import type { ForgeOptions } from "./forge.ts";
import type { ProposalKind, Talk } from "./proposal-kind.ts";
import { createProposals } from "./proposals.ts";

/** The most that it sends. */
const PER_PAGE = 50;

const end = z.object({
  branch: z.object({ name: z.string() }),
  // Of a fork that is gone there is none.
  repository: z.object({ full_name: z.string() }).nullish(),
  commit: z.object({ hash: z.string() }).nullish(),
});
const pull = z.object({
  ...{ id: z.int().positive(), state: z.string(), description: z.string().nullish(), source: end, destination: end },
  links: z.object({ html: z.object({ href: z.string() }).nullish() }).nullish(),
});
type Pull = z.infer<typeof pull>;

const states: Readonly<Record<string, "open" | "merged">> = { OPEN: "open", MERGED: "merged" };
const STATES = ["OPEN", "MERGED", "DECLINED", "SUPERSEDED"];

const kind: ProposalKind<Pull> = {
  what: "the pull requests",
  rights: { read: { right: "the scope pullrequest" }, write: { right: "the scope pullrequest:write" } },
  item: pull,
  read(item, { head, base }) {
    const { id: number, state, description, source, destination, links } = item;
    const isOwn = source.repository != null && source.repository.full_name === destination.repository?.full_name;
    const isOurs = isOwn && source.branch.name === head && destination.branch.name === base;
    const known = Object.hasOwn(states, state) ? states[state] : undefined;
    // Of its hash it tells the beginning.
    return isOurs
      ? { state: known ?? "declined", number, description, headSha: source.commit?.hash, url: links?.html?.href, item }
      : undefined;
  },
  list: async (talk, { head, base }, state) => ({
    path: pathOf(talk),
    query: {
      q: `source.repository.full_name = ${quoted(talk.repository.toLowerCase())} AND source.branch.name = ${quoted(head)} AND destination.branch.name = ${quoted(base)}`,
      // Without them only those that are open are told.
      state: state === "open" ? ["OPEN"] : STATES,
      ...{ sort: "-created_on", pagelen: `${PER_PAGE}` },
    },
    within: "values",
    next: (_reply, page, count) => (count >= PER_PAGE ? { page: `${page + 1}` } : undefined),
  }),
  page: ({ repository }, number) => `${repository}/pull-requests/${number}`,
  create: (talk, { head, base }, { title, description }) =>
    talk.send({
      ...{ method: "POST", path: pathOf(talk) },
      body: { title, description, source: { branch: { name: head } }, destination: { branch: { name: base } } },
    }),
  edit: (talk, number, { title, description }) =>
    talk.send({ method: "PUT", path: `${pathOf(talk)}/${number}`, body: { title, description } }),
};

export function createBitbucketCloudProposals(questions: Questions, askedOf: AskedOf, options: ForgeOptions): Proposals {
  return createProposals(questions, kind, askedOf, { ...options, root: ({ host }) => `https://${canonicalHost(host)}` });
}

/** A text in its language of questions. https://developer.atlassian.com/cloud/bitbucket/rest/intro/#filtering */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

function pathOf({ repository }: Talk): string {
  return `repositories/${repository}/pullrequests`;
}
