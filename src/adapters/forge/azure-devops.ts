/** The newest status of each context of a commit. https://learn.microsoft.com/rest/api/azure/devops/git/statuses/list */
import { z } from "zod";
import type { ForgeLogin } from "../../core/ports.ts";
import type { Repository } from "../../core/types.ts";
import { parseJson } from "../../text/parse-json.ts";
import { type Asked, partsOf, type RepositoryAnnotation, readToken } from "./asked.ts";
import { createAzureProposals } from "./azure-proposals.ts";
import type { BuildWord } from "./build-state.ts";
import { createStatusForge, type StatusKind, type StatusList } from "./commit-statuses.ts";
import type { Forge, ForgeOptions } from "./forge.ts";
import { listOf, type Unknown, unknown } from "./forge-questions.ts";

const PER_PAGE = 100;

const list = z.object({
  value: listOf(
    z.object({ state: z.string(), description: z.string().nullish(), context: z.object({ name: z.string().nullish() }).nullish() }),
  ),
});

const states: Readonly<Record<string, BuildWord>> = {
  ...{ pending: "running", succeeded: "success", partiallySucceeded: "success", failed: "failed", error: "failed" },
  ...{ notApplicable: "nothing", notSet: "nothing" },
};

const words = { pending: "pending", success: "succeeded", failure: "failed", error: "error" };

const kind: StatusKind = {
  ...{ what: "the commit statuses", states, words, askedOf, list: statusesOf },
  write: (asked, { sha, url }) => ({
    path: pathOf(asked, sha),
    query: { "api-version": "7.1" },
    right: "the scope Code (Status)",
    body: ({ state, name, text }) => ({ state, description: text, context: { name }, ...(url !== undefined && { targetUrl: url }) }),
  }),
};

export function createAzureDevops(options: ForgeOptions): Forge {
  return createStatusForge("Azure DevOps", kind, options, createAzureProposals);
}

function askedOf(repository: Repository, login: ForgeLogin, annotation: RepositoryAnnotation = "app_repository"): Asked | Unknown {
  const parts = organisationProjectRepository(repository);
  if (!parts) {
    return unknown(
      `gitops.operator.${annotation} is no repository of Azure DevOps; write git@ssh.dev.azure.com:v3/ORG/PROJECT/REPOSITORY or https://dev.azure.com/ORG/PROJECT/_git/REPOSITORY`,
    );
  }
  const read = readToken("Azure DevOps", login);
  if ("kind" in read) return read;
  return {
    // The token is the password of a user without name.
    ...{ token: read.token, headers: { authorization: `Basic ${Buffer.from(`:${read.token}`).toString("base64")}` } },
    repository: parts.join("/"),
    // Instead of a refusal it sends a page to sign in, or leads to it.
    tokenRefused: [203, 302],
  };
}

function pathOf({ repository }: Asked, sha: string): string {
  const [organisation, project, name] = repository.split("/").map(encodeURIComponent);
  return `${organisation}/${project}/_apis/git/repositories/${name}/commits/${sha}/statuses`;
}

function statusesOf(asked: Asked, sha: string): StatusList {
  return {
    path: pathOf(asked, sha),
    query: { "api-version": "7.1", latestOnly: "true", top: `${PER_PAGE}` },
    right: "the scope Code (Read)",
    read({ text }, page) {
      const items = list
        .safeParse(parseJson(text))
        .data?.value.map(({ state, description, context }) => ({ state, name: context?.name, text: description }));
      return items && { items, next: items.length < PER_PAGE ? undefined : { skip: `${page * PER_PAGE}` } };
    },
  };
}

/** Names of projects may have spaces in them, which both forms write as `%20`. */
const nameForm = /^[\p{L}\p{M}\p{N} _.~()+-]{1,100}$/u;

function organisationProjectRepository({ path }: Repository): readonly string[] | undefined {
  const [first = "", second = "", third = "", fourth, ...more] = partsOf(path.replaceAll("%20", " "), nameForm) ?? [];
  if (first === "" || more.length > 0) return undefined;
  // A repository that is called as its project.
  if (second === "_git" && fourth === undefined) return third === "" ? undefined : [first, third, third];
  if (fourth === undefined) return undefined;
  if (first === "v3") return [second, third, fourth];
  return third === "_git" ? [first, second, fourth] : undefined;
}
