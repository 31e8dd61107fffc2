/** As many objects of one kind as are at the beginning of a pack, within bounds that leave out the rest. */
import { INLINE_WORK, spendUpTo, TooMuchWork } from "./inline-work.ts";
import { damagedPack, readPackHead } from "./pack-head.ts";

interface PackStart {
  /** What may still be received. */
  readonly budget: { leftBytes: number };
  /** Of one object after the other. */
  readonly take: (content: Buffer) => void;
}

const LIMITS = {
  objectBytes: INLINE_WORK,
  bytes: INLINE_WORK,
  objects: Number.POSITIVE_INFINITY,
  tooLarge: () => new TooMuchWork(),
  tooMuch: () => new TooMuchWork(),
};

/** Whether all was read that was sent. No more is done in one piece than the event loop bears. */
export async function readPackStart(pack: AsyncIterable<Buffer>, kind: string, { budget, take }: PackStart): Promise<boolean> {
  const chunks: Buffer[] = [];
  let isCut = false;
  for await (const chunk of pack) {
    budget.leftBytes -= chunk.length;
    chunks.push(budget.leftBytes < 0 ? chunk.subarray(0, chunk.length + budget.leftBytes) : chunk);
    isCut = budget.leftBytes < 0;
    if (isCut) break;
  }
  try {
    const end = readPackHead(
      Buffer.concat(chunks),
      [kind, "tag"],
      LIMITS,
      spendUpTo(INLINE_WORK, () => new TooMuchWork()),
      (object) => {
        if (object.kind === kind) take(object.content);
      },
    );
    if (end === "incomplete" && !isCut) throw damagedPack();
    return !isCut;
  } catch (error) {
    if (error instanceof TooMuchWork) return false;
    throw error;
  }
}
