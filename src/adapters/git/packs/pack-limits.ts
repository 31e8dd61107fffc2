/** What a pack may inflate to, in proportion to the bytes that it may have (MAX_REPO_MB): one knob, one error. */
import { ReconcileError } from "../../../errors.ts";
import { ENTRY_WORK, type Spend } from "./inline-work.ts";

export interface PackOrigin {
  readonly repository: string;
  /** Of a pack; what may be in it follows from that. */
  readonly maxBytes: number;
}

export type PackLimits = ReturnType<typeof createPackLimits>;

/** Smaller than this, files and folders together are on average in no repository. */
const LEAST_BYTES_PER_OBJECT = 256;
/** What is kept of each while it is indexed. */
const ROW_BYTES = 40;

export function createPackLimits({ repository, maxBytes }: PackOrigin, spend: Spend) {
  const maxObjectBytes = Math.floor(maxBytes / 2);
  const maxTotalBytes = 4 * maxBytes;
  const maxObjects = Math.floor(maxBytes / LEAST_BYTES_PER_OBJECT);
  let declared = 0;
  let repeated = 0;

  function refuse(what: string): never {
    throw new ReconcileError(
      "git_limit",
      `${repository} holds ${what}; raise MAX_REPO_MB, now ${Math.round(maxBytes / 2 ** 20)} (and the Pod's memory), if it is meant to be that large`,
    );
  }

  function refuseTotal(bytes: number): void {
    if (bytes > maxTotalBytes) refuse(`more than ${mebibytes(maxTotalBytes)} of files and folders (4 times MAX_REPO_MB)`);
  }

  return {
    maxObjectBytes,
    countObjects(count: number): void {
      if (count > maxObjects)
        refuse(`${count} files and folders, more than ${maxObjects} (1 for ${LEAST_BYTES_PER_OBJECT} bytes of MAX_REPO_MB)`);
      spend(ROW_BYTES * count);
    },
    /** The size of an object, or of a delta and then of its result, before a byte of it is inflated. */
    declare(bytes: number): void {
      if (bytes > maxObjectBytes) refuse(`a file of ${mebibytes(bytes)}, more than ${mebibytes(maxObjectBytes)} (half of MAX_REPO_MB)`);
      declared += bytes;
      refuseTotal(declared);
      spend(bytes + ENTRY_WORK);
    },
    /** The same, for what is inflated once more because it is no longer in memory. */
    repeat(bytes: number): void {
      repeated += bytes;
      refuseTotal(repeated);
      spend(bytes + ENTRY_WORK);
    },
  };
}

function mebibytes(bytes: number): string {
  return `${Math.ceil((bytes / 2 ** 20) * 10) / 10} MiB`;
}
