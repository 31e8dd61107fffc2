/** Asks a registry whether a tag is there: OCI distribution specification 1.1, with the token and Basic authentication of Docker's. */
import { createHash } from "node:crypto";
import type { Dispatcher } from "undici";
import type { ImageAnswer, Registry } from "../../core/ports.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import type { HttpReply } from "../egress/http-request.ts";
import { retryAfterMs } from "../egress/retry-after.ts";
import { type AuthChallenge, parseAuthChallenges } from "./auth-challenges.ts";
import { type Credentials, findCredentials, parseDockerConfig } from "./docker-config.ts";
import { type ExchangeLimits, exchange, type Unavailable, unavailable } from "./exchange.ts";
import { HASHED_MANIFEST, MANIFEST_TYPES, manifestAnswer } from "./manifest-answer.ts";
import { denied, type ImageQuestion } from "./refusal.ts";
import { decideRealm, hostOfKey, manifestUrl, parseRegistryAddress, versionUrl } from "./registry-address.ts";
import { basicHeader, fetchToken } from "./registry-token.ts";
import { lifetimeOf } from "./short-lived-login.ts";

export interface RegistryOptions {
  readonly dispatcher: Dispatcher;
  /** INSECURE_REGISTRIES: `host[:port]` that get credentials over http as well. */
  readonly insecureRegistries: readonly string[];
  /** REGISTRY_REALMS: `host[:port]` of token endpoints that any registry may name. */
  readonly realms: readonly string[];
  /** For one request; for all requests of an answer. Shorter in tests, where registries stall. */
  readonly requestTimeoutMs?: number;
  readonly overallTimeoutMs?: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

/** One tag, asked with one set of credentials. */
interface Question extends ImageQuestion {
  readonly registry: URL;
  readonly manifest: URL;
  readonly wantsDigest: boolean;
  /** Equal when registry and credentials are; safe to keep. */
  readonly accountKey: string;
  readonly namespace: string | undefined;
}

/** How the registry wants to be asked about a repository; a token no longer than it is good. */
type Access = { readonly scheme: "basic" } | { readonly scheme: "bearer"; readonly token: string; readonly until: number };

const MOST_ACCESSES_BYTES = 4 * 2 ** 20;
/** Of what registries said about how often they may be asked. */
const MOST_PAUSES_BYTES = 2 ** 20;
/** A token that is about to expire is not used any more. */
const TOKEN_SLACK_MS = 10_000;
const LONGEST_RETRY_AFTER_MS = 60_000;

export function createRegistry(options: RegistryOptions): Registry {
  const { dispatcher, requestTimeoutMs = 10_000, overallTimeoutMs = 30_000, now = () => performance.now() } = options;
  const insecureHosts = hostsOf(options.insecureRegistries, "http:");
  const realmRules = { insecureHosts, realmHosts: hostsOf(options.realms, "https:") };
  const isOver = (access: Access) => access.scheme === "bearer" && access.until <= now();
  const accesses = createBoundedMap<Access>(MOST_ACCESSES_BYTES, dataBytes, isOver);
  const limitedUntil = createBoundedMap<number>(MOST_PAUSES_BYTES, dataBytes);

  const check: Registry["check"] = async (...question) => {
    const parsed = parseQuestion(...question);
    return "problem" in parsed ? unavailable(parsed.problem) : ask(parsed);
  };

  function parseQuestion(
    ...[image, tag, dockerConfig, wantsDigest = false]: Parameters<Registry["check"]>
  ): Question | { problem: string } {
    const registry = parseRegistryAddress(image.registryUrl);
    if (!registry) return { problem: "the registry's URL cannot be used; write gitops.operator.registry_secret_url like https://ghcr.io" };
    const manifest = manifestUrl(registry, image.repository, tag);
    if (!manifest) return { problem: `the image's name or tag cannot be asked of ${registry.host}; check gitops.operator.image_name` };
    const config = parseDockerConfig(dockerConfig ?? "{}");
    if ("problem" in config) return config;
    const found = findCredentials(config, registry, image.repository);
    const mayBeSent = registry.protocol === "https:" || insecureHosts.has(registry.host);
    const credentials = mayBeSent ? found : undefined;
    const whyAnonymous = found
      ? `credentials are not sent over http; use https, or add ${registry.host} to INSECURE_REGISTRIES`
      : `no credentials for ${registry.host} were given; put them into the Secret that gitops.operator.registry_secret_name names`;
    const account = createHash("sha256")
      .update(JSON.stringify(credentials ?? null))
      .digest("hex");
    const accountKey = `${registry.href} ${account}`;
    const { repository, namespace } = image;
    return { registry, repository, namespace, manifest, credentials, whyAnonymous, accountKey, wantsDigest };
  }

  async function ask(question: Question): Promise<ImageAnswer> {
    const { registry, manifest, credentials, accountKey } = question;
    const waitMs = (limitedUntil.get(accountKey) ?? 0) - now();
    if (waitMs > 0) return limited(registry.host, waitMs);
    const limits = { dispatcher, requestMs: requestTimeoutMs, signal: AbortSignal.timeout(overallTimeoutMs) };
    const accessKey = `${accountKey} ${question.repository}`;
    let access = accesses.get(accessKey);
    let method: "HEAD" | "GET" = "HEAD";
    const send = () =>
      exchange(
        { method, url: manifest, headers: { accept: MANIFEST_TYPES.join(", "), ...authorization(access, credentials) } },
        { ...limits, hashed: HASHED_MANIFEST },
      );
    // Docker Hub counts a GET as a pull, so it is sent only where HEAD says too little.
    const sendGet = () => {
      method = "GET";
      return send();
    };

    let reply = await send();
    if (refusesHead(reply)) reply = await sendGet();
    if (reply.kind === "answer" && mayNeedLogin(reply.status, access, credentials)) {
      const granted = await findAccess(question, reply, limits);
      if (granted && "kind" in granted) return granted;
      if (granted) {
        access = granted;
        accesses.set(accessKey, granted, question.namespace);
        reply = await send();
      }
    }
    if (method === "HEAD" && (refusesHead(reply) || saysTooLittle(reply, question, access))) reply = await sendGet();
    if (reply.kind === "unavailable") return reply;
    // A right that is given later needs a new token; ECR Public says 400 of a token that has expired.
    if (reply.status >= 400 && reply.status <= 403) accesses.delete(accessKey);
    return answerOf(reply, method, registry.host, question, access !== undefined);
  }

  /** After 401, 403 or 404: what the registry wants, and a token when it wants one. Undefined: it names no way to log in. */
  async function findAccess(question: Question, reply: HttpReply, limits: ExchangeLimits): Promise<Access | ImageAnswer | undefined> {
    const { registry, repository, credentials } = question;
    const scope = `repository:${repository}:pull`;
    const challenges = challengesOf(reply);
    const own = usable(challenges, credentials);
    if (own) return grant(question, own, own.parameters.get("scope") || scope, limits);
    // Who has no credentials is not helped by another way to send them.
    if (!credentials && challenges.length > 0) return undefined;
    // Some registries say only there how to log in, and of a manifest that it is not there: containerd#3291, keppel#522.
    const version = await exchange({ method: "GET", url: versionUrl(registry), headers: {} }, limits);
    if (version.kind === "unavailable") return version;
    if (version.status === 429 || version.status >= 500) return answerOf(version, "GET", registry.host, question, false);
    const general = usable(challengesOf(version), credentials);
    return general && grant(question, general, scope, limits);
  }

  async function grant(question: Question, challenge: AuthChallenge, scope: string, limits: ExchangeLimits): Promise<Access | ImageAnswer> {
    if (challenge.scheme === "basic") return { scheme: "basic" };
    const { registry, credentials } = question;
    const realm = decideRealm(registry, challenge.parameters.get("realm"), realmRules);
    if ("problem" in realm) return unavailable(realm.problem);
    const token = await fetchToken(realm, challenge.parameters.get("service"), scope, credentials, limits);
    if (token.kind === "token") return { scheme: "bearer", token: token.token, until: now() + token.lifetimeMs - TOKEN_SLACK_MS };
    if (token.kind === "unavailable") return token;
    if (token.status === 404) return unavailable(`${realm.host} knows no token endpoint (HTTP 404); check the registry's URL`);
    const answer = answerOf(token, "GET", realm.host, question, true);
    return answer.kind === "found" || answer.kind === "missing" ? unavailable(`${realm.host} gives no token`) : answer;
  }

  function answerOf(reply: HttpReply, method: "HEAD" | "GET", host: string, question: Question, wereSent: boolean): ImageAnswer {
    const { status, headers, text } = reply;
    if (status === 200) {
      const answer = manifestAnswer(reply, host, method);
      return answer === "unsaid" ? unavailable(`${host} answers HTTP 200 without a manifest; check that the URL is a registry's`) : answer;
    }
    if (status === 404) return { kind: "missing" };
    if (status === 401 || status === 403) return denied({ status, host, wereSent, text }, question);
    if (status === 429) {
      const asked = retryAfterMs(headers);
      const waitMs = asked === undefined ? undefined : Math.min(asked, LONGEST_RETRY_AFTER_MS);
      if (waitMs !== undefined) limitedUntil.set(question.accountKey, now() + waitMs, question.namespace);
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

/** The login that is there was not used yet, or is not good any more. */
function mayNeedLogin(status: number, access: Access | undefined, credentials: Credentials | undefined): boolean {
  if (status === 401) return access?.scheme !== "basic";
  return (status === 403 || status === 404) && credentials !== undefined && access === undefined;
}

function challengesOf({ headers }: HttpReply): readonly AuthChallenge[] {
  return parseAuthChallenges(headers["www-authenticate"]);
}

function usable(challenges: readonly AuthChallenge[], credentials: Credentials | undefined): AuthChallenge | undefined {
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  return bearer ?? (credentials?.kind === "password" ? challenges.find(({ scheme }) => scheme === "basic") : undefined);
}

function refusesHead(reply: HttpReply | Unavailable): boolean {
  return reply.kind === "answer" && (reply.status === 405 || reply.status === 501);
}

/** Whether an answer to HEAD leaves open what GET would tell: that it is a manifest, its digest when that is wanted, why a login is refused. */
function saysTooLittle(
  reply: HttpReply | Unavailable,
  { registry, credentials, wantsDigest }: Question,
  access: Access | undefined,
): boolean {
  if (reply.kind === "unavailable") return false;
  const { status } = reply;
  if (status === 401 || status === 403) return access !== undefined && credentials !== undefined && lifetimeOf(credentials) !== undefined;
  if (status !== 200) return false;
  const answer = manifestAnswer(reply, registry.host, "HEAD");
  return answer === "unsaid" || (answer.kind === "found" && answer.digest === undefined && wantsDigest);
}

function limited(host: string, waitMs: number | undefined): ImageAnswer {
  const when = waitMs === undefined ? "later" : `in ${Math.ceil(waitMs / 1_000)} s`;
  return { kind: "limited", reason: `${host} limits how often it may be asked (HTTP 429); it is asked again ${when}` };
}

function hostsOf(texts: readonly string[], protocol: string): ReadonlySet<string> {
  return new Set(texts.map((text) => hostOfKey(text, protocol)).filter((host) => host !== undefined));
}
