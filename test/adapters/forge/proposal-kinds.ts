/** Every kind of forge that has pull or merge requests, with a double of it. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Agent } from "undici";
import { startCiApi } from "../../../sandbox/ci-api.ts";
import type { ForgeApi, ForgeApiOptions } from "../../../sandbox/forge-api.ts";
import { startAzureDevops } from "../../../sandbox/forges/azure-devops.ts";
import { startBitbucketCloud } from "../../../sandbox/forges/bitbucket-cloud.ts";
import { startBitbucketServer } from "../../../sandbox/forges/bitbucket-server.ts";
import { startGitea } from "../../../sandbox/forges/gitea.ts";
import { startGitlab } from "../../../sandbox/forges/gitlab.ts";
import type { Pulls } from "../../../sandbox/forges/pulls.ts";
import type { ForgeOptions } from "../../../src/adapters/forge/forge.ts";
import { createForges } from "../../../src/adapters/forge/forges.ts";
import { parseForges } from "../../../src/core/forges.ts";
import type { ProposalPlace, ProposalWords } from "../../../src/core/proposal-ports.ts";
import { parseRepository } from "../../../src/core/repository.ts";

export const token = "canary0123456789canary0123456789";
export const [head, base] = ["gitops-operator/default/shop", "main"];
/** Where both stand. */
export const [headSha, baseSha] = ["1".repeat(40), "2".repeat(40)];

export const words: ProposalWords = {
  title: "Update shop to abc1234",
  description: "What changes: 3 commits.\n\nGitops-Operator-Image: team/shop:abc1234",
  labels: [],
  autoMerge: false,
};

interface ProposalDouble extends ForgeApi {
  readonly pulls: Pulls;
}

interface ProposalKindRow {
  readonly kind: string;
  readonly repository: string;
  /** As the double knows it. */
  readonly known: string;
  readonly start: (options: ForgeApiOptions) => Promise<ProposalDouble>;
  /** Of the page of request 1. */
  readonly page: (api: ForgeApi) => string;
  /** Of one that was opened, edited, and so on. */
  readonly rights: { readonly read: RegExp; readonly write: RegExp };
  /** The head's SHA as far as it tells it. */
  readonly tellsHead: boolean;
  /** The forge's own words for what is neither open nor merged. */
  readonly declined: readonly string[];
  readonly extras: boolean;
  /** What is no answer of it. */
  readonly garbage: readonly string[];
  /** Repositories whose requests it has none of, without being asked. */
  readonly noRepository: readonly string[];
}

export const kinds: readonly ProposalKindRow[] = [
  {
    ...{ kind: "github", repository: "git@github.example:team/config.git", known: "team/config", start: startCiApi },
    ...{ page: () => "https://github.example/team/config/pull/1", tellsHead: true, extras: true, declined: ["closed"] },
    rights: { read: /the permission pull requests: read/, write: /the permission pull requests: write/ },
    garbage: ["{}", '[{"number":1}]', '[{"number":-1,"node_id":"x","state":"open","head":{"ref":"x"}}]'],
    noRepository: ["git@github.example:config", "git@github.example:team/a%2Fb", "git@github.example:a/b/c", "git@github.example:team/a(b"],
  },
  {
    ...{ kind: "gitlab", repository: "git@gitlab.example:group/team/config.git", known: "group/team/config", start: startGitlab },
    ...{ page: () => "https://gitlab.example/group/team/config/-/merge_requests/1", tellsHead: true, extras: true, declined: ["closed"] },
    rights: { read: /the scope read_api and the role Reporter/, write: /the scope api and the role Developer/ },
    garbage: ["{}", '[{"iid":1}]', '{"id":-1}'],
    noRepository: ["git@gitlab.example:config", "git@gitlab.example:team/a%2Fb", "git@gitlab.example:team/a(b"],
  },
  {
    ...{ kind: "gitea", repository: "git@gitea.example:team/config.git", known: "team/config", start: startGitea },
    ...{ page: () => "https://gitea.example/team/config/pulls/1", tellsHead: true, extras: true, declined: ["closed"] },
    rights: { read: /the scope read:repository/, write: /the scope write:repository/ },
    garbage: ["[]", '[{"number":1}]', '{"number":0}'],
    noRepository: ["git@gitea.example:config", "git@gitea.example:team/a%2Fb", "git@gitea.example:a/b/c"],
  },
  {
    ...{ kind: "bitbucket", repository: "git@bitbucket.example:team/Config.git", known: "team/Config", start: startBitbucketCloud },
    page: () => "https://bitbucket.example/team/Config/pull-requests/1",
    ...{ tellsHead: false, extras: false, declined: ["DECLINED", "SUPERSEDED"] },
    rights: { read: /the scope pullrequest/, write: /the scope pullrequest:write/ },
    garbage: ["{}", "[]", '{"values":[{"id":1}]}', '{"values":{}}'],
    noRepository: ["git@bitbucket.example:config", "git@bitbucket.example:a/b/c"],
  },
  {
    ...{
      kind: "bitbucket-server",
      repository: "ssh://git@bbs.example:7999/team/config.git",
      known: "team/config",
      start: startBitbucketServer,
    },
    page: () => "https://bbs.example/projects/team/repos/config/pull-requests/1",
    ...{ tellsHead: true, extras: false, declined: ["DECLINED"] },
    rights: { read: /the permission repository read/, write: /the permission repository read/ },
    garbage: ["{}", "[]", '{"values":[{"id":1}]}'],
    noRepository: ["https://bbs.example/team/config.git", "ssh://git@bbs.example:7999/config", "ssh://git@bbs.example:7999/team/a(b"],
  },
  {
    ...{
      kind: "azure",
      repository: "git@azure.example:v3/org/My%20Project/config",
      known: "org/My Project/config",
      start: startAzureDevops,
    },
    page: ({ url }) => `${url}/org/My%20Project/_git/config/pullrequest/1`,
    ...{ tellsHead: true, extras: true, declined: ["abandoned"] },
    rights: { read: /the scope Code \(Read\)/, write: /the scope Code \(Read & write\)/ },
    garbage: ["{}", "[]", '{"value":[{"pullRequestId":1}]}'],
    noRepository: ["git@azure.example:v3/org/project", "https://azure.example/org/project/config"],
  },
];

export async function startKind(t: TestContext, row: ProposalKindRow, options: Partial<ForgeOptions> = {}) {
  const api = await row.start({ token });
  const dispatcher = new Agent();
  t.after(() => Promise.all([api.close(), dispatcher.destroy()]));
  const proposalsOf = (text: string) => {
    const parsed = parseRepository(text);
    assert.ok(parsed.kind === "ok", text);
    const root = api.url.replace(/\/(api\/v\d|2\.0|rest)$/, "");
    const forges = parseForges(`${parsed.repository.host}=${row.kind}@${root}`);
    assert.ok(forges.kind === "ok");
    // The double has GitHub's API below its root, as api.github.com does.
    const known = forges.forges.map((forge) => ({ ...forge, apiUrl: api.url }));
    const { proposals } = createForges(known, { dispatcher, deadlineMs: 2_000, pauseMs: 1, ...options });
    return { proposals, place: { repository: parsed.repository, base, head } satisfies ProposalPlace };
  };
  api.pulls.setBranches(row.known, { [head]: headSha, [base]: baseSha, other: "3".repeat(40) }, ["team-a", "deploy"]);
  return { api, pulls: api.pulls, proposalsOf, ...proposalsOf(row.repository) };
}

/** By its kind. */
export async function startNamed(t: TestContext, kind: string, options: Partial<ForgeOptions> = {}) {
  const row = kinds.find((one) => one.kind === kind);
  assert.ok(row);
  const started = await startKind(t, row, options);
  const paths = () =>
    started.api.requests.map(({ method, path }) => `${method} ${decodeURIComponent(path.replace(/^\/(api\/v\d|2\.0|rest)(?=\/)/, ""))}`);
  return { ...started, row, paths, pull: () => started.pulls.of(row.known)[0] };
}

/** One that was not there. */
export async function openOne(started: Awaited<ReturnType<typeof startNamed>>, wanted = words) {
  const { proposals, place } = started;
  const answer = await proposals.open(place, wanted, token);
  assert.ok(answer.kind === "found", JSON.stringify(answer));
  return answer;
}
