import { cut } from "../text/cut.ts";
import { closest } from "../text/did-you-mean.ts";
import { escapeControl } from "../text/escape.ts";
import { isMeant } from "./is-meant.ts";
import type { Filter, Workload } from "./types.ts";

/** A call costs little whatever it says and however many Deployments there are: a longer name is compared with nothing, and only with so many. */
const longestCompared = 63;
const mostCompared = 250;

/** What a filter names that is not tracked, with the nearest name; undefined where it names something, or nothing is tracked at all. */
export function unknownName({ kind, namespace, deployment }: Filter, tracked: readonly Workload[]): string | undefined {
  if (tracked.length === 0) return undefined;
  const ofKind = kind === undefined ? tracked : tracked.filter((one) => isMeant(one, { kind }));
  const [known] = ofKind;
  if (kind !== undefined && !known) {
    const kinds = tracked.map((one) => one.kind);
    return `no tracked workload of kind ${shown(kind)}; ${nearest(kind, kinds)}`;
  }
  const what = kind === undefined || !known ? "Deployment" : known.kind;
  const here = namespace === undefined ? ofKind : ofKind.filter((one) => one.namespace === namespace);
  if (namespace !== undefined && here.length === 0) {
    const namespaces = ofKind.map((one) => one.namespace);
    return `no tracked ${what} in namespace ${shown(namespace)}; ${nearest(namespace, namespaces)}`;
  }
  if (deployment === undefined || here.some(({ name }) => name === deployment)) return undefined;
  const unknown = `no tracked ${what} ${shown(deployment)}${namespace === undefined ? "" : ` in namespace ${shown(namespace)}`}`;
  const elsewhere = ofKind.find(({ name }) => name === deployment);
  if (elsewhere) return `${unknown}; did you mean namespace '${elsewhere.namespace}'?`;
  const ofOtherKind = tracked.find((one) => isMeant(one, { namespace: namespace ?? one.namespace, deployment }));
  if (ofOtherKind) return `${unknown}; did you mean kind '${ofOtherKind.kind}'?`;
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
