import { isMap, isScalar, isSeq, type Node, type YAMLMap } from "yaml";
import { itemKindOf } from "../deployment-kind.ts";
import { isEmpty, type NodeReader } from "./yaml-nodes.ts";

/** What an object says that it is, else the list that it is in. */
interface ObjectKind {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
}

/** An object of a document, or of the Lists in it, however deep. */
export interface ManifestObject extends ObjectKind {
  readonly map: YAMLMap;
  /** SOPS has encrypted something in the document, and its MAC covers what is plain too: changing that makes it undecipherable. */
  readonly isSealed: boolean;
}

export function* objectsIn(read: NodeReader): Generator<ManifestObject> {
  if (isMap(read.root)) yield* objectsOf(read.root, read, {}, false);
}

function* objectsOf(map: YAMLMap, read: NodeReader, inherited: ObjectKind, isListSealed: boolean): Generator<ManifestObject> {
  const apiVersion = read.getText(map, "apiVersion") ?? inherited.apiVersion;
  const kind = read.getText(map, "kind") ?? inherited.kind;
  const isSealed = isListSealed || hasFullMac(map, read);
  const itemKind = itemKindOf({ apiVersion, kind });
  if (itemKind) for (const item of read.getItems(map, "items")) yield* objectsOf(item, read, itemKind, isSealed);
  else yield { map, apiVersion, kind, isSealed };
}

/** https://getsops.io/docs: with `mac_only_encrypted` the MAC covers the encrypted values alone. */
function hasFullMac(map: YAMLMap, read: NodeReader): boolean {
  const sops = read.get(map, "sops");
  return isMap(sops) && Boolean(read.getText(sops, "mac")) && read.getText(sops, "mac_only_encrypted") !== "true";
}

/** What is of no format, in words: a kind only where it reads like one, for the file may hold a Secret. */
export function describeObject({ kind, isSealed, map }: ManifestObject): string {
  if (isSealed && isEncrypted({ kind })) return "a document that SOPS encrypted";
  if (kind === undefined) return map.flow ? "JSON without a kind" : "a mapping without a kind, as Helm values or a kustomization";
  if (!/^[A-Z][A-Za-z0-9]{0,62}$/.test(kind)) return "an object of an odd kind";
  const named = `${/^[AEIO]/.test(kind) ? "an" : "a"} ${kind}`;
  return kind === "Deployment" ? `${named} of another apiVersion` : named;
}

/** Likewise a document that is no object; undefined where it is empty. */
export function describeRoot(root: Node | null): string | undefined {
  if (isSeq(root)) return "a list";
  return isScalar(root) && !isEmpty(root) ? "plain text" : undefined;
}

/** By SOPS, so that anything may be in it. */
export function isEncrypted({ kind }: ObjectKind): boolean {
  return kind?.startsWith("ENC[") === true;
}
