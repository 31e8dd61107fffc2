/**
 * Hosts shut out an address from which logins fail: OpenSSH since 9.8 by itself (PerSourcePenalties), others by fail2ban. The address is everybody's,
 * so a namespace has one failed login per host and minute. Keys that were let in since the start are not held up.
 */
import { createBoundedMap } from "../../../core/bounded-map.ts";
import { dataBytes } from "../../../core/data-bytes.ts";
import type { SshKey } from "../../../core/ports.ts";
import { asReconcileError, ReconcileError } from "../../../errors.ts";

interface Login {
  /** `host:port`. */
  readonly host: string;
  readonly user: string;
  readonly key: SshKey;
  /** Whose failed login it would be; undefined: its own. */
  readonly namespace: string | undefined;
}

interface SshLogins {
  /** Waits for its turn, tries, and learns from what comes of it. Throws `git_denied` without a try where one was refused within the minute. */
  run<T>(login: Login, open: () => Promise<T>): Promise<T>;
}

/** A namespace at a host. */
interface Asker {
  underWay: number;
  /** How many keys that the host does not know may be tried at once: one more for each that it lets in. */
  room: number;
  /** The last failed login: until when it keeps others, which key it was, and of which Secret. */
  pausedUntil: number;
  deniedKey: string;
  deniedSecret: string;
  /** Logins that were put off, in the order of their first question, with the time of the last: each has its turn before one that had it. */
  readonly putOff: Map<string, number>;
  readonly waiting: (() => void)[];
}

interface SshLoginsOptions {
  readonly pauseMs?: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

const PAUSE_MS = 60_000;
const MOST_ROOM = 6;
/** Who has not asked for so many pauses has lost its turn. */
const PAUSES_UNTIL_FORGOTTEN = 5;
const MOST_PUT_OFF = 100;
const MOST_BYTES = 2 ** 21;
/** An error has its stack. */
const ERROR_BYTES = 2_000;

export function createSshLogins({ pauseMs = PAUSE_MS, now = () => performance.now() }: SshLoginsOptions = {}): SshLogins {
  const accepted = createBoundedMap<true>(MOST_BYTES, () => 0);
  const denials = createBoundedMap<{ readonly until: number; readonly error: ReconcileError }>(MOST_BYTES, () => ERROR_BYTES);
  const askers = createBoundedMap<Asker>(MOST_BYTES, ({ putOff }) => dataBytes([...putOff.keys()]));

  function askerOf({ host, user, namespace, key }: Login): Asker {
    const name = JSON.stringify([host, namespace ?? [user, key.id]]);
    const fresh = { underWay: 0, room: 1, pausedUntil: 0, deniedKey: "", deniedSecret: "", putOff: new Map(), waiting: [] };
    const asker = askers.get(name) ?? fresh;
    askers.set(name, asker, namespace);
    return asker;
  }

  /** Throws where it is not its turn. */
  function requireTurn(asker: Asker, name: string, { host, key }: Login): void {
    for (const [other, askedAt] of asker.putOff) if (askedAt + PAUSES_UNTIL_FORGOTTEN * pauseMs < now()) asker.putOff.delete(other);
    const leftMs = asker.pausedUntil - now();
    const [next = name] = asker.putOff.keys();
    // Another key in the Secret that was refused: somebody has mended it. The same key under another user is one more failed login.
    const isMended = asker.deniedSecret === secretOf(key) && asker.deniedKey !== key.id;
    if (leftMs > 0 ? isMended : next === name) return void asker.putOff.delete(name);
    if (asker.putOff.has(name) || asker.putOff.size < MOST_PUT_OFF) asker.putOff.set(name, now());
    const when = leftMs > 0 ? `in ${Math.ceil(leftMs / 1_000)} s` : "when it is its turn among them";
    throw new ReconcileError(
      "git_denied",
      `${host} has refused another login of this namespace, so key ${key.id} was not tried: hosts shut out everybody for failed logins; it is tried ${when}`,
    );
  }

  function requireUndenied(name: string): void {
    const denial = denials.get(name);
    if (!denial || denial.until <= now()) return;
    const seconds = Math.ceil((denial.until - now()) / 1_000);
    const when = `tried again in ${seconds} s, or at once with another key in the Secret`;
    throw new ReconcileError("git_denied", `${denial.error.message} (${when})`, { cause: denial.error });
  }

  async function tryIn<T>(asker: Asker, name: string, { key, namespace }: Login, open: () => Promise<T>): Promise<T> {
    try {
      const opened = await open();
      if (!accepted.get(name)) asker.room = Math.min(MOST_ROOM, asker.room + 1);
      accepted.set(name, true, namespace);
      denials.delete(name);
      return opened;
    } catch (cause) {
      const error = asReconcileError(cause);
      if (error.code === "git_denied") {
        const until = now() + pauseMs;
        accepted.delete(name);
        denials.set(name, { until, error }, namespace);
        Object.assign(asker, { room: 1, pausedUntil: until, deniedKey: key.id, deniedSecret: secretOf(key) });
      }
      throw cause;
    }
  }

  return {
    async run(login, open) {
      const name = JSON.stringify([login.user, login.host, login.key.id]);
      const asker = askerOf(login);
      if (accepted.get(name)) return tryIn(asker, name, login, open);
      requireUndenied(name);
      requireTurn(asker, name, login);
      while (asker.underWay >= asker.room) {
        await new Promise<void>((resolve) => asker.waiting.push(resolve));
        requireUndenied(name);
        requireTurn(asker, name, login);
      }
      asker.underWay += 1;
      try {
        return await tryIn(asker, name, login, open);
      } finally {
        asker.underWay -= 1;
        for (const wake of asker.waiting.splice(0)) wake();
      }
    },
  };
}

function secretOf({ secret }: SshKey): string {
  return `${secret.namespace}/${secret.name}`;
}
