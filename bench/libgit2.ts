/**
 * The second peer: libgit2 by the npm package es-git, the engine of the original, in a process of its own because it looks for known hosts in HOME.
 * Measured where somebody has run `npm install --no-save es-git@0.6.0`: as a dependency its packages for other platforms make `npm ci` fail.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchWorld } from "./bench-world.ts";

interface Libgit2Clone {
  /** Fetches, checks out, changes the file, commits and pushes; milliseconds. */
  update(path: string, run: number): Promise<number>;
  close(): Promise<void>;
}

/** What the process is told first. */
export interface Libgit2Setup {
  readonly url: string;
  readonly clone: string;
  readonly username: string;
  readonly privateKey: string;
  readonly publicKey: string;
}

/** Why there is no libgit2 on this machine; undefined when there is. */
export const libgit2Missing = ((): string | undefined => {
  try {
    createRequire(import.meta.url)("es-git");
    return undefined;
  } catch (error) {
    return `${String(error).split("\n", 1)[0]}; npm install --no-save es-git@0.6.0`;
  }
})();

export async function cloneWithLibgit2(world: BenchWorld, url: string, clone: string): Promise<Libgit2Clone> {
  const home = join(world.folder, "libgit2-home");
  await mkdir(join(home, ".ssh"), { recursive: true });
  await copyFile(String(world.env.SSH_KNOWN_HOSTS), join(home, ".ssh", "known_hosts"));
  const child = fork(fileURLToPath(new URL("libgit2-process.ts", import.meta.url)), { env: { PATH: process.env.PATH, HOME: home } });
  async function ask(message: object): Promise<number> {
    const answer = once(child, "message");
    const ended = once(child, "exit").then(([code]) => Promise.reject(new Error(`the libgit2 process ended with ${code}`)));
    child.send(message);
    const [ms] = (await Promise.race([answer, ended])) as [number];
    ended.catch(() => {});
    return ms;
  }
  const { privateKey, publicKey } = world.key;
  await ask({ url, clone, username: world.gitHost.user, privateKey, publicKey } satisfies Libgit2Setup);
  return {
    update: (path, run) => ask({ path, run }),
    async close() {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}
