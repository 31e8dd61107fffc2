/** With what the registry is asked, or why it is not. */
import { type ErrorCode, ReconcileError } from "../../errors.ts";
import type { SecretRef, Target } from "../types.ts";
import type { Login } from "./image-looks.ts";

export interface RegistryLoginQuestion {
  readonly target: Target;
  /** Reads a field of a Secret that this Deployment may name and that is not bound to others' repositories. */
  readonly readSecret: (ref: SecretRef, field: string) => Promise<string>;
}

/** The unnamed default Secret is not there, or not for this Deployment or its repositories: nobody promised a login, so the registry is asked without one. */
const NO_LOGIN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["secret_missing", "secret_denied", "secret_forbidden", "repository_denied"]);

/** Only what somebody said opens the gate, where no digest has to be asked for; an error never does (contract §4). */
export async function readRegistryLogin(
  { target, readSecret }: RegistryLoginQuestion,
  isCheckBinding: boolean,
): Promise<Login | { readonly unchecked: string }> {
  const { image_check, digest } = target.options;
  if (image_check === "off") return { unchecked: "the image check is off" };
  const { named, ...ref } = target.registrySecret;
  try {
    return { ref, dockerConfig: await readSecret(ref, ".dockerconfigjson"), remedy: "" };
  } catch (error) {
    if (named || !(error instanceof ReconcileError) || !NO_LOGIN.has(error.code)) throw error;
    if (image_check === "if-secret" && digest === "keep" && error.code === "secret_missing") {
      return { unchecked: `the image check is if-secret, and there is no Secret ${ref.namespace}/${ref.name}` };
    }
    return { ref: undefined, dockerConfig: undefined, remedy: withoutLogin(error.message, isCheckBinding) };
  }
}

/** A registry may hide from strangers what is there: what to do, behind its no. */
function withoutLogin(why: string, isCheckBinding: boolean): string {
  const unchecked = isCheckBinding
    ? "all images go unchecked (the operator's IMAGE_CHECK, which no annotation may go below)"
    : "this image (gitops.operator.image_check) or all (IMAGE_CHECK) go unchecked";
  return `; it was asked without a login (${why}); name a Secret with one by gitops.operator.registry_secret_name, or let ${unchecked}`;
}
