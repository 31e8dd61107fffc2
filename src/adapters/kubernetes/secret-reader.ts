import { isUtf8 } from "node:buffer";
import { setTimeout as sleep } from "node:timers/promises";
import type { Secrets, SecretTexts } from "../../core/cluster-ports.ts";
import { allowedRepositoriesAnnotation } from "../../core/targets/allowed-repositories.ts";
import type { SecretRef } from "../../core/types.ts";
import { ReconcileError } from "../../errors.ts";
import { parseJson } from "../../text/parse-json.ts";
import type { KubeClient } from "./kube-client.ts";
import { accessRemedy, type KubeAnswer, statusMessage } from "./kube-error.ts";
import { mapOf } from "./map-of.ts";

/** Far more than any key or registry login; what is read is watched for in every text, in several forms, for as long as its run lasts. */
const MAX_FIELD_BYTES = 64 * 1024;
/** RFC 1123 subdomain: nothing else can be a name, and nothing else goes into a path. */
const nameForm = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
/** RFC 4648 with padding. */
const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Reads Secrets when asked and keeps nothing. Reads of one Secret share a request that is still under way, so an answer is at most as much
 * older than the question as that request had been flying. `deadlineMs`: shorter in tests, where the API server is silent.
 */
export function createSecretReader(client: KubeClient, { deadlineMs = 10_000 } = {}): Secrets {
  const underWay = new Map<string, Promise<KubeAnswer>>();
  // The deadline bounds the request, and the client's close cuts it.
  const never = new AbortController().signal;

  function fetchSecret({ namespace, name }: SecretRef): Promise<KubeAnswer> {
    const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
    const shared = underWay.get(path);
    if (shared) return shared;
    const answer = askUnlessStarting(path).finally(() => underWay.delete(path));
    underWay.set(path, answer);
    return answer;
  }

  async function askUnlessStarting(path: string): Promise<KubeAnswer> {
    const answer = await client.get(path, { deadlineMs, signal: never });
    if (!answer.isDoubtful) return answer;
    await sleep(client.doubtMs);
    return client.get(path, { deadlineMs, signal: never });
  }

  return {
    async read(ref, fields, needed) {
      if (!nameForm.test(ref.namespace) || !nameForm.test(ref.name)) throw missing(ref, needed);
      const answer = await fetchSecret(ref).catch((error: Error) => {
        throw unreadable(ref, ` cannot be read: ${error.message}; it is tried again at the next pass`, error);
      });
      return decodeFields(ref, fields, needed, answer);
    },
  };
}

function decodeFields(ref: SecretRef, fields: readonly string[], needed: string, answer: KubeAnswer): SecretTexts {
  const { status, text } = answer;
  if (status === 404) throw missing(ref, needed);
  const remedy = accessRemedy(answer, `the verb get on secrets in namespace ${ref.namespace} (Role and RoleBinding)`);
  if (remedy !== undefined && status === 403) {
    throw new ReconcileError("secret_forbidden", `Secret ${ref.namespace}/${ref.name} may not be read by the operator: ${remedy}`);
  }
  if (remedy !== undefined) {
    throw unreadable(ref, ` cannot be read: the API server does not accept the operator's credentials (HTTP 401); ${remedy}`);
  }
  if (status !== 200) throw unreadable(ref, ` cannot be read: HTTP ${status}: ${statusMessage(text)}; it is tried again at the next pass`);
  const object = parseJson(text);
  if (object === undefined) throw unreadable(ref, " cannot be read: the API server sent broken JSON");
  const { data, metadata } = mapOf(object);
  const there = fields.flatMap((field) => {
    const encoded = mapOf(data)[field];
    return typeof encoded === "string" ? [[field, decodeField(ref, field, encoded)] as const] : [];
  });
  if (there.length === 0) {
    const message = `Failed to read field: ${needed} in data, consider recreating the secret with ${recipe(ref, needed)}`;
    throw new ReconcileError("secret_field_missing", message);
  }
  const allowed = mapOf(mapOf(metadata).annotations)[allowedRepositoriesAnnotation];
  // What is no text binds to nothing.
  return { texts: Object.fromEntries(there), allowedRepositories: allowed === undefined || typeof allowed === "string" ? allowed : "" };
}

function decodeField(ref: SecretRef, field: string, encoded: string): string {
  if (encoded.length > (MAX_FIELD_BYTES / 3) * 4) {
    throw unreadable(ref, `: field ${field} is longer than ${MAX_FIELD_BYTES / 1024} KiB; keep only what the operator needs in it`);
  }
  const bytes = Buffer.from(encoded, "base64");
  if (!base64Form.test(encoded) || bytes.toString("base64") !== encoded) {
    throw unreadable(ref, `: field ${field} is not base64; recreate the Secret with kubectl create secret`);
  }
  if (!isUtf8(bytes)) throw unreadable(ref, `: field ${field} is not UTF-8 text; recreate the Secret from a text file`);
  return bytes.toString();
}

function unreadable({ namespace, name }: SecretRef, why: string, cause?: Error): ReconcileError {
  return new ReconcileError("secret_unreadable", `Secret ${namespace}/${name}${why}`, { cause });
}

function missing(ref: SecretRef, field: string): ReconcileError {
  const { namespace, name } = ref;
  return new ReconcileError(
    "secret_missing",
    `Secret ${namespace}/${name} does not exist: correct the annotation that names it, or create it with ${recipe(ref, field)}`,
  );
}

function recipe({ namespace, name }: SecretRef, field: string): string {
  if (field === ".dockerconfigjson")
    return `kubectl create secret docker-registry ${name} --docker-server=… --docker-username=… --docker-password=… --namespace ${namespace}`;
  const user = field === "password" ? "--from-literal=username=… " : "";
  const source = field === "ssh-privatekey" ? `--from-file=${field}=/path` : `${user}--from-literal=${field}=…`;
  return `kubectl create secret generic ${name} ${source} --namespace ${namespace}`;
}
