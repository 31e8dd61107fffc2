import { type ChildProcess, execFile, spawn } from "node:child_process";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "../sandbox/free-port.ts";

const run = promisify(execFile);

interface Sshd {
  readonly port: number;
  logins(): number;
  /** The last 64 KiB of what it has said. */
  log(): string;
  stop(): Promise<void>;
}

/** Runs `sshd` with the configuration in `file`, whose lines depend on the port; the default port is a free one. */
export async function startSshd(
  sshd: string,
  file: string,
  linesFor: (port: number) => readonly string[],
  wantedPort?: number,
): Promise<Sshd> {
  for (let attempt = 1; ; attempt++) {
    const port = wantedPort ?? (await freePort());
    const lines = linesFor(port);
    await writeFile(file, [...lines, ""].join("\n"));
    if (await knowsPenalties(sshd, file)) await appendFile(file, "PerSourcePenalties no\n");
    const child = spawn(sshd, ["-D", "-e", "-f", file], { stdio: ["ignore", "ignore", "pipe"] });
    const killWithUs = () => void child.kill();
    process.once("exit", killWithUs);
    let logins = 0;
    let words = "";
    child.stderr.on("data", (chunk: Buffer) => {
      words = (words + chunk).slice(-65_536);
      logins += chunk.toString().split("Accepted publickey").length - 1;
    });
    if (await answers(port, child)) {
      return {
        port,
        logins: () => logins,
        log: () => words,
        async stop() {
          await stop(child);
          // A session that is still about would keep it open, and the test's process with it.
          child.stderr.destroy();
          process.removeListener("exit", killWithUs);
        },
      };
    }
    child.kill();
    process.removeListener("exit", killWithUs);
    // Somebody else may have taken the free port meanwhile.
    if (attempt === 3) throw new Error(`sshd does not start: ${words}`);
  }
}

const knowing = new Map<string, Promise<boolean>>();

/** Since 9.8 failed logins are punished, which tests would feel; older versions do not know the word. */
function knowsPenalties(sshd: string, file: string): Promise<boolean> {
  const known = knowing.get(sshd);
  if (known) return known;
  const asked = run(sshd, ["-t", "-f", file, "-o", "PerSourcePenalties=no"]).then(
    () => true,
    () => false,
  );
  knowing.set(sshd, asked);
  return asked;
}

async function answers(port: number, child: ChildProcess): Promise<boolean> {
  for (let attempt = 0; attempt < 3_000 && child.exitCode === null; attempt++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("data", (banner) => {
        socket.destroy();
        resolve(banner.toString().startsWith("SSH-"));
      });
      socket.once("error", () => resolve(false));
      socket.once("end", () => resolve(false));
    });
    if (isUp) return child.exitCode === null;
    await sleep(20);
  }
  return false;
}

/** Sessions outlive the sshd that accepted them, so they are ended first, while it is there to reap them. */
async function stop(child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const sessions = child.pid === undefined ? [] : await descendants(child.pid);
    if (sessions.length === 0) break;
    for (const pid of sessions) kill(pid);
    await sleep(10);
  }
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  await exited;
}

function kill(pid: number): void {
  try {
    process.kill(pid);
  } catch {
    // It ended by itself.
  }
}

async function descendants(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const children = text.split(" ").filter(Boolean).map(Number);
  return [...children, ...(await Promise.all(children.map(descendants))).flat()];
}
