/** What the core tells of its steps to whoever keeps traces. Names are static; texts are redacted by the keeper. */
import { filesInWords } from "./file-patterns.ts";
import { formatImage } from "./image.ts";
import type { Outcome } from "./outcome.ts";
import { formatRepository } from "./repository.ts";
import type { Repository, Target } from "./types.ts";

/** By OpenTelemetry's semantic conventions where there are some, else `gitops_operator.*`. Undefined ones are left out. */
export type Attributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface Span {
  set(attributes: Attributes): void;
  /** `code`: one of a few, such as our own error codes. */
  fail(error: { readonly code: string; readonly message: string }): void;
}

export interface SpanOptions {
  /** `server`: a call that came in; `client`: a question to somebody outside. Default: work of our own. */
  readonly kind?: "server" | "client";
  /** Instead of the step that is going on. */
  readonly parent?: Span | undefined;
  /** Steps of other traces that this one is done for as well. */
  readonly links?: readonly (Span | undefined)[];
  /** Headers of the call that came in: its trace goes on here. */
  readonly incoming?: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Tracer {
  /** Runs `work`, at once, as a step of the one that is going on. A rejection is recorded and passed on. */
  span<T>(name: string, attributes: Attributes, work: (span: Span) => Promise<T>, options?: SpanOptions): Promise<T>;
  /** The step that is going on. */
  active(): Span | undefined;
  /** Says in the step that is going on that it waits for one of another trace. */
  link(other: Span | undefined): void;
}

const silent: Span = { set: () => undefined, fail: () => undefined };

/** Keeps nothing. */
export const noTracer: Tracer = {
  span: (_name, _attributes, work) => work(silent),
  active: () => undefined,
  link: () => undefined,
};

export function branchAttributes(repository: Repository, branch: string | undefined): Attributes {
  return {
    "vcs.repository.url.full": formatRepository(repository),
    "vcs.ref.head.name": branch,
    "vcs.ref.head.type": "branch",
    "server.address": repository.host,
    "server.port": repository.port,
  };
}

/** The attribute that says what a pass or a run was begun for. */
export const CAUSE = "gitops_operator.cause";

export function runAttributes(target: Target): Attributes {
  return {
    "k8s.namespace.name": target.namespace,
    [`k8s.${target.kind.toLowerCase()}.name`]: target.name,
    "vcs.repository.url.full": formatRepository(target.appRepository),
    "vcs.ref.head.name": target.appBranch,
    "container.image.name": formatImage(target.image),
    "gitops_operator.manifest.repository": formatRepository(target.manifestRepository),
    "gitops_operator.manifest.path": filesInWords(target.files),
  };
}

export function recordOutcome(span: Span, outcome: Outcome): void {
  const { to, from } = { to: undefined, from: undefined, ...outcome };
  span.set({
    "gitops_operator.action": outcome.kind,
    "gitops_operator.tag.from": from,
    "container.image.tags": to === undefined ? undefined : [to],
    "gitops_operator.manifest.commit": outcome.kind === "patched" ? outcome.commit : undefined,
    "gitops_operator.image.unchecked": "unchecked" in outcome ? outcome.unchecked : undefined,
  });
  if (outcome.kind === "failed") span.fail(outcome.error);
}
