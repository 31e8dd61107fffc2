import type { Commit } from "../app-history.ts";
import type { ManifestsBranch, Signing } from "../git-ports.ts";
import type { ForgeLogin } from "../ports.ts";
import type { ImageName, Target } from "../types.ts";

/** What a run wants to have written, and under which conditions. */
export interface WriteRequest {
  readonly target: Target;
  readonly at: ManifestsBranch;
  readonly appCommit: Commit;
  /** With the registry that was asked, so that a manifest that now pulls from another one is not written. */
  readonly image: ImageName;
  readonly tag: string;
  /** Whether the registry has the image. A digest in the manifest is dropped only where nobody asked. */
  readonly isChecked: boolean;
  /** The one that the registry told for the tag. */
  readonly digest: string | undefined;
  /** Aborted: nothing is pushed for it any more. */
  readonly signal: AbortSignal;
  /** Undefined: commits are not signed. */
  readonly signing: Signing | undefined;
  /** The run's question was asked then; the branch must not be older. */
  readonly notBefore: number;
  /** Its last push was: it may spoil the push of others, so those go without it. */
  readonly wasRefused: boolean;
  /** For the forge of the manifests, where commits are proposed; undefined: there is none, or (`loginProblem`) one that can't be used. */
  readonly login?: ForgeLogin | undefined;
  readonly loginProblem?: string | undefined;
}
