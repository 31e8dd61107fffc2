import { type Request, readBody, type Target } from "./exchange.ts";
import { type Kind, type KubeObject, kindNamed, type NewObject } from "./kinds.ts";
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
  if (namespace !== undefined && !store.get(kindNamed("Namespace"), undefined, namespace)) {
    throw notFound({ kind: kindNamed("Namespace"), namespace: undefined, name: namespace });
  }
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

function asObject(kind: Kind, namespace: string | undefined, body: Record<string, unknown>): NewObject {
  const metadata = { ...(body.metadata as object) } as { name?: unknown; namespace?: string; generateName?: unknown };
  if (metadata.name === undefined && typeof metadata.generateName === "string") {
    metadata.name = metadata.generateName + Math.random().toString(36).slice(2, 7);
  }
  if (typeof metadata.name !== "string" || metadata.name === "")
    throw new Refusal(422, "metadata.name: Required value: name or generateName is required");
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
