import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describeHost, type GitExec, type GitHost, type GitHostOptions, type KeyAccess } from "../sandbox/git-host.ts";
import { newSshKeyPair } from "../sandbox/ssh-key-pair.ts";
import { fingerprint } from "../src/adapters/ssh/known-hosts.ts";
import { findProgram } from "./find-program.ts";
import { serveScript, serviceScript } from "./openssh-scripts.ts";
import { startSshd } from "./sshd-process.ts";

export interface OpenSshOptions extends GitHostOptions {
  /** As `ssh-keygen -t` names them; default ed25519. */
  readonly hostKeyTypes?: readonly ("ed25519" | "ecdsa" | "rsa")[];
  readonly maxSessions?: number;
  /** `start:rate:full`, or one number beyond which every login is turned away. */
  readonly maxStartups?: string;
  /** Lines of sshd_config(5) that come before ours, so that they win. */
  readonly config?: readonly string[];
  /** False spares git the trace that tells whether objects were wanted; for benchmarks. */
  readonly trace?: boolean;
}

const run = promisify(execFile);

/** Why there is no sshd to test with; undefined when there is one. */
export function sshdAvailable(): string | undefined {
  if (process.platform === "win32") return "OpenSSH's server does not run here";
  if (!findProgram("sshd")) return "sshd is not installed";
  if (!findProgram("ssh-keygen")) return "ssh-keygen is not installed";
  // Started by root, sshd locks the part that talks to strangers into this folder.
  if (userInfo().uid === 0 && !existsSync("/run/sshd")) {
    try {
      mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    } catch {
      return "/run/sshd does not exist and cannot be made";
    }
  }
  return undefined;
}

/** For a test's `skip`. With CI set nothing is skipped: there a missing sshd is a failure. */
export function skipWithoutSshd(): string | false {
  return process.env.CI ? false : (sshdAvailable() ?? false);
}

/** A real sshd on loopback. A key runs nothing but a script that hands the client's words to a shell, with our git services first in its path. */
export async function startOpenSsh(options: OpenSshOptions): Promise<GitHost & { log(): string; forgetKeys(): Promise<void> }> {
  const reason = sshdAvailable();
  if (reason) throw new Error(reason);
  const directory = await mkdtemp(join(tmpdir(), "openssh-"));
  await Promise.all(["access", "bin", "trace"].map((name) => mkdir(join(directory, name))));
  await writeFile(join(directory, "authorized_keys"), "");
  await writeFile(join(directory, "log"), "");
  await writeFile(join(directory, "serve"), serveScript(directory, options.root), { mode: 0o755 });
  for (const service of ["git-upload-pack", "git-receive-pack"]) {
    await writeFile(join(directory, "bin", service), serviceScript(directory, options.trace !== false), { mode: 0o755 });
  }
  const hostKeys = await makeHostKeys(directory, options);
  const lines = (port: number) => configLines(directory, port, options, hostKeys);
  const sshd = await startSshd(findProgram("sshd") ?? "sshd", join(directory, "sshd_config"), lines, options.port);
  const keys = new Map<string, string>();

  async function allow(publicKey: string, access: KeyAccess = {}): Promise<void> {
    const [type, base64 = ""] = publicKey.split(" ");
    const id = fingerprint(Buffer.from(base64, "base64"));
    const name = Buffer.from(id).toString("hex");
    const isEverything = access.read === undefined && access.write === undefined;
    const lines = [...(access.read ?? []).map((path) => `read ${path}`), ...(access.write ?? []).map((path) => `write ${path}`)];
    await writeFile(join(directory, "access", name), isEverything ? "all\n" : lines.map((line) => `${line}\n`).join(""));
    if (keys.has(name)) return;
    keys.set(name, id);
    await appendFile(join(directory, "authorized_keys"), `restrict,command="exec ${join(directory, "serve")} ${name}" ${type} ${base64}\n`);
  }

  return {
    ...describeHost(
      userInfo().username,
      sshd.port,
      hostKeys.map((path) => readFileSync(path, "utf8")),
    ),
    allow,
    /** From now on no key is let in. */
    async forgetKeys() {
      keys.clear();
      await writeFile(join(directory, "authorized_keys"), "");
    },
    async newKey(access, type) {
      const pair = newSshKeyPair(type);
      await allow(pair.publicKey, access);
      return pair;
    },
    execs: () => readExecs(directory, keys),
    logins: sshd.logins,
    log: sshd.log,
    async close() {
      await sshd.stop();
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function makeHostKeys(directory: string, { hostKey, hostKeyTypes = ["ed25519"] }: OpenSshOptions): Promise<string[]> {
  if (hostKey !== undefined) {
    const path = join(directory, "host-key");
    await writeFile(path, hostKey, { mode: 0o600 });
    return [path];
  }
  return Promise.all(
    hostKeyTypes.map(async (type) => {
      const path = join(directory, `host-key-${type}`);
      if (type === "ed25519") await writeFile(path, newSshKeyPair(type).privateKey, { mode: 0o600 });
      else await run("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", path, ...(type === "rsa" ? ["-b", "2048"] : [])]);
      return path;
    }),
  );
}

function configLines(directory: string, port: number, options: OpenSshOptions, hostKeys: readonly string[]): string[] {
  return [
    ...(options.config ?? []),
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    ...hostKeys.map((path) => `HostKey ${path}`),
    "PidFile none",
    `AuthorizedKeysFile ${join(directory, "authorized_keys")}`,
    `AllowUsers ${userInfo().username}`,
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "StrictModes no",
    "UsePAM no",
    "UseDNS no",
    "PrintMotd no",
    "PrintLastLog no",
    "LogLevel INFO",
    // A bash that sshd started reads ~/.bashrc, however slow, unless it believes that it is an inner shell.
    "SetEnv SHLVL=5",
    ...(options.acceptEnv === false ? [] : ["AcceptEnv GIT_PROTOCOL"]),
    `MaxSessions ${options.maxSessions ?? 10}`,
    `MaxStartups ${options.maxStartups ?? "10:30:100"}`,
  ];
}

async function readExecs(directory: string, keys: ReadonlyMap<string, string>): Promise<GitExec[]> {
  const log = await readFile(join(directory, "log"), "utf8");
  return Promise.all(
    log
      .split("\n")
      .filter(Boolean)
      .map(async (line) => {
        const [key = "", service = "", protocol = "", trace = "", ...path] = line.split(" ");
        const packets = await readFile(join(directory, "trace", trace), "utf8").catch(() => "");
        return {
          service,
          path: path.join(" "),
          key: keys.get(key) ?? key,
          protocol: protocol === "-" ? undefined : protocol,
          wantedObjects: /upload-pack< (want |command=fetch)/.test(packets),
        };
      }),
  );
}
