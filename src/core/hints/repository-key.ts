import { canonicalHost, parseRepository, repositoryName } from "../repository.ts";
import type { Repository } from "../types.ts";

/** A repository as a sender names it. */
export interface NamedRepository {
  /** Equal for all addresses of one repository. */
  readonly key: string;
  /** For people: `host/owner/repo`. */
  readonly shown: string;
}

/**
 * Equal for all addresses of one repository. Port, user and letter case do not count here: a sender knows its own web address, we the address of
 * its git server. Two repositories taken for one cost a look, one taken for two would cost the event.
 */
export function repositoryKey(repository: Repository): string {
  const [, ...segments] = repositoryName(repository).split("/");
  return [hostAndPath(canonicalHost(repository.host), segments)].flat().map(decoded).join("/").toLowerCase();
}

/** What a sender calls its repository; undefined: no address that we know the form of. */
export function namedRepository(address: string): NamedRepository | undefined {
  // A web address may be plain http within a cluster, and Azure's holds the organisation as its user.
  const parsed = parseRepository(address.replace(/^https?:\/\/(?:[^/@]*@)?/i, "https://"));
  return parsed.kind === "ok" ? { key: repositoryKey(parsed.repository), shown: repositoryName(parsed.repository) } : undefined;
}

/** Azure DevOps and Bitbucket's server have paths of their own for each transport. */
function hostAndPath(host: string, segments: readonly string[]): string[] {
  const isAzure = /(?:^|\.)(?:dev\.azure\.com|visualstudio\.com)$/.test(host);
  if (!isAzure) return [host, ...(segments[0] === "scm" ? segments.slice(1) : segments)];
  const parts = segments.filter((part, index) => part !== "_git" && !(index === 0 && /^(?:v3|DefaultCollection)$/i.test(part)));
  // In the older form the organisation is a part of the host's name.
  const [organisation = ""] = host.split(".");
  const whole = /^(?:ssh\.|vs-ssh\.)?(?:dev\.azure|visualstudio)\.com$/.test(host) ? parts : [organisation, ...parts];
  // A project's first repository has the project's name, which web addresses leave out.
  return ["dev.azure.com", ...(whole.length === 2 ? [...whole, whole[1] ?? ""] : whole)];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
