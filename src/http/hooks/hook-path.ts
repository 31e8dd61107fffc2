import type { SecretRef } from "../../core/types.ts";

const namespaceForm = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const nameForm = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const MOST_CHARACTERS = 1_024;

/** `/hook/NAMESPACE/SECRET[/TOKEN]`; undefined: another path, also where these can't be names. A query says nothing. */
export function parseHookPath(url: string): { readonly ref: SecretRef; readonly token: string | undefined } | undefined {
  if (url.length > MOST_CHARACTERS) return undefined;
  const [empty, hook, namespace = "", name = "", token, ...more] = (url.split("?", 1)[0] ?? "").split("/");
  if (empty !== "" || hook !== "hook" || more.length > 0) return undefined;
  if (!namespaceForm.test(namespace) || name.length > 253 || !nameForm.test(name)) return undefined;
  return { ref: { namespace, name }, token: token || undefined };
}
