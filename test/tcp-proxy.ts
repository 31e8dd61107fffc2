/** A TCP proxy on loopback that cuts, stalls or delays what passes through it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface TcpProxy {
  readonly port: number;
  /** Looks at what the server sends before the client gets it; "cut" resets both sides instead of passing it on, "hold" swallows it. */
  onServerData: ((chunk: Buffer) => "pass" | "cut" | "hold") | undefined;
  /** Likewise for what the client sends. */
  onClientData: ((chunk: Buffer) => "pass" | "cut" | "hold") | undefined;
  readonly connections: number;
}

export async function startTcpProxy(t: TestContext, targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
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
    const pipe = (from: Socket, to: Socket, look: () => TcpProxy["onServerData"]) => {
      from.on("data", (chunk: Buffer) => {
        const verdict = look()?.(chunk) ?? "pass";
        if (verdict === "cut") cut();
        else if (verdict === "pass") to.write(chunk);
      });
      from.on("end", () => to.end());
      from.on("close", () => to.destroy());
    };
    pipe(upstream, client, () => proxy.onServerData);
    pipe(client, upstream, () => proxy.onClientData);
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
    get connections() {
      return connections;
    },
  };
  return proxy;
}
