import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { normalize } from "node:path";
import { finished } from "node:stream/promises";
import ssh2, { type Connection, type PublicKeyAuthContext, type ServerChannel } from "ssh2";
import { fingerprint } from "../src/adapters/ssh/known-hosts.ts";
import type { SshRepository } from "../src/core/types.ts";
import { gitEnvironment } from "./git-process.ts";
import type { GitProfile } from "./git-profiles.ts";
import { createPickyGit } from "./picky-git.ts";
import { newSshKeyPair, type SshKeyPair, type SshKeyType } from "./ssh-key-pair.ts";

/** Paths below the host's root that a key may use, without leading slash: `team/app.git`. Absent = every one, for reading and writing. */
export interface KeyAccess {
  readonly read?: readonly string[];
  /** Allows reading too. */
  readonly write?: readonly string[];
}

/** One command that a client ran. */
export interface GitExec {
  readonly service: string;
  readonly path: string;
  /** The fingerprint of the key that logged in. */
  readonly key: string;
  /** GIT_PROTOCOL as the command saw it. */
  readonly protocol: string | undefined;
  /** Whether the client asked for objects, and not only for refs. */
  readonly wantedObjects: boolean;
  /** Only known to the in-process host. */
  readonly bytesIn?: number;
  readonly bytesOut?: number;
}

/** A git host over SSH on loopback that serves the bare repositories below a folder. */
export interface GitHost {
  readonly user: string;
  readonly host: string;
  readonly port: number;
  /** The text of a known_hosts file that trusts it. */
  readonly knownHosts: string;
  /** The address of the repository `path` below the root, for annotations. */
  url(path: string): string;
  repository(path: string): SshRepository;
  /** Lets the key in; again to change what it may do. */
  allow(publicKey: string, access?: KeyAccess): Promise<void>;
  /** A new key that is let in. */
  newKey(access?: KeyAccess, type?: SshKeyType): Promise<SshKeyPair>;
  /** Oldest first; those that still run may be missing. */
  execs(): Promise<readonly GitExec[]>;
  /** Logins that succeeded since the start. */
  logins(): number;
  close(): Promise<void>;
}

export interface GitHostOptions {
  /** The folder of the repositories. */
  readonly root: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Private key; default: a new one. */
  readonly hostKey?: string;
  /** False for a server without `AcceptEnv GIT_PROTOCOL`. */
  readonly acceptEnv?: boolean;
  /** As whose server it behaves; default: git's own. */
  readonly profile?: GitProfile;
  /** Whether a session is refused, counted from 1 on its connection; as OpenSSH does with one too many, also until it has reaped one that ended. */
  readonly refusesSession?: (count: number) => boolean;
  /** Told what the profile refused. */
  readonly onRefusal?: (problem: string) => void;
}

const MOST_SNIFFED_BYTES = 64 * 1024;

/** The host for machines without sshd: ssh2's server in this process, git from the command line. */
export async function startGitHost(options: GitHostOptions): Promise<GitHost> {
  const hostKey = options.hostKey ?? newSshKeyPair().privateKey;
  const keys = new Map<string, KeyAccess>();
  const execs: GitExec[] = [];
  const sockets = new Set<Socket>();
  let logins = 0;

  const ssh = new ssh2.Server({ hostKeys: [hostKey] }, (connection) => {
    let key = "";
    connection.on("error", () => {});
    connection.on("authentication", (context) => {
      const blob = context.method === "publickey" ? fingerprint(context.key.data) : "";
      if (context.method !== "publickey" || !keys.has(blob) || !isSigned(context)) return context.reject(["publickey"]);
      key = blob;
      context.accept();
    });
    connection.on("ready", () => {
      logins += 1;
      serveSessions(connection, () => ({ fingerprint: key, access: keys.get(key) ?? { read: [] } }));
    });
  });

  function serveSessions(connection: Connection, who: () => { fingerprint: string; access: KeyAccess }): void {
    let count = 0;
    connection.on("session", (acceptSession, refuseSession) => {
      count += 1;
      if (options.refusesSession?.(count)) return refuseSession();
      const session = acceptSession();
      let protocol: string | undefined;
      session.on("env", (accept, _reject, { key, val }) => {
        if (key === "GIT_PROTOCOL" && options.acceptEnv !== false) protocol = val;
        accept?.();
      });
      session.on("exec", (accept, _reject, { command }) => {
        const channel = accept();
        const [, service = "", quoted = ""] = /^(git-upload-pack|git-receive-pack) ('.*')$/.exec(command) ?? [];
        const path = repositoryPath(quoted.replace(/^'|'$/g, "").replace(/'\\(['!])'/g, "$1"));
        const { fingerprint, access } = who();
        if (service === "" || path === undefined) return refuse(channel, `fatal: unrecognized command '${command}'`, 128);
        if (!mayUse(access, service, path)) return refuse(channel, "ERROR: Repository not found.", 1);
        serve(channel, service, path, { key: fingerprint, protocol });
      });
    });
  }

  function serve(channel: ServerChannel, service: string, path: string, who: Pick<GitExec, "key" | "protocol">): void {
    const { profile } = options;
    const protocol = profile && (service === "git-receive-pack" || !profile.fetchV2) ? undefined : who.protocol;
    const env = { ...gitEnvironment, ...(protocol === undefined ? {} : { GIT_PROTOCOL: protocol }) };
    const canFilter = profile ? ["-c", "uploadpack.allowFilter=true"] : [];
    const child = spawn("git", [...canFilter, service.slice("git-".length), path], { cwd: options.root, env });
    const exec = { service, path, ...who, wantedObjects: false, bytesIn: 0, bytesOut: 0 };
    let sniffed = "";
    execs.push(exec);
    channel.on("data", (chunk: Buffer) => {
      exec.bytesIn += chunk.length;
      if (sniffed.length < MOST_SNIFFED_BYTES) sniffed += chunk.toString("latin1");
      exec.wantedObjects ||= asksForObjects(sniffed);
    });
    child.stdout.on("data", (chunk: Buffer) => {
      exec.bytesOut += chunk.length;
    });
    child.stdin.on("error", () => {});
    channel.on("error", () => {});
    const picky =
      profile &&
      createPickyGit(profile, service, protocol === "version=2" ? 2 : 0, (problem, words) => {
        options.onRefusal?.(problem);
        if (words) channel.stderr.write(`${words}\n`);
        child.kill();
      });
    const answer = picky ? child.stdout.pipe(picky.fromServer) : child.stdout;
    (picky ? channel.pipe(picky.fromClient) : channel).pipe(child.stdin);
    answer.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    channel.on("close", () => child.kill());
    child.on("error", (error) => refuse(channel, `fatal: ${error.message}`, 127));
    const answered = finished(answer).catch(() => {});
    child.on("close", (code) => void answered.then(() => leave(channel, code ?? 1)));
  }

  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    ssh.injectSocket(socket);
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  async function allow(publicKey: string, access: KeyAccess = {}): Promise<void> {
    const [, base64 = ""] = publicKey.split(" ");
    keys.set(fingerprint(Buffer.from(base64, "base64")), access);
  }

  return {
    ...describeHost("git", port, [hostKey]),
    allow,
    async newKey(access, type) {
      const pair = newSshKeyPair(type);
      await allow(pair.publicKey, access);
      return pair;
    },
    execs: async () => execs.map((exec) => ({ ...exec })),
    logins: () => logins,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** What every host on loopback says of itself. */
export function describeHost(
  user: string,
  port: number,
  hostKeys: readonly string[],
): Pick<GitHost, "user" | "host" | "port" | "knownHosts" | "url" | "repository"> {
  const host = "127.0.0.1";
  return {
    user,
    host,
    port,
    knownHosts: hostKeys.map((key) => `[${host}]:${port} ${publicLine(key)}\n`).join(""),
    url: (path) => `ssh://${user}@${host}:${port}/${path}`,
    repository: (path) => ({ transport: "ssh", user, host, port, path: `/${path}` }),
  };
}

/** Below the root, without leading slash; undefined for a path that leaves it. */
export function repositoryPath(path: string): string | undefined {
  const relative = normalize(`./${path}`).replace(/\/+$/, "");
  return relative === "." || relative === ".." || relative.startsWith("../") || relative.startsWith("-") ? undefined : relative;
}

export function mayUse(access: KeyAccess, service: string, path: string): boolean {
  if (access.read === undefined && access.write === undefined) return true;
  return access.write?.includes(path) === true || (service === "git-upload-pack" && access.read?.includes(path) === true);
}

/** `want` in protocol 0 and 1, `command=fetch` in 2. */
export function asksForObjects(request: string): boolean {
  return /^[0-9a-f]{4}want |[0-9a-f]{4}command=fetch/.test(request);
}

function publicLine(privateKey: string): string {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return `${key.type} ${key.getPublicSSH().toString("base64")}`;
}

/** A client first asks whether the key would do (no signature), then signs. */
function isSigned(context: PublicKeyAuthContext): boolean {
  if (!context.signature || !context.blob) return true;
  const key = ssh2.utils.parseKey(context.key.data);
  return !(key instanceof Error) && key.verify(context.blob, context.signature, context.hashAlgo) === true;
}

function refuse(channel: ServerChannel, words: string, code: number): void {
  channel.stderr.write(`${words}\n`);
  leave(channel, code);
}

function leave(channel: ServerChannel, code: number): void {
  channel.exit(code);
  channel.end();
}
