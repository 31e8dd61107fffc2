import { unprintable } from "../text/escape.ts";
import type { Repository } from "./types.ts";

type ParsedRepository = { readonly kind: "ok"; readonly repository: Repository } | { readonly kind: "error"; readonly problem: string };

const maxBytes = 2048;
const defaultPort = { ssh: 22, https: 443 };
const forms = "write user@host:path, ssh://user@host/path, or https://host/path";
const userPattern = /^[a-z0-9_][a-z0-9_.+-]{0,63}$/i;
/** Nothing that a shell, a mention or an issue reference could be made of. */
const pathPattern = /^[\p{L}\p{M}\p{N} ._~+\-/%,=:()]*$/u;
const labelsPattern = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

/** The forges' SSH hosts on port 443, for networks that block 22: the same repositories. */
const aliases = new Map([
  ["ssh.github.com", "github.com"],
  ["altssh.gitlab.com", "gitlab.com"],
  ["altssh.bitbucket.org", "bitbucket.org"],
]);

/**
 * The three forms of the contract; a problem never repeats the text, which may hold a password.
 * The path is what git passes to the remote command: in `host:path` as written, so relative to the home folder; in `ssh://host/path`
 * percent-decoded and absolute, but `/~user/x` without its slash.
 */
export function parseRepository(text: string): ParsedRepository {
  if (Buffer.byteLength(text) > maxBytes) return error(`is longer than ${maxBytes} bytes; ${forms}`);
  if (unprintable.test(text) || /\s/.test(text)) return error(`holds a space, a control or an invisible character; ${forms}`);
  if (text.includes("\\")) return error(`holds a backslash; ${forms}`);
  if (text.startsWith("-")) return error(`begins with '-', like an option; ${forms}`);
  const url = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)/is.exec(text);
  if (!url) return parseScpLike(text);
  const [, scheme = "", authority = "", rest = ""] = url;
  if (/[?#]/.test(rest))
    return error(`has a query or fragment; leave it out (observe_branch and manifest_branch name branches), and ${forms}`);
  if (scheme.toLowerCase() === "ssh") return parseSshUrl(authority, rest);
  if (scheme.toLowerCase() === "https") return parseHttpsUrl(authority, rest);
  return error(`has a transport that is refused (only ssh and https are allowed); ${forms}`);
}

/** As messages show it; parses back to an equal repository. */
export function formatRepository(repository: Repository): string {
  const { transport, host, port, path } = repository;
  const authority = port === defaultPort[transport] ? bracketed(host) : `${bracketed(host)}:${port}`;
  if (transport === "https") return `https://${authority}${path}`;
  if (path.startsWith("/")) return `ssh://${repository.user}@${authority}${encodePath(path)}`;
  if (port === defaultPort.ssh && !path.includes(" ")) return `${repository.user}@${bracketed(host)}:${path}`;
  return `ssh://${repository.user}@${authority}/${encodePath(path)}`;
}

/** The host that is meant, where the name is a forge's second one. */
export function canonicalHost(host: string): string {
  return aliases.get(host) ?? host;
}

/**
 * `host[:port]/owner/repo`, whatever the transport, the user and the spelling: what globs of allowed repositories are held against.
 * Letter case of the path counts: one name too many would open a repository.
 */
export function repositoryName({ transport, host: named, port, path }: Repository): string {
  const host = canonicalHost(named);
  const isUsualPort = host !== named || port === defaultPort[transport];
  const decoded = transport === "https" ? (decodePath(path) ?? path) : path;
  const parts = decoded.split("/").filter((part) => part !== "");
  // `team/.git` is the repository `team` of a server that keeps work trees.
  return `${bracketed(host)}${isUsualPort ? "" : `:${port}`}/${parts.join("/").replace(/\/?\.git$/, "")}`;
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function parseScpLike(text: string): ParsedRepository {
  const match = /^([^@:/]*)@(\[[^\]]*\]|[^:/@]*):(.*)$/s.exec(text);
  if (!match) return error(`is no repository; ${forms}`);
  const [, user = "", host = "", path = ""] = match;
  // git reads `::` as a remote helper, which runs a program.
  if (path.startsWith(":")) return error(`has a transport that is refused (only ssh and https are allowed); ${forms}`);
  return build("ssh", user, host, "", fromHome(path));
}

/** git drops the slash in both forms. */
function fromHome(path: string): string {
  return path.startsWith("/~") ? path.slice(1) : path;
}

function parseSshUrl(authority: string, rest: string): ParsedRepository {
  const at = authority.lastIndexOf("@");
  const user = at < 0 ? "git" : authority.slice(0, at);
  if (user.includes(":")) return error("holds a password; SSH uses the key of the Secret, so write ssh://user@host/path");
  const { host, port } = splitPort(authority.slice(at + 1));
  const path = decodePath(rest);
  if (path === undefined) return error(`has a '%' that encodes no character; ${forms}`);
  return build("ssh", user, host, port, fromHome(path));
}

function parseHttpsUrl(authority: string, rest: string): ParsedRepository {
  if (authority.includes("@")) {
    return error(
      "holds a user or password, which everybody can read there; write https://host/path, and put username and password into the Secret that gitops.operator.ssh_key_name names",
    );
  }
  const { host, port } = splitPort(authority);
  return build("https", "", host, port, rest);
}

function build(transport: "ssh" | "https", user: string, hostText: string, portText: string, path: string): ParsedRepository {
  if (transport === "ssh" && !userPattern.test(user)) return error(`has a user that is none; ${forms}`);
  const host = parseHost(hostText);
  if (host === undefined) return error(`has a host that is none; ${forms}`);
  const port = portText === "" ? defaultPort[transport] : /^:[1-9]\d{0,4}$/.test(portText) ? Number(portText.slice(1)) : 0;
  if (port < 1 || port > 65_535) return error(`has a port that is none (1 to 65535); ${forms}`);
  const problem = pathProblem(transport === "https" ? decodePath(path) : path);
  if (problem !== undefined) return error(`${problem}; ${forms}`);
  if (transport === "https") return { kind: "ok", repository: { transport, host, port, path } };
  return { kind: "ok", repository: { transport, user, host, port, path } };
}

function pathProblem(path: string | undefined): string | undefined {
  if (path === undefined) return "has a '%' that encodes no character";
  const parts = path.split("/");
  if (parts.every((part) => part === "")) return "has no path to a repository";
  if (path.startsWith("-")) return "has a path that begins with '-', like an option";
  if (parts.includes("..") || parts.includes(".")) return "has '.' or '..' in its path";
  if (!pathPattern.test(path)) return "has a character in its path that no host uses in repository names";
  return undefined;
}

function parseHost(text: string): string | undefined {
  if (/^\[[0-9a-f:.]+\]$/i.test(text)) return URL.parse(`http://${text}`)?.hostname.slice(1, -1);
  return text.length <= 253 && labelsPattern.test(text) ? text.toLowerCase() : undefined;
}

function splitPort(authority: string): { host: string; port: string } {
  const match = /^(\[[^\]]*\]|[^:]*)(.*)/s.exec(authority);
  return { host: match?.[1] ?? "", port: match?.[2] ?? "" };
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function error(problem: string): ParsedRepository {
  return { kind: "error", problem };
}
