import type { SshRepository } from "../../core/types.ts";
import { ReconcileError } from "../../errors.ts";
import { serverWords } from "../../text/server-words.ts";
import { shellQuote } from "./git-command.ts";
import { fingerprint, type HostKeyLine, type HostKeys, type HostKeyVerdict, keyType } from "./known-hosts.ts";

/** The server hung up before it let us in: throttling (MaxStartups, PerSourcePenalties) looks like this and passes. */
export class HungUpEarly extends ReconcileError {}

/** The server opens no further session on this connection (MaxSessions). */
export class SessionRefused extends Error {}

/** `host:port` as people write it. */
export function endpointOf({ host, port }: { host: string; port: number }): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Why a connection could not be opened, or broke. */
export function unreachable(to: SshRepository, cause: NodeJS.ErrnoException): ReconcileError {
  return new ReconcileError("git_unreachable", whyUnreachable(endpointOf(to), cause), { cause });
}

function whyUnreachable(at: string, { code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "ECONNREFUSED":
      return `git host ${at} refuses connections; check the port and that its SSH server runs`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return `no way to git host ${at} (${code}); check the address, firewall and NetworkPolicy`;
    default:
      return `the connection to git host ${at} failed: ${serverWords(message || `${code}`)}; check its SSH server`;
  }
}

export function hungUpEarly(to: SshRepository, cause?: Error): HungUpEarly {
  const why = "it may be throttling (MaxStartups) or have blocked this address";
  return new HungUpEarly("git_unreachable", `git host ${endpointOf(to)} hung up during the handshake; ${why}`, { cause });
}

export function denied(to: SshRepository, keyId: string, cause?: Error): ReconcileError {
  return new ReconcileError(
    "git_denied",
    `${to.user}@${endpointOf(to)} does not accept the SSH key ${keyId}; register its public half there (as a deploy key, for the manifests repository ` +
      "with write access), or correct the Secret",
    { cause },
  );
}

/** No line trusts a key of the host, so nothing that it could show would do. */
export function hostUnknown(to: SshRepository, keys: HostKeys, missingFiles: readonly string[]): ReconcileError {
  const [authority] = keys.authorities;
  const why = authority ? `${authority.source} is a @cert-authority line, which is not supported` : "no known_hosts line is for it";
  const missing = missingFiles.length > 0 ? `; these files of SSH_KNOWN_HOSTS do not exist: ${missingFiles.join(", ")}` : "";
  return new ReconcileError(
    "git_host_key",
    `the host key of ${endpointOf(to)} is not known: ${why}, so it was not connected to; ${addLine(keyscan(to))}${ignoredLines(keys)}${missing}`,
  );
}

export function hostKeyRefused(
  to: SshRepository,
  presented: Buffer,
  verdict: Exclude<HostKeyVerdict, { kind: "trusted" }>,
  keys: HostKeys,
): ReconcileError {
  const at = endpointOf(to);
  const type = keyType(presented) ?? "unknown";
  const key = `${type} ${fingerprint(presented)}`;
  const message =
    verdict.kind === "revoked"
      ? `THE HOST KEY OF ${at} IS REVOKED: it shows ${key}, which ${verdict.line.source} revokes; nothing was sent; the host needs a new key`
      : `THE HOST KEY OF ${at} HAS CHANGED: it shows ${key}, but known is ${verdict.lines.map(describe).join(", ")}; someone may be in between, ` +
        `nothing was sent; if the host really has a new key, ${addLine(keyscan(to, type))}, and remove the old line${ignoredLines(keys)}`;
  return new ReconcileError("git_host_key", message);
}

function addLine(scan: string): string {
  const where = "a file named in SSH_KNOWN_HOSTS (in the cluster the key known_hosts of the ConfigMap known-hosts)";
  return `add the line that "${scan}" prints to ${where}, once its fingerprint is the one that the host publishes`;
}

const MOST_IGNORED_SHOWN = 5;

function ignoredLines({ ignored }: HostKeys): string {
  if (ignored.length === 0) return "";
  const rest = ignored.length - MOST_IGNORED_SHOWN;
  const more = rest > 0 ? ` and ${rest} more` : "";
  return `; ignored lines of this host: ${ignored.slice(0, MOST_IGNORED_SHOWN).join(", ")}${more}`;
}

function describe(line: HostKeyLine): string {
  return `${line.type} ${fingerprint(line.key)} (${line.source})`;
}

/** All types without one. */
function keyscan({ host, port }: SshRepository, type?: string): string {
  const name = host.replace(/^\[(.*)\]$/, "$1");
  const family = type === undefined ? "" : `-t ${type.replace(/^ssh-/, "").replace(/^ecdsa-.*/, "ecdsa")} `;
  return `ssh-keyscan ${family}-p ${port} ${/^[\w.:-]+$/.test(name) ? name : shellQuote(name)}`;
}
