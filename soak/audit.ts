/** Reads the manifests repositories afterwards and says which promises were broken. */
import type { BareRepository } from "../sandbox/bare-repository.ts";
import { git } from "../sandbox/git-process.ts";
import type { Changes } from "./changes.ts";
import { type App, FIRST_TAG, OPERATOR, type Town } from "./town.ts";

interface Entry {
  readonly sha: string;
  readonly parents: readonly string[];
  /** Of the operator: the Deployment, the commit that it wrote, the image with the text of its tag, and what it changed. */
  readonly own:
    | { readonly deployment: string; readonly tag: string; readonly image: string; readonly files: readonly string[] }
    | undefined;
}

interface Audit {
  readonly commits: number;
  readonly problems: readonly string[];
}

/** Each Deployment whose manifest does not name its newest commit yet. */
export async function behind(town: Town): Promise<App[]> {
  const isBehind = await Promise.all(
    town.apps.map(async (app) => !(await app.manifests.read(app.path)).includes(`/${app.image}:${app.commits.at(-1)} `)),
  );
  return town.apps.filter((_, index) => isBehind[index]);
}

export async function auditHistory(town: Town, changes: Changes, patched: ReadonlySet<string>): Promise<Audit> {
  const problems: string[] = [];
  let commits = 0;
  const everWritten = new Set<string>();
  for (const repository of town.manifests) {
    const complain = (problem: string) => problems.push(`${repository.directory.split("/").at(-1)}: ${problem}`);
    await repository.fsck().catch((error) => complain(String(error)));
    const log = await readLog(repository, [repository.branch]);
    const own = log.filter((entry) => entry.own);
    commits += own.length;
    if (log.some(({ parents }) => parents.length > 1)) complain("the history is not linear");
    for (const problem of [...lostCommits(repository, log, changes), ...wrongCommits(own, town)]) complain(problem);
    for (const problem of await rewrites(repository, changes)) complain(problem);
    for (const entry of await readLog(repository, ["--reflog"])) if (entry.own) everWritten.add(`${entry.own.deployment} ${entry.own.tag}`);
  }
  for (const answer of patched) if (!everWritten.has(answer)) problems.push(`P3: answered patched without a commit: ${answer}`);
  return { commits, problems };
}

function lostCommits(repository: BareRepository, log: readonly Entry[], { others, dropped }: Changes): string[] {
  const kept = new Set(log.map(({ sha }) => sha));
  const lost = [...(others.get(repository) ?? [])].filter((sha) => !kept.has(sha) && !dropped.has(sha));
  return lost.map((sha) => `P1: another writer's commit ${sha} is lost`);
}

/** `own` is newest first, as git tells it. */
function wrongCommits(own: readonly Entry[], { apps }: Town): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  const newest = new Map<App, number>();
  for (const entry of own.toReversed()) {
    const { deployment = "", tag = "", image = "", files = [] } = entry.own ?? {};
    const app = apps.find(({ namespace, name }) => `${namespace}/${name}` === deployment);
    const [file] = files;
    if (!app || file === undefined || files.length > 1 || file !== app.path) {
      problems.push(`${entry.sha} of ${deployment} changes ${files.join(", ") || "nothing"}`);
      continue;
    }
    // Whatever people did in between. Of another tag_format it would be another text, and what a force-push took away is not in this history.
    const write = `${image} (application commit ${tag}) in ${file}`;
    if (seen.has(write)) problems.push(`P2: a second commit writes ${write}`);
    seen.add(write);
    if (!app.built.has(tag)) problems.push(`P4: ${entry.sha} writes ${tag}, which was never built`);
    const position = app.commits.indexOf(tag);
    if (position < (newest.get(app) ?? 0)) problems.push(`${entry.sha} goes back to an older commit of ${deployment}`);
    newest.set(app, position);
  }
  return problems;
}

/** Every move of the branch is a fast-forward, but for those of the writer who forces. */
async function rewrites({ directory, branch }: BareRepository, { forced }: Changes): Promise<string[]> {
  const tips = (await git(directory, ["log", "--walk-reflogs", "--format=%H", branch])).toString().trim().split("\n").reverse();
  const problems: string[] = [];
  for (const [index, to] of tips.entries()) {
    const from = tips[index - 1];
    if (from === undefined || from === to || forced.has(`${from} ${to}`)) continue;
    const isForward = await git(directory, ["merge-base", "--is-ancestor", from, to]).then(
      () => true,
      () => false,
    );
    if (!isForward) problems.push(`P1: the branch went from ${from} to ${to}, which is no fast-forward`);
  }
  return problems;
}

async function readLog({ directory }: BareRepository, revisions: readonly string[]): Promise<Entry[]> {
  const trailers = ["Deployment", "Commit", "Image"].map((name) => `%x02%(trailers:key=Gitops-Operator-${name},valueonly)`);
  const format = `--format=%x01%H%x02%P%x02%ae${trailers.join("")}%x02`;
  const text = (await git(directory, ["log", "--name-only", "--no-renames", format, ...revisions])).toString();
  return text.split("\x01").slice(1).map(parseEntry);
}

function parseEntry(text: string): Entry {
  const [sha = "", parents = "", email = "", deployment = "", tag = "", image = "", files = ""] = text.split("\x02");
  const own = {
    deployment: deployment.trim(),
    tag: tag.trim() || FIRST_TAG,
    image: image.trim(),
    files: files.split("\n").filter(Boolean),
  };
  return { sha, parents: parents.split(" ").filter(Boolean), own: email === OPERATOR ? own : undefined };
}
