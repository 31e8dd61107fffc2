import type { SshKey } from "../../core/git-ports.ts";
import type { SshRepository } from "../../core/types.ts";
import { ReconcileError } from "../../errors.ts";
import { longestOfMost } from "../../sharing/longest-of-most.ts";
import { shareOf } from "../../sharing/own-share.ts";
import { askFor, currentAsker } from "../egress/asker.ts";
import { createHostBreaker } from "../egress/host-breaker.ts";
import type { SshChannel } from "./ssh-channel.ts";
import { openSshConnection, type SshConnection, type SshConnectionOptions } from "./ssh-connection.ts";
import { endpointOf, HungUpEarly } from "./ssh-failures.ts";
import { findSshHost, type SshHostOptions } from "./ssh-host.ts";
import { type Asked, createSshLane, type SshLane } from "./ssh-lane.ts";
import { createSshLogins } from "./ssh-logins.ts";
import { createSshOpenings } from "./ssh-openings.ts";

export { gitCommand } from "./git-command.ts";
export type { SshChannel } from "./ssh-channel.ts";

export type SshConnections = ReturnType<typeof createSshConnections>;

interface SshExecOptions {
  readonly env?: Record<string, string>;
  /** Ends the wait, or the running command. */
  readonly signal: AbortSignal;
  /** When the question was asked that this is for (default: now): a host found silent in a later try is not tried again. */
  readonly notBefore?: number;
}

/** Tests have others. */
const TIMES = {
  readyTimeoutMs: 10_000,
  keepaliveMs: 5_000,
  /** How long an unused connection is kept: longer than the interval of the readiness probe. */
  idleMs: 180_000,
  /** How many unused connections are kept; of those whose keys are of the namespace with most, the one that was unused longest goes first. */
  maxIdle: 128,
  /** After how long a wait for a place a second connection is opened. */
  spreadAfterMs: 250,
  retryMs: 150,
};

export interface SshConnectionsOptions extends SshHostOptions, Partial<typeof TIMES> {}

const OPENINGS_AT_ONCE = 6;
const OPENING_RETRIES = 3;

/** Equal for one host and port, however the name is written. */
const nameOf = (to: SshRepository) => endpointOf(to).toLowerCase();

export function createSshConnections(options: SshConnectionsOptions) {
  const { readyTimeoutMs, keepaliveMs, idleMs, maxIdle, spreadAfterMs, retryMs } = { ...TIMES, ...options };
  const shutdown = new AbortController();
  const connectionOptions: SshConnectionOptions = { signal: shutdown.signal, readyTimeoutMs, keepaliveMs };
  const openInTurn = createSshOpenings({ atOnce: OPENINGS_AT_ONCE, retries: OPENING_RETRIES, retryMs });
  const logIn = createSshLogins();
  const breaker = createHostBreaker();
  const lanes = new Map<string, SshLane>();
  /** Unused connections, longest unused first; `namespace`: of the Secret with its key. */
  const idle = new Map<object, { readonly namespace: string; readonly close: () => void }>();
  let opened = 0;

  function laneOf(to: SshRepository, key: SshKey): SshLane {
    const name = JSON.stringify([to.user, nameOf(to), key.id]);
    const known = lanes.get(name);
    if (known) return known;
    const lane = createSshLane({
      open: (asked) => askFor(asked.namespace, () => open(to, key, asked)),
      spreadAfterMs,
      idleMs,
      onIdle(connection, close) {
        idle.set(connection, { namespace: key.secret.namespace, close });
        if (idle.size > maxIdle) longestOfMost([...idle.values()]).close();
      },
      onBusy: (connection) => void idle.delete(connection),
      onEmpty() {
        if (lanes.get(name) === lane) lanes.delete(name);
      },
    });
    lanes.set(name, lane);
    return lane;
  }

  async function open(to: SshRepository, key: SshKey, { namespace, notBefore }: Asked): Promise<SshConnection> {
    const host = nameOf(to);
    let startedAt = 0;
    // Learned before the next one gets the place of this one.
    const attempt = async <T>(work: () => Promise<T>) => {
      breaker.refuse(host, notBefore);
      startedAt = performance.now();
      return work().catch((error) => Promise.reject(learn(host, startedAt, error)));
    };
    const connect = async () => {
      // Before there is a place: DNS may be silent for one namespace.
      const found = await attempt(() => findSshHost(to, options));
      return openInTurn({ host, namespace }, shutdown.signal, () => attempt(() => openSshConnection(to, found, key, connectionOptions)));
    };
    try {
      const connection = await logIn({ host, user: to.user, key, namespace }, connect);
      breaker.answered(host);
      opened += 1;
      return connection;
    } catch (error) {
      // At every try.
      throw error instanceof HungUpEarly ? breaker.failed(host, startedAt, error) : error;
    }
  }

  function learn(host: string, startedAt: number, error: unknown): unknown {
    if (!(error instanceof ReconcileError) || error instanceof HungUpEarly || shareOf(error) !== undefined) return error;
    if (error.code === "git_unreachable") return breaker.failed(host, startedAt, error);
    // Refusing a key, or showing another than the known one, is an answer.
    if (error.code === "git_denied" || error.code === "git_host_key") breaker.answered(host);
    return error;
  }

  return {
    /** Runs the command over a kept connection of this host, port, user and key; nothing is ever shared between keys. */
    async exec(repository: SshRepository, key: SshKey, command: string, options: SshExecOptions): Promise<SshChannel> {
      const { env = {}, signal, notBefore = performance.now() } = options;
      signal.throwIfAborted();
      shutdown.signal.throwIfAborted();
      return laneOf(repository, key).exec(command, env, signal, { namespace: currentAsker(), notBefore });
    },
    stats() {
      const counts = [...lanes.values()].map((lane) => lane.stats());
      return {
        connections: counts.reduce((sum, count) => sum + count.connections, 0),
        channels: counts.reduce((sum, count) => sum + count.channels, 0),
        /** Since the start. */
        opened,
      };
    },
    /** Ends everything; what still runs, and every later `exec`, fails with `shutdown`. */
    async close(): Promise<void> {
      const reason = new ReconcileError("shutdown", "the operator is shutting down; the next one goes on");
      shutdown.abort(reason);
      await Promise.all([...lanes.values()].map((lane) => lane.close(reason)));
    },
  };
}
