import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createSlots } from "../../sharing/slots.ts";
import { type ReceivedBody, receiveBody } from "./read-body.ts";

/** Bodies that are received at once. One that takes longer than the lease holds up no other: few slow senders would else keep out all. */
const AT_ONCE = 4;
const LEASE_MS = 500;
/** How long one more waits for its turn. */
const PATIENCE_MS = 1_000;
/** Of all bodies together, whatever number they are. */
const MOST_HELD_BYTES = 16 * 2 ** 20;

/** Receives bodies, few at a time and in turn by sender. To be let go when the body is not needed any more. */
export function createBodies() {
  const slots = createSlots(AT_ONCE, LEASE_MS);
  let held = 0;

  return {
    async receive(request: IncomingMessage, sender: string): Promise<ReceivedBody & Disposable> {
      let size = 0;
      const turn = slots.acquire(sender);
      const release = await Promise.race([turn, sleep(PATIENCE_MS, undefined, { ref: false })]);
      const letGo = () => {
        held -= size;
        size = 0;
        if (release) release();
        else void turn.then((late) => late());
      };
      const body: ReceivedBody = release
        ? await receiveBody(request, (bytes) => {
            size += bytes;
            held += bytes;
            return held <= MOST_HELD_BYTES;
          })
        : { kind: "full" };
      return { ...body, [Symbol.dispose]: letGo };
    },
  };
}
