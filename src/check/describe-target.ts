/** What the operator would read of a Deployment's annotations, from where; defaults are named as defaults. */

import { annotationOf, choiceNames } from "../core/annotation-names.ts";
import { annotations } from "../core/annotations.ts";
import { filesInWords } from "../core/file-patterns.ts";
import { type Forge, forgeNames, forgeOf } from "../core/forges.ts";
import { formatImage } from "../core/image.ts";
import { formatRepository } from "../core/repository.ts";
import { hasOneKey } from "../core/targets/target.ts";
import type { BuildTokenRef, Repository, SecretRef, Settings, Target } from "../core/types.ts";
import { describeCommits, describePause } from "./describe-commits.ts";
import { describeProposal } from "./describe-proposal.ts";

export interface UsedSecret {
  readonly use: string;
  readonly ref: SecretRef;
  readonly field: string;
  /** It is for a forge. `writes`: to open requests there. */
  readonly forge?: { readonly token: BuildTokenRef; readonly asked: Repository; readonly writes?: boolean };
  /** It is for git, so that its fields say what it holds. */
  readonly opens?: { readonly written?: Repository; readonly read?: Repository };
  /** A default that may be absent: only the image gate knows what that means. */
  readonly isOptional: boolean;
  readonly note: string;
}

export type Row = readonly [label: string, text: string];

/** Whether the Deployment carries that annotation, so that defaults can be told from what was written. */
export type IsSet = (annotation: string) => boolean;

/** The Secrets in the order in which a run meets them. */
export function usedSecrets(target: Target, settings: Settings): UsedSecret[] {
  const { appKey, manifestKey, registrySecret, hookSecret, notificationsSecret, buildToken, proposal, signingSecret } = target;
  const secret = (use: string, { namespace, name }: SecretRef, field: string, note: string, isOptional = false): UsedSecret => ({
    ...{ use, ref: { namespace, name }, field, note, isOptional },
  });
  const { appRepository: read, manifestRepository: written } = target;
  const isOne = hasOneKey(target);
  const mayBePublic = read.transport === "https";
  const forGit = (ref: SecretRef, opens: NonNullable<UsedSecret["opens"]>, note: string, isOptional = false): UsedSecret => {
    const isSsh = (opens.written ?? opens.read)?.transport === "ssh";
    const field = isSsh ? "ssh-privatekey" : "password (with username) or githubAppPrivateKey (with its ids)";
    return { ...secret(isSsh ? "SSH key" : "git login", ref, field, note, isOptional), opens };
  };
  const forBoth = isOne && read.transport === written.transport;
  const { image_check: check, digest } = target.options;
  const absent = check === "on" || digest === "pin" ? "the registry is asked without a login" : "the image is not checked";
  const login = registrySecret.named ? "" : ` (default; when it is absent ${absent})`;
  const defaulted = (namespace: string | undefined) => (namespace === undefined ? " (namespace by default)" : "");
  const used = [
    !isOne &&
      forGit(appKey, { read }, mayBePublic ? " (for the application, where it is not public)" : " (for the application)", mayBePublic),
    forGit(manifestKey, { written, ...(isOne && { read }) }, forBoth ? " (for both repositories)" : " (for the manifests)"),
    check !== "off" && secret("registry login", registrySecret, ".dockerconfigjson", login, !registrySecret.named),
    buildToken && {
      ...secret("forge token", buildToken, fieldsOf(buildToken), defaulted(namespaceOf(buildToken, settings))),
      forge: { token: buildToken, asked: read },
    },
    proposal?.token &&
      !proposal.token.isDefault && {
        ...secret("token for requests", proposal.token, fieldsOf(proposal.token), defaulted(settings.manifest_token_secret_namespace)),
        forge: { token: proposal.token, asked: written, writes: true },
      },
    signingSecret &&
      secret(
        "signing key",
        signingSecret,
        "ssh-privatekey",
        " (forges say “Verified” where it is registered for signing at the account of the committer's address; a deploy key never is)",
      ),
    notificationsSecret && secret("notifications", notificationsSecret, "webhook-url", defaulted(settings.notifications_secret_namespace)),
    hookSecret && secret("hook", hookSecret, "hook-secret", defaulted(settings.hook_secret_namespace)),
  ];
  return used.filter((one) => typeof one === "object");
}

export function describeTarget(target: Target, settings: Settings, forges: readonly Forge[], isSet: IsSet): Row[] {
  const byDefault = (annotation: string, origin: string) => (isSet(annotation) ? "" : ` (${origin})`);
  // What tag_type chooses is shown as the tag.
  const shown = choiceNames.filter((name) => name !== "tag_type");
  const options = shown.flatMap((name): Row[] => {
    const { label, choices = {}, default: unset = "" } = annotationOf(name);
    if (label === undefined && !isSet(name)) return [];
    if (name === "report") return [[name, describeReport(target, choices)]];
    const text = choices[target.options[name]] + byDefault(name, unset in choices ? "default" : `default: ${unset}`);
    return [[label ?? name, text]];
  });
  const branch = (name: string | undefined) =>
    name === undefined
      ? `branch '${annotations.observe_branch.default}', or else the repository's default branch (default)`
      : `branch '${name}'`;
  const manifestBranch =
    branch(target.manifestBranch) +
    (target.manifestBranch ? byDefault("manifest_branch", `default: ${annotations.manifest_branch.default}`) : "");
  return [
    ...describePause(target, Date.now()),
    ["application", `${formatRepository(target.appRepository)}, ${branch(target.appBranch)}`],
    ["manifests", `${formatRepository(target.manifestRepository)}, ${manifestBranch}, file ${filesInWords(target.files)}`],
    ["image", `${formatImage(target.image)}, in ${registryOf(target)}`],
    ...describeCommits(target, isSet),
    ...options,
    ...usedSecrets(target, settings).map(
      ({ use, ref, field, note }): Row => [use, `Secret ${ref.namespace}/${ref.name}, field ${field}${note}`],
    ),
    describeBuilds(target, forges, isSet),
    ...describeProposal(target, forges, isSet),
    ...(target.notificationsSecret ? [] : [["notifications", "none (default)"] as const]),
  ];
}

/** Which forge would get the token: only the operator's environment says where its API is. */
function describeBuilds({ appRepository, buildToken }: Target, forges: readonly Forge[], isSet: IsSet): Row {
  const forge = forgeOf(forges, appRepository);
  if (buildToken && forge) return ["builds", `asked of ${forgeNames[forge.kind]} at ${forge.apiUrl}`];
  const isNamed = isSet("forge_token_secret_name") || isSet("github_token_secret_name");
  return ["forge token", `${isNamed ? "not used" : "none (default)"}: the state of builds is not asked for`];
}

/** What of it has an effect: warnings say why another part has none. */
function describeReport({ options, report }: Target, choices: Readonly<Record<string, string>>): string {
  const [form, other] = report?.forms ?? [];
  const told = choices[form === undefined ? "none" : other === undefined ? form : "both"] ?? "";
  return form === undefined && options.report !== "none" ? `not used: ${told}` : told;
}

function fieldsOf({ field, forge }: BuildTokenRef): string {
  return forge === "github" ? `${field} or githubAppPrivateKey (with its ids)` : field;
}

function namespaceOf({ field }: BuildTokenRef, settings: Settings): string | undefined {
  return field === "forge-token" ? settings.forge_token_secret_namespace : settings.github_token_secret_namespace;
}

function registryOf({ registryUrl, image }: Target): string {
  if (registryUrl !== undefined) return `the registry ${registryUrl}`;
  if (image.registry !== undefined) return `the registry ${image.registry}`;
  return "the registry that the manifest names, or Docker Hub (default)";
}
