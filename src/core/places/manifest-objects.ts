import { isMap, isScalar, isSeq, type Node, type YAMLMap } from "yaml";
import { itemKindOf } from "../deployment-kind.ts";
import { isEmpty } from "./text-scalar.ts";
import type { NodeReader } from "./yaml-nodes.ts";

/** What an object says that it is, else the list that it is in. */
interface ObjectKind {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
}

/** An object of a document, or of the Lists in it, however deep. */
export interface ManifestObject extends ObjectKind {
  readonly map: YAMLMap;
  /** No list's item. */
  readonly isRoot: boolean;
  /** The file's, without its folders. */
  readonly fileName: string;
  /** SOPS has encrypted something in the document, and its MAC covers what is plain too: changing that makes it undecipherable. */
  readonly isSealed: boolean;
}

/** A List in a List in a List: each time the call stack grows. So deep goes what is nested as deep as a document may be, without aliases. */
const maxListDepth = 50;

export function* objectsIn(read: NodeReader, fileName: string): Generator<ManifestObject> {
  if (isMap(read.root)) yield* objectsOf(read.root, read, { isRoot: true, fileName, isSealed: false });
}

function* objectsOf(map: YAMLMap, read: NodeReader, from: Omit<ManifestObject, "map">, depth = 0): Generator<ManifestObject> {
  if (depth > maxListDepth) read.fail(map, `Lists are nested in Lists more than ${maxListDepth} deep`);
  const apiVersion = read.getText(map, "apiVersion") ?? from.apiVersion;
  const kind = read.getText(map, "kind") ?? from.kind;
  const isSealed = from.isSealed || hasFullMac(map, read);
  const itemKind = itemKindOf({ apiVersion, kind });
  const { fileName } = from;
  if (itemKind)
    for (const item of read.getItems(map, "items"))
      yield* objectsOf(item, read, { ...itemKind, isRoot: false, fileName, isSealed }, depth + 1);
  else yield { ...from, map, apiVersion, kind, isSealed };
}

/** https://getsops.io/docs: with `mac_only_encrypted` the MAC covers the encrypted values alone. */
export function hasFullMac(map: YAMLMap, read: NodeReader): boolean {
  const sops = read.get(map, "sops");
  return isMap(sops) && Boolean(read.getText(sops, "mac")) && read.getText(sops, "mac_only_encrypted") !== "true";
}

/** Of one of the kinds of one of the API groups, whatever its version. */
export function isOf({ apiVersion, kind }: ObjectKind, groups: readonly string[], kinds: readonly string[]): boolean {
  return kind !== undefined && kinds.includes(kind) && groups.some((group) => apiVersion?.startsWith(`${group}/`));
}

const kustomizeGroup = "kustomize.config.k8s.io";
const kustomizeKinds = ["Kustomization", "Component"];
const kustomizeNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** By its content; under the three names that kustomize looks for it takes for said what the file leaves out. */
export function isKustomization({ apiVersion, kind, fileName, isRoot }: ManifestObject): boolean {
  const isBare = isRoot && kustomizeNames.includes(fileName);
  return isOf(
    { apiVersion: apiVersion ?? (isBare ? `${kustomizeGroup}/v1beta1` : undefined), kind: kind ?? (isBare ? "Kustomization" : undefined) },
    [kustomizeGroup],
    kustomizeKinds,
  );
}

/** https://argo-cd.readthedocs.io, Parameter Overrides: a file beside the source, of all Applications or of one. */
export function isSourceOverride({ apiVersion, kind, fileName, isRoot }: ManifestObject): boolean {
  return isRoot && apiVersion === undefined && kind === undefined && /^\.argocd-source(?:-[^/]+)?\.yaml$/.test(fileName);
}

/** What an object is, in words: a kind only where it reads like one, for the file may hold a Secret. */
export function describeObject(object: ManifestObject): string {
  const { kind, apiVersion, isRoot, isSealed, map } = object;
  if (isSealed && isEncrypted(object)) return "a document that SOPS encrypted";
  if (isKustomization(object)) return kind === "Component" ? "a Component of kustomize" : "a kustomization";
  if (isSourceOverride(object)) return "parameters of Argo CD";
  if (kind === undefined && !isRoot) return "an item without a kind";
  if (kind === undefined) return map.flow ? "JSON without a kind" : "Helm values";
  if (!/^[A-Z][A-Za-z0-9]{0,62}$/.test(kind)) return "an object of an odd kind";
  return `${/^[AEIO]/.test(kind) ? "an" : "a"} ${kind}${apiVersion === undefined ? " without apiVersion" : ""}`;
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
