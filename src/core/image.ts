import type { ImageName } from "./types.ts";

/** A reference as the container runtime resolves it: without a host it is on Docker Hub. */
interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

type ParsedImageName = { readonly kind: "ok"; readonly image: ImageName } | { readonly kind: "error"; readonly problem: string };

export interface RegistryUrl {
  /** In the form of ImageName.registry. */
  readonly registry: string;
  /** Normalised; https where no scheme was written; a base path stays. */
  readonly url: string;
}
type ParsedRegistryUrl = ({ readonly kind: "ok" } & RegistryUrl) | { readonly kind: "error"; readonly problem: string };

export const dockerHub = "docker.io";

const maxLength = 2048;
const hostPattern = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;
const componentPattern = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

/** Cut at the separators, nothing checked: `host:5000/app:tag@sha256:…` has name `host:5000/app`. */
export function splitImage(text: string): { readonly name: string; readonly tag?: string; readonly digest?: string } {
  const at = text.indexOf("@");
  const beforeDigest = at < 0 ? text : text.slice(0, at);
  const colon = beforeDigest.indexOf(":", beforeDigest.lastIndexOf("/") + 1);
  return {
    name: colon < 0 ? beforeDigest : beforeDigest.slice(0, colon),
    ...(colon < 0 ? {} : { tag: beforeDigest.slice(colon + 1) }),
    ...(at < 0 ? {} : { digest: text.slice(at + 1) }),
  };
}

/** Undefined: no image reference. */
export function parseImageReference(text: string): ImageReference | undefined {
  if (text.length > maxLength) return undefined;
  const { name, tag, digest } = splitImage(text);
  const { host, path } = splitHost(name);
  if (host !== undefined && !hostPattern.test(host)) return undefined;
  if (!path.split("/").every((part) => componentPattern.test(part))) return undefined;
  if (tag !== undefined && !isTag(tag)) return undefined;
  if (digest !== undefined && !isDigest(digest)) return undefined;
  const registry = host === undefined ? dockerHub : registryHost(host);
  return {
    registry,
    repository: onRegistry(path, registry),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The annotation: a repository with or without a host, never a tag. Without a host `app` stays `app` until the registry is known. */
export function parseImageName(text: string): ParsedImageName {
  if (text.length > maxLength) return error("is too long; write repository or host/repository");
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return error("is a URL; write it without scheme, for example ghcr.io/team/app");
  const { name, tag, digest } = splitImage(text);
  if (digest !== undefined) return error("holds a digest ('@…'); write the image without it, for example team/app");
  if (tag !== undefined) return error("holds a tag (':…'); write the image without it (the operator sets the tag), for example team/app");
  const { host, path } = splitHost(name);
  if (host !== undefined && !hostPattern.test(host)) return error("has a registry host that is none; write it like ghcr.io/team/app");
  if (!path.split("/").every((part) => componentPattern.test(part))) {
    return error("is no image name (lower-case letters, digits, and . _ - between them, parts separated by '/'); write it like team/app");
  }
  if (host === undefined) return { kind: "ok", image: { repository: path } };
  return { kind: "ok", image: withRegistry({ repository: path }, registryHost(host)) };
}

/** The annotation `registry_secret_url`: a URL, or a bare host as in `.dockerconfigjson`. */
export function parseRegistryUrl(text: string): ParsedRegistryUrl {
  const remedy = "write it like https://ghcr.io";
  if (text.length > maxLength) return error(`is too long; ${remedy}`);
  // URL drops tabs and newlines and turns backslashes, so they are refused before.
  if (/[^\x21-\x7e]|\\/.test(text)) return error(`holds a space, a backslash or a character that no URL has; ${remedy}`);
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  if (!url) return error(`is no URL; ${remedy}`);
  if (url.protocol !== "https:" && url.protocol !== "http:") return error(`is no http or https URL; ${remedy}`);
  if (url.username !== "" || url.password !== "") return error("holds a user or password; put them into the Secret with .dockerconfigjson");
  if (/[?#]/.test(text)) return error(`has a query or fragment; ${remedy}`);
  if (!hostPattern.test(url.host)) return error(`has a host that is none; ${remedy}`);
  return { kind: "ok", registry: registryHost(url.host), url: url.href };
}

/** The name once its registry is known: `library/` is implied on Docker Hub only, so `app` on ghcr.io is ghcr.io/app. */
export function withRegistry(image: ImageName, registry: string): ImageName {
  return { registry, repository: onRegistry(image.repository, registry) };
}

/** Ours: equal repository, and equal host where the name has one. Without one `app` also is Docker Hub's `library/app`. */
export function matchesImage(reference: ImageReference, image: ImageName): boolean {
  if (image.registry !== undefined && image.registry !== reference.registry) return false;
  return reference.repository === onRegistry(image.repository, reference.registry);
}

/** The image as people write it: without host and `library/` on Docker Hub, unless it would then read as another one's. */
export function formatImage({ registry, repository }: ImageName): string {
  const hasHost = (text: string) => splitHost(text).host !== undefined;
  if (registry === undefined) return repository;
  if (registry === dockerHub) {
    const short = repository.replace(/^library\/(?=[^/]+$)/, "");
    return hasHost(short) ? `${dockerHub}/${short}` : short;
  }
  // A host of one word is only known as one by its port.
  return hasHost(`${registry}/`) ? `${registry}/${repository}` : `${registry}:443/${repository}`;
}

/** What the API shows of a Deployment: its first container that is ours, else the first. */
export function containerAndVersion(
  containers: readonly { readonly image: string }[],
  image: ImageName | undefined,
): { readonly container: string; readonly version: string } {
  const isOurs = (text: string) => {
    const reference = parseImageReference(text);
    return reference !== undefined && image !== undefined && matchesImage(reference, image);
  };
  const shown = containers.find((container) => isOurs(container.image)) ?? containers[0];
  const { name, tag } = splitImage(shown?.image ?? "");
  return { container: name, version: tag ?? "latest" };
}

/** The first part is a host when it has a dot or a port or is localhost: the rule of the Docker reference grammar. */
function splitHost(name: string): { readonly host?: string; readonly path: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, slash);
  if (slash < 0 || !(/[.:]/.test(first) || first === "localhost")) return { path: name };
  return { host: first, path: name.slice(slash + 1) };
}

/** Every docker.io host is Docker Hub; port 443 is implied. */
function registryHost(host: string): string {
  const name = host.toLowerCase().replace(/:443$/, "");
  return name === dockerHub || name.endsWith(`.${dockerHub}`) ? dockerHub : name;
}

function onRegistry(repository: string, registry: string): string {
  return registry === dockerHub && !repository.includes("/") ? `library/${repository}` : repository;
}

function error(problem: string): { kind: "error"; problem: string } {
  return { kind: "error", problem };
}
