import type { SecretRef, Target } from "../../core/types.ts";

/**
 * Secrets with SSH keys that Deployments of several namespaces name and that are bound to no repositories: each of those tenants
 * can name the others' repositories (docs/ASSURANCE.md, S2). In words, for `/status`.
 */
export function sharedKeyNotes(targets: readonly Target[], isUnbound: (ref: SecretRef) => boolean | undefined): string[] {
  const users = new Map<string, Set<string>>();
  for (const { namespace, appKey, manifestKey } of targets) {
    for (const ref of [appKey, manifestKey].filter(isUnbound)) {
      const secret = `${ref.namespace}/${ref.name}`;
      users.set(secret, (users.get(secret) ?? new Set()).add(namespace));
    }
  }
  return [...users]
    .filter(([, namespaces]) => namespaces.size > 1)
    .map(
      ([secret, { size }]) =>
        `Secret ${secret} is named by Deployments of ${size} namespaces and bound to no repositories, so each may name the others'; annotate it with gitops.operator.allowed_repositories`,
    )
    .sort();
}
