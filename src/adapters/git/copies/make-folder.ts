import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ReconcileError } from "../../../errors.ts";

/** With the folders above it. Node's own recursive mkdir never ends where a file system says ENOENT of what it does not let be made, as /proc does. */
export async function makeFolder(path: string): Promise<void> {
  const make = () => mkdir(path, { mode: 0o700 });
  try {
    await make();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await make().catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "EEXIST") return;
      if (cause.code !== "ENOENT") throw cause;
      throw new ReconcileError("work_dir", `the folder ${path} can't be made (ENOENT); set WORK_DIR to a path on a writable volume`, {
        cause,
      });
    });
  }
}
