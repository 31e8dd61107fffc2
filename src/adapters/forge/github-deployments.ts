/** Our deployment of a commit, and its statuses. https://docs.github.com/rest/deployments */
import { z } from "zod";
import type { ForgeLogin, ForgeTrouble, Posted, Report, ReportPlace, Reports } from "../../core/ports.ts";
import type { Repository } from "../../core/types.ts";
import { parseJson } from "../../text/parse-json.ts";
import type { Asked } from "./asked.ts";
import { troubleOf } from "./commit-statuses.ts";
import { type createForgeQuestions, listOf, type Unknown } from "./forge-questions.ts";

const deployment = z.object({ id: z.int().positive() });
const statuses = listOf(z.object({ state: z.string(), description: z.string().nullish() }));
const RIGHTS = {
  read: { right: "the permission deployments: read", appRight: "deployments:read" },
  write: { right: "the permission deployments: write", appRight: "deployments:write" },
} as const;

const states: Readonly<Record<string, Report["state"]>> = {
  ...{ pending: "pending", queued: "pending", in_progress: "pending", success: "success", failure: "failure", error: "error" },
  // GitHub makes it so by itself once a later one of the environment succeeds.
  inactive: "success",
};

/** It is known by its task, since several Deployments of a repository may go to one environment. */
export function createGithubDeployments(
  questions: ReturnType<typeof createForgeQuestions>,
  askedOf: (repository: Repository, login: ForgeLogin) => Asked | Unknown,
): Reports {
  /** Undefined: there is none. */
  async function find(asked: Asked, { sha, environment, context }: ReportPlace): Promise<number | undefined | ForgeTrouble> {
    const found = await questions.ask({
      ...asked,
      path: `repos/${asked.repository}/deployments`,
      query: { sha, environment, task: taskOf(context), per_page: "1" },
      what: "the deployments",
      ...RIGHTS.read,
      read({ text }) {
        const { data } = listOf(deployment).safeParse(parseJson(text));
        return data && { items: data, next: undefined };
      },
    });
    return found.kind === "unknown" ? troubleOf(found) : found.items[0]?.id;
  }

  async function create(asked: Asked, { sha, environment, context }: ReportPlace): Promise<number | ForgeTrouble> {
    const sent = await questions.send({
      ...asked,
      method: "POST",
      path: `repos/${asked.repository}/deployments`,
      query: {},
      what: "deployments",
      ...RIGHTS.write,
      // Nothing is merged, and no status is waited for: ours is one of them.
      body: { ref: sha, task: taskOf(context), environment, description: context, auto_merge: false, required_contexts: [] },
    });
    if (sent.kind === "unknown") return troubleOf(sent);
    const { data } = deployment.safeParse(parseJson(sent.text));
    return (
      data?.id ?? {
        kind: "refused",
        reason: `GitHub made no deployment of ${asked.repository} (HTTP ${sent.status}); check its environment ${environment}`,
      }
    );
  }

  return {
    async last(place, login) {
      const asked = askedOf(place.repository, login);
      if ("kind" in asked) return troubleOf(asked);
      const id = await find(asked, place);
      if (typeof id === "object") return id;
      if (id === undefined) return { kind: "known", posted: undefined };
      const found = await questions.ask({
        ...asked,
        path: `repos/${asked.repository}/deployments/${id}/statuses`,
        query: { per_page: "1" },
        what: "the statuses of a deployment",
        ...RIGHTS.read,
        read({ text }) {
          const { data } = statuses.safeParse(parseJson(text));
          return data && { items: data, next: undefined };
        },
      });
      if (found.kind === "unknown") return troubleOf(found);
      const [last] = found.items;
      return { kind: "known", posted: last && postedOf(last) };
    },
    async post(place, report, login) {
      const asked = askedOf(place.repository, login);
      if ("kind" in asked) return troubleOf(asked);
      const found = await find(asked, place);
      if (typeof found === "object") return found;
      const id = found ?? (await create(asked, place));
      if (typeof id === "object") return id;
      const { url, environmentUrl } = place;
      const sent = await questions.send({
        ...asked,
        method: "POST",
        path: `repos/${asked.repository}/deployments/${id}/statuses`,
        query: {},
        what: "the statuses of a deployment",
        ...RIGHTS.write,
        body: {
          ...{ state: report.deployment, description: report.text },
          ...(environmentUrl !== undefined && { environment_url: environmentUrl }),
          ...(url !== undefined && { log_url: url }),
        },
      });
      return sent.kind === "unknown" ? troubleOf(sent) : { kind: "posted" };
    },
  };
}

function taskOf(context: string): string {
  return `deploy:${context}`;
}

function postedOf({ state, description }: z.infer<typeof statuses>[number]): Posted | undefined {
  const known = Object.hasOwn(states, state) ? states[state] : undefined;
  const text = description ?? undefined;
  // What GitHub has made inactive keeps its words or loses them; it is as right as it was.
  const isTheirs = state === "inactive" && !text?.startsWith("not deployed");
  return known && { state: known, text: isTheirs ? undefined : text };
}
