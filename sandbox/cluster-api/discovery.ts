import { apiVersionOf, type Kind } from "./kinds.ts";

const verbs = ["create", "delete", "get", "list", "patch", "update", "watch"];
const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

interface Answer {
  readonly contentType: string;
  readonly body: object;
}

/** What clients ask before they ask for objects: /version, /api, /apis and below; undefined for any other path. */
export function discoveryAnswer(path: string, accept: string, served: readonly Kind[]): Answer | undefined {
  const plain = (body: object): Answer => ({ contentType: "application/json", body });
  const groups = [...new Set(served.map((kind) => kind.group).filter((group) => group !== ""))];
  if (path === "/version")
    return plain({ major: "1", minor: "33", gitVersion: "v1.33.0+sandbox", platform: `${process.platform}/${process.arch}` });
  if ((path === "/api" || path === "/apis") && accept.includes("as=APIGroupDiscoveryList")) {
    return { contentType: aggregatedType, body: aggregated(path === "/api" ? [""] : groups, served) };
  }
  if (path === "/api") return plain({ kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] });
  if (path === "/apis") return plain({ kind: "APIGroupList", apiVersion: "v1", groups: groups.map((group) => apiGroup(group, served)) });
  const version = /^\/apis?\/(.+)$/.exec(path)?.[1];
  const resources = served.filter((kind) => apiVersionOf(kind) === version && path === resourceRoot(kind));
  if (resources.length > 0)
    return plain({ kind: "APIResourceList", apiVersion: "v1", groupVersion: version, resources: resources.map(apiResource) });
  const group = groups.find((candidate) => path === `/apis/${candidate}`);
  return group === undefined ? undefined : plain({ kind: "APIGroup", apiVersion: "v1", ...apiGroup(group, served) });
}

/** `/api/v1`, `/apis/apps/v1` */
export function resourceRoot(kind: Kind): string {
  return kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
}

function apiGroup(name: string, served: readonly Kind[]): object {
  const versions = versionsOf(name, served).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

function apiResource({ plural, singular, kind, namespaced, shortNames }: Kind): object {
  return { name: plural, singularName: singular, kind, namespaced, shortNames, verbs };
}

function versionsOf(group: string, served: readonly Kind[]): string[] {
  return [...new Set(served.filter((kind) => kind.group === group).map(({ version }) => version))];
}

function aggregated(groups: readonly string[], served: readonly Kind[]): object {
  const items = groups.map((group) => ({
    metadata: group === "" ? {} : { name: group },
    versions: versionsOf(group, served).map((version) => ({
      ...{ version, freshness: "Current" },
      resources: served.filter((kind) => kind.group === group && kind.version === version).map(aggregatedResource),
    })),
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
