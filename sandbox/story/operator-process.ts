import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { compileCache } from "../compile-cache.ts";
import type { World } from "../world.ts";

/** The real program in a process of its own. `url`: once it listens. */
export function startOperatorProcess({ env, folder }: World, hookPort: number): { readonly url: Promise<string>; stop(): Promise<void> } {
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", new URL("../ends-with-parent.ts", import.meta.url).href, main], {
    env: {
      PATH: process.env.PATH,
      ...compileCache,
      ...env,
      IMAGE_CHECK: "on",
      HOOK_PORT: String(hookPort),
      HOOK_SECRET_NAME: "hook",
      IMAGE_WAIT_INITIAL_SECONDS: "2",
      IMAGE_GRACE_SECONDS: "0",
      OTEL_SDK_DISABLED: "true",
    },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const exited = once(child, "exit");
  return {
    url: urlOf(child.stdout as Readable, join(folder, "operator.log")),
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function urlOf(stdout: Readable, logFile: string): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const { msg, port } = JSON.parse(line) as { msg: string; port?: number };
    if (msg !== "Listening") continue;
    // The log stays for `--keep`; the story is told without it.
    stdout.pipe(createWriteStream(logFile));
    return `http://127.0.0.1:${port}`;
  }
  throw new Error("the operator ended before it listened");
}
