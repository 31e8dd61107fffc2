/** The rows of `/status`, for text, page and JSON. */
import { isMeant } from "../core/runs/is-meant.ts";
import { isTracked, placeInWords, type Target, type Workload, type WorkloadRecord, workloadOf } from "../core/types.ts";
import type { Known } from "./known.ts";
import { sharedKeyNotes } from "./shared-keys.ts";
import type { StatusQuery } from "./status-query.ts";
import { rowOf, type Seen, seen, type TrackedRow } from "./status-row.ts";
import type { State } from "./status-state.ts";
import type { WithoutBroken } from "./without-broken.ts";

/** What `/status` shows: plain data, made anew each time that it is gone through, so that it is never all there. */
export interface StatusRows {
  /** Of what the query means, in whatever state. */
  readonly counts: ReadonlyMap<State, number>;
  /** The newest result of these. */
  readonly lastAt: Date | undefined;
  /** Of all that there are. */
  readonly namespaces: readonly string[];
  /** In the state that is asked for. */
  readonly tracked: Iterable<TrackedRow>;
  readonly inState: (state: State) => Iterable<TrackedRow>;
  readonly incomplete: Iterable<IncompleteRow>;
  /** What an administrator should know beside the rows; complete once those have been shown. */
  readonly notes: Iterable<string>;
}

/** How rows become text. */
export interface ShowRows extends Pick<WithoutBroken, "show"> {
  readonly redact: (text: string) => string;
}

export interface IncompleteRow extends Workload {
  readonly problems: readonly string[];
}

/** Looks at each record, with a pause behind it. */
export function* statusRows(
  known: Known,
  { filter, state: wanted, text }: StatusQuery,
  { redact, show, broken }: WithoutBroken & { readonly redact: (text: string) => string },
): Generator<"", StatusRows> {
  const { workloads, parse, isUnboundKey } = known;
  const targets: Target[] = [];
  const tracked: Seen[] = [];
  const incomplete: IncompleteRow[] = [];
  const counts = new Map<State, number>();
  const namespaces = new Set<string>();
  let lastAt = 0;
  const sought = text.toLowerCase();
  // Of what is shown alone: a secret must not be found letter by letter.
  const holds = (texts: readonly (string | undefined)[]) => sought === "" || redact(texts.join("\n")).toLowerCase().includes(sought);

  function look(record: WorkloadRecord): void {
    const workload = workloadOf(record);
    const parsed = parse(record);
    namespaces.add(record.namespace);
    if (parsed.kind === "ready") targets.push(parsed.target);
    if (!isMeant(record, filter)) return;
    const names = [placeInWords(workload), `${record.kind} ${record.name}`];
    if (parsed.kind === "incomplete" && holds([...names, ...parsed.problems])) {
      count("incomplete");
      if (wanted === undefined || wanted === "incomplete") incomplete.push({ ...workload, problems: parsed.problems });
    }
    if (!isTracked(parsed)) return;
    const one = seen(record, parsed, known);
    if (sought !== "" && !holds([...names, ...wordsOf(rowOf(one))])) return;
    count(one.state);
    lastAt = Math.max(lastAt, one.last?.at.getTime() ?? 0);
    if (wanted === undefined || wanted === one.state) tracked.push(one);
  }

  function count(state: State): void {
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }

  for (const record of workloads.list()) {
    show(workloadOf(record), () => look(record));
    yield "";
  }

  return {
    ...{ counts, incomplete, lastAt: lastAt === 0 ? undefined : new Date(lastAt), namespaces: [...namespaces].sort() },
    tracked: again(() => rows(tracked)),
    inState: (state) => again(() => rows(tracked.filter((one) => one.state === state))),
    notes: again(function* () {
      yield* workloads.refusals;
      for (const workload of broken()) {
        yield `${placeInWords(workload)} can't be shown: a mistake of the operator; report it with the error in the operator's log`;
      }
      yield* sharedKeyNotes(targets, isUnboundKey);
    }),
  };

  function* rows(of: readonly Seen[]): Generator<TrackedRow> {
    for (const one of of) {
      const row = show(workloadOf(one.record), () => rowOf(one));
      if (row) yield row;
    }
  }
}

function again<T>(begin: () => Generator<T>): Iterable<T> {
  return { [Symbol.iterator]: begin };
}

/** In which a text is looked for. */
function wordsOf({ branch, image, tag, last, manifest, warnings }: TrackedRow): readonly (string | undefined)[] {
  return [branch, image && `${image.container}:${image.version}`, tag, last?.message, manifest.commit, manifest.path, ...warnings];
}

/** What `/status` says where it has no Deployment to show. */
export function nothingFound(isSynced: boolean, isNarrowed = false): string {
  if (isNarrowed) return "Nothing that is asked for is in that state or has that text.";
  return isSynced
    ? "No deployments with gitops.operator annotations were found."
    : "The Kubernetes API server has not given its Deployments yet; see the operator's log for the reason.";
}
