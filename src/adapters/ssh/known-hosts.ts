import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { ReconcileError } from "../../errors.ts";
import { matchesGlob } from "../../text/matches-glob.ts";
import { readStrings, sshString } from "./ssh-strings.ts";

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
  /** Lines of this host that do not count, as `file:line: reason`. */
  readonly ignored: readonly string[];
}

export type HostKeyVerdict =
  | { readonly kind: "trusted" }
  | { readonly kind: "revoked"; readonly line: HostKeyLine }
  | { readonly kind: "changed"; readonly lines: readonly HostKeyLine[] };

export type KnownHosts = ReturnType<typeof parseKnownHosts>;

interface Line extends HostKeyLine {
  readonly marker: "@revoked" | "@cert-authority" | undefined;
  matches(name: string): boolean;
}

interface IgnoredLine extends Pick<Line, "matches"> {
  readonly problem: string;
}

/** The types of host keys that are asked for, and of how many fields such a key consists, its type first (RFC 4253, 5656, 8709). */
const fieldsOfType: Readonly<Record<string, number>> = {
  "ssh-ed25519": 2,
  "ecdsa-sha2-nistp256": 3,
  "ecdsa-sha2-nistp384": 3,
  "ecdsa-sha2-nistp521": 3,
  "ssh-rsa": 3,
};
/** They name ways to sign, not keys; OpenSSH's sshkey_read takes each for `ssh-rsa`, in the line and inside the key. */
const rsaSignatures = ["rsa-sha2-256", "rsa-sha2-512"];

/** The files in OpenSSH's format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export function parseKnownHosts(files: readonly { readonly name: string; readonly text: string }[]) {
  const lines: Line[] = [];
  const ignored: IgnoredLine[] = [];
  for (const file of files) {
    for (const [index, text] of file.text
      .replace(/^\uFEFF/, "")
      .split(/\r\n|\n|\r/)
      .entries()) {
      if (/^\s*(#|$)/.test(text)) continue;
      const source = `${file.name}:${index + 1}`;
      const line = parseLine(text.trim(), source);
      if ("problem" in line) ignored.push({ ...line, problem: `${source}: ${line.problem}` });
      else lines.push(line);
    }
  }
  return {
    /** Lines that were ignored because they are not known_hosts lines, as `file:line: reason`. */
    problems: ignored.map(({ problem }) => problem),
    /** Files that do not exist. */
    missing: [] as readonly string[],
    keysOf(host: string, port: number): HostKeys {
      const plain = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
      const name = port === 22 ? plain : `[${plain}]:${port}`;
      // ssh(1) also accepts the plain name's key on another port; we do not: a line trusts the port that it names.
      const ours = lines.filter((line) => line.matches(name));
      return {
        trusted: ours.filter((line) => line.marker === undefined),
        authorities: ours.filter((line) => line.marker === "@cert-authority"),
        // A key that was revoked for the host's plain name is refused on every port.
        revoked: lines.filter((line) => line.marker === "@revoked" && (line.matches(name) || line.matches(plain))),
        ignored: ignored.filter((line) => line.matches(name)).map(({ problem }) => problem),
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

/** For a host with at least one trusted line; any other is not connected to. */
export function decideHostKey(keys: HostKeys, presented: Buffer): HostKeyVerdict {
  const isPresented = (line: HostKeyLine) => line.key.equals(presented);
  const revoked = keys.revoked.find(isPresented);
  if (revoked) return { kind: "revoked", line: revoked };
  return keys.trusted.some(isPresented) ? { kind: "trusted" } : { kind: "changed", lines: keys.trusted };
}

/** As `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replaceAll("=", "")}`;
}

/** The type that a key in wire form names itself; undefined when it is no key. */
export function keyType(key: Buffer): string | undefined {
  const { found: [name] = [], rest } = readStrings(key, 1) ?? {};
  return name?.length && name.length <= 64 && rest?.length ? name.toString("latin1") : undefined;
}

function parseLine(text: string, source: string): Line | IgnoredLine {
  const fields = text.split(/[ \t]+/);
  const marker = fields[0]?.startsWith("@") ? fields.shift() : undefined;
  const [hosts = "", word, base64] = fields;
  const matches = hosts.startsWith("|") ? matchHashed(hosts) : matchPatterns(hosts);
  if (matches === undefined) return { problem: "the hashed host name is damaged", matches: () => false };
  if (marker !== undefined && marker !== "@revoked" && marker !== "@cert-authority")
    return { problem: `unknown marker ${marker}`, matches };
  if (word === undefined || base64 === undefined) return { problem: "expected: hosts, key type, key", matches };
  const type = rsaSignatures.includes(word) ? "ssh-rsa" : word;
  const key = readKey(type, base64);
  return typeof key === "string" ? { problem: key, matches } : { source, marker, type, key, matches };
}

/** The key in wire form, or why it is none. */
function readKey(type: string, base64: string): Buffer | string {
  if (!Object.hasOwn(fieldsOfType, type)) return `keys of type ${type} are not supported`;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return "the key is not base64";
  const key = Buffer.from(base64, "base64");
  const { found: [name] = [], rest: values } = readStrings(key, 1) ?? {};
  const own = name?.toString("latin1") ?? "";
  if (own !== type && !(type === "ssh-rsa" && rsaSignatures.includes(own))) return `the key is not of type ${type}`;
  if (!values || readStrings(key, fieldsOfType[type] ?? 0)?.rest.length !== 0) return "the key is damaged";
  return own === type ? key : Buffer.concat([sshString(type), values]);
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
  return (name) => matchesGlob(plain, name);
}

function canonicalIPv6(address: string): string {
  return address.includes("%") ? address : new URL(`ssh://[${address}]`).hostname;
}
