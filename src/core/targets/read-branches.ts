import type { Branch, ManifestsBranch, SecretField, SshKey, Wanted } from "../ports.ts";
import type { Repository, SecretRef, Target } from "../types.ts";
import { requireBound } from "./allowed-repositories.ts";
import { hasOneKey } from "./target.ts";

export interface ReadBranches {
  readonly app: Wanted<Branch>;
  readonly manifests: Wanted<ManifestsBranch>;
}

export interface KeyPorts {
  /** Reads a field of a Secret that this Deployment may name. */
  readonly readSecret: (ref: SecretRef, field: string) => Promise<SecretField>;
  readonly parseKey: (text: string, ref: SecretRef) => SshKey;
}

/** What is read and written, with the keys for it. */
export async function readBranches(target: Target, { readSecret, parseKey }: KeyPorts): Promise<ReadBranches> {
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
