import { type Forge, forgeOf } from "../forges.ts";
import { parseRepository } from "../repository.ts";
import type { BuildTokenRef, Repository } from "../types.ts";

/** The repository that an annotation names, and the forge that it is at; undefined: nobody has said which. */
export type AtForge =
  | { readonly kind: "ok"; readonly repository: Repository; readonly forge: Forge | undefined }
  | { readonly kind: "error"; readonly problem: string };

/** What annotations of several subjects come back to. */
export interface ForgeFacts {
  readonly app: AtForge;
  readonly manifests: AtForge;
  /** With which the application's forge is asked for builds; undefined: it is not. */
  readonly buildToken: BuildTokenRef | undefined;
}

export function readAtForge(text: string, forges: readonly Forge[]): AtForge {
  const parsed = parseRepository(text);
  return parsed.kind === "ok" ? { ...parsed, forge: forgeOf(forges, parsed.repository) } : parsed;
}

/** Undefined where the repository is malformed, too. */
export function forgeAt(at: AtForge): Forge | undefined {
  return at.kind === "ok" ? at.forge : undefined;
}
