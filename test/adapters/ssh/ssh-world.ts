import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createBareRepository } from "../../../sandbox/bare-repository.ts";
import { type GitHost, type GitHostOptions, startGitHost } from "../../../sandbox/git-host.ts";
import { resetSocket } from "../../../sandbox/reset-socket.ts";
import { type CheckedAddressesOptions, createCheckedAddresses } from "../../../src/adapters/egress/checked-addresses.ts";
import { parseKnownHosts } from "../../../src/adapters/ssh/known-hosts.ts";
import {
  createSshConnections,
  gitCommand,
  type SshChannel,
  type SshConnections,
  type SshConnectionsOptions,
} from "../../../src/adapters/ssh/ssh-connections.ts";
import { parseSshKey } from "../../../src/adapters/ssh/ssh-key.ts";
import type { SshKey } from "../../../src/core/git-ports.ts";
import type { SshRepository } from "../../../src/core/types.ts";
import { type OpenSshOptions, startOpenSsh } from "../../openssh.ts";

export const secret = { namespace: "team", name: "deploy-key" };
export const path = "team/app.git";

/** The egress rules with loopback open, where all hosts of the tests are; `resolve` answers for names. */
export function openLoopback(resolve?: CheckedAddressesOptions["resolve"]) {
  return createCheckedAddresses({ allowCidrs: ["127.0.0.0/8", "::1"], ...(resolve ? { resolve } : {}) });
}
export const loopback = openLoopback();

export interface SshWorld {
  readonly host: GitHost;
  readonly key: SshKey;
  /** Connections that trust the host; closed with the test. */
  connections(options?: Partial<SshConnectionsOptions>): SshConnections;
}

/** A host of the given kind with one small repository and one key that may use it. */
export async function startSshWorld(
  t: TestContext,
  kind: "in-process" | "OpenSSH",
  options: Partial<OpenSshOptions> & Pick<GitHostOptions, "refusesSession"> = {},
): Promise<SshWorld> {
  const root = await mkdtemp(join(tmpdir(), "git-host-"));
  await createBareRepository(join(root, path), { files: { "README.md": "hello\n" } });
  const host = await (kind === "OpenSSH" ? startOpenSsh : startGitHost)({ root, ...options });
  const closing: SshConnections[] = [];
  t.after(async () => {
    await Promise.all(closing.map((connections) => connections.close()));
    await host.close();
    await rm(root, { recursive: true, force: true });
  });
  return {
    host,
    key: await addKey(host),
    connections(more = {}) {
      const connections = createSshConnections({ knownHosts: () => known(host.knownHosts), addressesOf: loopback, retryMs: 20, ...more });
      closing.push(connections);
      return connections;
    },
  };
}

export async function addKey(host: GitHost): Promise<SshKey> {
  return parseSshKey((await host.newKey()).privateKey, secret);
}

export function known(text: string) {
  return parseKnownHosts([{ name: "known_hosts", text }]);
}

export function soon(ms = 60_000): { signal: AbortSignal } {
  return { signal: AbortSignal.timeout(ms) };
}

/** All that the command says, and how it ended. */
export async function finish(channel: SshChannel): Promise<{ stdout: string; code: number | undefined; signal?: string; stderr: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of channel.stdout) chunks.push(chunk);
  return { stdout: Buffer.concat(chunks).toString(), ...(await channel.closed) };
}

/** What `git ls-remote` begins with: the advertisement, then goodbye. */
export async function advertise(connections: SshConnections, repository: SshRepository, key: SshKey, env: Record<string, string> = {}) {
  const channel = await connections.exec(repository, key, gitCommand("git-upload-pack", repository.path), { env, ...soon() });
  await channel.write("0000");
  channel.end();
  return finish(channel);
}

export async function until(what: () => boolean, timeoutMs = 60_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!what()) {
    if (performance.now() > end) throw new Error(`still not true after ${timeoutMs} ms: ${what}`);
    await sleep(5);
  }
}

interface TcpProxy {
  readonly port: number;
  /** Bytes that went to the client. */
  readonly bytesDown: number;
  /** Connections accepted. */
  readonly accepted: number;
  /** Stops the flow in these directions on the connections that are open now. */
  freeze(direction: "up" | "down" | "both"): void;
  /** Resets the open connections. */
  cut(): void;
}

export async function startTcpProxy(t: TestContext, targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<{ client: Socket; target: Socket }>();
  let bytesDown = 0;
  let accepted = 0;
  const server = createServer((client) => {
    accepted += 1;
    const target = connect(targetPort, "127.0.0.1");
    const pair = { client, target };
    pairs.add(pair);
    client.on("error", () => {}).on("close", () => target.destroy());
    target.on("error", () => {}).on("close", () => client.destroy());
    client.on("close", () => pairs.delete(pair));
    target.on("data", (chunk) => {
      bytesDown += chunk.length;
    });
    client.pipe(target);
    target.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    for (const { client } of pairs) client.destroy();
  });
  return {
    port: (server.address() as AddressInfo).port,
    get bytesDown() {
      return bytesDown;
    },
    get accepted() {
      return accepted;
    },
    freeze(direction) {
      for (const { client, target } of pairs) {
        if (direction !== "down") client.unpipe(target).pause();
        if (direction !== "up") target.unpipe(client).pause();
      }
    },
    cut() {
      for (const { client } of pairs) resetSocket(client);
    },
  };
}
