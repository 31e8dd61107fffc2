/** What people took back is not written again: the branch's history is looked into before a commit is made. */
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { takenBack } from "../commits/taken-back.ts";
import type { ManifestsBranch, ManifestsCopy, WrittenHistory } from "../git-ports.ts";
import { formatImage } from "../image.ts";
import type { Outcome } from "../outcome.ts";
import type { FilesEdit } from "../places/edit-files.ts";
import type { Log } from "../ports.ts";
import { formatRepository } from "../repository.ts";
import type { WriteRequest } from "./write-request.ts";

/** Undefined: it may be written. */
type Held = (request: WriteRequest, edit: Extract<FilesEdit, { kind: "update" }>) => Promise<Outcome | undefined>;

const DAY_SECONDS = 86_400;
/** Of branches whose history can't be had. */
const MOST_TOLD_BYTES = 64 * 1024;

/** `log`: told once per branch, and why, where it can't be known. */
export function createHold(log: Pick<Log, "warn">) {
  const told = createBoundedMap<string>(MOST_TOLD_BYTES, (reason) => 2 * reason.length);

  function tell({ repository, branch, namespace }: ManifestsBranch, reason: string): void {
    const id = JSON.stringify([repository, branch]);
    if (told.get(id) === reason) return;
    told.set(id, reason, namespace);
    const fields = { repository: formatRepository(repository), branch, reason };
    log.warn(fields, "Branch's history can't be read, so what was taken back is written again");
  }

  /** For what is to be written on `base`. The longest history that one of `requests` needs is asked for first, since the others are part of it. */
  return (copy: ManifestsCopy, base: string, requests: readonly WriteRequest[]): Held => {
    const since = new Map(requests.filter(mayBeHeld).map((request) => [request, bornSince(request)]));
    const longest = Math.min(...since.values());
    let whole: Promise<WrittenHistory> | undefined;

    /** Who needs less than the whole asks for less where that can't be had: nobody's old commit is to stop the others. */
    async function history(request: WriteRequest): Promise<WrittenHistory> {
      const own = since.get(request) ?? longest;
      whole ??= copy.written(base, longest);
      if (own === longest) return whole;
      const found = await whole.catch(() => undefined);
      return found?.kind === "known" ? found : copy.written(base, own);
    }

    return async (request, edit) => {
      const { target, tag, appCommit, at } = request;
      // Some of a file at the wanted tag and others not: a container was added later.
      const paths = edit.files.filter(({ tags }) => !tags.includes(tag)).map(({ path }) => path);
      if (!mayBeHeld(request) || paths.length === 0) return undefined;
      const found = await history(request);
      const wanted = { workload: target, image: `${formatImage(target.image)}:${tag}`, appCommit: appCommit.sha, paths };
      const before = takenBack(found.written, wanted);
      if (before)
        return { kind: "skipped", reason: "held", ...(edit.from === undefined ? {} : { from: edit.from }), to: tag, commit: before.commit };
      if (found.kind === "unknown") tell(at, found.reason);
      return undefined;
    };
  };
}

function mayBeHeld({ target }: WriteRequest): boolean {
  return target.options.rollback === "hold";
}

/** Nothing can have written a commit before it was made; a day for clocks that differ. Some servers take no time before 1970, where commits without one are. */
function bornSince({ appCommit }: WriteRequest): number {
  return Math.max(DAY_SECONDS, Math.min(appCommit.time, Date.now() / 1_000) - DAY_SECONDS);
}
