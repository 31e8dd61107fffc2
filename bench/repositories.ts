/** Repositories of the sizes that the rows need, made by one git-fast-import(1) each and packed as a git host would. */
import { join } from "node:path";
import { type BareRepository, openBareRepository } from "../sandbox/bare-repository.ts";
import { git } from "../sandbox/git-process.ts";
import { manifestOf, type World } from "../sandbox/world.ts";

const OLD = "0".repeat(40);
const FILES_PER_APP = 4;
const APPS_PER_TEAM = 100;

interface ManifestsShape {
  readonly files: number;
  /** On top of the first, each changing one file. */
  readonly commits?: number;
  /** The tag in the manifest of `app-N`. */
  readonly tagOf?: (app: number) => string;
}

export function appName(app: number): string {
  return `app-${String(app).padStart(5, "0")}`;
}

export function manifestPath(app: number): string {
  return `teams/team-${Math.floor(app / APPS_PER_TEAM)}/${appName(app)}/deployment.yaml`;
}

/** Application repositories `team/app-N.git`, and the tips of their branch. */
export async function makeApps(
  world: Pick<World, "repository" | "registry">,
  count: number,
): Promise<{ repositories: BareRepository[]; tips: string[] }> {
  const repositories: BareRepository[] = [];
  const tips: string[] = [];
  for (let app = 0; app < count; app++) {
    const repository = await world.repository(`team/${appName(app)}.git`, { "index.html": appName(app) });
    repositories.push(repository);
    tips.push((await repository.tip()) ?? "");
  }
  return { repositories, tips };
}

/** `team/manifests.git`: a folder per application below its team's, each with a manifest and three other files. */
export async function makeManifests(world: Pick<World, "repository" | "registry">, shape: ManifestsShape): Promise<BareRepository> {
  const { files, commits = 0, tagOf = () => OLD } = shape;
  const repository = await world.repository("team/manifests.git", {});
  const directory = repository.directory;
  const image = (app: number, tag: string) => `${world.registry.host}/team/${appName(app)}:${tag}`;
  const parts: string[] = [];
  const commit = (mark: number, message: string) =>
    parts.push(
      `commit refs/heads/master\nmark :${mark}\ncommitter Bench <bench@example.com> ${1_700_000_000 + mark} +0000\ndata ${Buffer.byteLength(message)}\n${message}\n`,
    );
  const file = (path: string, text: string) => parts.push(`M 100644 inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}\n`);

  commit(1, "All manifests");
  parts.push("deleteall\n");
  for (let index = 0; index < files; index++) {
    const app = Math.floor(index / FILES_PER_APP);
    const kind = index % FILES_PER_APP;
    const name = appName(app);
    if (kind === 0) file(manifestPath(app), manifestOf(name, image(app, tagOf(app))));
    else file(manifestPath(app).replace("deployment", ["", "service", "ingress", "config"][kind] ?? ""), otherFile(name, kind));
  }
  for (let index = 0; index < commits; index++) {
    const app = index % Math.max(1, Math.floor(files / FILES_PER_APP));
    commit(index + 2, `Change ${index}`);
    file(manifestPath(app).replace("deployment", "config"), otherFile(appName(app), 3, index));
  }
  parts.push("done\n");
  await git(directory, ["update-ref", "-d", "refs/heads/master"]);
  await git(directory, ["fast-import", "--quiet", "--done", "--date-format=raw"], { input: parts.join("") });
  await git(directory, ["repack", "-adq"]);
  return openBareRepository(join(directory), "master");
}

function otherFile(name: string, kind: number, revision = 0): string {
  const lines = Array.from(
    { length: 12 },
    (_, line) => `  ${name}-setting-${kind}-${line}: "value ${(line + 1) * 7919 * kind} of ${name}"`,
  );
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}-${kind}, labels: { revision: "${revision}" } }\ndata:\n${lines.join("\n")}\n`;
}
