import { ReconcileError } from "../../errors.ts";
import type { SecretField } from "../cluster-ports.ts";
import type { Signing, SshKey } from "../git-ports.ts";
import type { SecretRef, Target } from "../types.ts";
import { requireBound } from "./allowed-repositories.ts";

interface SigningPorts {
  /** Reads a field of a Secret that this Deployment may name. */
  readonly readSecret: (ref: SecretRef, field: string) => Promise<SecretField>;
  readonly parseKey: (text: string, ref: SecretRef) => SshKey;
  /** Makes the signature of a commit's bytes without it. */
  readonly signWith: (key: SshKey, unsigned: Buffer) => Promise<string>;
}

/** With what the target's commits are signed; undefined: they are not. What can't be read rejects, so that nothing is pushed unsigned. */
export async function readSigning(target: Target, { readSecret, parseKey, signWith }: SigningPorts): Promise<Signing | undefined> {
  const ref = target.signingSecret;
  if (ref === undefined) return undefined;
  const { text, allowedRepositories } = await readSecret(ref, "ssh-privatekey");
  requireBound(ref, allowedRepositories, [target.manifestRepository]);
  const key = parseKey(text, ref);
  const sign = (unsigned: Buffer) => signWith(key, unsigned);
  const [name, email] = [await readPerson(ref, "name"), await readPerson(ref, "email")];
  if (name === undefined && email === undefined) return { sign, committer: undefined };
  if (name === undefined || email === undefined) throw unusable(ref, "has one of the fields name and email; set both, or none");
  return { sign, committer: { name, email } };

  async function readPerson(from: SecretRef, field: "name" | "email"): Promise<string | undefined> {
    const value = (await readIfThere(from, field))?.trim();
    if (value === undefined || /^[^<>\p{Cc}]{1,256}$/u.test(value)) return value;
    throw unusable(from, `has a field ${field} that is not one line without < and >; correct it`);
  }

  async function readIfThere(from: SecretRef, field: string): Promise<string | undefined> {
    try {
      return (await readSecret(from, field)).text;
    } catch (error) {
      if (error instanceof ReconcileError && error.code === "secret_field_missing") return undefined;
      throw error;
    }
  }
}

function unusable({ namespace, name }: SecretRef, why: string): ReconcileError {
  return new ReconcileError("ssh_key_invalid", `Secret ${namespace}/${name} for signing ${why}`);
}
