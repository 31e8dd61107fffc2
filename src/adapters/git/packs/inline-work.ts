/** Packs are read in the workshop; what is small is read where it is asked for, since handing it over would take longer. */

/** Told of work before it is done, in bytes that are inflated, built or hashed; throws when it is too much. */
export type Spend = (bytes: number) => void;

export const spendFreely: Spend = () => {};

/** What the smallest entry of a pack costs, beside its bytes: beginning to inflate takes about as long as so many. */
export const ENTRY_WORK = 2_048;

/**
 * The most that is done on the event loop in one piece: 2 ms at worst, measured with deltas of 4 bytes an instruction, and 100 objects. A thread
 * that has ended, as they do after 5 idle seconds, takes 40 ms to begin again; an update of one file among 10,000 moves some 2 KB in 4 objects.
 */
export const INLINE_WORK = 256 * 1024;

/** Of what is done inline. */
export class TooMuchWork extends Error {}

/** What `inline` returns, when it is little work, else what `aside` does. `inline` is given up then, so it must have changed nothing. */
export async function inlineOrAside<T>(inline: (spend: Spend) => T | Promise<T>, aside: () => Promise<T>): Promise<T> {
  try {
    return await inline(spendUpTo(INLINE_WORK, () => new TooMuchWork()));
  } catch (error) {
    if (error instanceof TooMuchWork) return aside();
    throw error;
  }
}

/** `excess`: what is thrown then. */
export function spendUpTo(mostBytes: number, excess: () => Error): Spend {
  let left = mostBytes;
  return (bytes) => {
    left -= bytes;
    if (left < 0) throw excess();
  };
}
