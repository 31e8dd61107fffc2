/** A TCP server on loopback that accepts and says nothing. */
import { once } from "node:events";
import { appendFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { newSshKeyPair } from "../sandbox/ssh-key-pair.ts";

/** `env` names the file of known hosts that gets a line for it: a host without one is not connected to. */
export async function startSilentHost(
  t: TestContext,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly port: number; readonly connections: number }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket.on("error", () => {}));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  await appendFile(env.SSH_KNOWN_HOSTS ?? "", `[127.0.0.1]:${port} ${newSshKeyPair().publicKey}\n`);
  return {
    port,
    get connections() {
      return connections;
    },
  };
}
