import { ReconcileError } from "../errors.ts";
import { createBoundedMap } from "./bounded-map.ts";
import { dataBytes } from "./data-bytes.ts";
import { isForAnother } from "./own-share.ts";

type Load<T> = (known: T | undefined, notBefore: number) => Promise<T>;

interface Entry<T> {
  startedAt: number;
  /** The latest question that it was begun for. */
  askedAt: number;
  answer: Promise<T>;
  known: T | undefined;
  /** Of the last load; its promise holds it too. */
  failure: unknown;
}

/**
 * Shares answers among those who ask the same, so that no answer is older than its question: a load that began before the question is not
 * good enough, and at most one load runs and one waits behind it, however many ask. A load takes the share of who asked first; where that was
 * used up, the other groups ask by themselves, each for its own. Times are `performance.now()` milliseconds.
 * Remembers answers, plain data, up to `mostBytes` of them and their questions: the latest asked, and of every group its share.
 */
export function createFreshest<T>(mostBytes: number) {
  const entries = createBoundedMap<Entry<T>>(mostBytes, ({ known, failure }) => dataBytes([known, failure]));

  /**
   * `load` gets the last good answer, if there was one, and the time that a failure it knows already must not be older than. `group`: whose
   * share of what is remembered it takes, a namespace.
   */
  async function get(key: string, notBefore: number, load: Load<T>, group?: string): Promise<T> {
    try {
      const answer = await getShared(key, notBefore, load, group);
      if (!isForAnother(answer, group)) return answer;
    } catch (error) {
      if (!isForAnother(error, group)) throw error;
    }
    return getShared(JSON.stringify([key, group]), notBefore, load, group);
  }

  function getShared(key: string, notBefore: number, load: Load<T>, group?: string): Promise<T> {
    const last = entries.get(key);
    const isFresh = last && last.startedAt >= notBefore;
    const entry = isFresh ? last : begin(key, last, load, group);
    entry.askedAt = Math.max(entry.askedAt, notBefore);
    return entry.answer.catch((error: unknown) => {
      // It turned out to be a failure from before this question.
      if (entry.startedAt < notBefore) return getShared(key, notBefore, load, group);
      throw error;
    });
  }

  function begin(key: string, last: Entry<T> | undefined, load: Load<T>, group?: string): Entry<T> {
    const run = async () => {
      await last?.answer.catch(() => undefined);
      entry.known = last?.known;
      entry.startedAt = performance.now();
      try {
        entry.known = await load(entry.known, entry.askedAt);
      } catch (error) {
        if (error instanceof ReconcileError) entry.startedAt = Math.min(entry.startedAt, error.startedAt ?? entry.startedAt);
        entry.failure = error;
        throw error;
      } finally {
        // By now it is known how much it holds.
        if (entries.get(key) === entry) entries.set(key, entry, group);
      }
      return entry.known;
    };
    // Infinity: not begun yet, so who asks meanwhile shares it.
    const entry: Entry<T> = {
      startedAt: Number.POSITIVE_INFINITY,
      askedAt: 0,
      answer: Promise.resolve().then(run),
      known: undefined,
      failure: undefined,
    };
    entries.set(key, entry, group);
    return entry;
  }

  return {
    get,
    /** An answer learned in another way, as of that time. */
    put(key: string, startedAt: number, answer: T): void {
      const last = entries.get(key);
      if (last && last.startedAt > startedAt) return;
      entries.set(key, { startedAt, askedAt: startedAt, answer: Promise.resolve(answer), known: answer, failure: undefined });
    },
  };
}
