import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Opens all connections first and then asks on each within one tick; milliseconds to the last answer. Rejects unless all are 200. */
export async function callAtOnce(url: string, count: number): Promise<number> {
  const { hostname, port, pathname, host } = new URL(url);
  const sockets: Socket[] = [];
  // A listener's queue of connections that it has not accepted yet is short (511 in Node).
  for (let index = 0; index < count; index++) {
    const socket = connect(Number(port), hostname);
    // Told by whoever waits for the answer.
    socket.on("error", () => {});
    await once(socket, "connect");
    if (sockets.push(socket) % 100 === 0) await sleep(50);
  }
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
