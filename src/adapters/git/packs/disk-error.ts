import { ReconcileError } from "../../../errors.ts";

/** What a failed file operation means to a user; every other error is handed on as it is. */
export function diskError(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? "";
  if (!/^(ENOSPC|EDQUOT|EROFS|EACCES|EPERM|EMFILE|EIO|EEXIST|ENOTDIR)$/.test(code)) return error;
  const message = `the work directory can't be written (${code}); give WORK_DIR a writable volume with free space and inodes`;
  return new ReconcileError("work_dir", message, { cause: error });
}
