import type { Written } from "../ports.ts";
import { fileInTrailer, type Wanted, workloadInTrailer } from "./trailers.ts";

/**
 * The commit by which the wanted write was made already. Where the file does not have it now, somebody has taken it back. Commits from before
 * files were named count by the workload.
 */
export function takenBack(written: readonly Written[], { workload, image, appCommit, path }: Wanted): Written | undefined {
  const name = workloadInTrailer(workload);
  const file = fileInTrailer(path);
  return written.find(
    (one) =>
      one.appCommit === appCommit && one.image === image && (one.files.length > 0 ? one.files.includes(file) : one.workload === name),
  );
}
