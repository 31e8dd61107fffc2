import type { RequestListener } from "node:http";
import type { Config } from "./config.ts";
import type { Log } from "./core/ports.ts";
import type { createEndpoints } from "./endpoints.ts";
import { createApp } from "./http/app.ts";
import { startHttpServer } from "./http/http-server.ts";

interface ServersOptions {
  readonly config: Pick<Config, "host" | "port" | "healthPort" | "hookPort">;
  readonly endpoints: ReturnType<typeof createEndpoints>;
  /** Undefined: there is no port for events. */
  readonly hooks: RequestListener | undefined;
  readonly requestStarted: Parameters<typeof createApp>[2];
  readonly log: Log;
}

/** All ports on which the operator listens. */
export async function startServers({ config, endpoints, hooks, requestStarted, log }: ServersOptions) {
  const { host, healthPort, hookPort } = config;
  const server = await startHttpServer(createApp(endpoints.all, log, requestStarted), config);
  // Nobody's other calls hold up what the kubelet asks.
  const healthServer = healthPort === 0 ? undefined : await startHttpServer(createApp(endpoints.health, log), { host, port: healthPort });
  const hookServer = hooks && (await startHttpServer(hooks, { host, port: hookPort }));
  return {
    port: server.port,
    /** Undefined: none. */
    hookPort: hookServer?.port,
    close: () => Promise.all([server.close(), healthServer?.close(), hookServer?.close()]),
  };
}
