/** What `/status` is narrowed to by its query: as a form sends it, where empty fields say nothing. */
import type { Filter } from "../../core/types.ts";
import { closest } from "../../text/did-you-mean.ts";
import { escapeControl } from "../../text/escape.ts";
import { parseQueryFilter } from "../query-filter.ts";
import { STATES, type State } from "./status-state.ts";

export interface StatusQuery {
  readonly filter: Filter;
  readonly state: State | undefined;
  /** Looked for in what is shown, in upper or lower case; empty: anything. */
  readonly text: string;
}

const FIELDS = ["namespace", "deployment", "kind", "state", "text"] as const;
const MOST_CHARACTERS = 253;

/** A text says what is wrong with it. Other keys say nothing. */
export function parseStatusQuery(query: Readonly<Record<string, unknown>>): StatusQuery | string {
  const given = FIELDS.flatMap((field) => (query[field] === undefined || query[field] === "" ? [] : [[field, query[field]] as const]));
  if (given.some(([, value]) => typeof value !== "string" || value.length > MOST_CHARACTERS))
    return `the query may hold ${FIELDS.map((field) => `${field}=…`).join(", ")}, once each, ${MOST_CHARACTERS} characters at most`;
  const { state, text = "", ...names } = Object.fromEntries(given) as Partial<Record<(typeof FIELDS)[number], string>>;
  const known = STATES.map(([id]) => id);
  if (state !== undefined && !(known as string[]).includes(state)) {
    const meant = closest(state.slice(0, 20), known);
    return `no state '${escapeControl(state)}'; ${meant ? `did you mean '${meant}'?` : `there are ${known.join(", ")}`}`;
  }
  return { filter: parseQueryFilter(names) ?? {}, state: state as State | undefined, text: text.trim() };
}

/** `?…` that says the same, with other values where they are given; empty where nothing is narrowed. */
export function queryText({ filter, state, text }: StatusQuery, changes: { readonly state?: State | undefined } = {}): string {
  const { namespace, deployment, kind } = filter;
  const values = { namespace, deployment, kind, state, text: text === "" ? undefined : text, ...changes };
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

export const everything: StatusQuery = { filter: {}, state: undefined, text: "" };
