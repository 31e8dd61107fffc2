import type { WatchedKind } from "../../core/watched-kinds.ts";

/** Where the objects of one kind are asked for, and in which form. */
export interface ObjectSource {
  /** Of the kind, in one namespace or all: `/apis/apps/v1/namespaces/team/deployments`. */
  readonly path: string;
  /** `deployments` */
  readonly plural: string;
  /** As RBAC and kubectl call it: `deployments.apps`. */
  readonly resource: string;
  readonly apiVersion: string;
  /** Whole, or else by their metadata alone: what the operator needs of most kinds, and a fraction of the bytes. */
  readonly isWhole: boolean;
  /** A label selector; undefined: all. */
  readonly selector: string | undefined;
}

/** In place of a namespace's name. */
export const ALL = "";

export function sourceOf({ resource, group, version, kind }: WatchedKind, namespace: string, selector: string | undefined): ObjectSource {
  const apiVersion = `${group}/${version}`;
  return {
    path: pathIn({ apiVersion, plural: resource }, namespace),
    plural: resource,
    resource: `${resource}.${group}`,
    apiVersion,
    isWhole: kind === "Deployment",
    selector,
  };
}

export function pathIn({ apiVersion, plural }: Pick<ObjectSource, "apiVersion" | "plural">, namespace: string): string {
  return `/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}${namespace === ALL ? "" : `/namespaces/${encodeURIComponent(namespace)}`}/${plural}`;
}

/** To be put behind a query. */
export function selectorQuery({ selector }: Pick<ObjectSource, "selector">): string {
  return selector === undefined ? "" : `&labelSelector=${encodeURIComponent(selector)}`;
}

export const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
export const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
