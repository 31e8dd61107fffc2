/**
 * Which commit's image is there (contract §8, docs/COMMITS.md): the newest's, else that of the newest behind it that has one, else the build,
 * else patience. Never a push without a yes.
 */

import { ReconcileError } from "../../errors.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import type { Behind, Candidate, TipCandidate } from "../app-history.ts";
import { formatImage } from "../image.ts";
import { noObserver, type Observer } from "../observer.ts";
import type { Builds, Clock, Registry } from "../ports.ts";
import { idOf, type Target } from "../types.ts";
import { readBuildToken, type TokenReader } from "./build-token.ts";
import { createImageLooks, type Look, type Viewer } from "./image-looks.ts";
import { buildGoesOn, imageMissing } from "./image-texts.ts";
import { createLightSleep } from "./light-sleep.ts";
import { otherTags } from "./other-tags.ts";
import { type RegistryLoginQuestion, readRegistryLogin } from "./registry-login.ts";

interface ImageGateOptions {
  readonly registry: Registry;
  readonly builds: Builds;
  readonly clock: Clock;
  readonly settings: ImageGateSettings;
  readonly observer?: Observer;
}

interface ImageGateSettings {
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

interface ImageQuestion extends Pick<Viewer, "image" | "isPinned">, RegistryLoginQuestion, TokenReader {
  readonly branch: string;
  /** The newest commit that counts. */
  readonly tip: TipCandidate;
  /** The others that may be written; asked for only while the newest has no image. */
  readonly behind: () => Promise<Behind>;
  readonly notBefore: number;
  readonly signal: AbortSignal;
  /** Called before each wait for a build, with the words for it. */
  readonly onWait: (text: string) => void;
  /** Resolves when somebody says that there may be news of the image or its build: the wait for it then looks at once. */
  readonly nudged: () => Promise<void>;
}

export type GateVerdict =
  | {
      readonly kind: "found";
      readonly candidate: Candidate;
      readonly digest: string | undefined;
      /** Of an older commit: what is the matter with the newest. */
      readonly note?: string;
      /** The newest one's build runs, and is to be waited for. */
      readonly isAwaited?: true;
      /** The newest one's build failed. */
      readonly isBuildFailed?: true;
      /** Nobody builds it, and its grace is over. */
      readonly isOverdue?: true;
    }
  /** Somebody said that the registry is not to be asked; `why`, in words. */
  | { readonly kind: "unchecked"; readonly candidate: Candidate; readonly why: string }
  /** Not there yet, and no alarm. */
  | { readonly kind: "waiting"; readonly text: string }
  /** The newest commits have no images, and no alarm: the file stands at the one before them. */
  | { readonly kind: "stands"; readonly tag: string; readonly note: string };

export interface ImageGate {
  /** Rejects when the image will not come, or nobody can say. */
  check(question: ImageQuestion): Promise<GateVerdict>;
  /** Of an image that is not there: the tag under which it is, with what to do, as words to add; empty where none is found. */
  explain(question: Omit<ImageQuestion, "behind" | "onWait" | "nudged">): Promise<string>;
}

type Found = Extract<GateVerdict, { kind: "found" }>;
type Missing = Exclude<Look, { kind: "found" | "trouble" }>;

const MOST_SEEN_BYTES = 4 * 2 ** 20;
const MOST_EXPLAINED_BYTES = 2 ** 20;
const UNEXPLAINED_MS = 600_000;
export function createImageGate({ registry, builds, clock, settings, observer = noObserver }: ImageGateOptions): ImageGate {
  const { insecureRegistries, isCheckBinding } = settings;
  const looks = createImageLooks({ registry, builds, clock, insecureRegistries, observer });
  const firstSeen = createBoundedMap<number>(MOST_SEEN_BYTES, dataBytes);
  /** Words behind the failure about an image that is not there. They are found once, and looked for every 10 minutes until then. */
  const explanations = createBoundedMap<{ readonly words: string; readonly until: number }>(
    MOST_EXPLAINED_BYTES,
    dataBytes,
    ({ until }) => until <= clock.now(),
  );

  async function check(question: ImageQuestion): Promise<GateVerdict> {
    const { target, image, isPinned, tip } = question;
    const isOverdue = beginGrace(target, tip.sha);
    const login = await readRegistryLogin(question, isCheckBinding);
    if ("unchecked" in login) {
      observer.imageChecked("unchecked");
      return { kind: "unchecked", candidate: tip, why: login.unchecked };
    }
    const viewer: Viewer = { target, image, isPinned, login, ...(await readBuildToken(question)) };
    const name = formatImage(image);
    let { notBefore } = question;
    let behind: Promise<Behind> | undefined;
    const wait = createLightSleep({ clock, signal: question.signal, nudged: question.nudged });
    /** An early look costs no attempt, and tells of nothing but what decides. */
    let isEarly = false;
    for (let attempt = 1; ; attempt += isEarly ? 0 : 1) {
      const look = await looks.atTip(viewer, tip, notBefore);
      if (look.kind === "found") return { ...look, candidate: tip };
      const isLast = attempt > settings.waitAttempts;
      if (look.kind !== "trouble") {
        behind ??= look.kind !== "absent" && look.isHidden ? undefined : question.behind();
        const older = behind && (await findOlder(viewer, (await behind).newer, notBefore));
        if (older) return { ...older, ...aboutTip(look, tip, isOverdue(), older.index) };
      }
      if (look.kind === "failed") throw look.error;
      if (isEarly) {
        isEarly = await wait.endsEarly();
        notBefore = performance.now();
        continue;
      }
      // After the first look anything but the image costs an attempt: a registry may lag behind the build.
      if (look.kind === "absent" && (attempt === 1 || isLast)) {
        if (!isOverdue()) return { kind: "waiting", text: `image ${name}:${tip.tag} is not in the registry yet${viewer.unasked}` };
        const { newer = [], standsAt } = (await behind) ?? {};
        const elsewhere = await explainOnce(question, viewer);
        // An image under another tag is no commit without one, so somebody has to correct the format.
        if (standsAt !== undefined && !elsewhere) return { kind: "stands", tag: standsAt, note: haveNoImage(newer.length + 1, tip) };
        throw new ReconcileError("image_missing", imageMissing(name, tip.tag) + login.remedy + elsewhere + viewer.unasked);
      }
      if (look.kind === "trouble" && (attempt === 1 || isLast)) throw look.error;
      if (look.kind === "building" && isLast) {
        return {
          kind: "waiting",
          text: `:hourglass: Build ${look.state} for ${name} (SHA: ${tip.sha}), looking again at the next pass`,
        };
      }
      const retryMs = Math.min(settings.waitInitialMs * 2 ** (attempt - 1), settings.waitMaxMs);
      if (look.kind === "building") {
        const words = { state: look.state, image: name, sha: tip.sha, retryMs, attempt, attempts: settings.waitAttempts };
        question.onWait(buildGoesOn(words));
      }
      wait.begin(retryMs);
      isEarly = await wait.endsEarly();
      notBefore = performance.now();
    }
  }

  async function findOlder(
    viewer: Viewer,
    newer: readonly Candidate[],
    notBefore: number,
  ): Promise<(Found & { index: number }) | undefined> {
    for (const [index, candidate] of newer.entries()) {
      const found = await looks.atOlder(viewer, candidate, notBefore, beginGrace(viewer.target, candidate.sha));
      if (found) return { kind: "found", candidate, digest: found.digest, index: index + 1 };
    }
    return undefined;
  }

  /** Whether the grace of that commit's image is over by now. */
  function beginGrace(target: Target, sha: string): () => boolean {
    const key = `${idOf(target)} ${sha}`;
    const seenAt = firstSeen.get(key) ?? clock.now();
    firstSeen.set(key, seenAt, target.namespace);
    return () => clock.now() - seenAt > settings.graceMs;
  }

  /** Whether the image is there under another tag: people learn so that their CI has another format. */
  async function explainOnce(question: ImageQuestion, viewer: Viewer): Promise<string> {
    const { target, tip } = question;
    const key = `${idOf(target)} ${tip.tag}`;
    const known = explanations.get(key);
    if (known) return known.words;
    const words = await lookElsewhere(question, viewer);
    explanations.set(key, { words, until: words ? Number.POSITIVE_INFINITY : clock.now() + UNEXPLAINED_MS }, target.namespace);
    return words;
  }

  async function lookElsewhere({ tip, branch, notBefore }: Pick<ImageQuestion, "tip" | "branch" | "notBefore">, viewer: Viewer) {
    for (const { format, tag } of otherTags(tip, branch)) {
      if (!(await looks.isThere(viewer, tag, notBefore))) continue;
      return `; there is ${formatImage(viewer.image)}:${tag}, set gitops.operator.tag_format to ${format}`;
    }
    return "";
  }

  return {
    check,
    async explain(question) {
      const { target, image, isPinned } = question;
      const login = await readRegistryLogin(question, isCheckBinding);
      return "unchecked" in login ? "" : lookElsewhere(question, { target, image, isPinned, login, token: undefined, unasked: "" });
    },
  };
}

/** What is told of the newest commit where an older one goes out; `newer`: how many have no image. */
function aboutTip(
  look: Missing,
  tip: TipCandidate,
  isOverdue: boolean,
  newer: number,
): Pick<Found, "note" | "isAwaited" | "isBuildFailed" | "isOverdue"> {
  if (look.kind === "building") return { note: `${tip.words} is awaited: build ${look.state}`, isAwaited: true };
  if (look.kind === "failed") return { note: `${tip.words} has no image: its build failed`, isBuildFailed: true };
  return isOverdue ? { note: haveNoImage(newer, tip), isOverdue } : { note: `${tip.words} is awaited: no image yet` };
}

function haveNoImage(commits: number, { words }: TipCandidate): string {
  return commits === 1 ? `1 newer commit has no image: ${words}` : `${commits} newer commits have no image: ${words}`;
}
