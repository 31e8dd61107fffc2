/** Our deployment of a commit to an environment, which has a state and no words. https://docs.gitlab.com/api/deployments/ */
import { z } from "zod";
import type { ForgeLogin, ForgeTrouble, Report, ReportPlace, Reports } from "../../core/ports.ts";
import type { Repository } from "../../core/types.ts";
import { parseJson } from "../../text/parse-json.ts";
import type { Asked } from "./asked.ts";
import { troubleOf } from "./commit-statuses.ts";
import { type createForgeQuestions, listOf, type Unknown } from "./forge-questions.ts";

const PER_PAGE = "100";
const RIGHTS = { read: "the scope read_api and the role Reporter", write: "the scope api and the role Developer" };

const deployments = listOf(z.object({ id: z.int().positive(), sha: z.string(), status: z.string() }));
type Deployment = z.infer<typeof deployments>[number];

const states: Readonly<Record<string, Report["state"]>> = {
  ...{ created: "pending", blocked: "pending", running: "pending", success: "success", failed: "failure", canceled: "success" },
};

/** What is not there yet makes none. */
const words: Readonly<Partial<Record<Report["deployment"], string>>> = {
  ...{ in_progress: "running", success: "success", failure: "failed", error: "failed", inactive: "canceled" },
};
/** One of these stays as it is: another is made. */
const ENDED = ["success", "failed", "canceled"];

/** It is known by its environment alone, so each Deployment of a project needs one of its own. */
export function createGitlabDeployments(
  questions: ReturnType<typeof createForgeQuestions>,
  askedOf: (repository: Repository, login: ForgeLogin) => Asked | Unknown,
): Reports {
  /** The newest hundred of the environment are looked through. */
  async function find(asked: Asked, { sha, environment }: ReportPlace): Promise<Deployment | undefined | ForgeTrouble> {
    const found = await questions.ask({
      ...asked,
      path: pathOf(asked),
      query: { environment, order_by: "id", sort: "desc", per_page: PER_PAGE },
      what: "the deployments",
      right: RIGHTS.read,
      read({ text }) {
        const { data } = deployments.safeParse(parseJson(text));
        return data && { items: data, next: undefined };
      },
    });
    return found.kind === "unknown" ? troubleOf(found) : found.items.find((one) => one.sha === sha);
  }

  return {
    async last(place, login) {
      const asked = askedOf(place.repository, login);
      if ("kind" in asked) return troubleOf(asked);
      const found = await find(asked, place);
      if (found && "kind" in found) return found;
      const state = found && Object.hasOwn(states, found.status) ? states[found.status] : undefined;
      // The one success that is none.
      const text = found?.status === "canceled" ? "not deployed here" : undefined;
      return { kind: "known", posted: state && { state, text } };
    },
    async post(place, { deployment }, login) {
      const asked = askedOf(place.repository, login);
      if ("kind" in asked) return troubleOf(asked);
      const status = words[deployment];
      if (status === undefined) return { kind: "posted" };
      const found = await find(asked, place);
      if (found && "kind" in found) return found;
      if (found?.status === status) return { kind: "posted" };
      const { sha, environment, ref } = place;
      const about = { ...asked, query: {}, what: "deployments", right: RIGHTS.write };
      const sent =
        found && !ENDED.includes(found.status)
          ? await questions.send({ ...about, method: "PUT", path: `${pathOf(asked)}/${found.id}`, body: { status } })
          : await questions.send({
              ...{ ...about, method: "POST", path: pathOf(asked) },
              body: { environment, sha, ref: ref.name, tag: ref.isTag, status },
            });
      return sent.kind === "unknown" ? troubleOf(sent) : { kind: "posted" };
    },
  };
}

function pathOf({ repository }: Asked): string {
  return `projects/${encodeURIComponent(repository)}/deployments`;
}
