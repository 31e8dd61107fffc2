/** One Deployment, top to bottom: the list of steps of the contract's §6. */

import { asReconcileError, inStep } from "../errors.ts";
import { isOperatorCommit } from "./commits/commit-message.ts";
import { tagFor } from "./commits/tag.ts";
import { patchStep } from "./delivery/delivery.ts";
import type { Seat } from "./delivery/writer.ts";
import type { ImageGate } from "./images/image-gate.ts";
import type { Branch, Commit, Git, Identity, ManifestsBranch, Newest, Places, SecretField, SshKey, Wanted } from "./ports.ts";
import type { Branches, Progress } from "./progress.ts";
import type { BackOff } from "./runs/back-off.ts";
import { type AllowedRepositories, readLogin, requireAllowed, requireBound } from "./targets/allowed-repositories.ts";
import { withPortHint } from "./targets/port-hint.ts";
import { hasOneKey } from "./targets/target.ts";
import type { Outcome, Repository, SecretRef, Target } from "./types.ts";

export interface ReconcilePorts {
  readonly git: Git;
  readonly places: Places;
  /** The operator as author, to know its own commits. */
  readonly identity: Identity;
  readonly gate: ImageGate;
  readonly backOff: Pick<BackOff, "lastFailure" | "held">;
  /** Undefined: any. */
  readonly allowedRepositories: AllowedRepositories | undefined;
  /** Reads a field of a Secret that this Deployment may name. */
  readonly readSecret: (ref: SecretRef, field: string) => Promise<SecretField>;
  readonly parseKey: (text: string, ref: SecretRef) => SshKey;
  /** Tells which branches are meant, named or not. */
  readonly onBranches: (branches: Branches) => void;
  /** Tells people that a build is awaited. */
  readonly onBuild: (sha: string, text: string) => void;
  readonly warn: (message: string, error: unknown) => void;
}

/** Never rejects. */
export async function reconcile(target: Target, seat: Seat, progress: Progress, ports: ReconcilePorts): Promise<Outcome> {
  const known: { from?: string; to?: string } = {};
  try {
    requireAllowed(ports.allowedRepositories, target);

    progress.step("secret", "reading the SSH key");
    const branches = await during("Failed to get SSH key", () => readBranches(target, ports));
    const { manifests } = branches;

    progress.step(
      "commit",
      target.appBranch === undefined ? "asking for the newest commit" : `asking for the newest commit of '${target.appBranch}'`,
    );
    const notBefore = progress.list();
    // Both branches are listed at once: on a long wire it is the waits one after the other that take the time.
    const lastFailure = ports.backOff.lastFailure(target);
    if (lastFailure === undefined || lastFailure === "git_push_refused") ports.git.refreshAhead(manifests, notBefore);
    /** What is costly to read is put off before it is asked for, a push once it is known that there is something to push. */
    const heldBack = (tag: string) => {
      known.to = tag;
      const held = ports.backOff.held(target, tag);
      if (held && held.code !== "git_push_refused") throw held;
      return held;
    };
    const newest = await during("Failed to get latest SHA", () =>
      withPortHint(branches.app.repository, () => ports.git.newestCommit(branches.app, notBefore)),
    );
    heldBack(tagFor(newest.commit.sha, target.tagType));
    const observed = await during("Failed to get latest SHA", () => lookPastOwn(branches, newest, notBefore, ports));
    const appCommit = observed.commit;
    const tag = tagFor(appCommit.sha, target.tagType);
    const held = heldBack(tag);

    progress.step("manifest", "reading the manifest", known);
    const { at, edit } = await during(patchStep(target, tag), () =>
      withPortHint(manifests.repository, async () => {
        const at = await ports.git.manifestsBranch(manifests, notBefore);
        ports.onBranches({ observed: observed.branch, manifests: at.branch });
        const edit = await ports.git.withManifests(at, async (copy) => {
          const tip = await copy.refresh(notBefore);
          const { path, image } = target;
          return ports.places.edit({ text: await copy.read(tip, path), path, image, tag }, target, progress.signal);
        });
        return { at, edit };
      }),
    );
    if (edit.kind === "up_to_date") return { kind: "up_to_date", to: tag };
    if (edit.from !== undefined) known.from = edit.from;
    if (held) throw held;

    progress.step("image", "asking the registry for the image", known);
    const image = await ports.gate.check({
      ...{ target, image: edit.image, isPinned: edit.isPinned, appCommit, tag, notBefore, signal: progress.signal },
      ...{ readSecret: (ref, field) => readLogin(ports.readSecret, target, ref, field), warn: ports.warn },
      onWait(text) {
        ports.onBuild(appCommit.sha, text);
        progress.wait(text, async (asked) => (await newestCommit(branches, asked, ports)).commit.sha === appCommit.sha);
      },
    });
    if (image.kind === "waiting") return { kind: "waiting", step: image.text, ...known };

    progress.step("push", `pushing to '${at.branch}'`, known);
    const outcome = await seat.write({
      ...{ target, at, appCommit, tag, signal: progress.signal, notBefore },
      ...{ wasRefused: lastFailure === "git_push_refused", image: edit.image },
      ...{ isChecked: image.kind === "found", digest: image.kind === "found" ? image.digest : undefined },
    });
    return outcome.kind === "failed" ? { ...known, ...outcome } : outcome;
  } catch (error) {
    return { kind: "failed", error: asReconcileError(error), ...known };
  } finally {
    seat.leave();
  }
}

type LookPorts = Pick<ReconcilePorts, "git" | "identity">;

interface ReadBranches {
  readonly app: Wanted<Branch>;
  readonly manifests: Wanted<ManifestsBranch>;
}

/** What is read and written, with the keys for it. */
export async function readBranches(
  target: Target,
  { readSecret, parseKey }: Pick<ReconcilePorts, "readSecret" | "parseKey">,
): Promise<ReadBranches> {
  const { appRepository, manifestRepository, namespace } = target;
  const readKey = async (ref: SecretRef, ...repositories: Repository[]) => {
    const { text, allowedRepositories } = await readSecret(ref, "ssh-privatekey");
    requireBound(ref, allowedRepositories, repositories);
    return parseKey(text, ref);
  };
  const isPublic = appRepository.transport === "https";
  const isOneKey = hasOneKey(target);
  const manifestKey = await readKey(target.manifestKey, manifestRepository, ...(isOneKey && !isPublic ? [appRepository] : []));
  const appKey = isPublic ? undefined : isOneKey ? manifestKey : await readKey(target.appKey, appRepository);
  return {
    app: { repository: appRepository, branch: target.appBranch, key: appKey, namespace },
    manifests: { repository: manifestRepository, branch: target.manifestBranch, key: manifestKey, namespace },
  };
}

export async function newestCommit(branches: ReadBranches, notBefore: number, ports: LookPorts): Promise<Newest> {
  return lookPastOwn(branches, await ports.git.newestCommit(branches.app, notBefore), notBefore, ports);
}

/**
 * A commit of the operator's own that the manifests branch holds does not count, whatever the addresses of the repositories say: no pass answers
 * its own commit.
 */
async function lookPastOwn({ app, manifests }: ReadBranches, newest: Newest, notBefore: number, ports: LookPorts): Promise<Newest> {
  const { git, identity } = ports;
  const { branch, commit } = newest;
  const isOwn = (one: Commit) => isOperatorCommit(one, identity);
  if (!isOwn(commit)) return newest;
  const at = await git.manifestsBranch(manifests, notBefore);
  const isHeld = await git.withManifests(at, async (copy) => {
    await copy.refresh(notBefore);
    return copy.holds(commit.sha);
  });
  if (!isHeld) return newest;
  return git.commitBehind({ ...app, branch }, commit.sha, notBefore, isOwn);
}

async function during<T>(step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inStep(step, error);
  }
}
