import { createProposer, type ProposerOptions } from "./propose.ts";
import { createWriters, type Seat, shutdown, type Writers } from "./writer.ts";

/** Writers of branches, and beside them those whose commits are proposed: each has a branch of its own, and waits for nobody. */
export function createProposingWriters(options: ProposerOptions): Writers {
  const writers = createWriters(options);
  const closing = new AbortController();
  const { propose } = createProposer(options, closing.signal);
  const underWay = new Set<Promise<unknown>>();

  return {
    seat(target) {
      const { proposal } = target;
      const seat = writers.seat(target);
      if (!proposal) return seat;
      // No push of others is to wait for it.
      seat.leave();
      const write: Seat["write"] = (request) => {
        const work = propose({ ...request, settings: proposal }).finally(() => underWay.delete(work));
        underWay.add(work);
        return work;
      };
      return { leave: seat.leave, write };
    },
    async close() {
      closing.abort(shutdown());
      await Promise.all([writers.close(), ...underWay]);
    },
  };
}
