/** A TCP proxy on loopback that cuts, stalls, resets, throttles, half-closes, delays and counts what passes through it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { resetSocket } from "../sandbox/reset-socket.ts";

export type Side = "server" | "client";

/** What happens to the next connection once exactly that many bytes of one side have passed. */
export interface TcpFault {
  /** Whose bytes are counted. */
  readonly side: Side;
  readonly afterBytes: number;
  /**
   * `reset`: both ends get a reset; `close`: both ends get an orderly end; `half-close`: only the reader of that side does;
   * `stall`: nothing passes any more in either direction and the connection stays open; `throttle`: 4 KB a second each way; `delay`: 30 ms
   * each way; or what the caller does, after which nothing passes.
   */
  readonly how: "reset" | "close" | "half-close" | "stall" | "throttle" | "delay" | (() => void);
}

export interface InjectedFault {
  readonly happened: boolean;
  /** From the fault until the client hung up; undefined before. */
  readonly enduredMs: number | undefined;
  disarm(): void;
}

const THROTTLED_BYTES_PER_SECOND = 4_096;
const DELAYED_MS = 30;
/** What is throttled trickles at this interval. */
const TRICKLE_MS = 25;

export interface TcpProxy {
  readonly port: number;
  /** Looks at what the server sends before the client gets it; "cut" resets both sides instead of passing it on, "hold" swallows it. */
  onServerData: ((chunk: Buffer) => "pass" | "cut" | "hold") | undefined;
  /** Likewise for what the client sends. */
  onClientData: ((chunk: Buffer) => "pass" | "cut" | "hold") | undefined;
  /** Arms one fault for the next connection alone. */
  inject(fault: TcpFault): InjectedFault;
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
  let armed: { fault: TcpFault; struckAt?: number; overAt?: number } | undefined;
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
    const slow = { delayMs: 0, bytesPerSecond: 0 };
    const delayMs = () => proxy.delayMs + slow.delayMs;
    const cut = () => {
      resetSocket(client);
      resetSocket(upstream);
    };
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on("error", () => {});
    }
    client.on("close", () => pairs.delete(pair));
    for (const event of ["end", "close"]) {
      client.on(event, () => {
        if (mine?.struckAt !== undefined) mine.overAt ??= performance.now();
      });
    }

    function strike(fault: TcpFault, to: Socket): void {
      if (mine) mine.struckAt = performance.now();
      if (fault.how === "reset") cut();
      else if (fault.how === "half-close") to.end();
      else if (fault.how === "throttle") slow.bytesPerSecond = THROTTLED_BYTES_PER_SECOND;
      else if (fault.how === "delay") slow.delayMs = DELAYED_MS;
      else {
        stalled = true;
        if (fault.how === "close") {
          client.end();
          upstream.end();
        } else if (fault.how !== "stall") fault.how();
      }
    }

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
      const inOrder = createQueue();
      let busyUntil = 0;
      const fault = mine?.fault.side === side ? mine.fault : undefined;
      if (fault?.afterBytes === 0) setImmediate(() => strike(fault, to));
      const isSlow = fault?.how === "throttle" || fault?.how === "delay";
      function pass(chunk: Buffer): void {
        const left = fault ? fault.afterBytes - counts[side] : Number.POSITIVE_INFINITY;
        if (stalled || (left <= 0 && !isSlow) || to.destroyed || to.writableEnded) return;
        counts[side] += isSlow ? chunk.length : Math.min(chunk.length, left);
        if (fault && isSlow && left > 0 && chunk.length >= left) strike(fault, to);
        if (!fault || isSlow || chunk.length < left) return void to.write(chunk);
        // The bytes before the fault arrive before it does.
        to.write(chunk.subarray(0, left), () => strike(fault, to));
      }
      from.on("data", (chunk: Buffer) => {
        const arrived = count(side, chunk.length);
        const verdict = look()?.(chunk) ?? "pass";
        if (verdict === "cut") return cut();
        if (verdict === "hold") return;
        const bytesPerSecond = slow.bytesPerSecond || proxy.bytesPerSecond;
        if (bytesPerSecond === 0) {
          return inOrder(delayMs(), () => {
            arrived();
            pass(chunk);
          });
        }
        const step = Math.max(1, Math.floor((bytesPerSecond * TRICKLE_MS) / 1_000));
        for (let start = 0; start < chunk.length; start += step) {
          const end = Math.min(start + step, chunk.length);
          busyUntil = Math.max(busyUntil, performance.now()) + ((end - start) / bytesPerSecond) * 1_000;
          inOrder(busyUntil - performance.now() + delayMs(), () => {
            if (end === chunk.length) arrived();
            pass(chunk.subarray(start, end));
          });
        }
        from.pause();
        setTimeout(() => from.resume(), Math.max(1, busyUntil - performance.now()));
      });
      from.on("end", () => inOrder(delayMs(), () => stalled || to.end()));
      from.on("close", () => inOrder(delayMs(), () => to.destroy()));
    }
    pipe("server", upstream, client, () => proxy.onServerData);
    pipe("client", client, upstream, () => proxy.onClientData);
  });
  const cutAll = () => {
    for (const { client, upstream } of pairs) {
      resetSocket(client);
      resetSocket(upstream);
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
      const mine: NonNullable<typeof armed> = { fault };
      armed = mine;
      return {
        get happened() {
          return mine.struckAt !== undefined;
        },
        get enduredMs() {
          return mine.struckAt === undefined || mine.overAt === undefined ? undefined : mine.overAt - mine.struckAt;
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

/** Takes steps after their time, never before those that came earlier; at once where nothing waits. */
function createQueue(): (afterMs: number, step: () => void) => void {
  let waiting = 0;
  let last = Promise.resolve();
  return (afterMs, step) => {
    if (afterMs <= 0 && waiting === 0) return step();
    const at = performance.now() + afterMs;
    waiting += 1;
    last = last
      .then(() => {
        const leftMs = at - performance.now();
        return leftMs > 0 ? sleep(leftMs) : undefined;
      })
      .then(() => {
        waiting -= 1;
        step();
      });
  };
}
