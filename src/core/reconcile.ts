/** One Deployment, top to bottom: the list of steps of the contract's §6. */

import { asReconcileError, inStep } from "../errors.ts";
import type { Commit, Identity } from "./app-history.ts";
import type { SecretField } from "./cluster-ports.ts";
import { type Candidates, findCandidates, listCommits } from "./commits/candidates.ts";
import { patchStep } from "./delivery/write-failures.ts";
import type { Seat } from "./delivery/writer.ts";
import type { Git, ManifestsBranch } from "./git-ports.ts";
import { formatImage } from "./image.ts";
import type { GateVerdict, ImageGate } from "./images/image-gate.ts";
import type { Outcome } from "./outcome.ts";
import { editFiles } from "./places/edit-files.ts";
import type { Places } from "./ports.ts";
import type { Branches, Progress, ReadImage } from "./progress.ts";
import type { BackOff } from "./runs/back-off.ts";
import { type AllowedRepositories, readLogin, requireAllowed } from "./targets/allowed-repositories.ts";
import { withPortHint } from "./targets/port-hint.ts";
import { readProposalLogin } from "./targets/proposal-login.ts";
import { readBranches } from "./targets/read-branches.ts";
import type { CredentialPorts } from "./targets/read-credential.ts";
import { type ForgeLoginPorts, readForgeLogin } from "./targets/read-forge-login.ts";
import { readSigning, type SigningPorts } from "./targets/read-signing.ts";
import type { SecretRef, Target } from "./types.ts";

export interface ReconcilePorts extends CredentialPorts, ForgeLoginPorts, SigningPorts {
  readonly git: Git;
  readonly places: Places;
  /** The operator as author, to know its own commits. */
  readonly identity: Identity;
  readonly gate: ImageGate;
  readonly backOff: Pick<BackOff, "lastFailure" | "putOff">;
  /** Undefined: any. */
  readonly allowedRepositories: AllowedRepositories | undefined;
  /** Reads a field of a Secret that this Deployment may name. */
  readonly readSecret: (ref: SecretRef, field: string) => Promise<SecretField>;
  /** Tells which branches are meant, named or not. */
  readonly onBranches: (branches: Branches) => void;
  /** Why the token for builds can't be used; undefined: it can. */
  readonly onBuildToken: (problem: string | undefined) => void;
  /** Tells what stands in the file, before and after a push. */
  readonly onImage: (image: ReadImage) => void;
  /** Tells that the branch was read with its key, and had that newest commit. */
  readonly onManifests: (at: ManifestsBranch, head: string) => void;
  /** Tells of the newest commit that counts. `isOpened`: the Deployment's own key has just shown it; else anybody could have read it. */
  readonly onCommit: (candidates: Pick<Candidates, "tip" | "origin">, isOpened: boolean) => void;
  readonly onVerdict: (verdict: GateVerdict) => void;
  /** Tells people that a build is awaited. */
  readonly onBuild: (sha: string, text: string) => void;
  readonly warn: (message: string, error: unknown) => void;
}

/** Never rejects. */
export async function reconcile(target: Target, seat: Seat, progress: Progress, ports: ReconcilePorts): Promise<Outcome> {
  const known: { from?: string; to?: string } = {};
  /** After a failure that cost others a lot, throws instead of reading again. A refused push is returned: it counts only if there is something to push. */
  const putOff = (tag: string) => {
    known.to = tag;
    const before = ports.backOff.putOff(target, tag);
    if (before && before.code !== "git_push_refused") throw before;
    return before;
  };
  try {
    requireAllowed(ports.allowedRepositories, target);

    progress.step("secret", "reading the SSH key");
    const branches = await during("Failed to get SSH key", () => readBranches(target, ports));

    // What it costs to find the newest commit is put off without knowing whether there is another.
    const unseenPutOff = ports.backOff.putOff(target, undefined);
    if (unseenPutOff) throw unseenPutOff;

    progress.step("commit", `asking for the newest commit${target.appBranch === undefined ? "" : ` of '${target.appBranch}'`}`);
    const notBefore = progress.list();
    // Both branches are listed at once: on a long wire it is the waits one after the other that take the time.
    const lastFailure = ports.backOff.lastFailure(target);
    if (lastFailure === undefined || lastFailure === "git_push_refused") ports.git.refreshAhead(branches.manifests, notBefore);
    const listed = await during("Failed to get latest SHA", () =>
      withPortHint(branches.app.repository, () => listCommits({ target, branches, notBefore }, ports)),
    );
    putOff(listed.newestTag);
    const candidates = await during("Failed to get latest SHA", listed.candidates);
    const { tip } = candidates;
    ports.onCommit(candidates, branches.app.key !== undefined);
    const tipPutOff = putOff(tip.tag);

    progress.step("manifest", "reading the manifest", known);
    const { at, edit } = await during(patchStep(target, tip.tag), () =>
      withPortHint(branches.manifests.repository, async () => {
        const at = await ports.git.manifestsBranch(branches.manifests, notBefore);
        ports.onBranches({ observed: candidates.origin, manifests: at.branch });
        const { places } = ports;
        const edit = await ports.git.withManifests(at, async (copy) => {
          const head = await copy.refresh(notBefore);
          ports.onManifests(at, head);
          const question = { image: target.image, tag: tip.tag, appCommit: tip.sha };
          return editFiles(target, head, question, { copy, places, signal: progress.signal });
        });
        return { at, edit };
      }),
    );
    const container = formatImage(edit.image);
    const [firstTag = "latest"] = edit.tags;
    ports.onImage({ container, version: (edit.kind === "update" ? edit.from : tip.tag) ?? firstTag });
    if (edit.kind === "up_to_date") return { kind: "up_to_date", to: tip.tag };
    const [stands] = edit.tags;
    if (stands !== undefined && candidates.isPassed(edit.tags)) {
      return { kind: "up_to_date", to: stands, note: `it is newer than the newest commit that counts, ${tip.words}` };
    }
    if (edit.from !== undefined) known.from = edit.from;
    if (tipPutOff) throw tipPutOff;

    progress.step("image", "asking the registry for the image", known);
    const image = await ports.gate.check({
      ...{ target, image: edit.image, isPinned: edit.isPinned, branch: candidates.origin, tip, notBefore, signal: progress.signal },
      ...{ readSecret: (ref, field) => readLogin(ports.readSecret, target, ref, field), warn: ports.warn },
      readForgeLogin: (token) => readForgeLogin(token, target.appRepository, target, ports),
      nudged: progress.nudged,
      onBuildToken: ports.onBuildToken,
      behind: () => during("Failed to get latest SHA", () => candidates.behind(edit.tags)),
      onWait(text) {
        ports.onBuild(tip.sha, text);
        progress.wait(text, async (asked) => (await findCandidates({ target, branches, notBefore: asked }, ports)).tip.tag === tip.tag);
      },
    });
    ports.onVerdict(image);
    if (image.kind === "waiting") return { kind: "waiting", step: image.text, ...known };
    if (image.kind === "stands") return { kind: "up_to_date", to: image.tag, note: image.note };
    const { tag, commit } = image.candidate;
    const wantedPutOff = putOff(tag);
    if (wantedPutOff) throw wantedPutOff;
    const appCommit = await during("Failed to get latest SHA", commit);

    const signing = await during("Failed to get the signing key", () => readSigning(target, ports));

    const { login, why } = await during("Failed to get the token for requests", () => readProposalLogin(target, ports));

    progress.step("push", target.proposal ? `proposing on '${target.proposal.branch}'` : `pushing to '${at.branch}'`, known);
    const outcome = await seat.write({
      ...{ target, at, appCommit, tag, signing, login, loginProblem: why, signal: progress.signal, notBefore },
      ...{ wasRefused: lastFailure === "git_push_refused", image: edit.image },
      ...{ isChecked: image.kind === "found", digest: image.kind === "found" ? image.digest : undefined },
    });
    if (outcome.kind === "patched") ports.onImage({ container, version: outcome.to });
    return told(withCommit(outcome, appCommit), image, known);
  } catch (error) {
    return { kind: "failed", error: asReconcileError(error), ...known };
  } finally {
    seat.leave();
  }
}

function withCommit(outcome: Outcome, { sha, author, subject }: Commit): Outcome {
  if (outcome.kind !== "patched" && outcome.kind !== "proposed") return outcome;
  return { ...outcome, app: { sha, author: author.name, subject } };
}

/** What was written or held, with what is the matter with the newest commit where it was an older one. */
function told(outcome: Outcome, image: GateVerdict, known: { from?: string; to?: string }): Outcome {
  if (outcome.kind === "failed") return { ...known, ...outcome };
  if (image.kind !== "found") return outcome;
  const { note, isAwaited, isBuildFailed } = image;
  const notes = [...("note" in outcome && outcome.note !== undefined ? [outcome.note] : []), ...(note === undefined ? [] : [note])];
  const about = notes.length === 0 ? {} : { note: notes.join("; ") };
  if (outcome.kind === "patched" || outcome.kind === "proposed") return { ...outcome, ...about, ...(isAwaited && { isAwaited }) };
  if (outcome.kind === "skipped" && (outcome.reason === "held" || outcome.reason === "declined"))
    return { ...outcome, ...about, ...(isBuildFailed && { isBuildFailed }) };
  return outcome.kind === "up_to_date" ? { ...outcome, ...about } : outcome;
}

async function during<T>(step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inStep(step, error);
  }
}
