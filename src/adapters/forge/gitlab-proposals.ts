/** Merge requests, with their labels and auto-merge. https://docs.gitlab.com/api/merge_requests/ */
import { z } from "zod";
import type { Proposals } from "../../core/proposal-ports.ts";
import type { AskedOf } from "./asked.ts";
import type { Questions } from "./commit-statuses.ts";
import type { ForgeOptions } from "./forge.ts";
import { oneOf, type Unknown, unknown } from "./forge-questions.ts";
import type { ListedProposal, ProposalKind, Talk } from "./proposal-kind.ts";
import { createProposals } from "./proposals.ts";

const PER_PAGE = "10";

const request = z.object({
  ...{
    iid: z.int().positive(),
    state: z.string(),
    description: z.string().nullish(),
    sha: z.string().nullish(),
    web_url: z.string().nullish(),
  },
  ...{ source_branch: z.string(), target_branch: z.string(), source_project_id: z.int().nullish(), target_project_id: z.int() },
});
type Request = z.infer<typeof request>;

const project = z.object({ id: z.int().positive() });
const pipeline = z.object({ head_pipeline: z.object({}).nullish() });

/** While it looks whether it can be merged. */
const NOT_YET = [405, 406, 409, 422];

const kind: ProposalKind<Request> = {
  what: "the merge requests",
  rights: { read: { right: "the scope read_api and the role Reporter" }, write: { right: "the scope api and the role Developer" } },
  item: request,
  read(item, { head, base }) {
    const { iid: number, source_project_id, target_project_id, description, sha: headSha, web_url: url } = item;
    const isOurs = item.source_branch === head && item.target_branch === base && source_project_id === target_project_id;
    // One that is locked is being merged.
    const state = item.state === "opened" || item.state === "locked" ? "open" : item.state === "merged" ? "merged" : "declined";
    return isOurs ? { state, number, description, headSha, url, item } : undefined;
  },
  async list(talk, { head, base }, state) {
    // Strangers have branches of that name in forks of theirs, as many as they like.
    const found = await talk.ask({ what: "the project", path: projectOf(talk), read: oneOf(project) });
    if (found.kind === "unknown") return found;
    const branches = { source_branch: head, target_branch: base, source_project_id: `${found.items[0]?.id}` };
    return {
      path: pathOf(talk),
      query: {
        state: state === "open" ? "opened" : "all",
        scope: "all",
        ...branches,
        order_by: "created_at",
        sort: "desc",
        per_page: PER_PAGE,
      },
      next({ headers }) {
        const page = headers["x-next-page"];
        return typeof page === "string" && /^\d{1,6}$/.test(page) ? { page } : undefined;
      },
    };
  },
  page: ({ repository }, number) => `${repository}/-/merge_requests/${number}`,
  create: (talk, { head, base }, { title, description }) =>
    talk.send({
      ...{ method: "POST", path: pathOf(talk) },
      body: { source_branch: head, target_branch: base, title, description: withoutOrders(description) },
    }),
  edit: (talk, number, { title, description }) =>
    talk.send({ method: "PUT", path: `${pathOf(talk)}/${number}`, body: { title, description: withoutOrders(description) } }),
  async addLabels(talk, number, labels) {
    const sent = await talk.send({ method: "PUT", path: `${pathOf(talk)}/${number}`, body: { add_labels: labels.join(",") } });
    return sent.kind === "unknown" ? sent : undefined;
  },
  autoMerge,
};

async function autoMerge(
  talk: Talk,
  { number, headSha }: ListedProposal<Request>,
  _place: unknown,
  isLast: boolean,
): Promise<Unknown | "not yet" | undefined> {
  const path = `${pathOf(talk)}/${number}`;
  const found = await talk.ask({ path, read: oneOf(pipeline) });
  if (found.kind === "unknown") return found;
  // Without a pipeline it is merged at once. It takes a while until there is one, or there never is.
  if (!found.items[0]?.head_pipeline && !isLast) return "not yet";
  // Servers before 17.11 know but the second, and without it would merge at once.
  const body = { auto_merge: true, merge_when_pipeline_succeeds: true, ...(headSha && { sha: headSha }) };
  const sent = await talk.send({ what: "the auto-merge", method: "PUT", path: `${path}/merge`, body });
  if (sent.kind === "answer") return undefined;
  if (sent.status === 401) return unknown("the token may not merge into that branch; give it a role that is allowed to, often Maintainer");
  return NOT_YET.includes(sent.status ?? 0) && !isLast ? "not yet" : sent;
}

export function createGitlabProposals(questions: Questions, askedOf: AskedOf, options: ForgeOptions): Proposals {
  return createProposals(questions, kind, askedOf, { ...options, root: () => options.apiUrl.replace(/\/api\/v4$/, "") });
}

/** A line of it that begins with a slash would be done by GitLab, with the token's rights: `/merge`. */
function withoutOrders(description: string): string {
  return description.replace(/^[ \t]*\//gm, (slash) => slash.replace("/", "\\/"));
}

function projectOf({ repository }: Talk): string {
  return `projects/${encodeURIComponent(repository)}`;
}

function pathOf(talk: Talk): string {
  return `${projectOf(talk)}/merge_requests`;
}
