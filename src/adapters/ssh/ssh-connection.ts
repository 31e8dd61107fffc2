import type { LookupAddress } from "node:dns";
import { createConnection, type LookupFunction, type Socket } from "node:net";
import ssh2, { type ClientChannel } from "ssh2";
import type { SshKey } from "../../core/git-ports.ts";
import type { SshRepository } from "../../core/types.ts";
import { ReconcileError } from "../../errors.ts";
import { serverWords } from "../../text/server-words.ts";
import { decideHostKey } from "./known-hosts.ts";
import { algorithmsFor } from "./ssh-algorithms.ts";
import { createSshChannel, type SshChannel } from "./ssh-channel.ts";
import { denied, endpointOf, hostKeyRefused, hungUpEarly, SessionRefused, unreachable } from "./ssh-failures.ts";
import type { SshHost } from "./ssh-host.ts";

export type SshConnection = Awaited<ReturnType<typeof openSshConnection>>;

export interface SshConnectionOptions {
  /** From the first packet to the accepted key. */
  readonly readyTimeoutMs: number;
  /** A silent server is asked for a sign of life at this interval and given up after three silent ones in a row. */
  readonly keepaliveMs: number;
  /** Ends the attempt; without effect on an open connection. */
  readonly signal: AbortSignal;
}

const GOODBYE_MS = 1_000;
const SILENT_INTERVALS = 3;
/** ssh2 grants 2 MB per channel but does not enforce it. */
const MOST_UNREAD_BYTES = 16 * 1024 * 1024;

/** Connects, checks the host's key, logs in. */
export async function openSshConnection(to: SshRepository, { known, addresses }: SshHost, key: SshKey, options: SshConnectionOptions) {
  const socket = writeTogether(connectTo(to, addresses));
  const client = new ssh2.Client();
  const { promise: ready, resolve: onReady, reject: onFailed } = Promise.withResolvers<void>();
  const { promise: gone, resolve: onGone } = Promise.withResolvers<void>();
  const running = new Set<(error: Error) => void>();
  let isReady = false;
  let failure: ReconcileError | undefined;
  let hostKeyFailure: ReconcileError | undefined;

  function fail(error: ReconcileError): void {
    if (failure) return;
    failure = error;
    socket.destroy();
    onFailed(error);
    for (const end of running) end(error);
  }

  function explain(error: Error & NodeJS.ErrnoException & { level?: string }): ReconcileError {
    if (hostKeyFailure) return hostKeyFailure;
    if (isReady) return unreachable(to, error);
    // The second is what a server says that hangs up at the first wrong key ("Too many authentication failures").
    if (error.level === "client-authentication" || /authentication/i.test(error.message)) return denied(to, key.id, error);
    if (error.level === "client-timeout") {
      const what = socket.connecting ? "no answer" : "not ready";
      return unreachable(to, new Error(`${what} within ${options.readyTimeoutMs / 1000} s`));
    }
    const isEarly = /^Connection lost before handshake/.test(error.message) || error.code === "ECONNRESET" || error.code === "EPIPE";
    return isEarly ? hungUpEarly(to, error) : unreachable(to, error);
  }

  client.on("error", (error) => fail(explain(error)));
  client.on("close", () => {
    fail(isReady ? unreachable(to, new Error("closed by the server")) : (hostKeyFailure ?? hungUpEarly(to)));
    onGone();
  });
  client.on("ready", () => {
    isReady = true;
    socket.on("data", refuseFlood);
    onReady();
  });
  client.connect({
    sock: socket,
    username: to.user,
    // "none" would be tried first, at the cost of a round trip.
    authHandler: (left: unknown) => (left === null ? { type: "publickey", username: to.user, key: key.privateKey } : false),
    readyTimeout: options.readyTimeoutMs,
    // ssh2 sends the questions; only we judge the silence, because ssh2 does not count data as life.
    keepaliveInterval: options.keepaliveMs,
    keepaliveCountMax: Number.MAX_SAFE_INTEGER,
    algorithms: algorithmsFor(known),
    hostVerifier: (presented: Buffer) => {
      const verdict = decideHostKey(known, presented);
      if (verdict.kind !== "trusted") hostKeyFailure = hostKeyRefused(to, presented, verdict, known);
      return verdict.kind === "trusted";
    },
  });

  const unread = new Set<() => number>();
  function refuseFlood(): void {
    let bytes = 0;
    for (const unreadBytes of unread) bytes += unreadBytes();
    if (bytes > MOST_UNREAD_BYTES) fail(unreachable(to, new Error("it sends more than it was allowed to")));
  }

  const heartbeat = watchSilence(socket, options.keepaliveMs, (ms) => fail(unreachable(to, new Error(`silent for ${ms / 1000} s`))));
  void gone.then(() => clearInterval(heartbeat));
  const onAbort = () => fail(options.signal.reason);
  options.signal.addEventListener("abort", onAbort, { once: true });
  if (options.signal.aborted) onAbort();
  await ready.finally(() => options.signal.removeEventListener("abort", onAbort));

  return {
    /** Why it can no longer be used. */
    get failure() {
      return failure;
    },
    /** Resolves when it is gone, for whatever reason. */
    gone,
    /** `onFree` is called exactly once, when the session's place on the connection is free again, whatever came of it. */
    exec: (command: string, env: Record<string, string>, signal: AbortSignal, onFree: () => void) =>
      new Promise<SshChannel>((resolve, reject) => {
        const onAbort = () => reject(signal.reason);
        const refuse = (error: Error) => {
          onFree();
          reject(error);
        };
        if (failure) return refuse(failure);
        if (signal.aborted) return refuse(signal.reason);
        signal.addEventListener("abort", onAbort, { once: true });
        const onOpened = (error: (Error & { reason?: number | string }) | undefined, raw: ClientChannel) => {
          signal.removeEventListener("abort", onAbort);
          if (failure) return refuse(failure);
          // 2 is SSH_OPEN_CONNECT_FAILED, which sshd answers when MaxSessions are open, 4 SSH_OPEN_RESOURCE_SHORTAGE (RFC 4254).
          if (error?.reason === 2 || error?.reason === 4) return refuse(new SessionRefused(error.message));
          if (error) {
            const message = `git host ${endpointOf(to)} refuses to run ${command.split(" ", 1)[0]}: ${serverWords(error.message)}`;
            return refuse(new ReconcileError("git_denied", message, { cause: error }));
          }
          const unreadBytes = () => raw.readableLength;
          const { channel, fail: end } = createSshChannel(raw, signal, () => {
            running.delete(end);
            unread.delete(unreadBytes);
            onFree();
          });
          running.add(end);
          unread.add(unreadBytes);
          resolve(channel);
        };
        try {
          client.exec(command, { env }, onOpened);
        } catch (error) {
          // ssh2 throws when the socket is gone and no event has told us yet.
          signal.removeEventListener("abort", onAbort);
          fail(unreachable(to, error as Error));
          refuse(failure ?? (error as Error));
        }
      }),
    /** Ends what runs, says goodbye, hangs up after a second at the latest. */
    async close(reason: ReconcileError): Promise<void> {
      for (const end of running) end(reason);
      failure ??= reason;
      client.end();
      const timer = setTimeout(() => socket.destroy(), GOODBYE_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** The name was resolved and checked; it is not resolved again. */
function connectTo(to: SshRepository, addresses: readonly LookupAddress[]): Socket {
  const lookup: LookupFunction = (_host, options, callback) => {
    const [first] = addresses;
    if (options.all) callback(null, [...addresses]);
    else callback(null, first?.address ?? "", first?.family);
  };
  // 250 ms, the default, is too short for a host on the other side of the world.
  const address = addresses.length === 1 ? (addresses[0]?.address ?? "") : to.host;
  return createConnection({ host: address, port: to.port, lookup, noDelay: true, autoSelectFamilyAttemptTimeout: 2_000 });
}

/** ssh2 writes each packet by itself; those of one turn of the event loop leave in one call to the system. */
function writeTogether(socket: Socket): Socket {
  const write = socket.write.bind(socket) as (chunk: Uint8Array) => boolean;
  return Object.assign(socket, {
    write(chunk: Uint8Array) {
      if (socket.writableCorked === 0) {
        socket.cork();
        setImmediate(() => socket.uncork());
      }
      return write(chunk);
    },
  });
}

/** Counts ticks, not time, so that a busy event loop of our own is not taken for a silent server. */
function watchSilence(socket: Socket, intervalMs: number, onSilent: (ms: number) => void): NodeJS.Timeout {
  let seen = 0;
  let silent = 0;
  return setInterval(() => {
    silent = socket.bytesRead === seen ? silent + 1 : 0;
    seen = socket.bytesRead;
    if (silent >= SILENT_INTERVALS) onSilent(silent * intervalMs);
  }, intervalMs).unref();
}
