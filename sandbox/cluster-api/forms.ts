/** The forms in which objects are answered: whole, as rows of a table, or by their metadata alone. */
import { Refusal } from "./status.ts";

const META = "meta.k8s.io/v1";

/** `kubectl get` asks for `application/json;as=Table;v=v1;g=meta.k8s.io` before plain JSON. */
export function wantsTable(accept: string): boolean {
  return formIn(accept)?.as === "Table";
}

export function wantsMetadata(accept: string): boolean {
  return formIn(accept)?.as?.startsWith("PartialObjectMetadata") === true;
}

/** 406 for what no server knows, and for the form of one object where there are many, or the other way round. */
export function requireKnownForm(accept: string, isList: boolean): void {
  const { as, group, version } = formIn(accept) ?? {};
  if (as === undefined || as === "APIGroupDiscoveryList") return;
  const forms = ["Table", isList ? "PartialObjectMetadataList" : "PartialObjectMetadata"];
  if (forms.includes(as) && group === "meta.k8s.io" && version === "v1") return;
  // With a form that it knows behind it, a real server takes that one.
  if (/,\s*application\/json\s*(?:,|$)/.test(accept)) return;
  throw new Refusal(406, `the body can't be sent as ${as}; only the following media types are accepted: application/json`);
}

export function metadataOf({ metadata }: { readonly metadata: object }): object {
  return { kind: "PartialObjectMetadata", apiVersion: META, metadata };
}

/** `items`: as JSON text, as the list is. */
export function metadataList(items: readonly string[], metadata: object): string {
  const head = { kind: "PartialObjectMetadataList", apiVersion: META, metadata };
  return `${JSON.stringify(head).slice(0, -1)},"items":[${items.join(",")}]}`;
}

function formIn(accept: string): { as?: string | undefined; group?: string | undefined; version?: string | undefined } | undefined {
  const [first = ""] = accept.split(",");
  const parameter = (name: string) => new RegExp(`;\\s*${name}=([^;\\s]+)`).exec(first)?.[1];
  return { as: parameter("as"), group: parameter("g"), version: parameter("v") };
}
