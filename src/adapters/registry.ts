/** Asks a registry whether a tag is there: OCI distribution specification 1.1, with the token and Basic authentication of Docker's. */
import { createHash } from "node:crypto";
import type { Dispatcher } from "undici";
import { createBoundedMap } from "../core/bounded-map.ts";
import { isDigest } from "../core/image.ts";
import type { ImageAnswer, Registry } from "../core/ports.ts";
import type { HttpReply } from "./http-request.ts";
import { type AuthChallenge, parseAuthChallenges } from "./registry/auth-challenges.ts";
import { type Credentials, findCredentials, parseDockerConfig } from "./registry/docker-config.ts";
import { type ExchangeLimits, exchange, unavailable } from "./registry/exchange.ts";
import { decideRealm, hostOfKey, manifestUrl, parseRegistryAddress } from "./registry/registry-address.ts";
import { basicHeader, fetchToken } from "./registry/registry-token.ts";
import { retryAfterMs } from "./retry-after.ts";

export interface RegistryOptions {
  readonly dispatcher: Dispatcher;
  /** INSECURE_REGISTRIES: `host[:port]` that get credentials over http as well. */
  readonly insecureRegistries: readonly string[];
  /** REGISTRY_REALMS: `host[:port]` of token endpoints that any registry may name. */
  readonly realms: readonly string[];
  /** For one request; for all requests of an answer. */
  readonly requestTimeoutMs?: number;
  readonly overallTimeoutMs?: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

/** One tag, asked with one set of credentials. */
interface Question {
  readonly registry: URL;
  readonly repository: string;
  readonly manifest: URL;
  readonly credentials: Credentials | undefined;
  /** Why no credentials go along, and what would change it. */
  readonly whyAnonymous: string;
  /** Equal when registry and credentials are; safe to keep. */
  readonly accountKey: string;
}

/** How the registry wants to be asked about a repository. */
type Access = { readonly scheme: "basic" } | { readonly scheme: "bearer"; readonly token: string; readonly until: number };

const MANIFEST_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
const MOST_KEPT = 1_000;
/** A token that is about to expire is not used any more. */
const TOKEN_SLACK_MS = 10_000;
const LONGEST_RETRY_AFTER_MS = 60_000;

export function createRegistry(options: RegistryOptions): Registry {
  const { dispatcher, requestTimeoutMs = 10_000, overallTimeoutMs = 30_000, now = () => performance.now() } = options;
  const insecureHosts = hostsOf(options.insecureRegistries, "http:");
  const realmRules = { insecureHosts, realmHosts: hostsOf(options.realms, "https:") };
  const accesses = createBoundedMap<Access>(MOST_KEPT);
  const limitedUntil = createBoundedMap<number>(MOST_KEPT);
  const inFlight = new Map<string, Promise<ImageAnswer>>();

  async function check(image: { registryUrl: string; repository: string }, tag: string, dockerConfig?: string): Promise<ImageAnswer> {
    const question = parseQuestion(image, tag, dockerConfig);
    if ("problem" in question) return unavailable(question.problem);
    const key = `${question.accountKey} ${question.manifest}`;
    const asked = inFlight.get(key) ?? ask(question).finally(() => inFlight.delete(key));
    inFlight.set(key, asked);
    return asked;
  }

  function parseQuestion(
    image: { registryUrl: string; repository: string },
    tag: string,
    dockerConfig?: string,
  ): Question | { problem: string } {
    const registry = parseRegistryAddress(image.registryUrl);
    if (!registry) return { problem: "the registry's URL cannot be used; write gitops.operator.registry_secret_url like https://ghcr.io" };
    const manifest = manifestUrl(registry, image.repository, tag);
    if (!manifest) return { problem: `the image's name or tag cannot be asked of ${registry.host}; check gitops.operator.image_name` };
    const config = parseDockerConfig(dockerConfig ?? "{}");
    if (config.kind === "error") return { problem: config.problem };
    const found = findCredentials(config.config, registry, image.repository);
    const mayBeSent = registry.protocol === "https:" || insecureHosts.has(registry.host);
    const credentials = mayBeSent ? found : undefined;
    const whyAnonymous = found
      ? `credentials are not sent over http; use https, or add ${registry.host} to INSECURE_REGISTRIES`
      : `no credentials for ${registry.host} were given; put them into the Secret that gitops.operator.registry_secret_name names`;
    const account = createHash("sha256")
      .update(JSON.stringify(credentials ?? null))
      .digest("hex");
    return { registry, repository: image.repository, manifest, credentials, whyAnonymous, accountKey: `${registry.href} ${account}` };
  }

  async function ask(question: Question): Promise<ImageAnswer> {
    const { registry, repository, manifest, credentials, accountKey } = question;
    const waitMs = (limitedUntil.get(accountKey) ?? 0) - now();
    if (waitMs > 0) return limited(registry.host, waitMs);
    const limits = { dispatcher, requestMs: requestTimeoutMs, signal: AbortSignal.timeout(overallTimeoutMs) };
    const accessKey = `${accountKey} ${repository}`;
    const known = accesses.get(accessKey);
    const access = known?.scheme === "bearer" && known.until <= now() ? undefined : known;
    const head = (by: Access | undefined) =>
      exchange({ method: "HEAD", url: manifest, headers: { accept: MANIFEST_TYPES, ...authorization(by, credentials) } }, limits);

    let reply = await head(access);
    if (reply.kind === "answer" && reply.status === 401 && !(access?.scheme === "basic")) {
      const granted = await findAccess(question, reply, limits);
      if ("kind" in granted) return granted;
      accesses.set(accessKey, granted);
      reply = await head(granted);
    }
    if (reply.kind === "unavailable") return reply;
    // A right that is given later needs a new token.
    if (reply.status === 401 || reply.status === 403) accesses.delete(accessKey);
    return answerOf(reply, registry.host, question);
  }

  /** After a 401: what the registry wants, and a token when it wants one. */
  async function findAccess(question: Question, reply: HttpReply, limits: ExchangeLimits): Promise<Access | ImageAnswer> {
    const { registry, repository, credentials } = question;
    const challenges = parseAuthChallenges(reply.headers["www-authenticate"]);
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (!bearer) {
      const wantsBasic = challenges.some(({ scheme }) => scheme === "basic");
      if (wantsBasic && credentials?.kind === "password") return { scheme: "basic" };
      return denied(401, registry.host, question);
    }
    return findToken(question, bearer, `repository:${repository}:pull`, limits);
  }

  async function findToken(
    question: Question,
    bearer: AuthChallenge,
    scope: string,
    limits: ExchangeLimits,
  ): Promise<Access | ImageAnswer> {
    const { registry, credentials } = question;
    const realm = decideRealm(registry, bearer.parameters.get("realm"), realmRules);
    if ("problem" in realm) return unavailable(realm.problem);
    const token = await fetchToken(realm, bearer, scope, credentials, limits);
    if (token.kind === "token") return { scheme: "bearer", token: token.token, until: now() + token.lifetimeMs - TOKEN_SLACK_MS };
    if (token.kind === "unavailable") return token;
    if (token.status === 404) return unavailable(`${realm.host} knows no token endpoint (HTTP 404); check the registry's URL`);
    const answer = answerOf(token, realm.host, question);
    return answer.kind === "found" || answer.kind === "missing" ? unavailable(`${realm.host} gives no token`) : answer;
  }

  function answerOf({ status, headers }: HttpReply, host: string, question: Question): ImageAnswer {
    if (status === 200) {
      // A login page or a captive portal says 200 to everything.
      if (/^text\/html/i.test(String(headers["content-type"] ?? ""))) {
        return unavailable(`${host} answers with a web page; check that the URL is a registry's`);
      }
      const digest = headers["docker-content-digest"];
      return { kind: "found", digest: typeof digest === "string" && isDigest(digest) ? digest : undefined };
    }
    if (status === 404) return { kind: "missing" };
    if (status === 401 || status === 403) return denied(status, host, question);
    if (status === 429) {
      const asked = retryAfterMs(headers);
      const waitMs = asked === undefined ? undefined : Math.min(asked, LONGEST_RETRY_AFTER_MS);
      if (waitMs !== undefined) limitedUntil.set(question.accountKey, now() + waitMs);
      return limited(host, waitMs);
    }
    if (status >= 500) return unavailable(`${host} fails (HTTP ${status}); it is asked again at the next pass`);
    return unavailable(`${host} answers HTTP ${status}, which says nothing of the image; check that the URL is a registry's`);
  }

  return { check };
}

function authorization(access: Access | undefined, credentials: Credentials | undefined): Readonly<Record<string, string>> {
  if (access?.scheme === "bearer") return { authorization: `Bearer ${access.token}` };
  return access ? basicHeader(credentials) : {};
}

function denied(status: 401 | 403, host: string, { credentials, whyAnonymous, repository }: Question): ImageAnswer {
  const remedy = credentials ? `check the Secret with .dockerconfigjson and the account's right to pull ${repository}` : whyAnonymous;
  const what = credentials ? `does not accept the credentials for ${repository}` : `does not let ${repository} be read without credentials`;
  return { kind: "denied", status, reason: `${host} ${what} (HTTP ${status}); ${remedy}` };
}

function limited(host: string, waitMs: number | undefined): ImageAnswer {
  const when = waitMs === undefined ? "later" : `in ${Math.ceil(waitMs / 1_000)} s`;
  return {
    kind: "limited",
    retryAfterMs: waitMs,
    reason: `${host} limits how often it may be asked (HTTP 429); it is asked again ${when}`,
  };
}

function hostsOf(texts: readonly string[], protocol: string): ReadonlySet<string> {
  return new Set(texts.map((text) => hostOfKey(text, protocol)).filter((host) => host !== undefined));
}
