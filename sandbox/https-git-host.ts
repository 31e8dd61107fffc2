/**
 * A git host over https on loopback, with its own authority: git's http-backend behind a login. It refuses what is not exactly as
 * gitprotocol-http(5) has it, and counts what comes.
 */
import { spawn } from "node:child_process";
import { createHash, createPublicKey } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { PassThrough } from "node:stream";
import type { Repository } from "../src/core/types.ts";
import { createSelfSignedCertificate } from "./cluster-api/self-signed-certificate.ts";
import { asksForObjects, type GitExec, type GitHost, type GitHostOptions, type KeyAccess, mayUse, repositoryPath } from "./git-host.ts";
import { gitEnvironment } from "./git-process.ts";
import { createGitHubApps, type GitHubApps, type SandboxApp } from "./github-apps.ts";
import { createPickyGit } from "./picky-git.ts";
import { newSshKeyPair, type SshKeyPair } from "./ssh-key-pair.ts";

export interface HttpsGitHostOptions extends Pick<GitHostOptions, "root" | "port" | "acceptEnv" | "profile" | "onRefusal"> {
  /** Default: tokens. */
  readonly door?: "token" | "app";
}

interface HttpsRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly authorization: string | undefined;
}

export interface HttpsGitHost extends Omit<GitHost, "repository"> {
  readonly caPem: string;
  readonly apps: GitHubApps;
  repository(path: string): Extract<Repository, { transport: "https" }>;
  /** What the Secret holds in the place of such a key; undefined: it is none of this host's. */
  secretOf(privateKey: string): Readonly<Record<string, string>> | undefined;
  /** The token of such a key is not taken any more. */
  revoke(privateKey: string): void;
  /** Oldest first. */
  readonly requests: readonly HttpsRequest[];
  /** TLS connections since the start. */
  connectionCount(): number;
  /** All that comes is answered so; returns the end of it. */
  answer(reply: (request: IncomingMessage, response: ServerResponse) => void): () => void;
  /** Ends every connection that is open. */
  dropConnections(): void;
}

interface Holder {
  readonly key: string;
  access: KeyAccess;
}

const SERVICES = ["git-upload-pack", "git-receive-pack"];

export async function startHttpsGitHost(options: HttpsGitHostOptions): Promise<HttpsGitHost> {
  const { door = "token", root, acceptEnv = true, profile, onRefusal } = options;
  const { certPem, keyPem } = createSelfSignedCertificate();
  const apps = createGitHubApps();
  /** By fingerprint. */
  const holders = new Map<string, Holder>();
  const byToken = new Map<string, Holder>();
  const byPrivateKey = new Map<string, Readonly<Record<string, string>>>();
  const execs: { -readonly [Field in keyof GitExec]: GitExec[Field] }[] = [];
  const requests: HttpsRequest[] = [];
  const replies = new Set<(request: IncomingMessage, response: ServerResponse) => void>();
  const sockets = new Set<Socket>();
  let connections = 0;

  const server = createServer({ cert: certPem, key: keyPem, keepAliveTimeout: 60_000 }, (request, response) => {
    requests.push({ method: request.method ?? "", path: request.url ?? "", authorization: request.headers.authorization });
    const [reply = handle] = replies;
    reply(request, response);
  });
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  server.on("tlsClientError", () => {});

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "https://localhost");
    const [, named = "", tail = ""] =
      /^\/(.+)\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    const service = tail === "info/refs" ? (url.searchParams.get("service") ?? "") : tail;
    const path = repositoryPath(named);
    if (path === undefined || !SERVICES.includes(service)) return void refuse(response, 403, "only smart HTTP is spoken here");
    const holder = holderOf(request.headers.authorization ?? "", path);
    if (!holder) return void refuse(response, 401, "Invalid username or token.", { "www-authenticate": 'Basic realm="git"' });
    if (!mayUse(holder.access, "git-upload-pack", path)) return void refuse(response, 404, "Repository not found.");
    if (!mayUse(holder.access, service, path)) return void refuse(response, 403, "Write access to repository not granted.");
    const problem = problemOf(request, tail, service);
    if (problem !== undefined) return void refuse(response, 400, problem);
    serve(request, response, { tail, service, path, search: url.search, key: holder.key });
  }

  /** An App's token is good for the one repository and the one right. */
  function holderOf(authorization: string, path: string): Holder | undefined {
    const [, encoded = ""] = /^Basic ([A-Za-z0-9+/]+={0,2})$/.exec(authorization) ?? [];
    const [, user = "", password = ""] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString()) ?? [];
    if (door === "token") return user === "git" ? byToken.get(password) : undefined;
    const token = user === "x-access-token" ? apps.tokenOf(password) : undefined;
    if (!token) return undefined;
    const isMeant =
      path
        .split("/")
        .at(-1)
        ?.replace(/\.git$/, "") === token.repository;
    const may = { read: [path], write: token.permissions.contents === "write" ? [path] : [] };
    return { key: keyOf(token.app), access: isMeant && token.permissions.contents !== undefined ? may : { read: [] } };
  }

  function keyOf(app: SandboxApp): string {
    return [...holders.values()].find(({ access }) => access === app.access)?.key ?? "";
  }

  function serve(
    request: IncomingMessage,
    response: ServerResponse,
    { tail, service, path, search, key }: { tail: string; service: string; path: string; search: string; key: string },
  ): void {
    const version = request.headers["git-protocol"];
    const speaksV2 = acceptEnv && (!profile || profile.fetchV2 !== undefined);
    const protocol = speaksV2 && typeof version === "string" ? version : undefined;
    if (tail === "info/refs") execs.push({ service, path, key, protocol, wantedObjects: false });
    const exec = execs.findLast((one) => one.service === service && one.path === path && one.key === key);
    let sniffed = "";
    const env = {
      ...gitEnvironment,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: `/${path}/${tail}`,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method ?? "GET",
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      REMOTE_USER: "sandbox",
      REMOTE_ADDR: "127.0.0.1",
      ...(protocol === undefined ? {} : { GIT_PROTOCOL: protocol }),
    };
    const backend = spawn("git", [...(profile ? ["-c", "uploadpack.allowFilter=true"] : []), "http-backend"], { env });
    const refuseIt = (problem: string, words: string) => {
      onRefusal?.(problem);
      if (words === "" || response.headersSent) return void response.destroy();
      refuse(response, 400, words);
    };
    const part = tail === "info/refs" ? "listing" : "answer";
    const picky = profile && createPickyGit(profile, service, protocol === "version=2" ? 2 : 0, refuseIt, part);
    const body = picky?.fromServer ?? new PassThrough();
    body.on("data", (chunk: Buffer) => void response.write(chunk));
    body.on("end", () => response.end());
    request.on("data", (chunk: Buffer) => {
      if (sniffed.length < 65_536) sniffed += chunk.toString("latin1");
      if (exec && asksForObjects(sniffed)) exec.wantedObjects = true;
    });
    if (picky) request.pipe(picky.fromClient).pipe(backend.stdin);
    else request.pipe(backend.stdin);
    backend.stdin.on("error", () => {});
    response.on("close", () => backend.kill());
    let head: Buffer | undefined = Buffer.alloc(0);
    backend.stdout.on("data", (chunk: Buffer) => {
      if (response.writableEnded) return;
      if (!head) return void body.write(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      for (const line of head.toString("latin1", 0, end).split("\r\n")) {
        const [field = "", value = ""] = line.split(": ");
        if (field === "Status") response.statusCode = Number.parseInt(value, 10);
        else response.setHeader(field, value);
      }
      if (head.length > end + 4) body.write(head.subarray(end + 4));
      head = undefined;
    });
    backend.on("close", () => body.end());
  }

  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const host = "127.0.0.1";

  async function allow(publicKey: string, access: KeyAccess = {}): Promise<void> {
    const [, base64 = ""] = publicKey.split(" ");
    const key = `SHA256:${createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64").replace(/=+$/, "")}`;
    const known = holders.get(key);
    if (known) known.access = access;
    else holders.set(key, { key, access });
  }

  async function newKey(access: KeyAccess = {}): Promise<SshKeyPair> {
    const pair = newSshKeyPair(door === "app" ? "rsa" : "ed25519");
    const holder: Holder = { key: pair.fingerprint, access };
    holders.set(holder.key, holder);
    if (door === "app") {
      const { appId, installationId } = apps.add(createPublicKey(pair.privateKey), access);
      const ids = { githubAppID: appId, githubAppInstallationID: installationId };
      byPrivateKey.set(pair.privateKey, { ...ids, githubAppPrivateKey: pair.privateKey, "ca.crt": certPem });
    } else {
      const password = `tok-${createHash("sha256").update(pair.privateKey).digest("hex").slice(0, 36)}`;
      byToken.set(password, holder);
      byPrivateKey.set(pair.privateKey, { username: "git", password, "ca.crt": certPem });
    }
    return pair;
  }

  return {
    ...{ user: "git", host, port, knownHosts: "", caPem: certPem, apps, requests, allow, newKey },
    url: (path) => `https://${host}:${port}/${path}`,
    repository: (path) => ({ transport: "https", host, port, path: `/${path}` }),
    secretOf: (privateKey) => byPrivateKey.get(privateKey),
    revoke(privateKey) {
      byToken.delete(byPrivateKey.get(privateKey)?.password ?? "");
    },
    execs: async () => execs.map((exec) => ({ ...exec })),
    logins: () => connections,
    connectionCount: () => connections,
    answer(reply) {
      replies.add(reply);
      return () => replies.delete(reply);
    },
    dropConnections() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function refuse(response: ServerResponse, status: number, words: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers }).end(words);
}

/** What gitprotocol-http(5) asks of a client, and real hosts forgive. */
function problemOf({ method, headers }: IncomingMessage, tail: string, service: string): string | undefined {
  if (method !== (tail === "info/refs" ? "GET" : "POST")) return `method ${method}`;
  if (service === "git-receive-pack" && headers["git-protocol"] !== undefined) return "pushes have no protocol 2";
  if (method === "GET") return undefined;
  if (headers["content-type"] !== `application/x-${service}-request`) return `content-type ${headers["content-type"]}`;
  if (headers.accept !== `application/x-${service}-result`) return `accept ${headers.accept}`;
  return undefined;
}
