import type { AnnotationValues } from "../annotation-names.ts";
import type { SecretRef } from "../types.ts";

type Prefix =
  | "notifications_secret"
  | "hook_secret"
  | "signing_key"
  | "forge_token_secret"
  | "github_token_secret"
  | "manifest_token_secret";

/** Of the annotations `PREFIX_name` and `PREFIX_namespace`, without which it is in the operator's; undefined: it is not named. */
export function namedSecret(values: AnnotationValues, prefix: Prefix, operatorNamespace: string): SecretRef | undefined {
  const name = values[`${prefix}_name`];
  return name === undefined ? undefined : { namespace: values[`${prefix}_namespace`] ?? operatorNamespace, name };
}
