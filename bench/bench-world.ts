/** The sandbox's world around OpenSSH's sshd, with a proxy that counts in front of it, a collector of traces, and operators in processes of their own. */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClusterApiOptions } from "../sandbox/cluster-api.ts";
import { startHttpsGitHost } from "../sandbox/https-git-host.ts";
import { startWorld, type World, type WorldOptions } from "../sandbox/world.ts";
import { startOpenSsh } from "../test/openssh.ts";
import { startTcpProxy, type TcpProxy } from "../test/tcp-proxy.ts";
import { startOtlpReceiver } from "../test/telemetry/otlp-receiver.ts";
import { type CommandLineGit, createCommandLineGit } from "./command-line-git.ts";
import { type OperatorProcess, startOperatorProcess } from "./operator-process.ts";

export interface BenchWorld extends World {
  readonly proxy: TcpProxy;
  readonly git: CommandLineGit;
  /** The repository's address directly, or through the proxy that counts. */
  url(path: string, via: "direct" | "proxy"): string;
  /** `more`: of its environment. */
  operator(more?: Readonly<Record<string, string>>): Promise<OperatorProcess>;
}

/** How repositories are opened: OpenSSH with a key, or git's http-backend behind TLS with a token. */
export type Door = "ssh" | "https";

const FORGET_SPANS_MS = 1_000;

/** Runs `work` in a world of its own, which is closed whatever comes of it. */
export async function inBenchWorld<T>(
  work: (world: BenchWorld) => AsyncGenerator<T, void, undefined>,
  options: { readonly cluster?: ClusterApiOptions; readonly door?: Door } = {},
): Promise<AsyncGenerator<T, void, undefined>> {
  const { cluster, door = "ssh" } = options;
  const startHost: WorldOptions["startHost"] = door === "https" ? startHttpsGitHost : (host) => startOpenSsh({ ...host, trace: false });
  const world = await startWorld({ ...(cluster && { cluster }), startHost });
  const ends: (() => void | Promise<void>)[] = [() => world.close()];
  return (async function* () {
    try {
      const proxy = await startTcpProxy({ after: (end) => void ends.unshift(end) }, world.gitHost.port);
      const traces = await startOtlpReceiver({ after: (end) => void ends.unshift(end) });
      const forgetting = setInterval(() => void traces.spans.splice(0), FORGET_SPANS_MS);
      ends.unshift(() => clearInterval(forgetting));
      const env = { ...world.env, IMAGE_CHECK: "on", OTEL_EXPORTER_OTLP_ENDPOINT: traces.url };
      const { host, port, knownHosts } = world.gitHost;
      const knownThroughProxy = knownHosts.replaceAll(`[${host}]:${port}`, `[${host}]:${proxy.port}`);
      await appendFile(String(world.env.SSH_KNOWN_HOSTS), knownThroughProxy);
      yield* work({
        ...world,
        proxy,
        git: await createCommandLineGit(world),
        url: (path, via) => {
          const url = world.gitHost.url(path);
          return via === "direct" ? url : url.replace(`:${port}/`, `:${proxy.port}/`);
        },
        async operator(more = {}) {
          const operator = await startOperatorProcess({ ...env, ...more }, join(world.folder, "operator.log"));
          ends.unshift(() => operator.close());
          return operator;
        },
      });
    } finally {
      for (const end of ends) await end();
    }
  })();
}
