/** With what a forge is asked, of the Secret that names its token: the text of one field, or the GitHub App that stands in its place. */
import { ReconcileError } from "../../errors.ts";
import type { SecretTexts } from "../cluster-ports.ts";
import { forgeNames } from "../forges.ts";
import type { ForgeLogin } from "../ports.ts";
import type { BuildTokenRef, Repository, SecretRef, Target } from "../types.ts";
import { requireBound } from "./allowed-repositories.ts";
import { appFields, boundToNothing, type CredentialPorts } from "./read-credential.ts";

export interface ForgeLoginPorts extends Pick<CredentialPorts, "parseCredential" | "isStrict"> {
  /** Those of the fields that are there, of a Secret that this Deployment may name. */
  readonly readForgeSecret: (ref: SecretRef, fields: readonly string[], needed: string) => Promise<SecretTexts>;
}

/**
 * To ask about one of the target's repositories. A text is for both of them, as its Secret may say; an App's tokens are for the asked one alone, for
 * which its Secret has to be. `writes`: it is to write more than marks, so that a text, too, has to say for what it is (S27).
 */
export async function readForgeLogin(
  { field, forge, ...ref }: BuildTokenRef,
  asked: Repository,
  { appRepository, manifestRepository }: Pick<Target, "appRepository" | "manifestRepository">,
  { readForgeSecret, parseCredential, isStrict }: ForgeLoginPorts,
  writes = false,
): Promise<ForgeLogin> {
  const { texts, allowedRepositories } = await readForgeSecret(ref, [field, ...appFields, "ca.crt"], field);
  const text = texts[field];
  const appField = appFields.find((one) => texts[one] !== undefined);
  const secret = `Secret ${ref.namespace}/${ref.name}`;
  if (appField === undefined) {
    if (text === undefined) throw new ReconcileError("secret_field_missing", `Failed to read field: ${field} in data of ${secret}`);
    requireBound(ref, allowedRepositories, [appRepository, manifestRepository]);
    if (writes && allowedRepositories === undefined && !isStrict) throw boundToNothing(ref, "token", [appRepository, manifestRepository]);
    return text;
  }
  requireBound(ref, allowedRepositories, [asked]);
  if (text !== undefined) {
    throw new ReconcileError("credential_invalid", `${secret} holds a token and a GitHub App (${field}, ${appField}); keep one of them`);
  }
  if (forge !== "github") {
    const message = `${secret} holds a GitHub App, and ${asked.host} is ${forgeNames[forge]}: name a Secret with a token of that in the field ${field}`;
    throw new ReconcileError("credential_invalid", message);
  }
  if (allowedRepositories === undefined && !isStrict) throw boundToNothing(ref, "app", [asked]);
  const app = parseCredential("app", texts, ref);
  if (app.kind !== "app") throw new ReconcileError("internal", `${secret} was read as what it is not`);
  return app;
}
