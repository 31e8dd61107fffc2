/** What changes on the page, for those who look at it: looked for in what is known, as long as somebody does. */
import { isMeant } from "../../core/is-meant.ts";
import { idOf, type Workload, type WorkloadRecord, workloadOf, workloadOfId } from "../../core/types.ts";
import { createPauses } from "../../sharing/pauses.ts";
import type { Known } from "../rows/known.ts";
import { everything, type StatusQuery } from "../rows/status-query.ts";
import { createMatch, type Match } from "../rows/status-rows.ts";
import type { State } from "../rows/status-state.ts";

const LOOK_MS = 1_000;
const SLICE_MS = 5;

/** What a listener is told of at once. */
export interface Changes {
  readonly rows: readonly { readonly workload: Workload; readonly match: Match }[];
  /** What its query does not mean, or not any more. */
  readonly gone: readonly Workload[];
  /** Of what the names of its query mean; undefined where its text would have to be looked for in all. */
  readonly counts: ReadonlyMap<State, number> | undefined;
}

interface Listener {
  readonly query: StatusQuery;
  readonly match: ReturnType<typeof createMatch>;
  readonly tell: (changes: Changes) => void;
}

interface Remembered {
  /** What its row was made of. The same objects make the same row, so it is not made again. */
  readonly marks: readonly unknown[];
  readonly face: string;
  readonly state: State;
}

interface FeedOptions {
  readonly known: Known;
  readonly redact: (text: string) => string;
  readonly onMistake: (workload: Workload, error: unknown) => void;
  /** For tests: sooner. */
  readonly lookMs?: number;
}

export function createStatusFeed({ known, redact, onMistake, lookMs = LOOK_MS }: FeedOptions) {
  const { workloads, parse, lastResult, hooks } = known;
  const listeners = new Set<Listener>();
  const matchAll = createMatch(known, everything, redact);
  let remembered = new Map<string, Remembered>();
  let isKnown: Promise<void> | undefined;

  /** The workloads that look other than at the last look, by id; undefined for one that is gone. */
  async function look(): Promise<ReadonlyMap<string, WorkloadRecord | undefined>> {
    const before = remembered;
    const now = new Map<string, Remembered>();
    const changed = new Map<string, WorkloadRecord | undefined>();
    const pause = createPauses(SLICE_MS);
    for (const record of workloads.list()) {
      const id = idOf(record);
      const old = before.get(id);
      const one = remember(record, old);
      if (one) now.set(id, one);
      if (one && one.face !== old?.face) changed.set(id, record);
      await pause();
    }
    for (const id of before.keys()) if (!now.has(id)) changed.set(id, undefined);
    remembered = now;
    return changed;
  }

  function remember(record: WorkloadRecord, old: Remembered | undefined): Remembered | undefined {
    const workload = workloadOf(record);
    const marks = [record, lastResult(workload), hooks.last(workload)];
    if (old && marks.every((mark, index) => mark === old.marks[index])) return old;
    const match = matchOf(matchAll, record);
    return match && { marks, face: match.face, state: match.state };
  }

  /** A mistake of ours in one object must not keep the others from being told. */
  function matchOf(match: Listener["match"], record: WorkloadRecord): Match | undefined {
    try {
      return match(record, parse(record));
    } catch (error) {
      onMistake(workloadOf(record), error);
      return undefined;
    }
  }

  async function tellChanges(): Promise<void> {
    const changed = await look();
    if (changed.size === 0) return;
    for (const listener of listeners) listener.tell(changesFor(listener, changed));
  }

  function changesFor({ query, match }: Listener, changed: ReadonlyMap<string, WorkloadRecord | undefined>): Changes {
    const rows: { workload: Workload; match: Match }[] = [];
    const gone: Workload[] = [];
    for (const [id, record] of changed) {
      const workload = workloadOfId(id);
      const found = record && matchOf(match, record);
      const isIn = found && (query.state === undefined || query.state === found.state);
      if (isIn) rows.push({ workload, match: found });
      else if (isMeant(workload, query.filter)) gone.push(workload);
    }
    return { rows, gone, counts: query.text === "" ? countsOf(query) : undefined };
  }

  function countsOf({ filter }: StatusQuery): Map<State, number> {
    const counts = new Map<State, number>();
    for (const [id, { state }] of remembered) if (isMeant(workloadOfId(id), filter)) counts.set(state, (counts.get(state) ?? 0) + 1);
    return counts;
  }

  function lookAgain(): void {
    setTimeout(() => {
      void tellChanges().then(() => {
        if (listeners.size > 0) return lookAgain();
        isKnown = undefined;
        remembered = new Map();
      });
    }, lookMs).unref();
  }

  return {
    /** Resolves when what comes from then on is told. The function that it gives ends that. */
    async listen(query: StatusQuery, tell: Listener["tell"]): Promise<() => void> {
      const listener = { query, match: createMatch(known, query, redact), tell };
      listeners.add(listener);
      isKnown ??= look().then(lookAgain);
      await isKnown;
      return () => void listeners.delete(listener);
    },
  };
}
