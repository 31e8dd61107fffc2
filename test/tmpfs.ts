/** A file system of a few kilobytes, to be filled by tests. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** For a test's `skip`. */
export function skipWithoutTmpfs(): string | false {
  if (userInfo().uid !== 0) return "mounting a tmpfs takes root";
  const folder = mkdtempSync(join(tmpdir(), "tmpfs-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("umount", [folder]);
    return false;
  } catch {
    return "no tmpfs may be mounted here";
  } finally {
    rmdirSync(folder);
  }
}

interface Tmpfs {
  readonly folder: string;
  /** With mount's options: `size=1m`, `nr_inodes=100`, `ro`. */
  remount(options: string): void;
}

/** Gone with the test. */
export function mountTmpfs(t: TestContext, options: string): Tmpfs {
  const folder = mkdtempSync(join(tmpdir(), "tmpfs-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
  t.after(() => {
    execFileSync("umount", ["--lazy", folder]);
    rmdirSync(folder);
  });
  return { folder, remount: (more) => void execFileSync("mount", ["-o", `remount,${more}`, folder]) };
}
