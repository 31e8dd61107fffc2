/** All files of a target together: what is to become of them so that the image has the tag everywhere. One commit, all or nothing. */

import { ReconcileError } from "../../errors.ts";
import { escapeControl } from "../../text/escape.ts";
import { filesInWords, isPattern, mostFiles } from "../file-patterns.ts";
import type { FileText, ManifestsCopy } from "../git-ports.ts";
import { dockerHub, formatImage, withRegistry } from "../image.ts";
import type { FoundEdit, ManifestEdit, ManifestQuestion, PulledImage } from "../manifest-edit.ts";
import { parseManifestPath } from "../manifest-path.ts";
import type { Places } from "../ports.ts";
import { repositoryName } from "../repository.ts";
import type { FilePattern, ImageName, Target } from "../types.ts";

/** Of a path in a message. */
const maxShown = 300;

interface ChangedFile extends FileText {
  /** Of the images that are ours, as they stand in the file now. */
  readonly tags: readonly string[];
}

export type FilesEdit = {
  /** With the host that the manifests pull it from. */
  readonly image: PulledImage;
  /** Of the images that are ours, as they stand in all files: each once, in their order; where there are none, the commits of the refs. */
  readonly tags: readonly string[];
} & (
  | { readonly kind: "up_to_date" }
  /** `from`: the first differing tag that was there; `isPinned`: a digest stands at what is changed, or is to. */
  | {
      readonly kind: "update";
      readonly from?: string;
      readonly isPinned: boolean;
      readonly files: readonly [ChangedFile, ...ChangedFile[]];
    }
);

interface EditPorts {
  readonly copy: Pick<ManifestsCopy, "list" | "read">;
  readonly places: Places;
  readonly signal: AbortSignal;
}

export interface EditQuestion extends Omit<ManifestQuestion, "text" | "path" | "at" | "ref" | "pins"> {
  /** The id of the application's commit, whose image has the tag. */
  readonly appCommit: string;
}

interface File {
  readonly path: string;
  /** The scalars in it that are named; undefined: it is searched. */
  readonly ats: Set<string | undefined>;
  /** It is named itself, so it has to have the image. */
  isNamed: boolean;
}

/** Rejects with `manifest_missing`, `manifest_invalid` and `manifest_no_container`. */
export async function editFiles(
  target: Target,
  commit: string,
  { appCommit, ...wanted }: EditQuestion,
  ports: EditPorts,
): Promise<FilesEdit> {
  const ref = { repository: repositoryName(target.appRepository), commit: appCommit };
  const { write_ref, digest } = target.options;
  const question = { ...wanted, ref: write_ref === "true" ? ref : undefined, pins: digest === "pin" };
  const found: Found[] = [];
  const reasons: string[] = [];
  for (const file of await findFiles(target, commit, ports)) {
    const edited = await editFile(target, commit, file, question, ports);
    if (!("kind" in edited)) found.push(...edited);
    else if (file.isNamed) throw new ReconcileError("manifest_no_container", edited.reason);
    else reasons.push(edited.reason);
  }
  const [reason = "", ...others] = reasons;
  if (found.length === 0) throw new ReconcileError("manifest_no_container", others.length === 0 ? reason : noneOf(target, reasons.length));
  const image = imageOf(target, question.image, found);
  const allOf = (which: "tags" | "refs") => [...new Set(found.flatMap(({ edit }) => edit[which]))];
  const tags = allOf(found.some(({ edit }) => edit.tags.length > 0) ? "tags" : "refs");
  const updates = found.flatMap(({ path, edit }) => (edit.kind === "update" ? { path, edit } : []));
  // The last text of a file has the changes of those before.
  const texts = new Map(updates.map(({ path, edit }) => [path, edit.text]));
  const tagsOf = (file: string) => [...new Set(found.flatMap(({ path, edit }) => (path === file ? edit.tags : [])))];
  const [file, ...files] = [...texts].map(([path, text]) => ({ path, text, tags: tagsOf(path) }));
  if (!file) return { kind: "up_to_date", image, tags };
  const from = updates.find(({ edit }) => edit.from !== undefined)?.edit.from;
  const isPinned = updates.some(({ edit }) => edit.isPinned);
  return { kind: "update", image, tags, isPinned, files: [file, ...files], ...(from !== undefined && { from }) };
}

/** In the order of the annotation, each once. */
async function findFiles(target: Target, commit: string, { copy }: EditPorts): Promise<Iterable<File>> {
  const files = new Map<string, File>();
  for (const pattern of target.files) {
    for (const path of await pathsOf(pattern, commit, copy)) {
      const file = files.get(path) ?? { path, ats: new Set(), isNamed: false };
      file.ats.add(pattern.at);
      file.isNamed ||= !isPattern(pattern);
      files.set(path, file);
    }
  }
  if (files.size <= mostFiles) return files.values();
  throw new ReconcileError(
    "manifest_invalid",
    `gitops.operator.deployment_path names more than ${mostFiles} files; name a narrower pattern, or fewer of them`,
  );
}

async function pathsOf(pattern: FilePattern, commit: string, copy: EditPorts["copy"]): Promise<readonly string[]> {
  if (!isPattern(pattern)) return [pattern.path];
  const paths = await copy.list(commit, pattern.path);
  for (const path of paths) requireUsual(path, pattern);
  if (paths.length > 0) return paths;
  throw new ReconcileError(
    "manifest_missing",
    `gitops.operator.deployment_path '${pattern.path}' names no .yaml, .yml or .json file of the manifests repository; correct it`,
  );
}

type FileQuestion = Omit<ManifestQuestion, "text" | "path" | "at">;

/** A pattern leads nowhere where a path by itself would not. */
function requireUsual(path: string, pattern: FilePattern): void {
  const parsed = parseManifestPath(path);
  const problem = parsed.kind === "error" ? parsed.problem : path.includes("\ufffd") ? "is not UTF-8; rename the file" : undefined;
  if (problem === undefined) return;
  const shown = escapeControl(path.slice(0, maxShown));
  throw new ReconcileError("manifest_invalid", `gitops.operator.deployment_path '${pattern.path}' leads to '${shown}', which ${problem}`);
}

/** One after the other for each scalar that is named, each on top of the one before; those that are not there make it `none`. */
async function editFile(
  target: Target,
  commit: string,
  { path, ats }: File,
  question: FileQuestion,
  { copy, places, signal }: EditPorts,
): Promise<Found[] | Extract<ManifestEdit, { kind: "none" }>> {
  const before = await copy.read(commit, path);
  let text = before;
  const found: Found[] = [];
  for (const at of ats) {
    const ask = (asked: string) => places.edit({ ...question, text: asked, path, at }, target, signal);
    const stood = await ask(before);
    const edit = text === before ? stood : await ask(text);
    if (stood.kind === "none") return stood;
    if (edit.kind === "none") return edit;
    if (edit.kind === "update") text = edit.text;
    // What stands there is what stood before the others were written.
    found.push({ path, at, edit: { ...edit, tags: stood.tags, refs: stood.refs } });
  }
  return found;
}

function noneOf({ image }: Target, files: number): string {
  return `Nothing in the ${files} files that gitops.operator.deployment_path names is image '${formatImage(image)}'; check gitops.operator.image_name`;
}

/** The one that the files pull. Docker Hub's where nothing says where it comes from: all that is ours is a ref. */
function imageOf(target: Target, named: ImageName, found: readonly Found[]): PulledImage {
  const [first, ...others] = found.filter(({ edit }) => edit.image.registry !== undefined);
  const other = others.find(({ edit }) => edit.image.registry !== first?.edit.image.registry);
  if (first && other) throw otherRegistry(target, first, other);
  const registry = first?.edit.image.registry ?? dockerHub;
  return { ...withRegistry(named, registry), registry };
}

/** In a file, or at the scalar in it that was named. */
type Found = { readonly path: string; readonly at: string | undefined; readonly edit: FoundEdit };

function otherRegistry({ image }: Target, ...found: [Found, Found]): ReconcileError {
  const [a, b] = found.map(
    ({ path, at, edit }) => `${edit.image.registry} in ${filesInWords([{ path, ...(at !== undefined && { at }) }])}`,
  );
  return new ReconcileError(
    "manifest_invalid",
    `${formatImage(image)} comes from several registries (${a}, ${b}); name one of them in gitops.operator.image_name`,
  );
}
