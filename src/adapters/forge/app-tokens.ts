/**
 * Tokens of GitHub Apps: each for one repository and one right. An App signs that it is itself (RS256), and its installation gets a token of an hour.
 * https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app
 */
import { sign } from "node:crypto";
import { promisify } from "node:util";
import { z } from "zod";
import { type Forge, forgeOf } from "../../core/forges.ts";
import type { GitHubApp } from "../../core/git-ports.ts";
import { formatRepository } from "../../core/repository.ts";
import type { Repository } from "../../core/types.ts";
import { ReconcileError, RightMissing } from "../../errors.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import { unlessAborted } from "../../sharing/unless-aborted.ts";
import { parseJson } from "../../text/parse-json.ts";
import { withoutLast } from "../../text/without-last.ts";
import { currentAsker } from "../egress/asker.ts";
import type { UsedDispatcher } from "../egress/credential-connections.ts";
import { type HttpReply, request } from "../egress/http-request.ts";

import { partsOf } from "./asked.ts";
import { said } from "./refusal-words.ts";

interface AppTokensOptions {
  /** Where an App's API is: an annotation never says it. */
  readonly forges: readonly Forge[];
  /** `isOwnHost`: the API is on the repository's host, where the App's authorities count. */
  readonly connect: (app: GitHubApp, isOwnHost: boolean) => UsedDispatcher;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** A permission of GitHub Apps, and its level; or two of them. */
export type AppRight =
  | "contents:read"
  | "contents:write"
  | "actions:read"
  | "statuses:read"
  | "statuses:write"
  | "deployments:read"
  | "deployments:write"
  | "pull_requests:read"
  | "pull_requests:write"
  | "contents:write,pull_requests:write";

export interface AppTokens {
  /** Rejects with what is wrong with the App, its installation or its rights. `refused`: one that was, so another is wanted. */
  token(app: GitHubApp, repository: Repository, right: AppRight, signal: AbortSignal, refused?: string): Promise<string>;
  /** Its way to the API that serves the repository. Throws where there is none. */
  use(app: GitHubApp, repository: Repository): UsedDispatcher;
}

interface Kept {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Less than the hour that a token has, so that none ends within a conversation. */
const KEPT_MS = 55 * 60_000;
const LAST_MS = 5 * 60_000;
/** GitHub takes ten minutes at most, by its own clock. */
const JWT_SECONDS = 9 * 60;
const CLOCKS_APART_SECONDS = 60;
const MOST_ANSWER_BYTES = 64 * 1024;
const MOST_KEPT_BYTES = 2 ** 21;

const answerForm = z.object({ token: z.string().regex(/^[\x21-\x7e]{1,4096}$/), expires_at: z.string() });
const signInThread = promisify(sign);
const DEADLINE_MS = 10_000;

export function createAppTokens({ forges, connect, now = Date.now }: AppTokensOptions): AppTokens {
  const kept = createBoundedMap<Kept>(MOST_KEPT_BYTES, dataBytes, ({ until }) => until <= now());
  const underWay = new Map<string, Promise<string>>();

  async function make(app: GitHubApp, repository: Repository, right: AppRight, id: string): Promise<string> {
    const { name, api } = placeOf(app, repository);
    const permissions = Object.fromEntries(right.split(",").map((one) => one.split(":")));
    const url = new URL(api);
    url.pathname = `${withoutLast(url.pathname, "/")}/app/installations/${app.installationId}/access_tokens`;
    const headers = {
      authorization: `Bearer ${await signJwt(app, Math.floor(now() / 1_000))}`,
      accept: "application/vnd.github+json",
      "content-type": "application/json",
      "x-github-api-version": "2022-11-28",
    };
    const body = JSON.stringify({ repositories: [name], permissions });
    const { dispatcher, end } = use(app, repository);
    const limits = { signal: AbortSignal.timeout(DEADLINE_MS), maxBytes: MOST_ANSWER_BYTES };
    const answer = await request(dispatcher, { method: "POST", url, headers, body }, limits).finally(end);
    if (answer.kind === "failure") {
      throw new ReconcileError(
        "git_unreachable",
        `GitHub's API at ${url.host} ${answer.reason}; it is asked again at the next pass`,
        answer,
      );
    }
    if (answer.status !== 201) throw refusal(app, repository, right, answer);
    const made = answerForm.safeParse(parseJson(answer.text)).data;
    const endsAt = Date.parse(made?.expires_at ?? "");
    if (!made || Number.isNaN(endsAt)) {
      throw new ReconcileError("git_protocol", `GitHub's API at ${url.host} sent no token; check GITHUB_API_URL and FORGES`);
    }
    kept.set(id, { token: made.token, until: Math.min(now() + KEPT_MS, endsAt - LAST_MS) }, app.secret.namespace);
    return made.token;
  }

  function use(app: GitHubApp, repository: Repository): UsedDispatcher {
    return connect(app, new URL(placeOf(app, repository).api).hostname === repository.host);
  }

  /** The name within the installation's account, and the API's root. */
  function placeOf({ secret }: GitHubApp, repository: Repository) {
    const forge = forgeOf(forges, repository);
    const name = partsOf(repository.path);
    const app = `Secret ${secret.namespace}/${secret.name} holds a GitHub App`;
    if (forge?.kind !== "github") {
      const message = `${app}, and ${repository.host} is no GitHub that is known: name a Secret with a token, or let an administrator add ${repository.host}=github to FORGES`;
      throw new ReconcileError("credential_invalid", message);
    }
    if (name?.length !== 2)
      throw new ReconcileError("credential_invalid", `${app}, and ${formatRepository(repository)} is no OWNER/REPOSITORY of GitHub`);
    return { name: name[1] as string, api: forge.apiUrl };
  }

  return {
    use,
    async token(app, repository, right, signal, refused) {
      const id = JSON.stringify([app.id, repository, right]);
      const known = kept.get(id);
      if (known && known.token !== refused) return known.token;
      const question = JSON.stringify([id, currentAsker()]);
      const asked = underWay.get(question) ?? make(app, repository, right, id).finally(() => underWay.delete(question));
      underWay.set(question, asked);
      return unlessAborted(asked, signal);
    },
  };
}

async function signJwt({ appId, privateKey }: GitHubApp, nowSeconds: number): Promise<string> {
  const iat = nowSeconds - CLOCKS_APART_SECONDS;
  const parts = [
    { alg: "RS256", typ: "JWT" },
    { iat, exp: iat + JWT_SECONDS, iss: appId },
  ];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${(await signInThread("RSA-SHA256", Buffer.from(text), privateKey)).toString("base64url")}`;
}

function refusal({ secret }: GitHubApp, repository: Repository, right: AppRight, { status, text }: HttpReply): ReconcileError {
  const http = `(HTTP ${status}${said(text)})`;
  const app = `the App of Secret ${secret.namespace}/${secret.name}`;
  const name = formatRepository(repository);
  if (status === 401) {
    const remedy = "correct githubAppID and githubAppPrivateKey, and see that the operator's clock is right";
    return new ReconcileError("git_denied", `GitHub does not know ${app} ${http}; ${remedy}`);
  }
  if (status === 404)
    return new ReconcileError("git_denied", `GitHub knows no such installation of ${app} ${http}; correct githubAppInstallationID`);
  if (status === 422 || (status === 403 && !/rate limit/i.test(text))) {
    const remedy = `let its installation have that repository, and give the App the permission ${right.replaceAll(":", ": ").replace(",", " and ")}`;
    return new RightMissing("git_denied", `GitHub gives ${app} no token for ${name} ${http}; ${remedy}`);
  }
  return new ReconcileError("git_unreachable", `GitHub gave ${app} no token ${http}; it is asked again at the next pass`);
}
