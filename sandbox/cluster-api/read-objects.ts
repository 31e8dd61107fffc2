import { asKind } from "./core-event.ts";
import { encode, type Target } from "./exchange.ts";
import { metadataList, metadataOf, wantsMetadata, wantsTable } from "./forms.ts";
import { apiVersionOf, type KubeObject } from "./kinds.ts";
import type { ObjectStore } from "./object-store.ts";
import { parseSelection } from "./selection.ts";
import { Refusal } from "./status.ts";
import { tableOf } from "./table.ts";

/** Snapshots of unfinished lists that are kept; a token of an older one has expired. */
const snapshotLimit = 20;

export interface Reader {
  get(target: Target, accept: string): object;
  /** One page, as JSON text. */
  list(target: Target, query: URLSearchParams, accept: string): string;
  expireContinueTokens(): void;
}

export function createReader(store: ObjectStore): Reader {
  let snapshots: { readonly id: string; readonly resourceVersion: number; readonly objects: readonly KubeObject[] }[] = [];
  let snapshotCount = 0;
  const encoded = new WeakMap<KubeObject, string>();
  const encodedMetadata = new WeakMap<KubeObject, string>();

  /** Items of a list carry no kind and apiVersion of their own. */
  function encodeItem(object: KubeObject): string {
    const known = encoded.get(object);
    if (known !== undefined) return known;
    const text = encode({ ...object, kind: undefined, apiVersion: undefined });
    encoded.set(object, text);
    return text;
  }

  function encodeMetadata(object: KubeObject): string {
    const known = encodedMetadata.get(object);
    if (known !== undefined) return known;
    const text = encode(metadataOf(object));
    encodedMetadata.set(object, text);
    return text;
  }

  function snapshotOf(
    target: Target,
    query: URLSearchParams,
  ): { id: string; start: number; resourceVersion: number; objects: readonly KubeObject[] } {
    const token = query.get("continue");
    if (token) {
      if (query.has("resourceVersion")) throw new Refusal(400, "specifying resource version is not allowed when using continue");
      const [id, start] = Buffer.from(token, "base64url").toString().split(":");
      if (!/^\d+$/.test(start ?? "")) throw new Refusal(400, "continue key is not valid: it was not made by this server");
      const snapshot = snapshots.find((candidate) => candidate.id === id);
      if (!snapshot) throw new Refusal(410, "The provided continue parameter is too old to display a consistent list result.");
      return { ...snapshot, start: Number(start) };
    }
    snapshotCount += 1;
    const objects = store.list(target.kind).filter(parseSelection(target.namespace, query));
    return { id: `${store.resourceVersion}-${snapshotCount}`, start: 0, resourceVersion: store.resourceVersion, objects };
  }

  return {
    get({ kind, namespace, name = "" }, accept) {
      const object = store.get(kind, namespace, name);
      if (!object) throw notFound({ kind, namespace, name });
      if (wantsMetadata(accept)) return metadataOf(object);
      return wantsTable(accept) ? tableOf(kind.kind, [object], {}, false) : asKind(kind, object);
    },
    list(target, query, accept) {
      const limit = Number(query.get("limit") ?? 0) || Number.POSITIVE_INFINITY;
      const { id, start, resourceVersion, objects } = snapshotOf(target, query);
      const end = start + limit;
      const page = objects.slice(start, end);
      const unfinished = end < objects.length;
      if (unfinished && start === 0) snapshots = [...snapshots, { id, resourceVersion, objects }].slice(-snapshotLimit);
      const metadata = {
        resourceVersion: String(resourceVersion),
        ...(unfinished && { continue: Buffer.from(`${id}:${end}`).toString("base64url"), remainingItemCount: objects.length - end }),
      };
      if (wantsTable(accept)) return JSON.stringify(tableOf(target.kind.kind, page, metadata, query.get("includeObject") === "Object"));
      if (wantsMetadata(accept)) return metadataList(page.map(encodeMetadata), metadata);
      const head = { kind: `${target.kind.kind}List`, apiVersion: apiVersionOf(target.kind), metadata };
      return `${JSON.stringify(head).slice(0, -1)},"items":[${page.map((object) => encodeItem(asKind(target.kind, object))).join(",")}]}`;
    },
    expireContinueTokens() {
      snapshots = [];
    },
  };
}

export function notFound({ kind, name }: Target): Refusal {
  const resource = kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`;
  return new Refusal(404, `${resource} "${name}" not found`, "NotFound", { name, group: kind.group, kind: kind.plural });
}
