import { setTimeout as sleep } from "node:timers/promises";
import { asReconcileError, ReconcileError } from "../../errors.ts";
import type { SshChannel } from "./ssh-channel.ts";
import type { SshConnection } from "./ssh-connection.ts";
import { SessionRefused } from "./ssh-failures.ts";

export type SshLane = ReturnType<typeof createSshLane>;

/** A connection that could not be opened fails what was asked for the same namespace, when the try began not before that time. */
export interface Asked {
  /** Undefined: the operator itself. */
  readonly namespace: string | undefined;
  readonly notBefore: number;
}

interface SshLaneOptions {
  open(asked: Asked): Promise<SshConnection>;
  readonly spreadAfterMs: number;
  readonly idleMs: number;
  onIdle(connection: object, close: () => void): void;
  onBusy(connection: object): void;
  /** Nothing is open and nobody waits: the lane can be forgotten. */
  onEmpty(): void;
}

interface Held {
  readonly connection: SshConnection;
  /** Places that are taken. */
  channels: number;
  /** It was in use before: when it turns out dead, that is old age. */
  kept: boolean;
  /** A session was opened on it. */
  served: boolean;
  idleTimer?: NodeJS.Timeout;
}

interface Waiter extends Asked {
  grant(held: Held): void;
  fail(error: Error): void;
}

const MOST_CONNECTIONS = 2;
const MOST_CHANNELS = 4;
const REFUSALS_BEFORE_NARROWING = 2;
const MOST_REFUSALS_WHEN_ALONE = 10;

/** The connections of one host, port, user and key, and those who wait for a place on one. */
export function createSshLane(options: SshLaneOptions) {
  const connections = new Set<Held>();
  const waiting: Waiter[] = [];
  /** For which namespaces connections are being opened: what holds up one of them, holds up no other. */
  const opening: (string | undefined)[] = [];
  /** Namespaces for which no second connection could be opened: they are served on the first one. */
  const single = new Set<string | undefined>();
  /** Calls of exec under way. */
  let users = 0;
  /** Falls when the server refuses sessions (MaxSessions). */
  let channelLimit = MOST_CHANNELS;
  /** Runs while somebody waits and no place was given. */
  let spreadTimer: NodeJS.Timeout | undefined;
  let closing: ReconcileError | undefined;

  /** Gives free places to those who wait; the first connection first, so that the second one can go idle. */
  function serve(): void {
    for (const held of connections) {
      while (waiting.length > 0 && held.channels < channelLimit && !held.connection.failure) {
        take(held);
        waiting.shift()?.grant(held);
        stopSpreading();
      }
    }
    const [first] = waiting;
    const under = connections.size + opening.length;
    if (first && under === 0) void open(first);
    else if (nextToSpread()) spreadTimer ??= setTimeout(spread, options.spreadAfterMs);
    else if (under + users === 0) options.onEmpty();
  }

  /** Who waits and may have a second connection; first one for whose namespace none is being opened. */
  function nextToSpread(): Waiter | undefined {
    if (connections.size + opening.length >= MOST_CONNECTIONS) return undefined;
    const may = waiting.filter(({ namespace }) => !single.has(namespace));
    return may.find(({ namespace }) => !opening.includes(namespace)) ?? may[0];
  }

  function stopSpreading(): void {
    clearTimeout(spreadTimer);
    spreadTimer = undefined;
  }

  function spread(): void {
    stopSpreading();
    const next = nextToSpread();
    if (next) void open(next);
  }

  async function open({ namespace }: Waiter): Promise<void> {
    opening.push(namespace);
    const startedAt = performance.now();
    try {
      const theirs = waiting.filter((waiter) => waiter.namespace === namespace);
      const connection = await options.open({ namespace, notBefore: Math.max(...theirs.map(({ notBefore }) => notBefore)) });
      const held: Held = { connection, channels: 0, kept: false, served: false };
      connections.add(held);
      void connection.gone.then(() => drop(held));
      if (closing) void connection.close(closing);
      opening.splice(opening.indexOf(namespace), 1);
      serve();
      rest(held);
    } catch (cause) {
      const error = asReconcileError(cause);
      opening.splice(opening.indexOf(namespace), 1);
      // While the other connection works, those who wait are served there.
      if (connections.size > 0) single.add(namespace);
      else failWaiting(error, namespace, error.startedAt ?? startedAt);
      serve();
    }
  }

  /** Who has asked since gets a try of its own. */
  function failWaiting(error: ReconcileError, namespace: string | undefined, startedAt: number): void {
    const isAnswered = (waiter: Waiter) => closing !== undefined || (waiter.namespace === namespace && waiter.notBefore <= startedAt);
    const answered = waiting.filter(isAnswered);
    waiting.splice(0, waiting.length, ...waiting.filter((waiter) => !isAnswered(waiter)));
    for (const waiter of answered) waiter.fail(error);
  }

  function drop(held: Held): void {
    if (!connections.delete(held)) return;
    clearTimeout(held.idleTimer);
    options.onBusy(held);
    serve();
  }

  function take(held: Held): void {
    held.channels += 1;
    clearTimeout(held.idleTimer);
    options.onBusy(held);
  }

  function rest(held: Held): void {
    if (held.channels > 0 || !connections.has(held)) return;
    held.kept = true;
    const close = () => {
      drop(held);
      void held.connection.close(new ReconcileError("internal", "a command was given to an SSH connection that was being closed"));
    };
    held.idleTimer = setTimeout(close, options.idleMs).unref();
    options.onIdle(held, close);
  }

  function release(held: Held): void {
    held.channels -= 1;
    serve();
    rest(held);
  }

  function place(signal: AbortSignal, asked: Asked, first: boolean): Promise<Held> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        waiting.splice(waiting.indexOf(waiter), 1);
        reject(signal.reason);
        serve();
      };
      const settle = <T>(next: (value: T) => void) => {
        return (value: T) => {
          signal.removeEventListener("abort", onAbort);
          next(value);
        };
      };
      const waiter: Waiter = { ...asked, grant: settle(resolve), fail: settle(reject) };
      if (closing) return reject(closing);
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      if (first) waiting.unshift(waiter);
      else waiting.push(waiter);
      serve();
    });
  }

  async function execOnAny(command: string, env: Record<string, string>, signal: AbortSignal, asked: Asked): Promise<SshChannel> {
    let replaced = false;
    for (let refusals = 0; ; ) {
      const held = await place(signal, asked, refusals > 0);
      const { kept } = held;
      try {
        const channel = await held.connection.exec(command, env, signal, () => release(held));
        held.kept = true;
        held.served = true;
        return channel;
      } catch (error) {
        if (held.connection.failure && kept && !replaced && !closing) {
          // Nothing of the request was sent, so a fresh connection may start over.
          replaced = true;
          drop(held);
          continue;
        }
        if (!(error instanceof SessionRefused)) throw error;
        refusals += 1;
        // A session that just ended is refused too until sshd has reaped it, so the first refusals prove nothing.
        if (held.channels > 0 && refusals >= REFUSALS_BEFORE_NARROWING) channelLimit = Math.min(channelLimit, held.channels);
        // Where one was opened before, the host is slow to reap it: that ends, or the time for the command does.
        if (held.channels === 0 && !held.served && refusals >= MOST_REFUSALS_WHEN_ALONE) {
          const message = "the git host opens no session on a new connection; check its MaxSessions";
          throw new ReconcileError("git_unreachable", message, { cause: error });
        }
        await sleep(Math.min(10 * 2 ** refusals, 300) * (0.5 + Math.random()), undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  }

  return {
    async exec(...asked: Parameters<typeof execOnAny>): Promise<SshChannel> {
      users += 1;
      try {
        return await execOnAny(...asked);
      } finally {
        users -= 1;
        serve();
      }
    },
    stats: () => ({ connections: connections.size, channels: [...connections].reduce((sum, held) => sum + held.channels, 0) }),
    async close(reason: ReconcileError): Promise<void> {
      closing = reason;
      stopSpreading();
      for (const waiter of waiting.splice(0)) waiter.fail(reason);
      await Promise.all([...connections].map((held) => held.connection.close(reason)));
    },
  };
}
