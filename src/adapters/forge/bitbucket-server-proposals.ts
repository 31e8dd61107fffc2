/** Pull requests of Bitbucket Server and Data Center, which have no labels. https://developer.atlassian.com/server/bitbucket/rest/v905/api-group-pull-requests/ */
import { z } from "zod";
import type { Proposals } from "../../core/proposal-ports.ts";
import { formatRepository } from "../../core/repository.ts";
import { type AskedOf, partsOf } from "./asked.ts";
import type { Questions } from "./commit-statuses.ts";
import type { ForgeOptions } from "./forge.ts";
import { listOf, oneOf, unknown } from "./forge-questions.ts";
import type { ProposalKind, Talk } from "./proposal-kind.ts";
import { createProposals } from "./proposals.ts";

const PER_PAGE = 25;

const end = z.object({ id: z.string(), latestCommit: z.string().nullish(), repository: z.object({ id: z.int() }) });
const pull = z.object({
  ...{ id: z.int().positive(), version: z.int(), state: z.string(), description: z.string().nullish(), fromRef: end, toRef: end },
  reviewers: listOf(z.object({ user: z.object({ name: z.string() }) })).nullish(),
  links: z.object({ self: listOf(z.object({ href: z.string() })).nullish() }).nullish(),
});
type Pull = z.infer<typeof pull>;

const states: Readonly<Record<string, "open" | "merged">> = { OPEN: "open", MERGED: "merged" };

const kind: ProposalKind<Pull> = {
  what: "the pull requests",
  rights: {
    read: { right: "the permission repository read" },
    write: { right: "the permission repository read, or repository write for requests of others" },
  },
  item: pull,
  read(item, { head, base }) {
    const { id: number, state, description, fromRef, toRef, links } = item;
    const isOurs = fromRef.repository.id === toRef.repository.id && fromRef.id === refOf(head) && toRef.id === refOf(base);
    const known = Object.hasOwn(states, state) ? states[state] : undefined;
    return isOurs
      ? { state: known ?? "declined", number, description, headSha: fromRef.latestCommit, url: links?.self?.[0]?.href, item }
      : undefined;
  },
  list: async (talk, { head }, state) => ({
    path: pathOf(talk),
    // Those from this repository's branch: forks have branches of that name too.
    query: { state: state === "open" ? "OPEN" : "ALL", at: refOf(head), direction: "OUTGOING", order: "NEWEST", limit: `${PER_PAGE}` },
    within: "values",
    next: (_reply, page, count) => (count >= PER_PAGE ? { start: `${page * PER_PAGE}` } : undefined),
  }),
  page: ({ repository }, number) => `${placeOf(repository)}/pull-requests/${number}`,
  create(talk, { head, base }, { title, description }) {
    const [key, slug] = talk.repository.split("/");
    const repository = { slug, project: { key } };
    const body = { title, description, fromRef: { id: refOf(head), repository }, toRef: { id: refOf(base), repository } };
    return talk.send({ method: "POST", path: pathOf(talk), body });
  },
  async edit(talk, number, { title, description }) {
    const path = `${pathOf(talk)}/${number}`;
    const found = await talk.ask({ path, read: oneOf(pull) });
    if (found.kind === "unknown") return found;
    const [before] = found.items;
    // Reviewers that are not named are taken off it.
    const reviewers = (before?.reviewers ?? []).map(({ user }) => ({ user: { name: user.name } }));
    return talk.send({ method: "PUT", path, body: { version: before?.version, title, description, reviewers } });
  },
};

export function createBitbucketServerProposals(questions: Questions, askedOf: AskedOf, options: ForgeOptions): Proposals {
  /** Statuses need no repository, so it is read here: `PROJECT/repository`, `scm/PROJECT/repository` below whatever the server is below. */
  const askedOfRepository: AskedOf = (repository, login, annotation) => {
    const asked = askedOf(repository, login, annotation);
    if ("kind" in asked) return asked;
    const parts = partsOf(repository.path, /^~?[A-Za-z0-9_.-]{1,128}$/) ?? [];
    const [key, slug] = repository.transport === "ssh" || parts.at(-3) === "scm" ? parts.slice(-2) : [];
    if (key === undefined || slug === undefined) {
      return unknown(
        `gitops.operator.${annotation} is no repository of Bitbucket Server (${formatRepository(repository)}); write ssh://git@HOST:7999/PROJECT/REPOSITORY.git or https://HOST/scm/PROJECT/REPOSITORY.git`,
      );
    }
    return { ...asked, repository: `${key}/${slug}` };
  };
  return createProposals(questions, kind, askedOfRepository, { ...options, root: () => options.apiUrl.replace(/\/rest$/, "") });
}

function refOf(branch: string): string {
  return `refs/heads/${branch}`;
}

function placeOf(repository: string): string {
  const [key, slug] = repository.split("/");
  return `projects/${key}/repos/${slug}`;
}

function pathOf({ repository }: Talk): string {
  return `api/1.0/${placeOf(repository)}/pull-requests`;
}
