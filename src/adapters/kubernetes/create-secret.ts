import type { SecretRef } from "../../core/types.ts";
import { ReconcileError } from "../../errors.ts";
import type { KubeClient } from "./kube-client.ts";
import { statusMessage } from "./kube-error.ts";

/** Rejects where there is one of that name: nothing is overwritten. `ref`: names that Kubernetes takes. */
export async function createSecret(
  client: Pick<KubeClient, "post">,
  { namespace, name }: SecretRef,
  texts: Readonly<Record<string, string>>,
  deadlineMs = 10_000,
): Promise<void> {
  const data = Object.fromEntries(Object.entries(texts).map(([field, text]) => [field, Buffer.from(text).toString("base64")]));
  const secret = { apiVersion: "v1", kind: "Secret", type: "Opaque", metadata: { namespace, name }, data };
  const limits = { deadlineMs, signal: new AbortController().signal };
  const { status, text } = await client.post(`/api/v1/namespaces/${namespace}/secrets`, secret, limits);
  if (status === 201) return;
  const what = `Secret ${namespace}/${name}`;
  if (status === 409)
    throw new ReconcileError("internal", `${what} exists, and was left as it is; choose another --name, or delete it first`);
  throw new ReconcileError("internal", `${what} could not be created: HTTP ${status}: ${statusMessage(text)}`);
}
