/** What the core tells those who count and measure. Nothing comes back, so watching can't change a result. */
import type { ErrorCode } from "../errors.ts";
import type { BuildState, ImageAnswer } from "./ports.ts";
import type { ImageName, Workload } from "./types.ts";

/** What a run is at, one after the other: `queue` until there is a place for it, `build` while a build is awaited. */
export const PHASES = ["queue", "secret", "commit", "manifest", "image", "build", "push"] as const;
export type Phase = (typeof PHASES)[number];

/** Why a call got its run for one Deployment: none was there, one had not listed its refs yet or waits for the same build, or the one that follows. */
export const CALLS = ["started", "joined", "shared"] as const;
export type CallKind = (typeof CALLS)[number];

export interface Observer {
  runStarted(): RunObserver;
  called(kind: CallKind): void;
  /** `unchecked`: no registry was asked, because somebody said so. */
  imageChecked(result: ImageAnswer["kind"] | "unchecked"): void;
  buildAsked(state: BuildState["kind"]): void;
  /** One acknowledged commit. */
  pushed(push: Push): void;
  /** What became of a pushed tag in the cluster. `appCommitTime`, here and below: when the application commit was made, in seconds since 1970. */
  rolledOut(result: RolloutResult, appCommitTime: number): void;
  /** One conversation with a git server has ended. */
  conversed(conversation: Conversation): void;
  secretDenied(): void;
  /** Another push was first. */
  pushRaced(): void;
}

export interface Push {
  readonly workload: Workload;
  readonly image: ImageName;
  readonly tag: string;
  readonly appCommitTime: number;
}

/** `superseded`: another tag of the same workload was pushed before it ran. */
export const ROLLOUT_RESULTS = ["succeeded", "failed", "superseded"] as const;
type RolloutResult = (typeof ROLLOUT_RESULTS)[number];

export interface Conversation {
  /** `fetch` where objects were asked for, `list` where only refs were. */
  readonly operation: "list" | "fetch" | "push";
  readonly result: "ok" | ErrorCode;
  readonly durationMs: number;
  /** Of pkt-lines, as far as they were read. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

export interface RunObserver {
  phase(name: Phase): void;
  end(): void;
}

const nothing = () => {};
export const noObserver: Observer = {
  runStarted: () => ({ phase: nothing, end: nothing }),
  called: nothing,
  imageChecked: nothing,
  buildAsked: nothing,
  pushed: nothing,
  rolledOut: nothing,
  conversed: nothing,
  secretDenied: nothing,
  pushRaced: nothing,
};
