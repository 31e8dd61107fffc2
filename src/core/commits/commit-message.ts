import { cut } from "../../text/cut.ts";
import { unprintables } from "../../text/escape.ts";
import type { Commit, Identity } from "../app-history.ts";
import { formatImage, splitImage } from "../image.ts";
import type { Written } from "../ports.ts";
import { formatRepository } from "../repository.ts";
import type { Target } from "../types.ts";
import { formatTrailers } from "./trailers.ts";

interface CommitFacts {
  readonly target: Target;
  /** Of the files that it changes. */
  readonly paths: readonly string[];
  /** The first differing tag that was there. */
  readonly from?: string;
  readonly tag: string;
  readonly appCommit: Commit;
  /** No registry was asked whether the image is there. */
  readonly unchecked?: true;
}

/** Fixed: by it, people and the operator itself know its commits. */
const subject = "chore(refs): gitops-operator updating image tags";

/** The author's name in the commits of the program that this one replaces. */
const originalName = "GitOps Operator";

/** In a commit's message, and in an answer. */
const maxQuoted = 120;
const maxTold = 60;
/** More is not looked at. */
const maxRead = 1000;

/** The last paragraph is of trailers, which `git interpret-trailers` and `git log --format=%(trailers:key=…)` read. */
export function commitMessage({ target, paths, from, tag, appCommit, unchecked }: CommitFacts): string {
  const image = formatImage(target.image);
  return [
    subject,
    "",
    `${target.kind} ${target.namespace}/${target.name}, image ${image}: ${from === undefined ? "" : `${from} -> `}${tag}${unchecked ? " (image unchecked)" : ""}`,
    "",
    `Application commit ${appCommit.sha}`,
    `of ${formatRepository(target.appRepository)}`,
    `by ${makeHarmless(appCommit.author.name)}: ${makeHarmless(appCommit.subject)}`,
    "",
    ...formatTrailers({ workload: target, image: `${image}:${tag}`, appCommit: appCommit.sha, paths }),
    "",
  ].join("\n");
}

/** What the words above the trailers say of a write; what is not there is left out. The author's name ends before the first colon. */
export function ownMessageFacts(
  message: string,
  { workload, image }: Pick<Written, "workload" | "image">,
): { readonly from?: string; readonly author?: string; readonly subject?: string } {
  const lines = message.split("\n");
  const { name } = splitImage(image);
  const words = `${workload}, image ${name}: `;
  const change = lines.find((line) => line.includes(words));
  const told = change?.slice(change.indexOf(words) + words.length).split(" -> ");
  const [from] = told?.length === 2 ? told : [];
  const by = lines.find((line) => line.startsWith("by "))?.slice("by ".length);
  const colon = by?.indexOf(": ") ?? -1;
  return {
    ...(from !== undefined && { from }),
    ...(by !== undefined && colon > 0 && { author: by.slice(0, colon), subject: by.slice(colon + 2) }),
  };
}

/** How answers name a commit of the application, and the git tag that chose it. */
export function commitWords({ sha, subject: told }: Commit, release?: string): string {
  const words = `${sha.slice(0, 7)} ${makeHarmless(told, maxTold)}`;
  return release === undefined ? words : `${makeHarmless(release, maxTold)} (${words})`;
}

/** Of a message alone, where nothing depends on it but a look: whether it is the operator's. */
export function isOwnSubject(message: string | undefined): boolean {
  return message?.split("\n", 1)[0]?.trim() === subject;
}

/** The operator's own, or the original's: the exact subject, and the author that it has here or had there. */
export function isOperatorCommit(commit: Pick<Commit, "author" | "subject">, own: Identity): boolean {
  const { author } = commit;
  if (commit.subject !== subject) return false;
  return author.name === originalName || (author.name === own.name && author.email === own.email);
}

/**
 * Words of others, so that nothing acts on them: forges read mentions (`@team`) and what closes issues (`fixes #1`, `closes PROJ-1`, an
 * issue's URL), CI systems read orders (`[skip ci]`, `***NO_CI***`, `skip-checks: true`). Readable still, one line, and never a line's start,
 * so no trailer either.
 */
function makeHarmless(text: string, most = maxQuoted): string {
  const line = text
    .slice(0, maxRead)
    .replace(/\s+/g, " ")
    .replace(unprintables, "")
    .replace(/[*`]/g, "")
    .replace(/[[{<]/g, "(")
    .replace(/[\]}>]/g, ")")
    .replace(/skip-checks/gi, "skip checks")
    .replace(/:\/\//g, ": //")
    .replace(/([@#!&%$~])(?=\S)/g, "$1 ")
    .replace(/-(?<=[Gg][Hh]-|[A-Z][A-Z0-9_]*-)(?=\d)/g, " ")
    .trim();
  return cut(line, most) || "(empty)";
}
