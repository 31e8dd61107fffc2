import { isNeverWatched, neverWatched, type WatchedKind } from "../../core/watched-kinds.ts";
import { parseJson } from "../../text/parse-json.ts";
import type { KubeClient, KubeLimits } from "./kube-client.ts";
import { KubeError } from "./kube-error.ts";
import { mapOf } from "./map-of.ts";

export interface KindFinder {
  /** Undefined: not known yet. */
  readonly kind: string | undefined;
  /** Rejects with the API server's 404 where the resource is not installed, and with `unusable` where its objects can't be watched. */
  find(limits: KubeLimits): Promise<string>;
  /** It is gone: asked anew the next time. */
  forget(): void;
}

/**
 * What the objects of each resource are called, and that they live in namespaces: the API server tells it. Of two resources whose objects are
 * called the same only one can be watched, since a workload is known by its kind: the one that is named first.
 */
export function createKindFinders(client: KubeClient, watched: readonly WatchedKind[]): KindFinder[] {
  const finders = watched.map((one, index) => createKindFinder(client, one, (kind) => isTaken(index, kind)));

  async function isTaken(index: number, kind: string): Promise<boolean> {
    await Promise.allSettled(finders.slice(0, index).map(({ first }) => first));
    return finders.some((other, at) => at !== index && other.kind === kind);
  }

  return finders;
}

function createKindFinder(client: KubeClient, watched: WatchedKind, isTaken: (kind: string) => Promise<boolean>) {
  const { resource, group, version } = watched;
  const first = Promise.withResolvers<void>();
  let kind = watched.kind;
  if (kind !== undefined) first.resolve();

  async function ask(limits: KubeLimits): Promise<string> {
    const answer = await client.get(`/apis/${group}/${version}`, limits);
    if (answer.status !== 200) throw KubeError.ofAnswer(answer);
    const { resources } = mapOf(parseJson(answer.text));
    const found = (Array.isArray(resources) ? resources.map(mapOf) : []).find(({ name }) => name === resource);
    if (!found) throw new KubeError("status", `${group}/${version} has no ${resource}`, { status: 404 });
    const { kind: said, namespaced, verbs } = found;
    if (typeof said !== "string" || !/^[A-Za-z][A-Za-z0-9]{0,62}$/.test(said))
      throw new KubeError("protocol", "the API server does not say what the objects are called");
    if (namespaced !== true) throw new KubeError("unusable", "its objects belong to no namespace");
    if (!Array.isArray(verbs) || !verbs.includes("list") || !verbs.includes("watch"))
      throw new KubeError("unusable", "the API server lets nobody list and watch it");
    if (isNeverWatched(said)) throw new KubeError("unusable", neverWatched);
    return said;
  }

  return {
    first: first.promise,
    get kind() {
      return kind;
    },
    async find(limits: KubeLimits): Promise<string> {
      if (kind !== undefined) return kind;
      try {
        const said = await ask(limits);
        if (await isTaken(said)) throw new KubeError("unusable", `another watched resource has the kind ${said} too`);
        kind = said;
        return said;
      } finally {
        first.resolve();
      }
    },
    forget() {
      kind = watched.kind;
    },
  };
}
