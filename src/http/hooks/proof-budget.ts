import type { Sender } from "./bodies.ts";
import { createRates } from "./rates.ts";

/** Proving a body of this length takes no longer than handling its request does, so it is not counted. */
const FREE_BYTES = 256 * 1024;
/** Bytes that one sender may have proved, also one behind an Ingress. A forge's longest events are far shorter, and few. */
const SENDER = { perSecond: 4 * 2 ** 20, burst: 32 * 2 ** 20 };
/** Bytes for the address of the connection, whichever senders it names: a hundredth of the event loop's time, or a tenth where the Secret has eight lines. */
const ADDRESS = { perSecond: 8 * 2 ** 20, burst: 64 * 2 ** 20 };
const MOST_BYTES = 2 ** 20;

/**
 * A signature costs time with each byte of the body, before anything is known of who sent it. So long bodies have a budget in bytes by sender. It
 * counts before the Secret is looked for, so that it tells nothing of whether there is one, and by no Secret's name, which anybody makes up.
 */
export function createProofBudget() {
  const bySender = createRates({ ...SENDER, mostBytes: MOST_BYTES });
  const byAddress = createRates({ ...ADDRESS, mostBytes: MOST_BYTES });
  return ({ address, behind }: Sender, bytes: number): boolean =>
    bytes <= FREE_BYTES || (bySender.take(`${address} ${behind}`, address, bytes) && byAddress.take(address, "", bytes));
}
