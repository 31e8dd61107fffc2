import type { Commit, CommitSummary, Identity } from "../app-history.ts";
import type { Written } from "../git-ports.ts";
import { formatImage, splitImage } from "../image.ts";
import { formatRepository } from "../repository.ts";
import type { Target } from "../types.ts";
import { type CommitWords, renderSubject, usualSubject, usualWords } from "./commit-words.ts";
import { makeHarmless } from "./make-harmless.ts";
import { formatTrailers, MARK } from "./trailers.ts";

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

/** The author's name in the commits of the program that this one replaces. */
const originalName = "GitOps Operator";

/** In an answer. */
const maxTold = 60;

/** The last paragraph is of trailers, which `git interpret-trailers` and `git log --format=%(trailers:key=…)` read. */
export function commitMessage({ target, paths, from, tag, appCommit, unchecked }: CommitFacts, words: CommitWords = usualWords): string {
  const image = formatImage(target.image);
  const { subject, signOff, cluster } = words;
  const { namespace, name: deployment } = target;
  return [
    renderSubject(subject, { namespace, deployment, image, tag, from: from ?? "(none)", sha7: appCommit.sha.slice(0, 7) }),
    "",
    `${target.kind} ${target.namespace}/${target.name}, image ${image}: ${from === undefined ? "" : `${from} -> `}${tag}${unchecked ? " (image unchecked)" : ""}`,
    "",
    `Application commit ${appCommit.sha}`,
    `of ${formatRepository(target.appRepository)}`,
    `by ${makeHarmless(appCommit.author.name)}: ${makeHarmless(appCommit.subject)}`,
    "",
    ...formatTrailers({ workload: target, image: `${image}:${tag}`, appCommit: appCommit.sha, paths, cluster }),
    ...(signOff ? [`Signed-off-by: ${signOff.name} <${signOff.email}>`] : []),
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

export function summaryOf({ author, subject, time }: Commit): CommitSummary {
  return { author: makeHarmless(author.name, maxTold), subject: makeHarmless(subject, maxTold), time };
}

/** Of a message alone, where nothing depends on it but a look: whether it is the operator's. */
export function isOwnSubject(message: string | undefined): boolean {
  return message !== undefined && (message.split("\n", 1)[0]?.trim() === usualSubject || message.includes(MARK));
}

/** The operator's own, or the original's: by the author that it has here, or had there, and by its trailers or the original's exact subject. */
export function isOperatorCommit(
  { author, subject, hasTrailers }: Pick<Commit, "author" | "subject" | "hasTrailers">,
  own: Identity,
): boolean {
  const isOurs = author.name === own.name && author.email === own.email;
  return subject === usualSubject ? isOurs || author.name === originalName : isOurs && hasTrailers;
}
