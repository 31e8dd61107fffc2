/** Pull requests of Azure DevOps, with their labels and auto-complete. https://learn.microsoft.com/rest/api/azure/devops/git/pull-requests */
import { z } from "zod";
import type { Proposals } from "../../core/proposal-ports.ts";
import type { AskedOf } from "./asked.ts";
import type { Questions } from "./commit-statuses.ts";
import type { ForgeOptions } from "./forge.ts";
import type { Unknown } from "./forge-questions.ts";
import type { ProposalKind, Talk } from "./proposal-kind.ts";
import { createProposals } from "./proposals.ts";

const PER_PAGE = 50;
const VERSION = { "api-version": "7.1" };

const pull = z.object({
  ...{ pullRequestId: z.int().positive(), status: z.string(), description: z.string().nullish() },
  ...{ sourceRefName: z.string(), targetRefName: z.string(), createdBy: z.object({ id: z.string() }) },
  lastMergeSourceCommit: z.object({ commitId: z.string() }).nullish(),
  // Of one that comes from the repository itself there is none.
  forkSource: z.unknown().optional(),
});
type Pull = z.infer<typeof pull>;

const states: Readonly<Record<string, "open" | "merged">> = { active: "open", completed: "merged" };

const kind: ProposalKind<Pull> = {
  what: "the pull requests",
  rights: { read: { right: "the scope Code (Read)" }, write: { right: "the scope Code (Read & write)" } },
  // It takes 4,000.
  mostDescription: 4_000,
  item: pull,
  read(item, { head, base }) {
    const { pullRequestId: number, status, description, lastMergeSourceCommit } = item;
    const isOurs = item.forkSource == null && item.sourceRefName === refOf(head) && item.targetRefName === refOf(base);
    const known = Object.hasOwn(states, status) ? states[status] : undefined;
    return isOurs ? { state: known ?? "declined", number, description, headSha: lastMergeSourceCommit?.commitId, item } : undefined;
  },
  list: async (talk, { head, base }, state) => ({
    path: pathOf(talk),
    query: {
      ...VERSION,
      ...{ "searchCriteria.status": state === "open" ? "active" : "all", "searchCriteria.sourceRefName": refOf(head) },
      ...{ "searchCriteria.targetRefName": refOf(base), $top: `${PER_PAGE}` },
    },
    within: "value",
    next: (_reply, page, count) => (count >= PER_PAGE ? { $skip: `${page * PER_PAGE}` } : undefined),
  }),
  // Its lists have 400 characters of each description.
  whole: (talk, number) => ({ path: `${pathOf(talk)}/${number}`, query: VERSION }),
  page: ({ repository }, number) => {
    const [organisation, project, name] = partsIn(repository);
    return `${organisation}/${project}/_git/${name}/pullrequest/${number}`;
  },
  create: (talk, { head, base }, { title, description }) =>
    talk.send({
      ...{ method: "POST", path: pathOf(talk), query: VERSION },
      body: { sourceRefName: refOf(head), targetRefName: refOf(base), title, description },
    }),
  edit: (talk, number, { title, description }) =>
    talk.send({ method: "PATCH", path: `${pathOf(talk)}/${number}`, query: VERSION, body: { title, description } }),
  async addLabels(talk, number, labels): Promise<Unknown | undefined> {
    for (const name of labels) {
      const sent = await talk.send({ method: "POST", path: `${pathOf(talk)}/${number}/labels`, query: VERSION, body: { name } });
      if (sent.kind === "unknown") return sent;
    }
    return undefined;
  },
  async autoMerge(talk, { number, item }) {
    const body = { autoCompleteSetBy: { id: item.createdBy.id } };
    const sent = await talk.send({ what: "the auto-complete", method: "PATCH", path: `${pathOf(talk)}/${number}`, query: VERSION, body });
    return sent.kind === "unknown" ? sent : undefined;
  },
};

export function createAzureProposals(questions: Questions, askedOf: AskedOf, options: ForgeOptions): Proposals {
  return createProposals(questions, kind, askedOf, { ...options, root: () => options.apiUrl });
}

function refOf(branch: string): string {
  return `refs/heads/${branch}`;
}

function partsIn(repository: string): readonly string[] {
  return repository.split("/").map(encodeURIComponent);
}

function pathOf({ repository }: Talk): string {
  const [organisation, project, name] = partsIn(repository);
  return `${organisation}/${project}/_apis/git/repositories/${name}/pullrequests`;
}
