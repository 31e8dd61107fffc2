/** What the head of the page says of the operator. */
import type { LastEvent } from "../../core/hints/last-events.ts";
import { type ShownEvent, shownEvent } from "./status-row.ts";

export interface OperatorFacts {
  readonly version: string;
  /** As `CLUSTER_NAME` has it. */
  readonly cluster: string | undefined;
  /** Where the API server is: host and port. */
  readonly apiServer: string | undefined;
  /** When the API server was last heard, of the watch that has been silent longest; undefined: one has not been heard yet. */
  readonly heardAt: () => Date | undefined;
  /** Undefined: there is no timer. */
  readonly nextPassAt: () => Date | undefined;
  /** Undefined: none may come. */
  readonly lastEvent: () => ShownEvent | "none" | undefined;
}

interface FactsOptions extends Pick<OperatorFacts, "version" | "cluster" | "nextPassAt"> {
  /** A URL, which may hold a login. */
  readonly server: string | undefined;
  readonly staleForMs: () => number;
  readonly events: { readonly isOpen: boolean; readonly newest: () => LastEvent | undefined; readonly now: () => number };
}

export function createOperatorFacts({ server, staleForMs, events, ...facts }: FactsOptions): OperatorFacts {
  return {
    ...facts,
    apiServer: server === undefined || !URL.canParse(server) ? undefined : new URL(server).host,
    heardAt() {
      const staleMs = staleForMs();
      return Number.isFinite(staleMs) ? new Date(Date.now() - staleMs) : undefined;
    },
    lastEvent() {
      if (!events.isOpen) return undefined;
      const event = events.newest();
      return event ? shownEvent(event, events.now()) : "none";
    },
  };
}
