import { ReconcileError } from "../../errors.ts";
import type { SecretRef } from "../types.ts";

export type SecretScope = "scoped" | "strict" | "any";

/** Where the published examples keep their Secrets, wherever the operator itself runs. */
const publishedNamespace = "gitops-operator";

/** May a run for a Deployment of that namespace read this Secret? Decided by name alone, before any request. */
export function decideSecretRef(
  scope: SecretScope,
  ref: SecretRef,
  deploymentNamespace: string,
  operatorNamespace: string,
  extraNamespaces: readonly string[],
): boolean {
  if (scope === "any" || ref.isOperators) return true;
  if (ref.namespace === deploymentNamespace || extraNamespaces.includes(ref.namespace)) return true;
  return scope === "scoped" && (ref.namespace === operatorNamespace || ref.namespace === publishedNamespace);
}

/** The same answer for a Secret that is not allowed whether it exists or not. */
export function secretDenied({ namespace, name }: SecretRef, deploymentNamespace: string): ReconcileError {
  return new ReconcileError(
    "secret_denied",
    `Secret ${namespace}/${name} can't be used by Deployments of namespace ${deploymentNamespace}: it does not exist or is not allowed; move it to that namespace, or let an administrator add its namespace to SECRET_NAMESPACES`,
  );
}
