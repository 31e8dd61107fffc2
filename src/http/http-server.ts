/** The listening server, with bounds on what callers can hold (docs/ASSURANCE.md, S16). */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createAddressShares } from "./address-shares.ts";

interface HttpServerOptions {
  readonly port: number;
  /** Undefined: all interfaces, IPv6 and IPv4. */
  readonly host: string | undefined;
  /** For tests: smaller ones. */
  readonly limits?: HttpLimits;
}

const LIMITS = {
  /** From the connection to the end of the headers; idle connections end so too. */
  headersMs: 10_000,
  requestMs: 30_000,
  headerBytes: 16 * 1024,
  /** One more is hung up on. */
  connections: 4_096,
  /** What an address has in any case; it gets more only as long as half of all are free. */
  connectionShare: 64,
  /** Who takes nothing of a finished answer for so long is hung up on, so that none is held for readers that never come. */
  unreadMs: 30_000,
};
export type HttpLimits = typeof LIMITS;
const LAST_ANSWERS_MS = 1_000;

export async function startHttpServer(app: RequestListener, { port, host, limits = LIMITS }: HttpServerOptions) {
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.headersMs / 2,
      maxHeaderSize: limits.headerBytes,
    },
    app,
  );
  server.maxConnections = limits.connections;
  const takeShare = createAddressShares(limits.connectionShare, limits.connections / 2);
  server.on("connection", (socket) => {
    const release = takeShare(socket.remoteAddress ?? "");
    if (release) socket.once("close", release);
    else socket.destroy();
  });
  // From the last byte that is written until it is sent; the server's own times come after that.
  server.prependListener("request", (_request, response) => response.once("prefinish", () => response.setTimeout(limits.unreadMs)));
  // A burst waits its turn instead of being dropped, and sent again a second later, others' calls with it.
  server.listen({ port, host, backlog: limits.connections });
  await once(server, "listening").catch((cause: NodeJS.ErrnoException) => {
    const address = `${host ?? "all interfaces"}, port ${port}`;
    throw new Error(
      `can't listen on ${address} (${cause.code}); set PORT, HEALTH_PORT, HOOK_PORT or HOST to a free address of this machine`,
      {
        cause,
      },
    );
  });
  return {
    port: (server.address() as AddressInfo).port,
    /** Answers that are ready go out; who still holds a connection after that is cut off. */
    async close(): Promise<void> {
      const closed = once(server, "close");
      server.close();
      await Promise.race([closed, sleep(LAST_ANSWERS_MS, undefined, { ref: false })]);
      server.closeAllConnections();
    },
  };
}
