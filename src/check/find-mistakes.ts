/** Mistakes that the operator itself can't be sure of, or finds only by asking: told of a file that nobody has applied yet. */
import { type AnnotationName, annotationNames, annotationOf } from "../core/annotation-names.ts";
import { annotationPrefix } from "../core/annotations.ts";
import { manifestEndings } from "../core/file-patterns.ts";
import { formatImage, matchesImage, parseImageReference, splitImage } from "../core/image.ts";
import { defaultOf, readValues } from "../core/read-values.ts";
import { formatRepository, parseRepository } from "../core/repository.ts";
import { portHint } from "../core/targets/port-hint.ts";
import type { FilePattern, Repository, Target, WorkloadRecord } from "../core/types.ts";
import { closest } from "../text/did-you-mean.ts";
import { escapeControl } from "../text/escape.ts";
import type { FileWorkload } from "./file-objects.ts";
import type { Level } from "./report.ts";

type Mistake = readonly [level: Level, message: string];

const repositories = { app_repository: "observe_branch", manifest_repository: "manifest_branch" } as const;

/** Warnings of the operator that are problems here, where nothing has to go on with them: each with the words for it. */
export function strictly(record: WorkloadRecord): ReadonlyMap<string, string> {
  const problems = new Map<string, string>();
  const values = readValues(record);
  for (const name of annotationNames) {
    const { warning } = annotationOf(name);
    if (warning !== undefined) problems.set(`${called(record, name)} ${warning}`, `${called(record, name)} ${warning}`);
  }
  for (const name of Object.keys(repositories) as (keyof typeof repositories)[]) {
    const parsed = parseRepository(values[name] ?? "");
    const hint = parsed.kind === "ok" ? portHint(parsed.repository) : undefined;
    if (parsed.kind === "error" || hint === undefined) continue;
    const asFolder = formatRepository({ ...parsed.repository, path: `/${parsed.repository.path}` });
    problems.set(`${called(record, name)} ${hint}`, `${called(record, name)} ${hint}; if it is a folder, ${asFolder}`);
  }
  return problems;
}

/** Addresses of a browser in the place of repositories and paths, and patterns where paths are meant. */
export function findMistakes(record: WorkloadRecord): string[] {
  const values = readValues(record);
  const found: string[] = [];
  for (const [name, branch] of Object.entries(repositories) as [keyof typeof repositories, AnnotationName][]) {
    const parsed = parseRepository(values[name] ?? "");
    const page = parsed.kind === "ok" ? pageOf(parsed.repository) : undefined;
    if (page === undefined) continue;
    found.push(
      `${called(record, name)} is the address of a page, not of the repository; write ${page}, and name the branch by ${annotationPrefix}${branch}`,
    );
  }
  const items = (values.deployment_path ?? "").split(/[,\n]/).map((item) => item.trim());
  for (const item of items) {
    const problem = addressProblem(item);
    if (problem !== undefined) found.push(`${called(record, "deployment_path")} ${problem}`);
  }
  const pattern = (values.app_paths ?? "").split(",").find((item) => /[*?]/.test(item));
  if (pattern !== undefined) {
    const path = pattern.trim().replace(/^!/, "");
    const [plain = ""] = path.split(/[*?]/, 1);
    const folder = plain.slice(0, Math.max(0, plain.lastIndexOf("/"))) || "services/shop";
    found.push(
      `${called(record, "app_paths")} has the pattern '${escapeControl(path)}', and knows none; name files and folders, for example ${escapeControl(folder)}`,
    );
  }
  return found;
}

/** Behind a project; forges that let projects be called so don't exist (GitLab reserves these names). */
const pages = new Set(["-", "tree", "blob", "raw", "blame", "commits", "edit"]);
/** Gitea's `/src/branch/main`. */
const giteaPages = new Set(["branch", "commit", "tag"]);

function pageStart(parts: readonly string[]): number {
  return parts.findIndex(
    (part, index) =>
      index >= 2 && index + 1 < parts.length && (pages.has(part) || (part === "src" && giteaPages.has(parts[index + 1] ?? ""))),
  );
}

/** The repository that the page is of. */
function pageOf(repository: Repository): string | undefined {
  const parts = repository.path.split("/").filter((part) => part !== "");
  const start = pageStart(parts);
  if (start < 0) return undefined;
  const path = parts.slice(0, start).join("/");
  return formatRepository({ ...repository, path: repository.path.startsWith("/") ? `/${path}` : path });
}

function addressProblem(item: string): string | undefined {
  if (/[?&]ref=/.test(item)) {
    return `names a ref ('ref='); leave it out, and name the branch by ${annotationPrefix}manifest_branch`;
  }
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(item) ? URL.parse(item) : null;
  if (!url) return undefined;
  const parts = url.pathname.split("/").filter((part) => part !== "");
  const start = pageStart(parts);
  const path =
    start < 0
      ? []
      : parts
          .slice(start)
          .filter((part) => part !== "-" && part !== "src")
          .slice(2);
  return `is an address; write the path from the root of the manifests repository, for example ${path.join("/") || "deploy/app.yaml"}`;
}

/** What is told only where the files themselves are not at hand. */
export function guessFromNames(workload: FileWorkload, target: Target): Mistake[] {
  return [...target.files.map(guessFile), guessImage(workload, target)].filter((guess) => guess !== undefined);
}

const path = `${annotationPrefix}deployment_path`;
const looked = "--repository DIR looks at the file itself";
/** YAML and JSON files that hold no tag of an image. */
const otherFiles = new Set(["chart.yaml", "chart.yml", "values.schema.json", "package.json", "package-lock.json"]);

function guessFile({ path: file, at }: FilePattern): Mistake | undefined {
  if (/:\/|[?&]ref=/.test(file)) return undefined;
  const name = file.slice(file.lastIndexOf("/") + 1).toLowerCase();
  const ending = name.includes(".") ? name.slice(name.lastIndexOf(".")) : "";
  // A pattern such as apps/** takes what it can read.
  if (ending === "" && name.includes("*")) return undefined;
  if (ending === "") {
    return [
      "problem",
      `${path} names ${file}, a folder by its name; name the file in it, for example ${file}/kustomization.yaml (${looked})`,
    ];
  }
  if (!name.endsWith("*") && !manifestEndings.includes(ending)) {
    return ["problem", `${path} names ${file}, which is no YAML or JSON by its name; name the file in which the tag stands (${looked})`];
  }
  if (at === undefined && otherFiles.has(name)) {
    return [
      "problem",
      `${path} names ${file}, a kind of file that holds no image; name the file in which the tag stands, for example values.yaml`,
    ];
  }
  if (/(?:^|\/)templates\//.test(file)) {
    return [
      "warning",
      `${path} names ${file}, a template of a Helm chart by its name, which is not written; name the values.yaml in which the tag stands`,
    ];
  }
  return undefined;
}

const shownImages = 5;

/** The very workload that is checked has no such image. */
function guessImage({ images, kind }: FileWorkload, { image, files }: Target): Mistake | undefined {
  const references = images.flatMap((text) => parseImageReference(text) ?? []);
  if (references.length === 0 || references.some((reference) => matchesImage(reference, image))) return undefined;
  const names = [...new Set(images.map((text) => splitImage(text).name))];
  const shown = names.slice(0, shownImages).join(", ") + (names.length > shownImages ? ", …" : "");
  const meant = closest(formatImage(image), names.slice(0, shownImages));
  const said = `${annotationPrefix}image_name is ${formatImage(image)}, but the containers of this ${kind} have ${shown}`;
  // kustomize and Helm put another image there.
  const isReplaced = files.some(({ path: file, at }) => at !== undefined || /(?:kustomization|values[^/]*)\.ya?ml$/i.test(file));
  if (isReplaced) return ["warning", `${said}; that is right only if kustomize or Helm puts the other one there`];
  return ["problem", `${said}; ${meant === undefined ? "correct it" : `did you mean ${meant}?`}`];
}

/** As the operator calls it, where a ConfigMap may give it. */
function called(record: WorkloadRecord, name: AnnotationName): string {
  const { from } = defaultOf(record, name) ?? {};
  return `${annotationPrefix}${name}${from === undefined ? "" : ` of ConfigMap ${from}`}`;
}
