/** The tag of a commit's image: what the annotation `tag_format` may hold, and the tag that comes of it. */
import { ReconcileError } from "../errors.ts";
import { cut } from "../text/cut.ts";
import { closest } from "../text/did-you-mean.ts";
import { escapeControl } from "../text/escape.ts";
import { isTag } from "./image.ts";

export type TagPart =
  | { readonly text: string }
  /** So many characters of the commit's SHA. */
  | { readonly sha: number }
  /** `version`: the git tag without a leading `v`. */
  | { readonly of: "branch" | "tag" | "version" };

export type TagFormat = readonly TagPart[];

type ParsedTagFormat = { readonly kind: "ok"; readonly format: TagFormat } | { readonly kind: "error"; readonly problem: string };

/** What a tag is made of. */
interface TagFacts {
  readonly sha: string;
  /** The one that was found. */
  readonly branch: string;
  /** The git tag of the commit, where `release_tags` chooses it. */
  readonly release?: string;
}

const WHOLE_SHA = 40;
/** Fewer characters than git itself abbreviates to name several commits too easily. */
const LEAST_SHA = 7;
const LEAST_WRITTEN_SHA = 4;

const placeholders: ReadonlyMap<string, TagPart> = new Map<string, TagPart>([
  ["sha", { sha: WHOLE_SHA }],
  ["branch", { of: "branch" }],
  ["tag", { of: "tag" }],
  ["version", { of: "version" }],
  ...shaLengths().map((length) => [`sha${length}`, { sha: length }] as const),
]);
/** What a misspelt name is taken for: nothing that alone would be too short. */
const proposed = [...placeholders].flatMap(([name, part]) => ("sha" in part && part.sha < LEAST_SHA ? [] : [name]));
const form = "write {{sha}}, {{sha4}} to {{sha40}}, {{branch}}, {{tag}} or {{version}}, and letters, digits, '_', '.' and '-' between them";
/** The shortest of their kind: what is no tag with them is none with any. */
const shortest: TagFacts = { sha: "0".repeat(WHOLE_SHA), branch: "b", release: "1" };

/** Linear in the text. A problem repeats nothing of it but what is no secret and short. */
export function parseTagFormat(text: string): ParsedTagFormat {
  const format: TagPart[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf("{{", at);
    if (open !== at) format.push({ text: text.slice(at, open < 0 ? text.length : open) });
    if (open < 0) break;
    const close = text.indexOf("}}", open + 2);
    if (close < 0) return error(`has '{{' without '}}'; ${form}`);
    const name = text.slice(open + 2, close).trim();
    const part = placeholders.get(name);
    if (!part) return error(unknownName(name));
    format.push(part);
    at = close + 2;
  }
  if (!format.some((part) => ("sha" in part && part.sha >= LEAST_SHA) || isOfRelease(part))) {
    return error(
      `holds neither ${LEAST_SHA} characters of the commit's SHA nor a git tag, so several commits would have one tag; add {{sha}}`,
    );
  }
  return isTag(compose(format, shortest)) ? { kind: "ok", format } : error(`makes no legal image tags; ${form}, at most 128 characters`);
}

/** It needs a git tag, so `release_tags` has to choose one. */
export function isOfRelease(part: TagPart): boolean {
  return "of" in part && part.of !== "branch";
}

export function isOfBranch(part: TagPart): boolean {
  return "of" in part && part.of === "branch";
}

/** Throws where branch or git tag make no legal image tag. */
export function renderTag(format: TagFormat, facts: TagFacts): string {
  const problem = tagProblem(format, facts);
  if (problem === undefined) return compose(format, facts);
  throw new ReconcileError("annotation_invalid", `gitops.operator.tag_format ${problem}`);
}

/** Why what it makes of these is no image tag. */
export function tagProblem(format: TagFormat, facts: TagFacts): string | undefined {
  const tag = compose(format, facts);
  if (isTag(tag)) return undefined;
  return `makes '${escapeControl(cut(tag, 140))}', which is no legal image tag (letters, digits, '_', '.' and '-', at most 128, the first no '.' or '-'); change it, or use {{sha}} alone`;
}

/** What in an image's tag may be a commit's SHA or its beginning. */
export function shaParts(tag: string): string[] {
  return tag.split(/[^0-9a-f]+/).filter(({ length }) => length >= LEAST_SHA && length <= WHOLE_SHA);
}

/** The commit's SHA, or its beginning, in a tag that the format made; undefined where it can't be told from other numbers. */
export function shaIn(tag: string, format: TagFormat): string | undefined {
  const lengths = format.flatMap((part) => ("sha" in part ? [part.sha] : []));
  const [found, another] = shaParts(tag).filter(({ length }) => lengths.includes(length));
  return another === undefined ? found : undefined;
}

/** The git tag in an image's tag of that format, where its place is known. */
export function releaseIn(format: TagFormat, tag: string): string | undefined {
  const at = format.findIndex(isOfRelease);
  if (at < 0 || format.some(isOfBranch)) return undefined;
  const start = widthOf(format.slice(0, at));
  const end = tag.length - widthOf(format.slice(at + 1));
  return start < end ? tag.slice(start, end) : undefined;
}

/** Whether a tag may be of that format: false only where no commit has it. What stands for a branch or a git tag may be anything. */
export function mayBeOfFormat(tag: string, format: TagFormat): boolean {
  /** Between the parts that may be anything: parts of known width. */
  const runs: Exclude<TagPart, { of: unknown }>[][] = [[]];
  for (const part of format) {
    if ("of" in part) runs.push([]);
    else runs.at(-1)?.push(part);
  }
  const [first = [], ...others] = runs;
  if (!standAt(tag, 0, first)) return false;
  const last = others.pop();
  if (!last) return tag.length === widthOf(first);
  // Each at its first place: what is found later leaves less room for the next.
  let end = widthOf(first);
  for (const run of others) {
    while (end < tag.length && !standAt(tag, end, run)) end += 1;
    end += widthOf(run);
  }
  const start = tag.length - widthOf(last);
  return start >= end && standAt(tag, start, last);
}

function standAt(tag: string, at: number, parts: readonly Exclude<TagPart, { of: unknown }>[]): boolean {
  let start = at;
  return parts.every((part) => {
    const width = widthOf([part]);
    const found = tag.slice(start, start + width);
    start += width;
    return "text" in part ? found === part.text : found.length === width && /^[0-9a-f]+$/.test(found);
  });
}

function widthOf(parts: TagFormat): number {
  return parts.reduce((sum, part) => sum + ("text" in part ? part.text.length : "sha" in part ? part.sha : 0), 0);
}

function compose(format: TagFormat, { sha, branch, release }: TagFacts): string {
  return format
    .map((part) => {
      if ("text" in part) return part.text;
      if ("sha" in part) return sha.slice(0, part.sha);
      if (part.of === "branch") return branch.replaceAll("/", "-");
      if (release === undefined) throw new ReconcileError("internal", `the tag needs a git tag, but none was chosen; please report this`);
      return part.of === "tag" ? release : release.replace(/^v/, "");
    })
    .join("");
}

function unknownName(name: string): string {
  const meant = closest(name.toLowerCase().replace(/\s/g, ""), proposed);
  return meant === undefined ? `holds an unknown name in {{…}}; ${form}` : `holds an unknown name in {{…}}; did you mean {{${meant}}}?`;
}

/** From the longest, so that of two that are as near {{sha40}} is meant by `sha41`. */
function shaLengths(): number[] {
  return Array.from({ length: WHOLE_SHA - LEAST_WRITTEN_SHA + 1 }, (_, index) => WHOLE_SHA - index);
}

function error(problem: string): ParsedTagFormat {
  return { kind: "error", problem };
}
