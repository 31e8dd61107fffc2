/** The build statuses of a commit, which a server (Data Center too) keeps by the SHA alone. https://developer.atlassian.com/server/bitbucket/rest/ */
import { z } from "zod";
import type { ForgeLogin } from "../../core/ports.ts";
import { formatRepository } from "../../core/repository.ts";
import type { Repository } from "../../core/types.ts";
import { parseJson } from "../../text/parse-json.ts";
import { type Asked, readToken } from "./asked.ts";
import { createBitbucketServerProposals } from "./bitbucket-server-proposals.ts";
import type { BuildWord } from "./build-state.ts";
import { createStatusForge, type StatusKind, type StatusList } from "./commit-statuses.ts";
import type { Forge, ForgeOptions } from "./forge.ts";
import { listOf, type Unknown } from "./forge-questions.ts";

const page = z.object({
  values: listOf(z.object({ key: z.string().nullish(), state: z.string(), description: z.string().nullish() })),
  isLastPage: z.boolean(),
  nextPageStart: z.int().nonnegative().nullish(),
});

const states: Readonly<Record<string, BuildWord>> = {
  ...{ INPROGRESS: "running", SUCCESSFUL: "success", FAILED: "failed", CANCELLED: "failed", UNKNOWN: "nothing" },
};

const words = { pending: "INPROGRESS", success: "SUCCESSFUL", failure: "FAILED", error: "FAILED" };

export function createBitbucketServer(options: ForgeOptions): Forge {
  const root = options.apiUrl.replace(/\/rest$/, "");
  const kind: StatusKind = {
    ...{ what: "the build statuses", states, words, askedOf, list: statusesOf },
    write: (_asked, { sha, url = root }) => ({
      path: pathOf(sha),
      query: {},
      right: "the permission project read",
      // It takes none without a link.
      body: ({ state, name, text }) => ({ key: name, name, state, description: text, url }),
    }),
  };
  return createStatusForge("Bitbucket Server", kind, options, createBitbucketServerProposals);
}

function askedOf(repository: Repository, login: ForgeLogin): Asked | Unknown {
  const read = readToken("Bitbucket Server", login);
  if ("kind" in read) return read;
  return { token: read.token, headers: { authorization: `Bearer ${read.token}` }, repository: formatRepository(repository) };
}

function pathOf(sha: string): string {
  return `build-status/1.0/commits/${sha}`;
}

function statusesOf(_asked: Asked, sha: string): StatusList {
  return {
    path: pathOf(sha),
    query: { limit: "100" },
    right: "the permission project read",
    read({ text }) {
      const { data } = page.safeParse(parseJson(text));
      if (!data || (!data.isLastPage && typeof data.nextPageStart !== "number")) return undefined;
      return {
        items: data.values.map(({ state, key, description }) => ({ state, name: key, text: description })),
        next: data.isLastPage ? undefined : { start: `${data.nextPageStart}` },
      };
    },
  };
}
