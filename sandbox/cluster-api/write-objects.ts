import { type Request, readBody, type Target } from "./exchange.ts";
import { apiVersionOf, type Kind, type KubeObject, kindNamed, type NewObject } from "./kinds.ts";
import type { ObjectStore } from "./object-store.ts";
import { notFound } from "./read-objects.ts";
import { Refusal } from "./status.ts";
import { validateEvent } from "./validate-event.ts";

interface Answer {
  readonly code: number;
  readonly body: object;
}

/** POST, PUT, PATCH and DELETE of one object. */
export async function writeObject(store: ObjectStore, target: Target, request: Request): Promise<Answer> {
  const { kind, namespace, name } = target;
  const method = request.method ?? "";
  if (method === "POST" && name === undefined) return create(store, target, await readBody(request));
  if (name === undefined) throw new Refusal(405, "the server does not allow this method on the requested resource");
  if (method === "DELETE") {
    if (kind.kind === "Namespace") return { code: 200, body: terminate(store, target) };
    const removed = store.remove(kind, namespace, name);
    if (!removed) throw notFound(target);
    return { code: 200, body: removed };
  }
  if (method !== "PUT" && method !== "PATCH") throw new Refusal(405, "the server does not allow this method on the requested resource");
  const contentType = String(request.headers["content-type"] ?? "");
  const body = await readBody(request);
  const stored = store.get(kind, namespace, name);
  if (method === "PUT") return { code: 200, body: replace(store, target, stored, body) };
  if (contentType.includes("json-patch+json")) throw new Refusal(415, "this server knows merge, strategic merge and apply patches only");
  // Server-side apply creates what is not there.
  if (!stored && contentType.includes("apply-patch")) return create(store, target, body);
  return {
    code: 200,
    body: replace(store, target, stored, merge(stored, body, contentType.includes("strategic")) as Record<string, unknown>),
  };
}

function create(store: ObjectStore, target: Target, body: Record<string, unknown>): Answer {
  const { kind, namespace } = target;
  const object = asObject(kind, namespace, body);
  if (object.metadata.resourceVersion !== undefined) throw new Refusal(400, "resourceVersion should not be set on objects to be created");
  if (namespace !== undefined) checkNamespace(store, target, namespace, object.metadata.name);
  if (kind.kind === "Event") {
    if (kind.group === "") throw new Refusal(405, "this server takes Events of events.k8s.io/v1 only");
    validateEvent(object);
  }
  const { name } = object.metadata;
  if (store.get(kind, namespace, name)) {
    throw new Refusal(409, `${kind.plural} "${name}" already exists`, "AlreadyExists", { name, group: kind.group, kind: kind.plural });
  }
  return { code: 201, body: store.put(object) };
}

/** A namespace stays until a controller has emptied it, and there is none here. */
function terminate(store: ObjectStore, target: Target): KubeObject {
  const stored = store.get(target.kind, undefined, target.name ?? "");
  if (!stored) throw notFound(target);
  return store.put({ ...stored, metadata: { ...stored.metadata, deletionTimestamp: new Date().toISOString().replace(/\.\d+Z$/, "Z") } });
}

/** Nothing is made in a namespace that is not there or on its way out; the causes are what tells the two forms of 403 apart. */
function checkNamespace(store: ObjectStore, { kind }: Target, namespace: string, name: string): void {
  const found = store.get(kindNamed("Namespace"), undefined, namespace);
  if (!found) throw notFound({ kind: kindNamed("Namespace"), namespace: undefined, name: namespace });
  if (found.metadata.deletionTimestamp === undefined) return;
  const resource = kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`;
  const problem = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const cause = { reason: "NamespaceTerminating", message: `namespace ${namespace} is being terminated`, field: "metadata.namespace" };
  throw new Refusal(403, `${resource} "${name}" is forbidden: ${problem}`, "Forbidden", {
    ...{ name, group: kind.group, kind: kind.plural },
    causes: [cause],
  });
}

function replace(store: ObjectStore, target: Target, stored: KubeObject | undefined, body: Record<string, unknown>): KubeObject {
  if (!stored) throw notFound(target);
  const object = asObject(target.kind, target.namespace, body);
  const version = object.metadata.resourceVersion;
  if (version !== undefined && version !== stored.metadata.resourceVersion) {
    throw new Refusal(409, `Operation cannot be fulfilled on ${target.kind.plural} "${target.name}": the object has been modified`);
  }
  if (object.metadata.name !== target.name) throw new Refusal(400, "the name of the object does not match the name on the URL");
  return store.put(object);
}

/** RFC 1123, as most kinds want their names. */
const subdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

function asObject(kind: Kind, namespace: string | undefined, body: Record<string, unknown>): NewObject {
  for (const [what, given, expected] of [
    ["API version", body.apiVersion, apiVersionOf(kind)],
    ["kind", body.kind, kind.kind],
  ]) {
    if (given !== undefined && given !== expected)
      throw new Refusal(400, `the ${what} in the data (${given}) does not match the expected ${what} (${expected})`);
  }
  const metadata = { ...(body.metadata as object) } as { name?: unknown; namespace?: string; generateName?: unknown };
  if (metadata.name === undefined && typeof metadata.generateName === "string") {
    metadata.name = metadata.generateName + Math.random().toString(36).slice(2, 7);
  }
  if (typeof metadata.name !== "string" || metadata.name === "")
    throw new Refusal(422, "metadata.name: Required value: name or generateName is required");
  if (metadata.name.length > 253 || !subdomain.test(metadata.name))
    throw new Refusal(422, `metadata.name: Invalid value: ${JSON.stringify(metadata.name)}: a lowercase RFC 1123 subdomain`);
  if (metadata.namespace !== undefined && metadata.namespace !== namespace) {
    throw new Refusal(400, "the namespace of the provided object does not match the namespace sent on the request");
  }
  return { ...body, kind: kind.kind, metadata: { ...metadata, name: metadata.name, ...(namespace !== undefined && { namespace }) } };
}

/** RFC 7386; strategic: lists of named things are merged by name, `$…` directives are dropped. */
function merge(base: unknown, patch: unknown, strategic: boolean): unknown {
  if (strategic && isNamedList(base) && isNamedList(patch)) {
    const added = patch.filter((item) => !base.some(({ name }) => name === item.name));
    return [...base.map((item) => merge(item, patch.find(({ name }) => name === item.name) ?? {}, true)), ...added];
  }
  if (!isMap(patch)) return patch;
  const merged: Record<string, unknown> = isMap(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (!(strategic && key.startsWith("$"))) merged[key] = merge(merged[key], value, strategic);
  }
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNamedList(value: unknown): value is { name: string }[] {
  return Array.isArray(value) && value.every((item) => isMap(item) && typeof item.name === "string");
}
