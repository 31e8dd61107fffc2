/** A TCP proxy on loopback that cuts, stalls, delays and counts what passes through it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface TcpProxy {
  readonly port: number;
  /** Looks at what the server sends before the client gets it; "cut" resets both sides instead of passing it on, "hold" swallows it. */
  onServerData: ((chunk: Buffer) => "pass" | "cut" | "hold") | undefined;
  /** Likewise for what the client sends. */
  onClientData: ((chunk: Buffer) => "pass" | "cut" | "hold") | undefined;
  /** Each way, for what comes from now on. */
  delayMs: number;
  readonly connections: number;
  readonly clientBytes: number;
  readonly serverBytes: number;
  /** Of the connection that had most: times that the client sent after it had got something that answered its last sending. */
  readonly roundTrips: number;
  /** Counts begin anew; what is on its way belongs to the past. */
  resetCounts(): void;
}

/** How many turns a side knows of: what it has got, and what it says next builds on that. */
interface Turns {
  client: number;
  server: number;
}

export async function startTcpProxy(t: { after(close: () => void): void }, targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const turns = new Set<Turns>();
  const counts = { connections: 0, clientBytes: 0, serverBytes: 0 };
  const server = createServer((client) => {
    counts.connections += 1;
    const known: Turns = { client: 0, server: 0 };
    turns.add(known);
    const upstream = connect(targetPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
    }
    const cut = () => {
      client.resetAndDestroy();
      upstream.destroy();
    };
    const later = (step: () => void) => (proxy.delayMs > 0 ? void setTimeout(step, proxy.delayMs) : step());
    const pipe = (from: Socket, to: Socket, look: () => TcpProxy["onServerData"], count: (bytes: number) => () => void) => {
      from.on("data", (chunk: Buffer) => {
        const arrived = count(chunk.length);
        const verdict = look()?.(chunk) ?? "pass";
        if (verdict === "cut") cut();
        else if (verdict === "pass") {
          later(() => {
            arrived();
            to.write(chunk);
          });
        }
      });
      from.on("end", () => later(() => to.end()));
      from.on("close", () => later(() => to.destroy()));
    };
    // A logical clock: a side's word is one turn later than what that side had heard when it spoke.
    const fromServer = (bytes: number) => {
      counts.serverBytes += bytes;
      const turn = known.server;
      return () => {
        known.client = Math.max(known.client, turn);
      };
    };
    const fromClient = (bytes: number) => {
      counts.clientBytes += bytes;
      const turn = known.client + 1;
      return () => {
        known.server = Math.max(known.server, turn);
      };
    };
    pipe(upstream, client, () => proxy.onServerData, fromServer);
    pipe(client, upstream, () => proxy.onClientData, fromClient);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    onServerData: undefined,
    onClientData: undefined,
    delayMs: 0,
    get connections() {
      return counts.connections;
    },
    get clientBytes() {
      return counts.clientBytes;
    },
    get serverBytes() {
      return counts.serverBytes;
    },
    get roundTrips() {
      return Math.max(0, ...[...turns].map(({ client }) => client));
    },
    resetCounts() {
      Object.assign(counts, { connections: 0, clientBytes: 0, serverBytes: 0 });
      for (const known of turns) Object.assign(known, { client: 0, server: 0 });
    },
  };
  return proxy;
}
