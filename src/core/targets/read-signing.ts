import { ReconcileError } from "../../errors.ts";
import type { SecretTexts } from "../cluster-ports.ts";
import type { Signing } from "../git-ports.ts";
import type { SecretRef, Target } from "../types.ts";
import { requireBound } from "./allowed-repositories.ts";

export interface SigningPorts {
  /** Those of `signingFields` that are there, of a Secret that this Deployment may name. */
  readonly readSigningSecret: (ref: SecretRef) => Promise<SecretTexts>;
  /** Of an SSH key's text; rejects one that is unusable. */
  readonly createSigner: (key: string, ref: SecretRef) => Signing["sign"];
}

const KEY = "ssh-privatekey";
/** All that is read of such a Secret. The first is the key, which nobody may see. */
export const signingFields = [KEY, "name", "email"] as const;

/** With what the target's commits are signed; undefined: they are not. What can't be read rejects, so that nothing is pushed unsigned. */
export async function readSigning(target: Target, { readSigningSecret, createSigner }: SigningPorts): Promise<Signing | undefined> {
  const ref = target.signingSecret;
  if (ref === undefined) return undefined;
  const { texts, allowedRepositories } = await readSigningSecret(ref);
  requireBound(ref, allowedRepositories, [target.manifestRepository]);
  const sign = createSigner(texts[KEY] ?? "", ref);
  const name = personOf(texts.name, "name", ref);
  const email = personOf(texts.email, "email", ref);
  if (name === undefined && email === undefined) return { sign, committer: undefined };
  if (name === undefined || email === undefined) throw unusable(ref, "has one of the fields name and email; set both, or none");
  return { sign, committer: { name, email } };
}

function personOf(text: string | undefined, field: string, ref: SecretRef): string | undefined {
  const value = text?.trim();
  if (value === undefined || /^[^<>\p{Cc}]{1,256}$/u.test(value)) return value;
  throw unusable(ref, `has a field ${field} that is not one line without < and >; correct it`);
}

function unusable({ namespace, name }: SecretRef, why: string): ReconcileError {
  return new ReconcileError("ssh_key_invalid", `Secret ${namespace}/${name} for signing ${why}`);
}
