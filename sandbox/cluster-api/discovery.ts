import { apiVersionOf, type Kind, kinds } from "./kinds.ts";

const verbs = ["create", "delete", "get", "list", "patch", "update", "watch"];
const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

interface Answer {
  readonly contentType: string;
  readonly body: object;
}

/** What clients ask before they ask for objects: /version, /api, /apis and below; undefined for any other path. */
export function discoveryAnswer(path: string, accept: string): Answer | undefined {
  const plain = (body: object): Answer => ({ contentType: "application/json", body });
  const groups = [...new Set(kinds.map((kind) => kind.group).filter((group) => group !== ""))];
  if (path === "/version")
    return plain({ major: "1", minor: "33", gitVersion: "v1.33.0+sandbox", platform: `${process.platform}/${process.arch}` });
  if ((path === "/api" || path === "/apis") && accept.includes("as=APIGroupDiscoveryList")) {
    return { contentType: aggregatedType, body: aggregated(path === "/api" ? [""] : groups) };
  }
  if (path === "/api") return plain({ kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] });
  if (path === "/apis") return plain({ kind: "APIGroupList", apiVersion: "v1", groups: groups.map(apiGroup) });
  const version = /^\/apis?\/(.+)$/.exec(path)?.[1];
  const resources = kinds.filter((kind) => apiVersionOf(kind) === version && path === resourceRoot(kind));
  if (resources.length > 0)
    return plain({ kind: "APIResourceList", apiVersion: "v1", groupVersion: version, resources: resources.map(apiResource) });
  const group = groups.find((candidate) => path === `/apis/${candidate}`);
  return group === undefined ? undefined : plain({ kind: "APIGroup", apiVersion: "v1", ...apiGroup(group) });
}

/** `/api/v1`, `/apis/apps/v1` */
export function resourceRoot(kind: Kind): string {
  return kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
}

function apiGroup(group: string): object {
  const version = { groupVersion: `${group}/v1`, version: "v1" };
  return { name: group, versions: [version], preferredVersion: version };
}

function apiResource({ plural, singular, kind, namespaced, shortNames }: Kind): object {
  return { name: plural, singularName: singular, kind, namespaced, shortNames, verbs };
}

function aggregated(groups: readonly string[]): object {
  const items = groups.map((group) => ({
    metadata: group === "" ? {} : { name: group },
    versions: [{ version: "v1", freshness: "Current", resources: kinds.filter((kind) => kind.group === group).map(aggregatedResource) }],
  }));
  return { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", metadata: {}, items };
}

function aggregatedResource({ plural, singular, kind, group, version, namespaced, shortNames }: Kind): object {
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    shortNames,
    verbs,
  };
}
