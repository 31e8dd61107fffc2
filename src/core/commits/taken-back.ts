import type { Written } from "../git-ports.ts";
import { placeInWords } from "../types.ts";
import { fileInTrailer, type Write } from "./trailers.ts";

/**
 * The commit by which the wanted write was made already, in one of the files. Where the file does not have it now, somebody has taken it back.
 * Commits from before files were named count by the workload.
 */
export function takenBack(written: readonly Written[], { workload, image, appCommit, paths }: Write): Written | undefined {
  const name = placeInWords(workload);
  const files = new Set(paths.map(fileInTrailer));
  return written.find(
    (one) =>
      one.appCommit === appCommit &&
      one.image === image &&
      (one.files.length > 0 ? one.files.some((file) => files.has(file)) : one.workload === name),
  );
}
