import { createBoundedMap } from "../../sharing/bounded-map.ts";

const REMEMBERED_MS = 600_000;
const MOST_BYTES = 2 * 2 ** 20;

/** Signatures that were seen: delivery ids are not signed, so whoever repeats an event may change them. */
export function createReplays(now: () => number) {
  const seen = createBoundedMap<number>(
    MOST_BYTES,
    () => 16,
    (until) => until <= now(),
  );
  /** Whether that Secret's event was seen within 10 minutes; from now on it was. */
  return (secret: string, signatures: readonly string[]): boolean => {
    const keys = signatures.map((signature) => `${secret} ${signature}`);
    const isKnown = keys.some((key) => seen.get(key) !== undefined);
    for (const key of keys) seen.set(key, now() + REMEMBERED_MS, secret);
    return isKnown;
  };
}
