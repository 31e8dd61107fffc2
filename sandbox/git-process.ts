import { execFile } from "node:child_process";
import { devNull } from "node:os";

/** Nothing of the machine's or the user's git configuration, and one fixed identity. */
export const gitEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? "/usr/bin:/bin",
  HOME: devNull,
  LC_ALL: "C",
  GIT_CONFIG_GLOBAL: devNull,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_AUTHOR_NAME: "Sandbox",
  GIT_AUTHOR_EMAIL: "sandbox@example.com",
  GIT_COMMITTER_NAME: "Sandbox",
  GIT_COMMITTER_EMAIL: "sandbox@example.com",
};

interface Input {
  readonly input?: string | Uint8Array;
}

/** Runs git and resolves with its output; rejects with its words. */
export function git(directory: string, args: readonly string[], options: Input = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      "git",
      args,
      { cwd: directory, env: gitEnvironment, encoding: "buffer", maxBuffer: 256 * 1024 * 1024 },
      (error, stdout, stderr) =>
        error ? reject(new Error(`git ${args.join(" ")}: ${`${stderr}${stdout}` || error.message}`)) : resolve(stdout),
    );
    // A git that refuses early closes its input; its own words say more than the broken pipe.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input);
  });
}
