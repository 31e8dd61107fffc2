/** The forges that the operator knows, by their git hosts. Only its environment adds one: an annotation never says where a token is sent. */
import type { Repository } from "./types.ts";

/** Kinds, and how people call them. */
export const forgeNames = {
  github: "GitHub",
  gitlab: "GitLab",
  gitea: "Gitea",
  forgejo: "Forgejo",
  bitbucket: "Bitbucket Cloud",
  "bitbucket-server": "Bitbucket Server",
  azure: "Azure DevOps",
} as const;

export type ForgeKind = keyof typeof forgeNames;

export interface Forge {
  /** Of its git repositories, in lower case and without port. */
  readonly host: string;
  readonly kind: ForgeKind;
  /** The root of its API, with what each kind has below the forge's own root. */
  readonly apiUrl: string;
}

type ParsedForges = { readonly kind: "ok"; readonly forges: readonly Forge[] } | { readonly kind: "error"; readonly problem: string };

const form = `write host=kind or host=kind@https://forge, with commas between them; kinds are ${Object.keys(forgeNames).join(", ")}`;
const hostForm = /^(?:[a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\])$/;
/** The machine itself, and Services of the cluster: there a token does not cross a network of others in the clear. */
const nearHosts = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost|[a-z0-9-]+\.[a-z0-9-]+\.svc(?:\.cluster\.local)?)$/;

export const builtInForges: readonly Forge[] = [
  forge("github.com", "github", "https://api.github.com"),
  forge("gitlab.com", "gitlab"),
  forge("codeberg.org", "forgejo"),
  forge("bitbucket.org", "bitbucket"),
  forge("dev.azure.com", "azure"),
  forge("ssh.dev.azure.com", "azure"),
];

/** Hosts of the same repositories, for networks that block SSH's own port. */
const onPort443: Readonly<Record<string, string>> = {
  "ssh.github.com": "github.com",
  "altssh.gitlab.com": "gitlab.com",
  "altssh.bitbucket.org": "bitbucket.org",
};

/** Why nothing is asked of a host that is none of them, and what to do about it. */
export function unknownForge(host: string): string {
  const kinds = Object.keys(forgeNames).join(", ");
  return `nobody has said which forge ${host} is; let an administrator add ${host}=KIND to FORGES (KIND is one of ${kinds})`;
}

/** FORGES: `host=kind[@url]` with commas between them. One item that is none spoils the list. */
export function parseForges(text: string): ParsedForges {
  const forges: Forge[] = [];
  const items = text.split(",").map((item) => item.trim());
  for (const [index, item] of items.filter((one) => one !== "").entries()) {
    const parsed = parseForge(item);
    const problem =
      typeof parsed === "string" ? parsed : forges.some(({ host }) => host === parsed.host) ? "names a host again" : undefined;
    if (problem !== undefined) return { kind: "error", problem: `has an item that ${problem} (number ${index + 1}); ${form}` };
    forges.push(parsed as Forge);
  }
  return { kind: "ok", forges };
}

/** Those of FORGES come first, then GitHub's by its own two variables. */
export function knownForges(named: readonly Forge[], gitHub: Pick<Forge, "host" | "apiUrl">): readonly Forge[] {
  const all = [...named, { host: gitHub.host.toLowerCase(), kind: "github" as const, apiUrl: gitHub.apiUrl }, ...builtInForges];
  return all.filter(({ host }, index) => all.findIndex((other) => other.host === host) === index);
}

/** Undefined: nobody has said what is behind that host. */
export function forgeOf(forges: readonly Forge[], { host, port }: Repository): Forge | undefined {
  const meant = (port === 443 ? onPort443[host] : undefined) ?? host;
  return forges.find((one) => bare(one.host) === meant);
}

function parseForge(item: string): Forge | string {
  const [, named = "", kind = "", url] = /^([^=]*)=([^@]*)(?:@(.*))?$/s.exec(item) ?? [];
  const host = named.toLowerCase();
  if (!item.includes("=")) return "names no kind";
  if (!hostForm.test(host)) return "has no host, or one with a port";
  if (!isKind(kind)) return "has no kind that is known";
  const root = url === undefined ? undefined : parseRoot(url);
  return typeof root === "object" ? root.problem : forge(host, kind, root);
}

/** The root without a slash at its end. */
function parseRoot(text: string): string | { readonly problem: string } {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return { problem: "has a URL that is none" };
  if (url.username || url.password) return { problem: "has a URL with a user or password" };
  if (url.search || url.hash) return { problem: "has a URL with a query or fragment" };
  if (url.protocol === "http:" && !nearHosts.test(url.hostname)) {
    return {
      problem: "has an http URL, which would show tokens to the network; write https (http is for loopback and NAME.NAMESPACE.svc)",
    };
  }
  return url.origin + url.pathname.replace(/\/$/, "");
}

function isKind(text: string): text is ForgeKind {
  return Object.hasOwn(forgeNames, text);
}

/** `root`: as people open it in a browser. */
function forge(host: string, kind: ForgeKind, root = usualRoot(host, kind)): Forge {
  return { host, kind, apiUrl: root + below(root, kind) };
}

function usualRoot(host: string, kind: ForgeKind): string {
  if (kind === "bitbucket") return "https://api.bitbucket.org";
  return `https://${kind === "azure" && host === "ssh.dev.azure.com" ? "dev.azure.com" : host === "github.com" ? "api.github.com" : host}`;
}

function below(root: string, kind: ForgeKind): string {
  switch (kind) {
    case "github":
      // An Enterprise server has its API below its own root, the others have a host for it.
      return new URL(root).hostname.startsWith("api.") ? "" : "/api/v3";
    case "gitlab":
      return "/api/v4";
    case "gitea":
    case "forgejo":
      return "/api/v1";
    case "bitbucket":
      return "/2.0";
    case "bitbucket-server":
      return "/rest";
    case "azure":
      return "";
  }
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}
