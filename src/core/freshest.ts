/**
 * Shares answers among those who ask the same, so that no answer is older than its question: a load that began before the question is not
 * good enough, and at most one load runs and one waits behind it, however many ask. Times are `performance.now()` milliseconds.
 */
export interface Freshest<T> {
  /** `load` gets the last good answer, if there was one. */
  get(key: string, notBefore: number, load: (known: T | undefined) => Promise<T>): Promise<T>;
  /** An answer learned in another way, as of that time. */
  put(key: string, startedAt: number, answer: T): void;
}

interface Entry<T> {
  startedAt: number;
  answer: Promise<T>;
  known: T | undefined;
}

/** Remembers the answers to `maxKeys` questions, the latest asked. */
export function createFreshest<T>(maxKeys: number): Freshest<T> {
  const entries = new Map<string, Entry<T>>();

  function remember(key: string, entry: Entry<T>): void {
    entries.delete(key);
    entries.set(key, entry);
    const [oldest] = entries.keys();
    if (entries.size > maxKeys && oldest !== undefined) entries.delete(oldest);
  }

  return {
    get(key, notBefore, load) {
      const last = entries.get(key);
      if (last && last.startedAt >= notBefore) return last.answer;
      const begin = async () => {
        await last?.answer.catch(() => undefined);
        entry.known = last?.known;
        entry.startedAt = performance.now();
        entry.known = await load(entry.known);
        return entry.known;
      };
      // Infinity: not begun yet, so who asks meanwhile shares it.
      const entry: Entry<T> = { startedAt: Number.POSITIVE_INFINITY, answer: Promise.resolve().then(begin), known: undefined };
      remember(key, entry);
      return entry.answer;
    },
    put(key, startedAt, answer) {
      const last = entries.get(key);
      if (last && last.startedAt > startedAt) return;
      remember(key, { startedAt, answer: Promise.resolve(answer), known: answer });
    },
  };
}
