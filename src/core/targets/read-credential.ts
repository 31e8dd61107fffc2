/** What a Secret holds for git, told by its fields: an SSH key, a token with its user, or a GitHub App. It is used where it fits and is meant for. */
import { ReconcileError } from "../../errors.ts";
import type { SecretTexts } from "../cluster-ports.ts";
import type { GitCredential } from "../git-ports.ts";
import { formatRepository, repositoryName } from "../repository.ts";
import type { Repository, SecretRef } from "../types.ts";
import { allowedRepositoriesAnnotation, requireBound } from "./allowed-repositories.ts";

type Kind = GitCredential["kind"];

export interface CredentialPorts {
  /** Those of the fields that are there, of a Secret that this Deployment may name. */
  readonly readCredential: (ref: SecretRef, needed: string) => Promise<SecretTexts>;
  /** Rejects what is unusable, naming the field. */
  readonly parseCredential: (kind: Kind, texts: SecretTexts["texts"], ref: SecretRef) => GitCredential;
  /** SECRET_REFS=strict: nobody names the Secret of another namespace, so it need not say what it is for. */
  readonly isStrict: boolean;
}

const FIELDS: Readonly<Record<Kind, readonly string[]>> = {
  key: ["ssh-privatekey"],
  token: ["username", "password"],
  app: ["githubAppID", "githubAppInstallationID", "githubAppPrivateKey"],
};
const KINDS = Object.keys(FIELDS) as Kind[];

/** Of a GitHub App. */
export const appFields = FIELDS.app;
/** All that is read of such a Secret. */
export const credentialFields: readonly string[] = [...KINDS.flatMap((kind) => FIELDS[kind]), "ca.crt"];
/** Those of them that nobody may see. */
export const secretFields: readonly string[] = ["ssh-privatekey", "password", "githubAppPrivateKey"];

const WORDS: Readonly<Record<Kind, string>> = { key: "an SSH key", token: "a token", app: "a GitHub App" };

/** Said to be missing where a Secret holds nothing for git. */
const neededField = ({ transport }: Repository) => (transport === "ssh" ? "ssh-privatekey" : "password");

/** For all of these repositories. Undefined: it is a key, and all of them are read over https. */
export async function readCredential(
  ref: SecretRef,
  repositories: { readonly written?: Repository; readonly read?: Repository },
  { readCredential, parseCredential, isStrict }: CredentialPorts,
): Promise<GitCredential | undefined> {
  const { written, read } = repositories;
  const named = [written, read].filter((one) => one !== undefined);
  const [first] = named;
  if (!first) return undefined;
  const { texts, allowedRepositories } = await readCredential(ref, neededField(first));
  const kinds = KINDS.filter((kind) => FIELDS[kind].some((field) => texts[field] !== undefined));
  // A key has no use for an application that is read over https: that is a public one.
  const opened = named.filter((one) => one === written || one.transport === "ssh" || kinds.some((kind) => kind !== "key"));
  if (opened.length === 0) return undefined;
  requireBound(ref, allowedRepositories, opened);
  const [kind, other] = kinds;
  const secret = `Secret ${ref.namespace}/${ref.name}`;
  if (kind === undefined)
    throw new ReconcileError("secret_field_missing", `Failed to read field: ${neededField(first)} in data of ${secret}`);
  if (other !== undefined) {
    const message = `${secret} holds ${WORDS[kind]} and ${WORDS[other]} (${FIELDS[kind][0]}, ${FIELDS[other][0]}); keep one of them`;
    throw new ReconcileError("credential_invalid", message);
  }
  for (const repository of opened) requireFit(secret, kind, repository);
  if (kind !== "key" && allowedRepositories === undefined && !isStrict) throw boundToNothing(ref, kind, opened);
  return parseCredential(kind, texts, ref);
}

function requireFit(secret: string, kind: Kind, repository: Repository): void {
  const { transport } = repository;
  if ((kind === "key") === (transport === "ssh")) return;
  const remedy =
    kind === "key"
      ? "write its SSH form (git@host:path), or name a Secret with username and password, or with a GitHub App"
      : "write its https form (https://host/path), or name a Secret with ssh-privatekey";
  const message = `${secret} holds ${WORDS[kind]}, which does not open ${formatRepository(repository)}: ${remedy}`;
  throw new ReconcileError("credential_invalid", message);
}

/** What opens more than one repository says which are meant. */
export function boundToNothing({ namespace, name }: SecretRef, kind: "token" | "app", opened: readonly Repository[]): ReconcileError {
  const globs = [...new Set(opened.map(globAround))].join(",");
  return new ReconcileError(
    "repository_denied",
    `Secret ${namespace}/${name} holds ${WORDS[kind]} and is bound to nothing; annotate it with ${allowedRepositoriesAnnotation}=${globs}`,
  );
}

/** The repositories of its owner. */
function globAround(repository: Repository): string {
  return [...repositoryName(repository).split("/").slice(0, -1), "*"].join("/");
}
