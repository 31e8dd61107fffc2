/** Where a person opens a pull or merge request for a branch, in a browser. */
import { withoutLast } from "../../text/without-last.ts";
import type { Forge } from "../forges.ts";
import type { Repository } from "../types.ts";

/** Undefined: the path is none of that forge's repositories. */
export function proposalPage(forge: Forge, repository: Repository, base: string, head: string): string | undefined {
  const parts = partsOf(repository);
  const below = parts && pageOf(forge, parts, segments(base), segments(head));
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

/** Without a query, which no text of ours shows: where a page needs one, the forge's list of branches has the button too. */
function pageOf({ kind }: Forge, parts: readonly string[], base: string, head: string): string | undefined {
  const [first = "", second = "", third = "", fourth = ""] = parts;
  const path = segments(parts.join("/"));
  switch (kind) {
    case "github":
    case "gitea":
    case "forgejo":
      return parts.length === 2 ? `${path}/compare/${base}...${head}` : undefined;
    case "gitlab":
      return `${path}/-/compare/${base}...${head}`;
    case "bitbucket":
      return parts.length === 2 ? `${path}/branch/${head}` : undefined;
    case "bitbucket-server": {
      // Over https the path begins with what is no project's.
      const [project, name] = first === "scm" ? [second, third] : [first, second];
      const place = project.startsWith("~") ? `users/${segments(project.slice(1))}` : `projects/${segments(project)}`;
      return `${place}/repos/${segments(name)}/branches`;
    }
    case "azure": {
      // v3/ORG/PROJECT/NAME over SSH, ORG/PROJECT/_git/NAME over https.
      const place = first === "v3" ? [second, third, fourth] : third === "_git" ? [first, second, fourth] : [];
      if (place.length < 3 || place.includes("")) return undefined;
      const [organisation = "", project = "", name = ""] = place.map(segments);
      return `${organisation}/${project}/_git/${name}/branches`;
    }
  }
}

/** Half a surrogate pair, which no URL can hold, must not end a run. */
function segments(text: string): string {
  return text.toWellFormed().split("/").map(encodeURIComponent).join("/");
}
