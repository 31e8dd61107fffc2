import { createBoundedMap } from "../../sharing/bounded-map.ts";

interface RateOptions {
  readonly perSecond: number;
  readonly burst: number;
  /** Of all that are remembered; who is forgotten has its whole burst again. */
  readonly mostBytes: number;
}

interface Bucket {
  left: number;
  at: number;
}

/** How often something may happen, for each key: so many at once, then so many a second. */
export function createRates({ perSecond, burst, mostBytes }: RateOptions) {
  const buckets = createBoundedMap<Bucket>(mostBytes, () => 32);

  function bucketOf(key: string): Bucket {
    const now = performance.now();
    const { left, at } = buckets.get(key) ?? { left: burst, at: now };
    return { left: Math.min(burst, left + ((now - at) / 1_000) * perSecond), at: now };
  }

  return {
    /** Whether one more may happen. */
    has: (key: string) => bucketOf(key).left >= 1,
    /** Counts one, or as many; false, and nothing is counted: it may not happen. */
    take(key: string, group: string, amount = 1): boolean {
      const bucket = bucketOf(key);
      if (bucket.left < amount) return false;
      buckets.set(key, { ...bucket, left: bucket.left - amount }, group);
      return true;
    },
  };
}
