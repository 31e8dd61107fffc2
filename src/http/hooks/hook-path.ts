import { isLabelName, isObjectName } from "../../core/kubernetes-names.ts";
import type { SecretRef } from "../../core/types.ts";

const MOST_CHARACTERS = 1_024;

/** `/hook/NAMESPACE/SECRET[/TOKEN]`; undefined: another path, also where these can't be names. A query says nothing. */
export function parseHookPath(url: string): { readonly ref: SecretRef; readonly token: string | undefined } | undefined {
  if (url.length > MOST_CHARACTERS) return undefined;
  const [empty, hook, namespace = "", name = "", token, ...more] = (url.split("?", 1)[0] ?? "").split("/");
  if (empty !== "" || hook !== "hook" || more.length > 0) return undefined;
  if (!isLabelName(namespace) || !isObjectName(name)) return undefined;
  return { ref: { namespace, name }, token: token || undefined };
}
