/** Programs of the machine that tests ask for a second opinion. */
import { execFile, spawnSync } from "node:child_process";

/** For a test's `skip`. With CI set nothing is skipped: there a missing tool is a failure. */
export function skipWithout(program: string, debianPackage: string): string | false {
  if (process.env.CI || !spawnSync(program, ["--version"]).error) return false;
  return `${program} is not installed (apt-get install ${debianPackage})`;
}

interface ToolAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runTool(program: string, args: readonly string[], input = ""): Promise<ToolAnswer> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: 60_000, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      if (error && child.exitCode === null) reject(error);
      else resolve({ code: child.exitCode, stdout, stderr });
    });
    // A tool that ends before it has read all says why by its code.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}
