/** One look at one image: what the registry says of it, and where it has none, what became of the build. Equal questions of a pass are asked once. */

import { type ErrorCode, ReconcileError } from "../../errors.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { createFreshest } from "../../sharing/freshest.ts";
import type { Candidate } from "../app-history.ts";
import { dockerHub, formatImage } from "../image.ts";
import type { PulledImage } from "../manifest-edit.ts";
import type { Observer } from "../observer.ts";
import type { BuildState, Builds, Clock, ImageAnswer, Registry } from "../ports.ts";
import type { SecretRef, Target } from "../types.ts";
import type { BuildToken } from "./build-token.ts";
import { buildFailed } from "./image-texts.ts";

interface ImageLooksOptions {
  readonly registry: Registry;
  readonly builds: Builds;
  readonly clock: Clock;
  /** `host[:port]` that are spoken to over http. */
  readonly insecureRegistries: readonly string[];
  readonly observer: Observer;
}

/** Whose image is looked for, with whose login. */
export interface Viewer {
  readonly target: Target;
  /** With the registry that the manifest names, where the target names none. */
  readonly image: PulledImage;
  /** The manifest pins a digest, so the answer has to have one. */
  readonly isPinned: boolean;
  readonly login: Login;
  readonly token: BuildToken | undefined;
  /** Why builds are not asked for, behind a no. */
  readonly unasked: string;
}

export interface Login {
  /** Undefined: the registry is asked without one. */
  readonly ref: SecretRef | undefined;
  readonly dockerConfig: string | undefined;
  /** What to do about that, behind a no. */
  readonly remedy: string;
}

export type Look =
  | { readonly kind: "found"; readonly digest: string | undefined }
  /** `isHidden`, here and below: the registry did not say that there is none, only that it does not show any. */
  | { readonly kind: "building"; readonly state: "queued" | "running"; readonly isHidden: boolean }
  | { readonly kind: "failed"; readonly error: ReconcileError; readonly isHidden: boolean }
  | { readonly kind: "absent" }
  /** Nobody can say. */
  | { readonly kind: "trouble"; readonly error: ReconcileError };

interface ImageLooks {
  /** At the newest commit's image, and at its build where there is none. */
  atTip(viewer: Viewer, candidate: Candidate, notBefore: number): Promise<Look>;
  /**
   * At an older one's: a missing one is not looked for again for 10 minutes once nothing builds it; `isOverdue`: where nobody knows of a build,
   * one may still begin until then. Undefined: it is missing. Throws where nobody can say.
   */
  atOlder(
    viewer: Viewer,
    candidate: Candidate,
    notBefore: number,
    isOverdue: () => boolean,
  ): Promise<{ readonly digest: string | undefined } | undefined>;
  /** Whether the registry has that tag; false also where it does not say. */
  isThere(viewer: Viewer, tag: string, notBefore: number): Promise<boolean>;
}

const MOST_ANSWERS_BYTES = 8 * 2 ** 20;
const MOST_STATES_BYTES = 4 * 2 ** 20;
const MOST_MISSES_BYTES = 4 * 2 ** 20;
const MISS_MS = 600_000;

export function createImageLooks({ registry, builds, clock, insecureRegistries, observer }: ImageLooksOptions): ImageLooks {
  const answers = createFreshest<ImageAnswer>(MOST_ANSWERS_BYTES);
  const states = createFreshest<BuildState>(MOST_STATES_BYTES);
  /** Until when (`clock`) an older commit's image counts as missing. */
  const misses = createBoundedMap<number>(MOST_MISSES_BYTES, () => 16);

  function question({ target, image, isPinned, login }: Viewer, tag: string) {
    const registryUrl = target.registryUrl ?? defaultUrl(image.registry);
    return { registryUrl, key: JSON.stringify([registryUrl, image.repository, tag, isPinned, login.ref ?? null]) };
  }

  function askRegistry(viewer: Viewer, tag: string, notBefore: number): Promise<ImageAnswer> {
    const { image, isPinned, login } = viewer;
    const { namespace } = viewer.target;
    const { registryUrl, key } = question(viewer, tag);
    const ask = async () => {
      const said = await registry.check({ registryUrl, repository: image.repository, namespace }, tag, login.dockerConfig, isPinned);
      observer.imageChecked(said.kind);
      return said;
    };
    return answers.get(key, notBefore, ask, namespace);
  }

  async function askBuild({ target, token }: Viewer, sha: string, notBefore: number): Promise<BuildState> {
    if (!token) return { kind: "none" };
    const { appRepository, namespace } = target;
    const ask = async () => {
      const said = await builds.state(appRepository, sha, token.login);
      observer.buildAsked(said.kind);
      return said;
    };
    return states.get(JSON.stringify([appRepository, sha, token.ref]), notBefore, ask, namespace);
  }

  function defaultUrl(host: string): string {
    if (host === dockerHub) return "https://registry-1.docker.io";
    return `${insecureRegistries.includes(host) ? "http" : "https"}://${host}`;
  }

  return {
    async atTip(viewer, { sha, tag }, notBefore) {
      const name = `${formatImage(viewer.image)}:${tag}`;
      const answer = await askRegistry(viewer, tag, notBefore);
      if (answer.kind === "found") return answer;
      if (answer.kind === "limited" || answer.kind === "unavailable") return trouble(answer, name, viewer);
      const isHidden = answer.kind === "denied";
      const state = await askBuild(viewer, sha, notBefore);
      if (state.kind === "queued" || state.kind === "running") return { kind: "building", state: state.kind, isHidden };
      if (state.kind === "unknown")
        return { kind: "trouble", error: new ReconcileError("build_unknown", `build status unknown: ${state.reason}`) };
      if (state.kind === "failed") {
        const error = new ReconcileError("build_failed", buildFailed(formatImage(viewer.image), sha));
        return { kind: "failed", error, isHidden };
      }
      return answer.kind === "denied" ? trouble(answer, name, viewer) : { kind: "absent" };
    },
    async atOlder(viewer, { sha, tag }, notBefore, isOverdue) {
      const { key } = question(viewer, tag);
      if ((misses.get(key) ?? 0) > clock.now()) return undefined;
      const answer = await askRegistry(viewer, tag, notBefore);
      if (answer.kind === "found") return answer;
      if (answer.kind !== "missing") throw trouble(answer, `${formatImage(viewer.image)}:${tag}`, viewer).error;
      const { kind } = await askBuild(viewer, sha, notBefore);
      const isOver = kind === "completed" || kind === "failed" || (kind === "none" && isOverdue());
      if (isOver) misses.set(key, clock.now() + MISS_MS, viewer.target.namespace);
      return undefined;
    },
    isThere: async (viewer, tag, notBefore) => (await askRegistry(viewer, tag, notBefore)).kind === "found",
  };
}

type Refusal = Exclude<ImageAnswer, { kind: "found" | "missing" }>;

const CODES = { denied: "registry_denied", limited: "registry_limited", unavailable: "registry_unavailable" } as const satisfies Record<
  Refusal["kind"],
  ErrorCode
>;

function trouble(answer: Refusal, name: string, { login }: Viewer): Extract<Look, { kind: "trouble" }> {
  const words = {
    denied: () =>
      `the registry does not show ${name} (HTTP ${answer.kind === "denied" ? answer.status : ""}): ${answer.reason}${login.remedy}`,
    limited: () => `the registry limits questions about ${name}: ${answer.reason}`,
    unavailable: () => `the registry could not be asked about ${name}: ${answer.reason}`,
  };
  return { kind: "trouble", error: new ReconcileError(CODES[answer.kind], words[answer.kind]()) };
}
