/** The build statuses of a commit, of Pipelines and of others. https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/ */
import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalHost } from "../../core/repository.ts";
import { parseJson } from "../../text/parse-json.ts";
import { type Asked, askedByPath } from "./asked.ts";
import { createBitbucketCloudProposals } from "./bitbucket-cloud-proposals.ts";
import { type BuildWord, OWN } from "./build-state.ts";
import { createStatusForge, type StatusKind, type StatusList } from "./commit-statuses.ts";
import type { Forge, ForgeOptions } from "./forge.ts";
import { listOf } from "./forge-questions.ts";

const page = z.object({
  values: listOf(z.object({ key: z.string().nullish(), state: z.string(), description: z.string().nullish() })),
  next: z.string().nullish(),
});

const states: Readonly<Record<string, BuildWord>> = {
  ...{ INPROGRESS: "running", SUCCESSFUL: "success", FAILED: "failed", STOPPED: "failed" },
};

const words = { pending: "INPROGRESS", success: "SUCCESSFUL", failure: "FAILED", error: "FAILED" };

const askedOf = askedByPath("Bitbucket", { form: "WORKSPACE/REPOSITORY", headers: (token) => ({ authorization: `Bearer ${token}` }) });

export function createBitbucketCloud(options: ForgeOptions): Forge {
  const api = new URL(options.apiUrl);

  /** Its numbers of pages may be any text, so that of the address is taken, and nothing else. Undefined: it leads elsewhere. */
  function pageIn(next: string): string | undefined {
    const url = URL.parse(next);
    return url?.origin === api.origin ? (url.searchParams.get("page") ?? undefined) : undefined;
  }

  function statusesOf({ repository }: Asked, sha: string): StatusList {
    return {
      path: `repositories/${repository}/commit/${sha}/statuses`,
      query: { pagelen: "100" },
      right: "the scope repository (read)",
      read({ text }) {
        const { data } = page.safeParse(parseJson(text));
        const number = data?.next ? pageIn(data.next) : undefined;
        if (!data || (data.next && number === undefined)) return undefined;
        return {
          items: data.values.map(({ state, key, description }) => ({ state, name: key, text: description })),
          next: number === undefined ? undefined : { page: number },
        };
      },
    };
  }

  const kind: StatusKind = {
    ...{ what: "the build statuses", states, words, askedOf, list: statusesOf, nameOf: keyOf },
    write: ({ repository }, { repository: { host }, sha, context, url }) => ({
      path: `repositories/${repository}/commit/${sha}/statuses/build`,
      query: {},
      right: "the scope repository (write)",
      body: ({ state, name, text }) => ({
        ...{ key: name, name: context, state, description: text },
        // It takes none without a link.
        url: url ?? `https://${canonicalHost(host)}/${repository}/commits/${sha}`,
      }),
    }),
  };
  return createStatusForge("Bitbucket", kind, options, createBitbucketCloudProposals);
}

/** A key has 40 characters at most; people see the name. */
function keyOf(context: string): string {
  if (context.length <= 40) return context;
  return `${OWN}${createHash("sha256")
    .update(context)
    .digest("hex")
    .slice(0, 40 - OWN.length)}`;
}
