/** Whether the image of a commit is there: registry, else the build, else patience (contract §8). Never a push without a yes. */
import { type ErrorCode, ReconcileError } from "../../errors.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import { createFreshest } from "../../sharing/freshest.ts";
import { dockerHub, formatImage } from "../image.ts";
import { noObserver, type Observer } from "../observer.ts";
import type { BuildState, Builds, Clock, Commit, ImageAnswer, PulledImage, Registry } from "../ports.ts";
import { idOf, type SecretRef, type Target } from "../types.ts";
import { buildFailed, buildGoesOn, imageMissing } from "./image-texts.ts";

interface ImageGateOptions {
  readonly registry: Registry;
  readonly builds: Builds;
  readonly clock: Clock;
  readonly settings: ImageGateSettings;
  readonly observer?: Observer;
}

export interface ImageGateSettings {
  readonly waitAttempts: number;
  readonly waitInitialMs: number;
  readonly waitMaxMs: number;
  /** How long after a commit was first seen a missing image is no alarm. */
  readonly graceMs: number;
  /** `host[:port]` that are spoken to over http. */
  readonly insecureRegistries: readonly string[];
  /** Images are checked, and no annotation may say otherwise. */
  readonly isCheckBinding: boolean;
}

interface ImageQuestion {
  readonly target: Target;
  /** With the registry that the manifest names, where the target names none. */
  readonly image: PulledImage;
  /** The manifest pins a digest, so the answer has to have one. */
  readonly isPinned: boolean;
  readonly appCommit: Commit;
  readonly tag: string;
  readonly notBefore: number;
  readonly signal: AbortSignal;
  /** Reads a field of a Secret that this Deployment may name. */
  readonly readSecret: (ref: SecretRef, field: string) => Promise<string>;
  readonly warn: (message: string, error: unknown) => void;
  /** Called before each wait for a build, with the words for it. */
  readonly onWait: (text: string) => void;
}

export type GateVerdict =
  | { readonly kind: "found"; readonly digest: string | undefined }
  /** Somebody said that the registry is not to be asked; `why`, in words. */
  | { readonly kind: "unchecked"; readonly why: string }
  /** Not there yet, and no alarm. */
  | { readonly kind: "waiting"; readonly text: string };

export interface ImageGate {
  /** Rejects when the image will not come, or nobody can say. */
  check(question: ImageQuestion): Promise<GateVerdict>;
}

/** What one look came to. `trouble`: nobody can say. */
type Look =
  | { readonly kind: "found"; readonly digest: string | undefined }
  | { readonly kind: "building"; readonly state: "queued" | "running" }
  | { readonly kind: "absent" }
  | { readonly kind: "trouble"; readonly error: ReconcileError };

const MOST_ANSWERS_BYTES = 8 * 2 ** 20;
const MOST_STATES_BYTES = 4 * 2 ** 20;
const MOST_SEEN_BYTES = 4 * 2 ** 20;
/** The unnamed default Secret is not there, or not for this Deployment or its repositories: nobody promised a login, so the registry is asked without one. */
const NO_LOGIN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["secret_missing", "secret_denied", "secret_forbidden", "repository_denied"]);

export function createImageGate({ registry, builds, clock, settings, observer = noObserver }: ImageGateOptions): ImageGate {
  const answers = createFreshest<ImageAnswer>(MOST_ANSWERS_BYTES);
  const states = createFreshest<BuildState>(MOST_STATES_BYTES);
  const firstSeen = createBoundedMap<number>(MOST_SEEN_BYTES, dataBytes);

  async function check(question: ImageQuestion): Promise<GateVerdict> {
    const { target, image, appCommit, tag } = question;
    const seenAt = rememberSeen(target, appCommit.sha);
    const account = await readAccount(question);
    if (account.kind === "unchecked") {
      observer.imageChecked("unchecked");
      return account;
    }
    const token = await readToken(question);
    const words = { image: formatImage(image), sha: appCommit.sha };

    let { notBefore } = question;
    for (let attempt = 1; ; attempt++) {
      const look = await lookOnce(question, account, token, notBefore);
      if (look.kind === "found") return look;
      const isLast = attempt > settings.waitAttempts;
      // After the first look anything but the image costs an attempt: a registry may lag behind the build.
      if (look.kind === "absent" && (attempt === 1 || isLast)) {
        if (clock.now() - seenAt > settings.graceMs)
          throw new ReconcileError("image_missing", imageMissing(words.image, tag) + withoutLogin(account));
        return { kind: "waiting", text: `image ${words.image}:${tag} is not in the registry yet` };
      }
      if (look.kind === "trouble" && (attempt === 1 || isLast)) throw look.error;
      if (look.kind === "building" && isLast) {
        return {
          kind: "waiting",
          text: `:hourglass: Build ${look.state} for ${words.image} (SHA: ${words.sha}), looking again at the next pass`,
        };
      }
      const retryMs = Math.min(settings.waitInitialMs * 2 ** (attempt - 1), settings.waitMaxMs);
      if (look.kind === "building") {
        question.onWait(buildGoesOn({ state: look.state, ...words, retryMs, attempt, attempts: settings.waitAttempts }));
      }
      await clock.sleep(retryMs, question.signal);
      notBefore = performance.now();
    }
  }

  async function lookOnce(question: ImageQuestion, account: Account, token: Secret | undefined, notBefore: number): Promise<Look> {
    const { target, image, isPinned, tag, appCommit } = question;
    const name = `${formatImage(image)}:${tag}`;
    const registryUrl = target.registryUrl ?? defaultUrl(image.registry);
    const key = JSON.stringify([registryUrl, image.repository, tag, isPinned, account.ref ?? null]);
    const { namespace } = target;
    const ask = async () => {
      const said = await registry.check({ registryUrl, repository: image.repository, namespace }, tag, account.dockerConfig, isPinned);
      observer.imageChecked(said.kind);
      return said;
    };
    const answer = await answers.get(key, notBefore, ask, namespace);
    if (answer.kind === "found") return answer;
    if (answer.kind === "limited") return trouble("registry_limited", `the registry limits questions about ${name}: ${answer.reason}`);
    if (answer.kind === "unavailable")
      return trouble("registry_unavailable", `the registry could not be asked about ${name}: ${answer.reason}`);

    const { appRepository } = target;
    const askBuild = async ({ text }: Secret) => {
      const said = await builds.state(appRepository, appCommit.sha, text);
      observer.buildAsked(said.kind);
      return said;
    };
    const state: BuildState = token
      ? await states.get(JSON.stringify([appRepository, appCommit.sha, token.ref]), notBefore, () => askBuild(token), namespace)
      : { kind: "none" };
    if (state.kind === "queued" || state.kind === "running") return { kind: "building", state: state.kind };
    if (state.kind === "unknown") return trouble("build_unknown", `build status unknown: ${state.reason}`);
    if (state.kind === "failed") throw new ReconcileError("build_failed", buildFailed(formatImage(image), appCommit.sha));
    if (answer.kind === "denied") {
      return trouble(
        "registry_denied",
        `the registry does not show ${name} (HTTP ${answer.status}): ${answer.reason}${withoutLogin(account)}`,
      );
    }
    return { kind: "absent" };
  }

  function rememberSeen(target: Target, sha: string): number {
    const key = `${idOf(target)} ${sha}`;
    const seenAt = firstSeen.get(key) ?? clock.now();
    firstSeen.set(key, seenAt, target.namespace);
    return seenAt;
  }

  /** Only what somebody said opens the gate; an error never does (contract §4). */
  async function readAccount({ target, readSecret }: ImageQuestion): Promise<Account | Unchecked> {
    if (target.options.image_check === "off") return { kind: "unchecked", why: "the image check is off" };
    const { named, ...ref } = target.registrySecret;
    try {
      return { kind: "account", ref, dockerConfig: await readSecret(ref, ".dockerconfigjson"), whyNoLogin: undefined };
    } catch (error) {
      if (named || !(error instanceof ReconcileError) || !NO_LOGIN.has(error.code)) throw error;
      if (target.options.image_check === "if-secret" && error.code === "secret_missing") {
        return { kind: "unchecked", why: `the image check is if-secret, and there is no Secret ${ref.namespace}/${ref.name}` };
      }
      return { kind: "account", ref: undefined, dockerConfig: undefined, whyNoLogin: error.message };
    }
  }

  /** A registry may hide from strangers what is there: what to do, behind its no. */
  function withoutLogin({ whyNoLogin }: Account): string {
    if (whyNoLogin === undefined) return "";
    const unchecked = settings.isCheckBinding
      ? "all images go unchecked (the operator's IMAGE_CHECK, which no annotation may go below)"
      : "this image (gitops.operator.image_check) or all (IMAGE_CHECK) go unchecked";
    return `; it was asked without a login (${whyNoLogin}); name a Secret with one by gitops.operator.registry_secret_name, or let ${unchecked}`;
  }

  async function readToken({ target, readSecret, warn }: ImageQuestion): Promise<Secret | undefined> {
    const ref = target.githubTokenSecret;
    if (!ref) return undefined;
    try {
      return { ref, text: await readSecret(ref, "github-token") };
    } catch (error) {
      warn("GitHub token can't be read: no build status", error);
      return undefined;
    }
  }

  function defaultUrl(host: string): string {
    if (host === dockerHub) return "https://registry-1.docker.io";
    return `${settings.insecureRegistries.includes(host) ? "http" : "https"}://${host}`;
  }

  return { check };
}

type Unchecked = Extract<GateVerdict, { kind: "unchecked" }>;

interface Account {
  readonly kind: "account";
  readonly ref: SecretRef | undefined;
  readonly dockerConfig: string | undefined;
  readonly whyNoLogin: string | undefined;
}

interface Secret {
  readonly ref: SecretRef;
  readonly text: string;
}

function trouble(code: "registry_denied" | "registry_limited" | "registry_unavailable" | "build_unknown", message: string): Look {
  return { kind: "trouble", error: new ReconcileError(code, message) };
}
