/** The image of a target, and the registry that it is in. */
import { annotationPrefix } from "../annotations.ts";
import { parseImageName, parseRegistryUrl, type RegistryUrl, withRegistry } from "../image.ts";
import type { ImageName } from "../types.ts";
import type { Complain } from "./target.ts";

export function readRegistry(text: string | undefined, complain: Complain): RegistryUrl | undefined {
  const parsed = text === undefined ? undefined : parseRegistryUrl(text);
  if (parsed?.kind === "error") complain("registry_secret_url", parsed.problem);
  return parsed?.kind === "ok" ? parsed : undefined;
}

/** Its registry is the host in image_name, else that of registry_secret_url; else it is not known before the manifest is read. */
export function readImage(text: string, url: RegistryUrl | undefined, complain: Complain): ImageName | undefined {
  const named = parseImageName(text);
  if (named.kind === "error") {
    complain("image_name", named.problem);
    return undefined;
  }
  if (url === undefined) return named.image;
  const { registry } = named.image;
  if (registry === undefined) return withRegistry(named.image, url.registry);
  if (registry !== url.registry) {
    complain(
      "registry_secret_url",
      `names ${url.registry}, but ${annotationPrefix}image_name names ${registry}; make them agree, or leave one out`,
    );
  }
  return named.image;
}
