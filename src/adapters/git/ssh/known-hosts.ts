import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { ReconcileError } from "../../../errors.ts";

export interface HostKeyLine {
  /** `file:line`, for messages. */
  readonly source: string;
  readonly type: string;
  /** The key as it goes over the wire. */
  readonly key: Buffer;
}

/** What the files say of one host and port. */
export interface HostKeys {
  readonly trusted: readonly HostKeyLine[];
  readonly revoked: readonly HostKeyLine[];
  /** `@cert-authority` lines: host certificates are not supported, so these trust nothing here. */
  readonly authorities: readonly HostKeyLine[];
}

export type HostKeyVerdict =
  | { readonly kind: "trusted" }
  | { readonly kind: "revoked"; readonly line: HostKeyLine }
  | { readonly kind: "changed"; readonly lines: readonly HostKeyLine[] }
  | { readonly kind: "certificate_only"; readonly line: HostKeyLine }
  | { readonly kind: "unknown" };

export interface KnownHosts {
  keysOf(host: string, port: number): HostKeys;
  /** Lines that were ignored because they are not known_hosts lines, as `file:line: reason`. */
  readonly problems: readonly string[];
  /** Files that do not exist. */
  readonly missing: readonly string[];
}

interface Line extends HostKeyLine {
  readonly marker: "@revoked" | "@cert-authority" | undefined;
  matches(name: string): boolean;
}

/** The files in OpenSSH's format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export function parseKnownHosts(files: readonly { readonly name: string; readonly text: string }[]): KnownHosts {
  const lines: Line[] = [];
  const problems: string[] = [];
  for (const file of files) {
    for (const [index, text] of file.text
      .replace(/^\uFEFF/, "")
      .split(/\r\n|\n|\r/)
      .entries()) {
      if (/^\s*(#|$)/.test(text)) continue;
      const source = `${file.name}:${index + 1}`;
      const line = parseLine(text.trim(), source);
      if (typeof line === "string") problems.push(`${source}: ${line}`);
      else lines.push(line);
    }
  }
  return {
    problems,
    missing: [],
    keysOf(host, port) {
      const plain = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
      const name = port === 22 ? plain : `[${plain}]:${port}`;
      // ssh(1) also accepts the plain name's key on another port; we do not: a line trusts the port that it names.
      const ours = lines.filter((line) => line.matches(name));
      return {
        trusted: ours.filter((line) => line.marker === undefined),
        authorities: ours.filter((line) => line.marker === "@cert-authority"),
        // A key that was revoked for the host's plain name is refused on every port.
        revoked: lines.filter((line) => line.marker === "@revoked" && (line.matches(name) || line.matches(plain))),
      };
    },
  };
}

/** Reads the files; one that does not exist is empty, one that cannot be read is an error. */
export async function readKnownHosts(paths: readonly string[]): Promise<KnownHosts> {
  const missing: string[] = [];
  const files = await Promise.all(
    paths.map(async (name) => {
      try {
        return { name, text: await readFile(name, "utf8") };
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOENT") {
          missing.push(name);
          return { name, text: "" };
        }
        throw new ReconcileError("git_host_key", `cannot read the host keys in ${name} (${code}); check the file and SSH_KNOWN_HOSTS`, {
          cause: error,
        });
      }
    }),
  );
  return { ...parseKnownHosts(files), missing };
}

export function decideHostKey(keys: HostKeys, presented: Buffer): HostKeyVerdict {
  const isPresented = (line: HostKeyLine) => line.key.equals(presented);
  const revoked = keys.revoked.find(isPresented);
  if (revoked) return { kind: "revoked", line: revoked };
  if (keys.trusted.some(isPresented)) return { kind: "trusted" };
  if (keys.trusted.length > 0) return { kind: "changed", lines: keys.trusted };
  const [authority] = keys.authorities;
  return authority ? { kind: "certificate_only", line: authority } : { kind: "unknown" };
}

/** As `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** The type that a key in wire form names itself; undefined when it is no key. */
export function keyType(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  const length = key.readUInt32BE(0);
  return length > 0 && length <= 64 && key.length > 4 + length ? key.toString("latin1", 4, 4 + length) : undefined;
}

function parseLine(text: string, source: string): Line | string {
  const fields = text.split(/[ \t]+/);
  const marker = fields[0]?.startsWith("@") ? fields.shift() : undefined;
  if (marker !== undefined && marker !== "@revoked" && marker !== "@cert-authority") return `unknown marker ${marker}`;
  const [hosts, type, base64] = fields;
  if (hosts === undefined || type === undefined || base64 === undefined) return "expected: hosts, key type, key";
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return "the key is not base64";
  const key = Buffer.from(base64, "base64");
  if (keyType(key) !== type) return `the key is not of type ${type}`;
  const matches = hosts.startsWith("|") ? matchHashed(hosts) : matchPatterns(hosts);
  return matches === undefined ? "the hashed host name is damaged" : { source, marker, type, key, matches };
}

function matchHashed(hosts: string): Line["matches"] | undefined {
  const [, salt, hash] = /^\|1\|([^|]+)\|([^|]+)$/.exec(hosts) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const expected = Buffer.from(hash, "base64");
  if (expected.length !== 20) return undefined;
  const key = Buffer.from(salt, "base64");
  return (name) => timingSafeEqual(createHmac("sha1", key).update(name).digest(), expected);
}

function matchPatterns(hosts: string): Line["matches"] {
  const patterns = hosts.split(",").filter((pattern) => pattern.replace(/^!/, "") !== "");
  const negated = patterns.filter((pattern) => pattern.startsWith("!")).map((pattern) => matchPattern(pattern.slice(1)));
  const wanted = patterns.filter((pattern) => !pattern.startsWith("!")).map(matchPattern);
  return (name) => wanted.some((matches) => matches(name)) && !negated.some((matches) => matches(name));
}

function matchPattern(pattern: string): Line["matches"] {
  const [, bracketed, port = "22"] = /^\[(.+)\](?::(\d+))?$/.exec(pattern.toLowerCase()) ?? [];
  const plain = bracketed !== undefined && port === "22" ? bracketed : pattern.toLowerCase();
  if (isIPv6(plain)) return (name) => isIPv6(name) && canonicalIPv6(name) === canonicalIPv6(plain);
  const source = plain
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  const expression = new RegExp(`^${source}$`);
  return (name) => expression.test(name);
}

function canonicalIPv6(address: string): string {
  return address.includes("%") ? address : new URL(`ssh://[${address}]`).hostname;
}
