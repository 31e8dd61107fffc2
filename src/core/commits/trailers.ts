/** The trailers of the operator's commits: by them, it is read from a branch's history what has been written already. */
import { ownText } from "../../text/own-text.ts";
import type { Written } from "../git-ports.ts";
import { isDeployment, placeInWords, type Workload } from "../types.ts";

const NAMES = {
  deployment: "Gitops-Operator-Deployment",
  /** Of another kind, which older operators do not know and pass over. */
  workload: "Gitops-Operator-Workload",
  image: "Gitops-Operator-Image",
  appCommit: "Gitops-Operator-Commit",
  file: "Gitops-Operator-File",
  cluster: "Gitops-Operator-Cluster",
} as const;

/** What a message that has trailers of ours holds, whatever else. */
export const MARK = `${NAMES.appCommit}: `;

/** `image`: `IMAGE:TAG`. `paths`: of the files, from the root of the repository. */
export interface Write {
  readonly workload: Workload;
  readonly image: string;
  readonly appCommit: string;
  readonly paths: readonly string[];
}

/** A line each. `cluster`: which one writes. */
export function formatTrailers({
  workload,
  image,
  appCommit,
  paths,
  cluster,
}: Write & { readonly cluster?: string | undefined }): string[] {
  return [
    `${isDeployment(workload) ? NAMES.deployment : NAMES.workload}: ${placeInWords(workload)}`,
    `${NAMES.image}: ${image}`,
    `${NAMES.appCommit}: ${appCommit}`,
    ...(cluster === undefined ? [] : [`${NAMES.cluster}: ${cluster}`]),
    // They may be many, and of long messages only the beginning is read.
    ...paths.map((path) => `${NAMES.file}: ${fileInTrailer(path)}`),
  ];
}

/** All that a commit says to have written, several where commits of ours were squashed into one. A line that was cut off does not count. */
export function readTrailers(commit: string, message: string): Written[] {
  const found: { workload?: string; image?: string; appCommit?: string; cluster?: string; files: string[] }[] = [];
  const lines = message.split("\n");
  // What follows the last line's end is no whole line.
  for (const line of lines.slice(0, -1)) {
    const end = line.indexOf(": ");
    const name = end < 0 ? "" : line.slice(0, end);
    const value = ownText(line.slice(end + 2).trimEnd());
    if (name === NAMES.deployment || name === NAMES.workload) found.push({ workload: value, files: [] });
    const last = found.at(-1);
    if (!last) continue;
    if (name === NAMES.image) last.image = value;
    if (name === NAMES.appCommit) last.appCommit = value;
    if (name === NAMES.file) last.files.push(value);
    if (name === NAMES.cluster) last.cluster = value;
  }
  return found.flatMap(({ workload, image, appCommit, files, cluster }) =>
    workload === undefined || image === undefined || appCommit === undefined
      ? []
      : { commit, workload, image, appCommit, files, ...(cluster !== undefined && { cluster }) },
  );
}

/** A path as a trailer has it: what forges or CI systems may act on is percent-encoded, so that it stays the same path for whoever reads it. */
export function fileInTrailer(path: string): string {
  return path
    .toWellFormed()
    .replace(/[^\p{L}\p{N}._/-]/gu, (sign) => `%${Buffer.from(sign).toString("hex").toUpperCase().match(/../g)?.join("%")}`)
    .replace(/-(?<=[Gg][Hh]-|[A-Z][A-Z0-9_]*-)(?=\d)/g, "%2D")
    .replace(/(?<=skip)-(?=checks)/gi, "%2D");
}
