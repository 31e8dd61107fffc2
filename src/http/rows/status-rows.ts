/** The rows of `/status`, for text, page and JSON. */
import { isMeant } from "../../core/is-meant.ts";
import { type Parsed, placeInWords, type Target, type Workload, type WorkloadRecord, workloadOf } from "../../core/types.ts";
import type { Known } from "./known.ts";
import { sharedKeyNotes } from "./shared-keys.ts";
import { createShown, faceOf } from "./shown.ts";
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
  /** All of it in brief: another text where something of it has changed. */
  readonly shown: string;
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

/** A workload that a query means, in whatever state. */
export type Match = { readonly state: State; readonly face: string } & (
  | { readonly seen: Seen; readonly incomplete?: never }
  | { readonly incomplete: IncompleteRow; readonly seen?: never }
);

/** Whether a query means a workload. */
export function createMatch(known: Known, { filter, text }: StatusQuery, redact: (text: string) => string) {
  const sought = text.toLowerCase();
  // Of what is shown alone: a secret must not be found letter by letter.
  const holds = (texts: readonly (string | undefined)[]) => redact(texts.join("\n")).toLowerCase().includes(sought);
  return (record: WorkloadRecord, parsed: Parsed): Match | undefined => {
    if (parsed.kind === "untracked" || !isMeant(record, filter)) return undefined;
    const workload = workloadOf(record);
    const names = [placeInWords(workload), `${record.kind} ${record.name}`];
    if (parsed.kind === "incomplete") {
      const { problems } = parsed;
      if (sought !== "" && !holds([...names, ...problems])) return undefined;
      return { state: "incomplete", face: JSON.stringify(problems), incomplete: { ...workload, problems } };
    }
    const one = seen(record, parsed, known);
    if (sought !== "" && !holds([...names, ...wordsOf(rowOf(one))])) return undefined;
    return { state: one.state, face: faceOf(one, known), seen: one };
  };
}

/** Looks at each record, with a pause behind it. */
export function* statusRows(
  known: Known,
  query: StatusQuery,
  { redact, show, broken }: WithoutBroken & { readonly redact: (text: string) => string },
): Generator<"", StatusRows> {
  const { workloads, parse, isUnboundKey } = known;
  const targets: Target[] = [];
  const tracked: Seen[] = [];
  const incomplete: IncompleteRow[] = [];
  const counts = new Map<State, number>();
  const namespaces = new Set<string>();
  const shown = createShown();
  let lastAt = 0;
  const match = createMatch(known, query, redact);

  function look(record: WorkloadRecord): void {
    const parsed = parse(record);
    namespaces.add(record.namespace);
    if (parsed.kind === "ready") targets.push(parsed.target);
    const found = match(record, parsed);
    if (!found) return;
    const { state, face } = found;
    counts.set(state, (counts.get(state) ?? 0) + 1);
    lastAt = Math.max(lastAt, found.seen?.last?.at.getTime() ?? 0);
    if (query.state !== undefined && query.state !== state) return;
    shown.add(record, face);
    if (found.seen) tracked.push(found.seen);
    else incomplete.push(found.incomplete);
  }

  for (const record of workloads.list()) {
    show(workloadOf(record), () => look(record));
    yield "";
  }

  return {
    ...{
      counts,
      incomplete,
      shown: shown.digest(),
      lastAt: lastAt === 0 ? undefined : new Date(lastAt),
      namespaces: [...namespaces].sort(),
    },
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
export function nothingFound(isSynced: boolean, isNarrowed: boolean): string {
  if (isNarrowed) return "Nothing that is asked for is in that state or has that text.";
  return isSynced
    ? "No deployments with gitops.operator annotations were found."
    : "The Kubernetes API server has not given its Deployments yet; see the operator's log for the reason.";
}
