import { cut } from "../../text/cut.ts";
import { closest } from "../../text/did-you-mean.ts";
import { escapeControl } from "../../text/escape.ts";
import type { Filter, Workload } from "../types.ts";

/** A call costs little whatever it says and however many Deployments there are: a longer name is compared with nothing, and only with so many. */
const longestCompared = 63;
const mostCompared = 250;

/** What a filter names that is not tracked, with the nearest name; undefined where it names something, or nothing is tracked at all. */
export function unknownName({ namespace, deployment }: Filter, tracked: readonly Workload[]): string | undefined {
  if (tracked.length === 0) return undefined;
  const here = namespace === undefined ? tracked : tracked.filter((one) => one.namespace === namespace);
  if (namespace !== undefined && here.length === 0) {
    const namespaces = tracked.map((one) => one.namespace);
    return `no tracked Deployment in namespace ${shown(namespace)}; ${nearest(namespace, namespaces)}`;
  }
  if (deployment === undefined || here.some(({ name }) => name === deployment)) return undefined;
  const unknown = `no tracked Deployment ${shown(deployment)}${namespace === undefined ? "" : ` in namespace ${shown(namespace)}`}`;
  const elsewhere = tracked.find(({ name }) => name === deployment);
  if (elsewhere) return `${unknown}; did you mean namespace '${elsewhere.namespace}'?`;
  const names = here.map(({ name }) => name);
  return `${unknown}; ${nearest(deployment, names)}`;
}

function shown(text: string): string {
  return `'${escapeControl(cut(text, longestCompared))}'`;
}

function nearest(text: string, names: readonly string[]): string {
  const candidates = [...new Set(names)];
  const isDear = text.length > longestCompared || candidates.length > mostCompared;
  const name = isDear ? undefined : closest(text, candidates);
  return name === undefined ? "/status lists what is tracked" : `did you mean '${name}'?`;
}
