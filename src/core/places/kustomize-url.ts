import { parseRepository, repositoryName } from "../repository.ts";

/** A repository that a kustomization refers to, and the commit in the text that it is to be read at. */
interface RemoteTarget {
  /** As `repositoryName` has it. */
  readonly repository: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** Where in the text the commit begins. */
  readonly commitAt: number;
}

/** Undefined where the text names no repository at a commit; read as kustomize does: https://github.com/kubernetes-sigs/kustomize/blob/master/examples/remoteBuild.md */
export function parseRemoteTarget(text: string): RemoteTarget | undefined {
  const mark = text.indexOf("?");
  const commit = mark < 0 ? undefined : findCommit(text.slice(mark + 1));
  if (!commit) return undefined;
  const repository = nameOf(text.slice(0, mark));
  return repository === undefined ? undefined : { repository, commit: commit.text, commitAt: mark + 1 + commit.at };
}

/** `ref`, or else `version`: the first of several counts. */
function findCommit(query: string): { text: string; at: number } | undefined {
  // Go reads nothing of such a query.
  if (query.includes(";") || /%(?![0-9a-f]{2})/i.test(query)) return undefined;
  const first = new Map<string, { text: string; at: number }>();
  let at = 0;
  for (const part of query.split("&")) {
    const [key = ""] = part.split("=", 1);
    if (!first.has(key)) first.set(key, { text: part.slice(key.length + 1), at: at + key.length + 1 });
    at += part.length + 1;
  }
  const ref = first.get("ref");
  const found = ref && ref.text !== "" ? ref : first.get("version");
  return found && /^[0-9a-f]{40}$/i.test(found.text) ? found : undefined;
}

function nameOf(url: string): string | undefined {
  const [, scheme = "", user = "", rest = ""] = /^(?:git::)?(ssh:\/\/|https?:\/\/)?(?:([a-z][a-z0-9-]*)@)?(.*)$/is.exec(url) ?? [];
  const isGitHub = /^github\.com[:/]/i.test(rest);
  if (scheme === "" && user === "" && !isGitHub) return undefined;
  // Between host and path stands `:` or `/` where no scheme is written.
  const cut = rest.search(scheme === "" ? /[:/]/ : /\//);
  const [host, path] = [rest.slice(0, cut), cut < 0 ? undefined : repositoryPath(rest.slice(cut + 1))];
  if (path === undefined) return undefined;
  const isHttps = /^http/i.test(scheme) || (scheme === "" && user === "");
  const sshUser = user === "" ? "git" : user;
  const parsed = parseRepository(
    isHttps ? `https://${host}/${path}` : scheme === "" ? `${sshUser}@${host}:${path}` : `ssh://${sshUser}@${host}/${path}`,
  );
  return parsed.kind === "ok" ? repositoryName(parsed.repository) : undefined;
}

/** Without the folder in the repository: up to the part behind `_git/`, `//`, `.git`, or else two parts. */
function repositoryPath(path: string): string | undefined {
  const azure = path.indexOf("_git/");
  if (azure >= 0) return path.slice(0, azure + 5) + (path.slice(azure + 5).split("/", 1)[0] ?? "");
  for (const [mark, length] of [
    ["//", 0],
    [".git", 4],
  ] as const) {
    const at = path.indexOf(mark);
    if (at >= 0) return path.slice(0, at + length);
  }
  const parts = path.split("/", 2);
  return parts.length < 2 ? undefined : parts.join("/");
}
