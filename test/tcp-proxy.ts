/** A TCP proxy on loopback that cuts, stalls, resets, throttles, half-closes, delays and counts what passes through it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type Side = "server" | "client";

/** What happens to the next connection once exactly that many bytes of one side have passed. */
export interface TcpFault {
  /** Whose bytes are counted. */
  readonly side: Side;
  readonly afterBytes: number;
  /**
   * `reset`: both ends get a reset; `close`: both ends get an orderly end; `half-close`: only the reader of that side does;
   * `stall`: nothing passes any more in either direction and the connection stays open; or what the caller does, after which nothing passes.
   */
  readonly how: "reset" | "close" | "half-close" | "stall" | (() => void);
}

export interface TcpProxy {
  readonly port: number;
  /** Looks at what the server sends before the client gets it; "cut" resets both sides instead of passing it on, "hold" swallows it. */
  onServerData: ((chunk: Buffer) => "pass" | "cut" | "hold") | undefined;
  /** Likewise for what the client sends. */
  onClientData: ((chunk: Buffer) => "pass" | "cut" | "hold") | undefined;
  /** Arms one fault for the next connection alone. */
  inject(fault: TcpFault): { readonly happened: boolean; disarm(): void };
  /** Each way, for what comes from now on. */
  delayMs: number;
  /** Each way, for what comes from now on; 0 = as fast as it goes. */
  bytesPerSecond: number;
  readonly connections: number;
  readonly clientBytes: number;
  readonly serverBytes: number;
  /** Of the connection that had most: times that the client sent after it had got something that answered its last sending. */
  readonly roundTrips: number;
  /** Counts begin anew; what is on its way belongs to the past. */
  resetCounts(): void;
  /** Open now. */
  readonly open: number;
  /** What each side has sent over the connection that was opened last. */
  readonly passed: Readonly<Record<Side, number>>;
  /** Resets what is open. */
  cutAll(): void;
}

/** How many turns a side knows of: what it has got, and what it says next builds on that. */
interface Turns {
  client: number;
  server: number;
}

export async function startTcpProxy(t: { after(close: () => void): void }, targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<{ client: Socket; upstream: Socket }>();
  const turns = new Set<Turns>();
  const totals = { connections: 0, clientBytes: 0, serverBytes: 0 };
  let armed: { fault: TcpFault; happened: boolean } | undefined;
  let passed = { server: 0, client: 0 };

  const server = createServer({ allowHalfOpen: true }, (client) => {
    totals.connections += 1;
    const known: Turns = { client: 0, server: 0 };
    turns.add(known);
    const upstream = connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true });
    const pair = { client, upstream };
    pairs.add(pair);
    const counts = { server: 0, client: 0 };
    passed = counts;
    const mine = armed;
    armed = undefined;
    let stalled = false;
    const cut = () => {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    };
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on("error", () => {});
    }
    client.on("close", () => pairs.delete(pair));

    function strike(fault: TcpFault, to: Socket): void {
      if (mine) mine.happened = true;
      if (fault.how === "reset") cut();
      else if (fault.how === "half-close") to.end();
      else {
        stalled = true;
        if (fault.how === "close") {
          client.end();
          upstream.end();
        } else if (fault.how !== "stall") fault.how();
      }
    }

    const later = (ms: number, step: () => void) => (ms > 0 ? void setTimeout(step, ms) : step());

    // A logical clock: a side's word is one turn later than what that side had heard when it spoke.
    function count(side: Side, bytes: number): () => void {
      totals[`${side}Bytes`] += bytes;
      const hearer = side === "server" ? "client" : "server";
      const turn = side === "server" ? known.server : known.client + 1;
      return () => {
        known[hearer] = Math.max(known[hearer], turn);
      };
    }

    function pipe(side: Side, from: Socket, to: Socket, look: () => TcpProxy["onServerData"]): void {
      const fault = mine?.fault.side === side ? mine.fault : undefined;
      if (fault?.afterBytes === 0) setImmediate(() => strike(fault, to));
      function pass(chunk: Buffer): void {
        const left = fault ? fault.afterBytes - counts[side] : Number.POSITIVE_INFINITY;
        if (stalled || left <= 0 || to.destroyed || to.writableEnded) return;
        counts[side] += Math.min(chunk.length, left);
        if (!fault || chunk.length < left) return void to.write(chunk);
        // The bytes before the fault arrive before it does.
        to.write(chunk.subarray(0, left), () => strike(fault, to));
      }
      from.on("data", (chunk: Buffer) => {
        const arrived = count(side, chunk.length);
        const verdict = look()?.(chunk) ?? "pass";
        if (verdict === "cut") return cut();
        if (verdict === "hold") return;
        const throttledMs = proxy.bytesPerSecond > 0 ? (chunk.length / proxy.bytesPerSecond) * 1_000 : 0;
        if (throttledMs > 0) {
          from.pause();
          setTimeout(() => from.resume(), throttledMs);
        }
        later(proxy.delayMs + throttledMs, () => {
          arrived();
          pass(chunk);
        });
      });
      from.on("end", () => later(proxy.delayMs, () => stalled || to.end()));
      from.on("close", () => later(proxy.delayMs, () => to.destroy()));
    }
    pipe("server", upstream, client, () => proxy.onServerData);
    pipe("client", client, upstream, () => proxy.onClientData);
  });
  const cutAll = () => {
    for (const { client, upstream } of pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    cutAll();
    server.close();
  });
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    onServerData: undefined,
    onClientData: undefined,
    inject(fault) {
      const mine = { fault, happened: false };
      armed = mine;
      return {
        get happened() {
          return mine.happened;
        },
        disarm() {
          if (armed === mine) armed = undefined;
        },
      };
    },
    delayMs: 0,
    bytesPerSecond: 0,
    get connections() {
      return totals.connections;
    },
    get clientBytes() {
      return totals.clientBytes;
    },
    get serverBytes() {
      return totals.serverBytes;
    },
    get roundTrips() {
      return Math.max(0, ...[...turns].map(({ client }) => client));
    },
    resetCounts() {
      Object.assign(totals, { connections: 0, clientBytes: 0, serverBytes: 0 });
      for (const known of turns) Object.assign(known, { client: 0, server: 0 });
    },
    get open() {
      return pairs.size;
    },
    get passed() {
      return { ...passed };
    },
    cutAll,
  };
  return proxy;
}
