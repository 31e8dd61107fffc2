/** The steps of a run (contract §6) for one Deployment, up to the push: each is told, and what one lacks does not hide the next. */

import type { Commit } from "../core/app-history.ts";
import type { SecretField } from "../core/cluster-ports.ts";
import { type Candidates, findCandidates } from "../core/commits/candidates.ts";
import { commitMessage } from "../core/commits/commit-message.ts";
import type { CommitWords } from "../core/commits/commit-words.ts";
import { filesInWords } from "../core/file-patterns.ts";
import type { FileText, Git, ManifestsBranch, PushAccess, Wanted } from "../core/git-ports.ts";
import { formatImage } from "../core/image.ts";
import type { GateVerdict, ImageGate } from "../core/images/image-gate.ts";
import { type EditQuestion, editFiles } from "../core/places/edit-files.ts";
import type { Places } from "../core/ports.ts";
import type { ReconcilePorts } from "../core/reconcile.ts";
import { formatRepository } from "../core/repository.ts";
import { readLogin, requireAllowed } from "../core/targets/allowed-repositories.ts";
import { readProposalLogin } from "../core/targets/proposal-login.ts";
import { readBranches } from "../core/targets/read-branches.ts";
import { type CredentialPorts, readCredential } from "../core/targets/read-credential.ts";
import { type ForgeLoginPorts, readForgeLogin } from "../core/targets/read-forge-login.ts";
import type { BuildTokenRef, SecretRef, Target } from "../core/types.ts";
import { asReconcileError } from "../errors.ts";
import { withoutEmojiCode } from "../text/without-emoji-code.ts";
import { tellPlaces } from "./check-files.ts";
import type { UsedSecret } from "./describe-target.ts";
import type { Tell } from "./report.ts";

interface LivePorts extends CredentialPorts, ForgeLoginPorts, Pick<ReconcilePorts, "identity" | "allowedRepositories" | "readSecret"> {
  readonly git: Git;
  readonly places: Places;
  readonly pushAccess: PushAccess;
  readonly gate: ImageGate;
  readonly commitWords: CommitWords;
  readonly signal: AbortSignal;
  /** Called before each step, with words for it; throws when time is up. */
  readonly begin: (doing: string) => void;
}

const HOLDS = { key: "", token: " and holds a token", app: " and holds a GitHub App" } as const;
const WHO = { key: "the key", token: "the token", app: "the GitHub App" } as const;

/** In the place of one that was not found. */
const noCommit = "0".repeat(40);

/** What the operator would push. */
export interface Preview {
  readonly files: readonly (FileText & { readonly before: string })[];
  readonly message: string;
}

/** Undefined: nothing to push; or a problem, which was told, is in the way. */
export async function checkLive(
  target: Target,
  secrets: readonly UsedSecret[],
  ports: LivePorts,
  tell: Tell,
): Promise<Preview | undefined> {
  const reads = new Map<string, Promise<SecretField>>();
  const readSecret: LivePorts["readSecret"] = (ref, field) => {
    const id = `${ref.namespace}/${ref.name} ${field}`;
    const read = reads.get(id) ?? ports.readSecret(ref, field);
    reads.set(id, read);
    return read;
  };
  /** Undefined when the step failed, which is told. */
  async function step<T>(doing: string, work: () => Promise<T>, success?: string | ((result: T) => string)): Promise<T | undefined> {
    ports.begin(doing);
    try {
      const result = await work();
      if (success !== undefined) tell("ok", typeof success === "string" ? success : success(result));
      return result;
    } catch (error) {
      return void tell("problem", asReconcileError(error).message);
    }
  }

  const isAllowed = await step("reading ALLOWED_REPOSITORIES", async () => {
    requireAllowed(ports.allowedRepositories, target);
    return true;
  });
  if (!isAllowed) return undefined;
  for (const secret of secrets.filter(({ isOptional }) => !isOptional)) {
    const name = `Secret ${secret.ref.namespace}/${secret.ref.name}`;
    await step(
      `reading ${name}`,
      () => readSecretOf(secret, target, readSecret, ports),
      (what) => `${name} can be read${what}`,
    );
  }
  if (target.proposal?.token?.isDefault) {
    ports.begin("reading the token for requests");
    const { why } = await readProposalLogin(target, ports);
    if (why !== undefined) tell("warning", `the token for builds can't open requests: ${why}`);
  }
  const branches = await step("reading what opens the repositories", () => readBranches(target, ports));
  if (!branches) return undefined;
  const { app, manifests } = branches;
  const appName = formatRepository(app.repository);
  const name = formatRepository(manifests.repository);
  const notBefore = performance.now();
  const newest = async () => {
    const found = await findCandidates({ target, branches, notBefore }, ports);
    return { ...found, commit: await found.tip.commit() };
  };
  const candidates = await step(`asking ${appName} for its newest commit`, newest, (found) => describeNewest(found, appName));
  const tip = candidates?.tip;
  // Without a commit the manifest is still looked at: whether a container in it is ours does not depend on the tag.
  const places = tellPlaces(ports.places, tell);
  const editTo = (question: EditQuestion) => editManifests(target, manifests, notBefore, question, { ...ports, places });
  const files = filesInWords(target.files);
  const edit = await step(
    `reading ${files} of ${name}`,
    () => editTo({ image: target.image, tag: tip?.tag ?? noCommit, appCommit: tip?.sha ?? noCommit }),
    ({ branch }) => `${files} on '${branch}' of ${name} can be read`,
  );
  const tryPush = async () => {
    await ports.pushAccess.checkPushAccess(manifests);
    return true;
  };
  const mayPush = await step(`asking ${name} for write access`, tryPush, `${name} lets ${WHO[manifests.key.kind]} push`);
  if (!edit || !tip) return undefined;
  tell(
    "ok",
    edit.kind === "up_to_date"
      ? `the manifest is at the wanted tag ${tip.tag}`
      : `the manifest is ${described(edit)}, wanted is ${tip.tag}`,
  );

  const { origin, behind } = candidates;
  const isPinned = edit.kind === "update" && edit.isPinned;
  const question = { target, image: edit.image, isPinned, branch: origin, tip, behind: () => behind(edit.tags), notBefore };
  const verdict = await step("asking for the image", () => askGate(question, { ...ports, readSecret }, tell));
  if (!verdict || !("candidate" in verdict) || !mayPush || edit.kind === "up_to_date") return undefined;
  const { tag, commit } = verdict.candidate;
  const appCommit = await step("asking for the commit to be written", commit);
  if (!appCommit) return undefined;
  const gate = verdict.kind === "found" ? { digest: verdict.digest } : { isUnchecked: true };
  const unchecked = verdict.kind === "unchecked" ? ({ unchecked: true } as const) : {};
  const written = await step("writing the tag", () => editTo({ image: edit.image, tag, appCommit: appCommit.sha, ...gate }));
  if (written?.kind !== "update") return undefined;
  const from = written.from === undefined ? {} : { from: written.from };
  const paths = written.files.map(({ path }) => path);
  return { files: written.files, message: commitMessage({ target, paths, tag, appCommit, ...from, ...unchecked }, ports.commitWords) };
}

/** What is in it, where that may be one of several. */
async function readSecretOf(
  { ref, field, opens, forge }: UsedSecret,
  target: Target,
  readSecret: LivePorts["readSecret"],
  ports: LivePorts,
): Promise<string> {
  if (forge) {
    const login = await readForgeLogin(forge.token, forge.asked, target, ports, forge.writes);
    return typeof login === "string" ? "" : HOLDS.app;
  }
  if (!opens) return readSecret(ref, field).then(() => "");
  const credential = await readCredential(ref, opens, ports);
  return credential ? HOLDS[credential.kind] : " (a public application is read without it)";
}

/** With the texts that are there. */
async function editManifests(
  target: Target,
  wanted: Wanted<ManifestsBranch>,
  notBefore: number,
  question: EditQuestion,
  { git, places, signal }: LivePorts,
) {
  const at = await git.manifestsBranch(wanted, notBefore);
  return git.withManifests(at, async (copy) => {
    const tip = await copy.refresh(notBefore);
    const edit = await editFiles(target, tip, question, { copy, places, signal });
    if (edit.kind === "up_to_date") return { ...edit, branch: at.branch };
    const files = await Promise.all(edit.files.map(async (file) => ({ ...file, before: await copy.read(tip, file.path) })));
    return { ...edit, branch: at.branch, files };
  });
}

type GateQuestion = Omit<
  Parameters<ImageGate["check"]>[0],
  "signal" | "readSecret" | "readForgeLogin" | "warn" | "onWait" | "nudged" | "onBuildToken"
>;

async function askGate(question: GateQuestion, ports: LivePorts, tell: Tell): Promise<GateVerdict> {
  const { gate, signal } = ports;
  const { target } = question;
  const asked = {
    ...{ ...question, signal },
    readSecret: (ref: SecretRef, field: string) => readLogin(ports.readSecret, target, ref, field),
    readForgeLogin: (token: BuildTokenRef) => readForgeLogin(token, target.appRepository, target, ports),
    ...{
      onWait: () => {},
      nudged: () => new Promise<void>(() => {}),
      onBuildToken: () => {},
      warn: (message: string, error: unknown) => tell("warning", `${message}: ${asReconcileError(error).message}`),
    },
  };
  const verdict = await gate.check(asked);
  if (verdict.kind === "found") {
    if (verdict.note !== undefined) tell("warning", verdict.note);
    tell("ok", `the image ${formatImage(question.image)}:${verdict.candidate.tag} is in its registry`);
  }
  if (verdict.kind === "stands") tell("warning", `the manifest stays at ${verdict.tag}: ${verdict.note}`);
  if (verdict.kind === "unchecked") tell("warning", `the image would be pushed unchecked: ${verdict.why}`);
  if (verdict.kind === "waiting") {
    const elsewhere = await gate.explain(asked);
    const text = withoutEmojiCode(verdict.text);
    if (elsewhere === "") tell("waiting", `${text}; check again when it is built`);
    else tell("problem", text + elsewhere);
  }
  return verdict;
}

function describeNewest({ origin, commit }: Candidates & { readonly commit: Commit }, repository: string): string {
  const { sha, subject, author } = commit;
  return `the newest commit on '${origin}' of ${repository} is ${sha}, "${subject.slice(0, 100)}" by ${author.name.slice(0, 100)}`;
}

function described({ from, tags }: { readonly from?: string; readonly tags: readonly string[] }): string {
  if (from !== undefined) return `at the tag ${from}`;
  return tags.length === 0 ? "without a tag" : "not everywhere at what is wanted";
}
