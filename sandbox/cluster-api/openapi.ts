import { resourceRoot } from "./discovery.ts";
import { type Kind, builtInKinds as kinds } from "./kinds.ts";

/** As much of `/openapi/v3` as `kubectl apply` asks for: that objects are validated by the server. This one takes any. */
export function openApiAnswer(path: string): object | undefined {
  const roots = [...new Set(kinds.map(resourceRoot))];
  if (path === "/openapi/v3") {
    return { paths: Object.fromEntries(roots.map((root) => [root.slice(1), { serverRelativeURL: `/openapi/v3${root}` }])) };
  }
  const root = roots.find((candidate) => path === `/openapi/v3${candidate}`);
  if (root === undefined) return undefined;
  const served = kinds.filter((kind) => resourceRoot(kind) === root);
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.33.0+sandbox" },
    paths: Object.fromEntries(served.map((kind) => [pathOf(root, kind), { patch: patchOf(kind) }])),
  };
}

function pathOf(root: string, { plural, namespaced }: Kind): string {
  return `${root}/${namespaced ? "namespaces/{namespace}/" : ""}${plural}/{name}`;
}

/** kubectl looks for these parameters before it sends them. */
function patchOf({ group, version, kind }: Kind): object {
  const parameter = (name: string) => ({ name, in: "query", schema: { type: "string", uniqueItems: true } });
  return {
    parameters: ["fieldManager", "fieldValidation"].map(parameter),
    responses: { 200: { description: "OK" } },
    "x-kubernetes-group-version-kind": { group, version, kind },
  };
}
