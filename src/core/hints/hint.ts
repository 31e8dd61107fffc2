/** What an event hints at. It is never data: nothing of it is pushed, and a wrong one costs a look. */
import type { NamedRepository } from "./repository-key.ts";

/** Of metrics and `/status`. */
export type HintKind = "push" | "build" | "image" | "other";

export interface Ref {
  readonly of: "branch" | "tag";
  readonly name: string;
}

export interface NamedImage {
  /** As the sender writes it, for people. */
  readonly shown: string;
  /** Without host: `team/app`. */
  readonly path: string;
  /** Undefined: the sender says none, so any may be meant. */
  readonly tag: string | undefined;
}

export type Hint =
  /** `repositories`: addresses of one. No `refs`: any may have changed. */
  | {
      readonly about: "repository";
      readonly kind: HintKind;
      readonly repositories: readonly NamedRepository[];
      readonly refs?: readonly Ref[];
    }
  | { readonly about: "images"; readonly kind: "image"; readonly images: readonly NamedImage[] }
  /** All that the Secret's owner has. */
  | { readonly about: "all"; readonly kind: "other" }
  /** `why`: in words, for the sender. */
  | { readonly about: "nothing"; readonly kind: HintKind; readonly why: string };

/** `refs/heads/x`, `refs/tags/x`, or a branch's bare name. */
export function parseRef(text: string): Ref {
  if (text.startsWith("refs/tags/")) return { of: "tag", name: text.slice("refs/tags/".length) };
  return { of: "branch", name: text.replace(/^refs\/heads\//, "") };
}
