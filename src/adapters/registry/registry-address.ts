// tldts: Mozilla's public suffix list, renewed every few days; who owns `co.uk` or `azurewebsites.net` cannot be told without one.

import { getDomain, parse } from "tldts";
import { matchesAsterisks } from "../../text/matches-asterisks.ts";
import { withoutLast } from "../../text/without-last.ts";

/** The API of Docker Hub, whichever of its hosts is written: `docker.io`, `https://index.docker.io/v1/`. */
const DOCKER_HUB_URL = "https://registry-1.docker.io/";
const DOCKER_HUB = /(^|\.)docker\.io$/;
const DOCKER_HUB_NAMES = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/** Where the API of that registry is: `/v2/` comes below it. Undefined: no http(s) URL, or with user, query or fragment. */
export function parseRegistryAddress(text: string): URL | undefined {
  const url = URL.parse(text);
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) return undefined;
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return undefined;
  if (DOCKER_HUB.test(url.hostname)) return new URL(DOCKER_HUB_URL);
  // `https://host/v2/` is how docker itself writes the host's API.
  url.pathname = `${withoutLast(url.pathname, "/").replace(/\/v[12]$/, "")}/`;
  return url;
}

/** The manifest's URL; undefined when a part of the name would change the path (`..`). */
export function manifestUrl(registry: URL, repository: string, tag: string): URL | undefined {
  const path = `${registry.pathname}v2/${repository.split("/").map(encodeURIComponent).join("/")}/manifests/${encodeURIComponent(tag)}`;
  // Not `new URL(path, registry)`: a path that begins with `//` would name another host.
  const url = new URL(registry);
  url.pathname = path;
  return url.pathname === path ? url : undefined;
}

/** Where a registry says how it wants to be asked. */
export function versionUrl(registry: URL): URL {
  const url = new URL(registry);
  url.pathname = `${registry.pathname}v2/`;
  return url;
}

/** `host[:port]` of a key in `.dockerconfigjson` or of an entry in INSECURE_REGISTRIES, written as URL or bare; the scheme's own port is left out. */
export function hostOfKey(key: string, protocol: string): string | undefined {
  const text = key.trim();
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `${protocol}//${text}`);
  if (!url || url.host === "") return undefined;
  return DOCKER_HUB.test(url.hostname) && !url.hostname.includes("*") ? new URL(DOCKER_HUB_URL).host : url.host;
}

/** Whether a host with `*` in it stands for the registry's: as many labels, each `*` within one of them, and the same port. */
export function matchesHost(pattern: string, registry: URL): boolean {
  if (!pattern.includes("*")) return false;
  const { hostname, port } = new URL(registry);
  const names = DOCKER_HUB.test(hostname) ? DOCKER_HUB_NAMES : [hostname];
  const [host = "", wantedPort = ""] = pattern.split(":");
  const labels = host.split(".");
  return wantedPort === port && names.some((name) => matchesLabels(labels, name.split(".")));
}

function matchesLabels(patterns: readonly string[], labels: readonly string[]): boolean {
  return patterns.length === labels.length && patterns.every((pattern, at) => matchesAsterisks(pattern, labels[at] ?? ""));
}

interface RealmRules {
  /** INSECURE_REGISTRIES and REGISTRY_REALMS, as `hostOfKey` writes them. */
  readonly insecureHosts: ReadonlySet<string>;
  readonly realmHosts: ReadonlySet<string>;
}

/** The token endpoint when it may be asked with the registry's credentials, else why not. */
export function decideRealm(registry: URL, text: string | undefined, rules: RealmRules): URL | { readonly problem: string } {
  const realm = URL.parse(text ?? "");
  if (!realm || (realm.protocol !== "https:" && realm.protocol !== "http:") || realm.username !== "" || realm.password !== "") {
    return { problem: `${registry.host} names no usable token endpoint (realm); check that the URL is a registry's` };
  }
  realm.hash = "";
  const name = `${realm.origin}${realm.pathname}`.slice(0, 200);
  if (realm.protocol !== "https:" && !rules.insecureHosts.has(realm.host)) {
    return {
      problem: `${registry.host} wants a token from ${name}, which is not https; nothing is sent there unless INSECURE_REGISTRIES lists ${realm.host}`,
    };
  }
  if (realm.hostname === registry.hostname || rules.realmHosts.has(realm.host) || sameOwner(realm.hostname, registry.hostname))
    return realm;
  return {
    problem: `${registry.host} wants a token from ${name}, another host's; nothing is sent there unless REGISTRY_REALMS lists ${realm.host}`,
  };
}

/**
 * One registrable domain below a listed public suffix: auth.docker.io and registry-1.docker.io, gitlab.com and registry.gitlab.com.
 * Unlisted ones (`svc.cluster.local`) have many owners.
 */
function sameOwner(first: string, second: string): boolean {
  const options = { allowPrivateDomains: true };
  const { domain, isIcann, isPrivate } = parse(first, options);
  return (isIcann === true || isPrivate === true) && domain !== null && domain === getDomain(second, options);
}
