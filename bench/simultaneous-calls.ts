import { once } from "node:events";
import { connect } from "node:net";

/** Opens all connections first and then asks on each within one tick; milliseconds to the last answer. Rejects unless all are 200. */
export async function callAtOnce(url: string, count: number): Promise<number> {
  const { hostname, port, pathname, host } = new URL(url);
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(Number(port), hostname);
      await once(socket, "connect");
      return socket;
    }),
  );
  const answers = sockets.map(async (socket) => {
    let head = "";
    for await (const chunk of socket) if (head.length < 64) head += String(chunk);
    if (!head.startsWith("HTTP/1.1 200 ")) throw new Error(`one of ${count} calls was answered with ${head.split("\r\n", 1)[0]}`);
  });
  const startedAt = performance.now();
  for (const socket of sockets) socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  await Promise.all(answers);
  return performance.now() - startedAt;
}
