import { asReconcileError, type ErrorCode } from "../../errors.ts";
import type { Branch, GitCredential, ManifestsBranch, Wanted } from "../git-ports.ts";
import type { Target } from "../types.ts";
import { type CredentialPorts, readCredential } from "./read-credential.ts";
import { hasOneKey } from "./target.ts";

export interface ReadBranches {
  readonly app: Wanted<Branch>;
  readonly manifests: Wanted<ManifestsBranch>;
}

/** A public application needs no Secret, whatever the annotation names. */
const NO_SECRET: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "secret_missing",
  "secret_field_missing",
  "secret_denied",
  "secret_forbidden",
]);

/** What is read and written, with the keys for it. */
export async function readBranches(target: Target, ports: CredentialPorts): Promise<ReadBranches> {
  const { appRepository, manifestRepository, namespace } = target;
  const isOneKey = hasOneKey(target);
  const both = { written: manifestRepository, ...(isOneKey && { read: appRepository }) };
  const manifestKey = (await readCredential(target.manifestKey, both, ports)) as GitCredential;
  const isPublic = appRepository.transport === "https" && manifestKey.kind === "key";
  const appKey = isOneKey ? (isPublic ? undefined : manifestKey) : await readAppKey(target, ports);
  return {
    app: { repository: appRepository, branch: target.appBranch, key: appKey, namespace },
    manifests: { repository: manifestRepository, branch: target.manifestBranch, key: manifestKey, namespace },
  };
}

async function readAppKey({ appKey, appRepository }: Target, ports: CredentialPorts): Promise<GitCredential | undefined> {
  try {
    return await readCredential(appKey, { read: appRepository }, ports);
  } catch (error) {
    if (appRepository.transport === "https" && NO_SECRET.has(asReconcileError(error).code)) return undefined;
    throw error;
  }
}
