/** Where people look at a commit or a file in a browser, for the forges whose URLs are known; undefined for all others. */
import { withoutLast } from "../../text/without-last.ts";
import { isPattern } from "../file-patterns.ts";
import { canonicalHost } from "../repository.ts";
import { parseDeploymentPath } from "../targets/deployment-path.ts";
import type { Repository } from "../types.ts";

type Forge = "github" | "gitlab" | "bitbucket" | "gitea";

const paths: Readonly<Record<Forge, { readonly commit: string; readonly file: string }>> = {
  github: { commit: "commit", file: "blob" },
  gitlab: { commit: "-/commit", file: "-/blob" },
  bitbucket: { commit: "commits", file: "src" },
  gitea: { commit: "commit", file: "src/branch" },
};

/** First labels by which people name their own servers; Bitbucket's own-server product has other URLs. */
const labels: readonly (readonly [RegExp, Forge])[] = [
  [/^github\./, "github"],
  [/^gitlab\./, "gitlab"],
  [/^(?:gitea|forgejo|codeberg)\./, "gitea"],
];

/** `githubHost`: GitHub Enterprise, whatever it is called. */
export function commitUrl(repository: Repository, sha: string, githubHost: string): string | undefined {
  if (!/^[0-9a-f]{7,64}$/.test(sha)) return undefined;
  return urlOf(repository, githubHost, (forge) => [paths[forge].commit, sha]);
}

/** `path`: as the annotation has it; a link leads to one file. */
export function fileUrl(repository: Repository, branch: string, path: string, githubHost: string): string | undefined {
  const parsed = parseDeploymentPath(path);
  if (parsed.kind === "error") return undefined;
  const [file, ...others] = parsed.files;
  if (others.length > 0 || isPattern(file)) return undefined;
  return urlOf(repository, githubHost, (forge) => [paths[forge].file, encodeSegments(branch), encodeSegments(file.path)]);
}

function urlOf(repository: Repository, githubHost: string, rest: (forge: Forge) => readonly string[]): string | undefined {
  const host = canonicalHost(repository.host);
  const forge = forgeOf(host, githubHost);
  const written = repository.transport === "https" ? decodeURIComponent(repository.path) : repository.path;
  const path = withoutLast(written.replace(/^\/+/, ""), "/").replace(/\.git$/i, "");
  const depth = path.split("/").length;
  if (!forge || path.startsWith("~") || depth < 2 || (depth > 2 && forge !== "gitlab")) return undefined;
  const port = repository.transport === "https" && repository.port !== 443 ? `:${repository.port}` : "";
  return [`https://${host}${port}`, encodeSegments(path), ...rest(forge)].join("/");
}

function forgeOf(host: string, githubHost: string): Forge | undefined {
  if (host === githubHost) return "github";
  if (host === "bitbucket.org") return "bitbucket";
  return labels.find(([label]) => label.test(host))?.[1];
}

/** Half a surrogate pair, which no URL can hold, must not end the page of all. */
function encodeSegments(text: string): string {
  return text.toWellFormed().split("/").map(encodeURIComponent).join("/");
}
