import type { Hint } from "../core/hints/hint.ts";
import { type EventBody, readEvent } from "../core/hints/read-event.ts";
import { ReconcileError } from "../errors.ts";
import type { Workshop } from "./workshop.ts";

/** A body up to this is read at once, in 2 ms at worst; one of 2 MiB that is nothing but brackets takes a second. */
const INLINE_BYTES = 4_096;

type ReadEvent = (body: EventBody, share: string) => Promise<Hint>;

/** `share`: whose share of the threads it takes. What costs more than a job may is told to the sender as a body that can't be read. */
export function createEventReader(workshop: Pick<Workshop, "run">): ReadEvent {
  return async (body, share) => {
    if (body.bytes.length <= INLINE_BYTES) return readEvent(body);
    try {
      return await workshop.run("readEvent", body, { namespace: share, what: "an event", remedy: "send smaller ones" });
    } catch (error) {
      if (!(error instanceof ReconcileError) || error.code !== "work_limit") throw error;
      return { about: "nothing", kind: "other", why: "the event is more than can be read" };
    }
  };
}
