import { once } from "node:events";
import { createServer } from "node:http";
import { createSecureServer, type Http2Session } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { resetSocket } from "../reset-socket.ts";
import type { Request, Response } from "./exchange.ts";
import { createSelfSignedCertificate } from "./self-signed-certificate.ts";

/** `http`, TLS with HTTP/1.1 only, TLS with HTTP/2 (and HTTP/1.1 for those that want it). */
export type Protocol = "http" | "https" | "h2";

export interface Listener {
  readonly url: string;
  /** The authority of the certificate; undefined for http. */
  readonly caPem: string | undefined;
  /** Connections taken since the start. */
  readonly connectionCount: number;
  resetConnections(): void;
  /** What was asked over HTTP/2 is answered still, and then the connection ends; no new stream is taken. */
  goAway(): void;
  /** `refuse`: nobody listens; `reset`: connections are taken and reset at once. */
  stop(how: "refuse" | "reset"): Promise<void>;
  /** On the same port as before. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

/** Go servers keep an idle connection for 90 s. */
const idleMs = 90_000;

export async function startListener(
  protocol: Protocol,
  port: number,
  handle: (request: Request, response: Response) => void,
): Promise<Listener> {
  const host = "127.0.0.1";
  const { certPem: cert, keyPem: key } = protocol === "http" ? { certPem: undefined, keyPem: undefined } : createSelfSignedCertificate();
  const server: Server = (() => {
    if (protocol === "http") return createServer({ keepAliveTimeout: idleMs }, handle);
    if (protocol === "https") return createTlsServer({ cert, key, ALPNProtocols: ["http/1.1"], keepAliveTimeout: idleMs }, handle);
    return createSecureServer({ cert, key, allowHTTP1: true, keepAliveTimeout: idleMs } as object, handle);
  })();
  const sockets = new Set<Socket>();
  let connectionCount = 0;
  let resetting = false;
  server.on("connection", (socket: Socket) => {
    if (resetting) return void resetSocket(socket);
    connectionCount += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  server.on("tlsClientError", () => {});
  const sessions = new Set<Http2Session>();
  server.on("session", (session: Http2Session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  await listen(port);
  const { port: boundPort } = server.address() as AddressInfo;

  async function listen(on: number): Promise<void> {
    server.listen(on, host);
    await once(server, "listening");
  }
  /** Below TLS it is not seen whether an orderly end is under way, which Node fails to reset (reset-socket.ts): there they are closed. */
  function resetConnections(): void {
    for (const socket of sockets) protocol === "http" ? resetSocket(socket) : socket.destroy();
  }
  async function stopListening(): Promise<void> {
    if (!server.listening) return resetConnections();
    const closed = once(server, "close");
    server.close();
    resetConnections();
    await closed;
  }

  return {
    url: `${protocol === "http" ? "http" : "https"}://${host}:${boundPort}`,
    caPem: cert,
    get connectionCount() {
      return connectionCount;
    },
    resetConnections,
    goAway() {
      for (const session of sessions) session.close();
    },
    async stop(how) {
      resetting = how === "reset";
      if (how === "refuse") await stopListening();
      else resetConnections();
    },
    async resume() {
      resetting = false;
      if (!server.listening) await listen(boundPort);
    },
    close: stopListening,
  };
}
