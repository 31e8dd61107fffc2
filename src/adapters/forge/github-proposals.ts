/**
 * Pull requests, their labels, and their merging as soon as the rules of the base branch allow it.
 * https://docs.github.com/rest/pulls/pulls, https://docs.github.com/rest/issues/labels, https://docs.github.com/graphql/reference/mutations#enablepullrequestautomerge
 */
import { z } from "zod";
import type { Proposals } from "../../core/proposal-ports.ts";
import { canonicalHost } from "../../core/repository.ts";
import type { Repository } from "../../core/types.ts";
import { escapeControl } from "../../text/escape.ts";
import { parseJson } from "../../text/parse-json.ts";
import type { AskedOf } from "./asked.ts";
import type { Questions } from "./commit-statuses.ts";
import type { ForgeOptions } from "./forge.ts";
import { hasNextLink, listOf, type Unknown, unknown } from "./forge-questions.ts";
import type { ListedProposal, ProposalKind, Talk } from "./proposal-kind.ts";
import { createProposals } from "./proposals.ts";

/** Of up to 300 KB each. */
const PER_PAGE = "3";

const end = z.object({ ref: z.string(), repo: z.object({ id: z.int() }).nullish() });
const pull = z.object({
  ...{ number: z.int().positive(), node_id: z.string(), state: z.string(), merged_at: z.string().nullish(), body: z.string().nullish() },
  ...{ html_url: z.string().nullish(), head: end.extend({ sha: z.string() }), base: end },
});
type Pull = z.infer<typeof pull>;

const answer = z.object({ errors: listOf(z.object({ message: z.string() })).nullish() });
const mutation =
  "mutation($id: ID!, $method: PullRequestMergeMethod!) { enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $method}) { clientMutationId } }";
/** A repository may allow but some; the first keeps our commit as it is. */
const METHODS = ["MERGE", "SQUASH", "REBASE"];
/** What could be merged now is not kept for later. */
const isReady = /\b(?:clean|unstable|has_hooks) status\b/;

export function createGithubProposals(questions: Questions, askedOf: AskedOf, options: ForgeOptions): Proposals {
  const isEnterprise = options.apiUrl.endsWith("/api/v3");
  const root = ({ host }: Repository) =>
    isEnterprise ? options.apiUrl.slice(0, -"/api/v3".length) : `https://${bracketed(canonicalHost(host))}`;

  async function autoMerge(talk: Talk, { number, headSha, item }: ListedProposal<Pull>): Promise<Unknown | undefined> {
    const about = {
      ...{ what: "the auto-merge", right: "the permissions pull requests: write and contents: write" },
      appRight: "contents:write,pull_requests:write",
    } as const;
    let refusal: Unknown | undefined;
    for (const method of METHODS) {
      const body = { query: mutation, variables: { id: item.node_id, method } };
      const sent = await talk.send({ ...about, method: "POST", path: isEnterprise ? "../graphql" : "graphql", body });
      if (sent.kind === "unknown") return sent;
      const { data } = answer.safeParse(parseJson(sent.text));
      const [error] = data?.errors ?? [];
      if (data && !error) return undefined;
      const said = escapeControl((error?.message ?? "no answer that is one").slice(0, 200));
      refusal ??= unknown(`GitHub says: ${said}; allow auto-merge in the repository's settings, and give the token ${about.right}`);
      if (!isReady.test(error?.message ?? "")) continue;
      const merge = { sha: headSha, merge_method: method.toLowerCase() };
      const merged = await talk.send({ ...about, method: "PUT", path: `${pathOf(talk)}/${number}/merge`, body: merge });
      if (merged.kind === "answer") return undefined;
      if (merged.status !== 405) return merged;
      refusal = merged;
    }
    return refusal;
  }

  const kind: ProposalKind<Pull> = {
    what: "the pull requests",
    rights: {
      read: { right: "the permission pull requests: read", appRight: "pull_requests:read" },
      write: { right: "the permission pull requests: write (classic tokens: scope repo)", appRight: "pull_requests:write" },
    },
    item: pull,
    read(item, { head, base }) {
      const isOurs =
        item.head.ref === head && item.base.ref === base && item.head.repo?.id !== undefined && item.head.repo.id === item.base.repo?.id;
      const state = item.state === "open" ? "open" : item.merged_at ? "merged" : "declined";
      return isOurs ? { state, number: item.number, description: item.body, headSha: item.head.sha, url: item.html_url, item } : undefined;
    },
    async list(talk, { head, base }, state) {
      // A head without its owner is no filter: all would be told.
      const query = {
        state,
        head: `${talk.repository.split("/")[0]}:${head}`,
        base,
        sort: "created",
        direction: "desc",
        per_page: PER_PAGE,
      };
      return { path: pathOf(talk), query, next: ({ headers }, page) => (hasNextLink(headers) ? { page: `${page + 1}` } : undefined) };
    },
    page: ({ repository }, number) => `${repository}/pull/${number}`,
    create: (talk, { head, base }, { title, description }) =>
      talk.send({ method: "POST", path: pathOf(talk), body: { title, body: description, head, base } }),
    edit: (talk, number, { title, description }) =>
      talk.send({ method: "PATCH", path: `${pathOf(talk)}/${number}`, body: { title, body: description } }),
    async addLabels(talk, number, labels) {
      const sent = await talk.send({
        what: "the labels of a pull request",
        method: "POST",
        path: `repos/${talk.repository}/issues/${number}/labels`,
        body: { labels },
      });
      return sent.kind === "unknown" ? sent : undefined;
    },
    autoMerge,
  };
  return createProposals(questions, kind, askedOf, { ...options, root });
}

function pathOf({ repository }: Talk): string {
  return `repos/${repository}/pulls`;
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
