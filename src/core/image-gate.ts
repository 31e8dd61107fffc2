/** Whether the image of a commit is there: registry, else the build, else patience (contract §8). Never a push without a yes. */
import { type ErrorCode, ReconcileError } from "../errors.ts";
import { createBoundedMap } from "./bounded-map.ts";
import type { PulledImage } from "./edit-manifest.ts";
import { createFreshest } from "./freshest.ts";
import { dockerHub, formatImage } from "./image.ts";
import { buildFailed, buildGoesOn, imageMissing } from "./image-texts.ts";
import { noObserver, type Observer } from "./observer.ts";
import type { BuildState, Builds, Clock, Commit, ImageAnswer, Registry } from "./ports.ts";
import type { SecretRef, Target } from "./types.ts";

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
  /** REQUIRE_IMAGE_CHECK: the unnamed default Secret may not be missing. */
  readonly requireCheck: boolean;
  /** `host[:port]` that are spoken to over http. */
  readonly insecureRegistries: readonly string[];
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
  /** There is no default Secret, so nobody asked for a check (contract §4). */
  | { readonly kind: "unchecked" }
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

const REMEMBERED = 10_000;
/** The unnamed default Secret counts as not there when the operator may not know whether it is. */
const ABSENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["secret_missing", "secret_denied", "secret_forbidden"]);

export function createImageGate({ registry, builds, clock, settings, observer = noObserver }: ImageGateOptions): ImageGate {
  const answers = createFreshest<ImageAnswer>(REMEMBERED);
  const states = createFreshest<BuildState>(REMEMBERED);
  const firstSeen = createBoundedMap<number>(REMEMBERED);

  async function check(question: ImageQuestion): Promise<GateVerdict> {
    const { target, image, appCommit, tag } = question;
    const seenAt = rememberSeen(`${target.namespace}/${target.deployment} ${appCommit.sha}`);
    const account = await readAccount(question);
    if (account === "none") {
      observer.imageChecked("unchecked");
      return { kind: "unchecked" };
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
        if (clock.now() - seenAt > settings.graceMs) throw new ReconcileError("image_missing", imageMissing(words.image, tag));
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
    const answer = await answers.get(key, notBefore, async () => {
      const said = await registry.check({ registryUrl, repository: image.repository }, tag, account.dockerConfig, isPinned);
      observer.imageChecked(said.kind);
      return said;
    });
    if (answer.kind === "found") return answer;
    if (answer.kind === "limited") return trouble("registry_limited", `the registry limits questions about ${name}: ${answer.reason}`);
    if (answer.kind === "unavailable")
      return trouble("registry_unavailable", `the registry could not be asked about ${name}: ${answer.reason}`);

    const { appRepository } = target;
    const state: BuildState = token
      ? await states.get(JSON.stringify([appRepository, appCommit.sha, token.ref]), notBefore, async () => {
          const said = await builds.state(appRepository, appCommit.sha, token.text);
          observer.buildAsked(said.kind);
          return said;
        })
      : { kind: "none" };
    if (state.kind === "queued" || state.kind === "running") return { kind: "building", state: state.kind };
    if (state.kind === "unknown") return trouble("build_unknown", `build status unknown: ${state.reason}`);
    if (state.kind === "failed") throw new ReconcileError("build_failed", buildFailed(formatImage(image), appCommit.sha));
    if (answer.kind === "denied") {
      return trouble("registry_denied", `the registry does not show ${name} (HTTP ${answer.status}): ${answer.reason}`);
    }
    return { kind: "absent" };
  }

  function rememberSeen(key: string): number {
    const seenAt = firstSeen.get(key) ?? clock.now();
    firstSeen.set(key, seenAt);
    return seenAt;
  }

  /** The registry's credentials; "none": nobody asked for a check (contract §4). */
  async function readAccount({ target, readSecret, warn }: ImageQuestion): Promise<Account | "none"> {
    const { named, ...ref } = target.registrySecret;
    try {
      return { ref, dockerConfig: await readSecret(ref, ".dockerconfigjson") };
    } catch (error) {
      const isAbsent = error instanceof ReconcileError && ABSENT.has(error.code);
      if (named || !isAbsent) throw error;
      if (target.registryUrl !== undefined) return { ref: undefined, dockerConfig: undefined };
      if (settings.requireCheck) throw error;
      warn("No registry Secret: the image is not checked", error);
      return "none";
    }
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

interface Account {
  readonly ref: SecretRef | undefined;
  readonly dockerConfig: string | undefined;
}

interface Secret {
  readonly ref: SecretRef;
  readonly text: string;
}

function trouble(code: "registry_denied" | "registry_limited" | "registry_unavailable" | "build_unknown", message: string): Look {
  return { kind: "trouble", error: new ReconcileError(code, message) };
}
