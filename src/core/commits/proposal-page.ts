/** Where a person opens a pull or merge request for a branch, in a browser. */
import { withoutLast } from "../../text/without-last.ts";
import type { Forge } from "../forges.ts";
import type { Repository } from "../types.ts";

/** Undefined: the path is none of that forge's repositories. */
export function proposalPage(forge: Forge, repository: Repository, base: string, head: string): string | undefined {
  const parts = partsOf(repository);
  const below = parts && pageOf(forge, parts, segments(base), segments(head), head, base);
  return below === undefined ? undefined : `${webRoot(forge)}/${below}`;
}

/** Of a repository at GitLab, below which its requests are. */
export function repositoryPage(forge: Forge, repository: Repository): string | undefined {
  const parts = partsOf(repository);
  return parts && `${webRoot(forge)}/${segments(parts.join("/"))}`;
}

function partsOf(repository: Repository): readonly string[] | undefined {
  const written = repository.transport === "https" ? decodeURIComponent(repository.path) : repository.path;
  const path = withoutLast(written.replace(/^\/+/, ""), "/").replace(/\.git$/i, "");
  const parts = path.split("/");
  return path.startsWith("~") || parts.length < 2 ? undefined : parts;
}

/** Of the forge as people open it, without a slash at its end. */
function webRoot({ host, kind, apiUrl }: Forge): string {
  const root = apiUrl.replace(/\/(?:api\/v[134]|rest)$/, "");
  const isElsewhere = kind === "bitbucket" || (kind === "github" && root === apiUrl);
  return isElsewhere ? `https://${host}` : root;
}

function pageOf(
  { kind }: Forge,
  parts: readonly string[],
  basePath: string,
  headPath: string,
  head: string,
  base: string,
): string | undefined {
  const [first = "", second = "", third = "", fourth = ""] = parts;
  const path = segments(parts.join("/"));
  const query = (pairs: Record<string, string>) => new URLSearchParams(pairs);
  switch (kind) {
    case "github":
      return parts.length === 2 ? `${path}/compare/${basePath}...${headPath}?expand=1` : undefined;
    case "gitea":
    case "forgejo":
      return parts.length === 2 ? `${path}/compare/${basePath}...${headPath}` : undefined;
    case "gitlab":
      return `${path}/-/merge_requests/new?${query({ "merge_request[source_branch]": head, "merge_request[target_branch]": base })}`;
    case "bitbucket":
      return parts.length === 2 ? `${path}/pull-requests/new?${query({ source: head, dest: base })}` : undefined;
    case "bitbucket-server": {
      // Over https the path begins with what is no project's.
      const [project, name] = first === "scm" ? [second, third] : [first, second];
      const place = project.startsWith("~") ? `users/${segments(project.slice(1))}` : `projects/${segments(project)}`;
      return `${place}/repos/${segments(name)}/pull-requests?${query({ create: "", sourceBranch: `refs/heads/${head}`, targetBranch: `refs/heads/${base}` })}`;
    }
    case "azure": {
      // v3/ORG/PROJECT/NAME over SSH, ORG/PROJECT/_git/NAME over https.
      const place = first === "v3" ? [second, third, fourth] : third === "_git" ? [first, second, fourth] : [];
      if (place.length < 3 || place.includes("")) return undefined;
      const [organisation = "", project = "", name = ""] = place.map(segments);
      return `${organisation}/${project}/_git/${name}/pullrequestcreate?${query({ sourceRef: head, targetRef: base })}`;
    }
  }
}

/** Half a surrogate pair, which no URL can hold, must not end a run. */
function segments(text: string): string {
  return text.toWellFormed().split("/").map(encodeURIComponent).join("/");
}
