import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** An HTTP proxy that notes what it is asked for and leads everything to one port on loopback; port 0: it refuses. */
export async function startConnectProxy(t: TestContext, targetPort: number) {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on("connect", (incoming, socket: Socket) => {
    asked.push(incoming.url ?? "");
    if (targetPort === 0) return socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    const onward = connect(targetPort, "127.0.0.1", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    sockets.add(socket).add(onward);
    for (const each of [socket, onward]) each.on("error", () => each.destroy());
    onward.pipe(socket).pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
