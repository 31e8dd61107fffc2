import type { IncomingMessage } from "node:http";
import { createHoldings } from "../../sharing/holdings.ts";
import { createSlots, type Slots } from "../../sharing/slots.ts";
import { type ReceivedBody, receiveBody } from "./read-body.ts";

/** Of bodies that one address sends at once. One that takes longer than the lease holds up no other: few slow senders would else keep out all. */
const AT_ONCE = 4;
const LEASE_MS = 500;
/** How long one more waits for its turn. */
const PATIENCE_MS = 1_000;
/** Of all bodies together, whatever number they are. */
const MOST_HELD_BYTES = 16 * 2 ** 20;

export interface Sender {
  /** Of the connection. Whoever has it may say what he likes of himself, so its places and bytes are one share. */
  readonly address: string;
  /** Of the one behind an Ingress, where it says so: a share of that share. */
  readonly behind: string;
}

/** A body that is on its way. */
interface Arriving {
  readonly sender: Sender;
  readonly giveUp: () => void;
}

/**
 * Receives bodies: of each address few at a time and in turn by sender, and where all together hold too much, who holds the most loses the oldest
 * that has not arrived. To be let go when the body is not needed any more.
 */
export function createBodies() {
  const places = new Map<string, { readonly slots: Slots; users: number }>();
  const arriving = new Set<Arriving>();
  const heldByAddress = createHoldings();
  const heldBySender = createHoldings();

  /** False: nobody's can be given up. */
  function makeRoom(): boolean {
    while (heldByAddress.total > MOST_HELD_BYTES) {
      const [first, ...others] = arriving;
      if (!first) return false;
      others.reduce((most, one) => (holdsMore(one.sender, most.sender) ? one : most), first).giveUp();
    }
    return true;
  }

  function holdsMore(a: Sender, b: Sender): boolean {
    const [ofA, ofB] = [a, b].map(({ address }) => heldByAddress.of(address)) as [number, number];
    return ofA > ofB || (ofA === ofB && heldBySender.of(nameOf(a)) > heldBySender.of(nameOf(b)));
  }

  async function takePlace({ address, behind }: Sender): Promise<(() => void) | undefined> {
    const own = places.get(address) ?? { slots: createSlots(AT_ONCE, LEASE_MS), users: 0 };
    places.set(address, own);
    own.users += 1;
    const leave = () => {
      own.users -= 1;
      if (own.users === 0) places.delete(address);
    };
    const release = await own.slots.acquireWithin(behind, PATIENCE_MS);
    if (!release) leave();
    return (
      release &&
      (() => {
        release();
        leave();
      })
    );
  }

  return {
    async receive(request: IncomingMessage, sender: Sender): Promise<ReceivedBody & Disposable> {
      const release = await takePlace(sender);
      if (!release) return { kind: "full", [Symbol.dispose]() {} };
      const releases: (() => void)[] = [];
      const letGo = () => {
        for (const give of releases.splice(0)) give();
      };
      const { promise: givenUp, resolve } = Promise.withResolvers<void>();
      const one: Arriving = {
        sender,
        giveUp() {
          arriving.delete(one);
          letGo();
          resolve();
        },
      };
      arriving.add(one);
      const take = (bytes: number) => {
        releases.push(heldByAddress.take(sender.address, bytes), heldBySender.take(nameOf(sender), bytes));
        return makeRoom();
      };
      const body = await receiveBody(request, take, givenUp);
      arriving.delete(one);
      return {
        ...body,
        [Symbol.dispose]() {
          letGo();
          release();
        },
      };
    },
  };
}

function nameOf({ address, behind }: Sender): string {
  return `${address} ${behind}`;
}
