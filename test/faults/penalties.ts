/** A door in front of an sshd that does what OpenSSH does by default since 9.8 (sshd_config(5), PerSourcePenalties), whatever version is installed. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** For a failed login; from how much on an address is refused; at most. */
const PENALTY_MS = 5_000;
const LEAST_MS = 15_000;
const MOST_MS = 600_000;

export interface Door {
  readonly port: number;
  readonly failedLogins: number;
  readonly refused: number;
  /** What is open ends, as it does when it was idle for long. */
  endAll(): void;
}

/** `log`: what sshd has said lately. */
export async function startDoor(t: { after(close: () => unknown): void }, host: { readonly port: number; log(): string }): Promise<Door> {
  const sockets = new Set<Socket>();
  let failedLogins = 0;
  let refused = 0;
  let until = 0;
  let isClosed = false;
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };

  const server = createServer((client) => {
    const left = until - Date.now();
    isClosed = left >= LEAST_MS || (isClosed && left > 0);
    if (isClosed) {
      refused += 1;
      return void client.destroy();
    }
    const upstream = connect(host.port, "127.0.0.1");
    let localPort = 0;
    upstream.on("connect", () => {
      localPort = upstream.localPort ?? 0;
    });
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    // sshd says so a moment after the client has left.
    upstream.on("close", () => setTimeout(() => punish(localPort), 200));
  }).listen(0, "127.0.0.1");

  function punish(port: number): void {
    const failed = new RegExp(`(?:authenticating user \\S+|Failed publickey for \\S+ from) 127\\.0\\.0\\.1 port ${port}\\b`);
    if (!failed.test(host.log())) return;
    failedLogins += 1;
    until = Math.min(Math.max(until, Date.now()) + PENALTY_MS, Date.now() + MOST_MS);
  }

  await once(server, "listening");
  t.after(() => {
    server.close();
    endAll();
  });
  return {
    port: (server.address() as AddressInfo).port,
    get failedLogins() {
      return failedLogins;
    },
    get refused() {
      return refused;
    },
    endAll,
  };
}
