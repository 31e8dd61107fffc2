/** A way to the git host that can go wrong. */
import { appendFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import type { World } from "../../sandbox/world.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

interface ProxiedGit {
  readonly proxy: TcpProxy;
  /** The repository's address by way of the proxy. */
  through(path: string): string;
}

export async function startProxiedGit(t: TestContext, { gitHost, env }: Pick<World, "gitHost" | "env">): Promise<ProxiedGit> {
  const { port } = gitHost;
  const proxy = await startTcpProxy(t, port);
  await appendFile(env.SSH_KNOWN_HOSTS as string, gitHost.knownHosts.replaceAll(`:${port} `, `:${proxy.port} `));
  return { proxy, through: (path) => gitHost.url(path).replace(`:${port}`, `:${proxy.port}`) };
}
