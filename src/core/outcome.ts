/** What a run comes to, and how it is told. */
import type { ReconcileError } from "../errors.ts";
import type { Workload } from "./types.ts";

/** A pull or merge request, as people are told of it. */
export interface ProposalRequest {
  readonly number: number;
  readonly url: string;
}

/** The application's commit that was written, as it is told. */
export interface AppCommitWords {
  readonly sha: string;
  readonly author: string;
  readonly subject: string;
}

/**
 * What a run came to. `from`: the first differing tag that was there; `to`: the wanted tag, once it is known. `unchecked`: the tag was
 * pushed without asking whether the image is there, because somebody said so. `note`: what is the matter with a newer commit. `isAwaited`:
 * its build runs, and the next run is to wait for it. `isBuildFailed`: its build failed.
 */
export type Outcome =
  | {
      readonly kind: "patched";
      readonly from?: string;
      readonly to: string;
      readonly commit: string;
      readonly app?: AppCommitWords;
      readonly unchecked?: true;
      readonly note?: string;
      readonly isAwaited?: true;
    }
  | { readonly kind: "up_to_date"; readonly to: string; readonly unchecked?: true; readonly note?: string }
  /** The tag stands on that branch, for people to merge. */
  | {
      readonly kind: "proposed";
      readonly from?: string;
      readonly to: string;
      readonly branch: string;
      readonly app?: AppCommitWords;
      /** Undefined: nobody has opened one, as far as it is known. */
      readonly request?: ProposalRequest;
      /** The forge that has opened one by itself, or has updated it, without saying which. */
      readonly opener?: string;
      /** Where a person opens one. */
      readonly page?: string;
      readonly unchecked?: true;
      readonly note?: string;
      readonly isAwaited?: true;
    }
  /** Disabled, or gone from the cluster. */
  | { readonly kind: "skipped"; readonly reason: "disabled" | "deleted" }
  /** Somebody took back what the operator had written in that commit. */
  | {
      readonly kind: "skipped";
      readonly reason: "held";
      readonly from?: string;
      readonly to: string;
      readonly commit: string;
      readonly note?: string;
      readonly isBuildFailed?: true;
    }
  /** It was proposed, and people did not want it: by closing the request or deleting the branch, or by taking it back once it was merged. */
  | {
      readonly kind: "skipped";
      readonly reason: "declined";
      readonly from?: string;
      readonly to: string;
      readonly branch: string;
      /** Undefined: the branch was deleted. */
      readonly request?: ProposalRequest;
      /** It was merged, and taken back since. */
      readonly wasMerged?: true;
      readonly note?: string;
      readonly isBuildFailed?: true;
    }
  /** `until`: as the annotation says it; `why`: one printable line. */
  | { readonly kind: "skipped"; readonly reason: "paused"; readonly until: string; readonly why?: string }
  /** `step`: what is unfinished, in words. */
  | { readonly kind: "waiting"; readonly step: string; readonly from?: string; readonly to?: string }
  | { readonly kind: "failed"; readonly error: ReconcileError; readonly from?: string; readonly to?: string };

export interface Result extends Workload {
  readonly outcome: Outcome;
}
