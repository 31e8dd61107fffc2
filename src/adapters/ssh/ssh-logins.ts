/**
 * Hosts shut out an address from which logins fail: OpenSSH since 9.8 by itself (PerSourcePenalties), others by fail2ban. The address is everybody's,
 * so a namespace has one failed login per host and minute; three at most, where others were under way at that moment since the host had let them in,
 * or where the Secret of the refused key gets new ones.
 */
import type { GitCredential } from "../../core/git-ports.ts";
import { asReconcileError, ReconcileError } from "../../errors.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";

interface Login {
  /** `host:port`. */
  readonly host: string;
  readonly user: string;
  readonly key: Pick<GitCredential, "id" | "secret">;
  /** Whose failed login it would be; undefined: its own. */
  readonly namespace: string | undefined;
}

/** What a namespace may try at a host. */
interface LoginShare {
  /** Calls that wait or are under way. */
  users: number;
  underWay: number;
  /** How many keys that are not known to be let in may be under way at once: one more for each that is. */
  room: number;
  /** The failed logins of the last minute, the oldest first. While there is one, only keys go that were let in, or that mend it. */
  readonly failed: { readonly at: number; readonly key: string; readonly secret: string }[];
  /** When a key was refused that had been let in before: whoever took it away may have taken others, so what was let in by then is tried anew. */
  doubtedAt: number;
  /**
   * Logins that were not tried yet, in the order of their first question, so that each has its turn before one that had it; with the time of the last
   * question, or Infinity: it has its turn, and waits for room.
   */
  readonly queue: Map<string, number>;
  readonly waiting: (() => void)[];
}

const PAUSE_MS = 60_000;
/** Of a namespace, under way or failed within the minute: OpenSSH counts 5 s for a failed login, and shuts out whoever has more than 15 s. */
const MOST_AT_RISK = 3;
/** Who has not asked for so many pauses has lost its turn. */
const PAUSES_UNTIL_FORGOTTEN = 5;
const MOST_QUEUED = 100;
const MOST_BYTES = 2 ** 21;

/** Waits for its turn, tries, and learns from what comes of it. Throws `git_denied` without a try where one was refused within the minute. */
export function createSshLogins() {
  /** When a key was let in last. */
  const accepted = createBoundedMap<number>(MOST_BYTES, () => 0);
  const denials = createBoundedMap<{ readonly until: number; readonly message: string }>(MOST_BYTES, dataBytes);
  const shares = createBoundedMap<LoginShare>(MOST_BYTES, ({ queue, failed }) => dataBytes([[...queue.keys()], failed]));

  function shareOf(name: string, namespace: string | undefined): LoginShare {
    const share = shares.get(name) ?? {
      users: 0,
      underWay: 0,
      room: 1,
      failed: [],
      doubtedAt: Number.NEGATIVE_INFINITY,
      queue: new Map(),
      waiting: [],
    };
    shares.set(name, share, namespace);
    return share;
  }

  const isTrusted = (share: LoginShare, name: string) => (accepted.get(name) ?? Number.NEGATIVE_INFINITY) > share.doubtedAt;

  const secondsUntil = (time: number) => Math.ceil((time - performance.now()) / 1_000);

  /** Throws where it is not its turn. */
  function requireTurn(share: LoginShare, name: string, { host, key, namespace }: Login): void {
    const { queue, failed } = share;
    for (const [other, askedAt] of queue) if (askedAt + PAUSES_UNTIL_FORGOTTEN * PAUSE_MS < performance.now()) queue.delete(other);
    const [next = name] = [...queue].find(([other, askedAt]) => other === name || askedAt < Number.POSITIVE_INFINITY) ?? [];
    // Another key in a Secret that was refused: somebody has mended it. The same key under another user is one more failed login.
    const isMended = failed.some(({ secret }) => secret === secretOf(key)) && failed.every((login) => login.key !== key.id);
    const isTooMuch = isMended && failed.length >= MOST_AT_RISK;
    const pausedBy = isTooMuch ? failed[0] : failed.at(-1);
    const isItsTurn = pausedBy ? isMended && !isTooMuch : next === name;
    if (queue.has(name) || queue.size < MOST_QUEUED) queue.set(name, isItsTurn ? Number.POSITIVE_INFINITY : performance.now());
    if (isItsTurn) return;
    const what = isTooMuch
      ? `has refused ${failed.length} logins of this namespace within a minute,`
      : "has refused another login of this namespace,";
    const when = pausedBy ? `in ${secondsUntil(pausedBy.at + PAUSE_MS)} s` : "when it is its turn among them";
    throw new ReconcileError(
      "git_denied",
      `${host} ${what} so key ${key.id} was not tried: hosts shut out everybody for failed logins; it is tried ${when}`,
      { shareOf: namespace },
    );
  }

  function requireUndenied({ queue, failed }: LoginShare, name: string): void {
    const denial = denials.get(name);
    if (!denial || denial.until <= performance.now()) return;
    queue.delete(name);
    const [oldest] = failed.length < MOST_AT_RISK ? [] : failed;
    const mended = oldest
      ? `in ${secondsUntil(oldest.at + PAUSE_MS)} s with another one in the Secret, of which ${MOST_AT_RISK} a minute are tried`
      : "at once with another one in the Secret";
    const when = `tried again in ${secondsUntil(denial.until)} s, or ${mended}`;
    throw new ReconcileError("git_denied", `${denial.message} (${when})`);
  }

  /** Throws where it may not be tried now; false: others have to end before. */
  function mayBegin(share: LoginShare, name: string, login: Login): boolean {
    while (share.failed[0] && share.failed[0].at + PAUSE_MS <= performance.now()) share.failed.shift();
    requireUndenied(share, name);
    const left = MOST_AT_RISK - share.failed.length;
    if (left > 0 && isTrusted(share, name)) return share.underWay < left;
    requireTurn(share, name, login);
    return share.underWay < Math.min(share.room, left);
  }

  async function tryIn<T>(share: LoginShare, name: string, { key, namespace }: Login, open: () => Promise<T>): Promise<T> {
    try {
      const opened = await open();
      if (!isTrusted(share, name)) share.room = Math.min(MOST_AT_RISK, share.room + 1);
      accepted.set(name, performance.now(), namespace);
      denials.delete(name);
      return opened;
    } catch (cause) {
      const error = asReconcileError(cause);
      if (error.code === "git_denied") {
        denials.set(name, { until: performance.now() + PAUSE_MS, message: error.message }, namespace);
        share.failed.push({ at: performance.now(), key: key.id, secret: secretOf(key) });
        share.room = 1;
        if (isTrusted(share, name)) share.doubtedAt = performance.now();
      }
      throw cause;
    }
  }

  async function runIn<T>(share: LoginShare, login: Login, open: () => Promise<T>): Promise<T> {
    const name = JSON.stringify([login.user, login.host, login.key.id]);
    while (!mayBegin(share, name, login)) await new Promise<void>((resolve) => share.waiting.push(resolve));
    share.queue.delete(name);
    share.underWay += 1;
    try {
      return await tryIn(share, name, login, open);
    } finally {
      share.underWay -= 1;
      for (const wake of share.waiting.splice(0)) wake();
    }
  }

  return async <T>(login: Login, open: () => Promise<T>): Promise<T> => {
    const { user, host, namespace, key } = login;
    const shareName = JSON.stringify([host, namespace ?? [user, key.id]]);
    const share = shareOf(shareName, namespace);
    share.users += 1;
    try {
      return await runIn(share, login, open);
    } finally {
      share.users -= 1;
      // A namespace may name thousands of hosts: what is not known of them drives out nothing that is known of others.
      if (isEmpty(share)) shares.delete(shareName);
    }
  };
}

/** As if nobody had asked. */
function isEmpty({ users, room, failed, doubtedAt, queue }: LoginShare): boolean {
  return users === 0 && room === 1 && failed.length === 0 && doubtedAt === Number.NEGATIVE_INFINITY && queue.size === 0;
}

function secretOf({ secret }: Login["key"]): string {
  return `${secret.namespace}/${secret.name}`;
}
