import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { idOf, type Workload } from "../types.ts";
import type { HintKind } from "./hint.ts";

export interface LastEvent {
  readonly kind: HintKind;
  /** Milliseconds, monotonic. */
  readonly at: number;
}

const MOST_BYTES = 4 * 2 ** 20;
/** Of one event: an event of fifty for a thousand Deployments would else be fifty thousand. */
const MOST_TAGS = 4;

/** The last event of each Deployment, and since when its image is known to be there. `now`: milliseconds, monotonic. */
export function createLastEvents(now: () => number) {
  const events = createBoundedMap<LastEvent>(MOST_BYTES, () => 48);
  const images = createBoundedMap<{ readonly tag: string; readonly at: number }>(MOST_BYTES, ({ tag }) => 48 + 2 * tag.length);
  let newest: LastEvent | undefined;
  return {
    /** `tags`: of the images that it tells of. */
    came(workload: Workload, kind: HintKind, tags: readonly string[]): void {
      newest = { kind, at: now() };
      events.set(idOf(workload), newest, workload.namespace);
      for (const tag of new Set(tags.slice(0, MOST_TAGS))) images.set(`${idOf(workload)} ${tag}`, { tag, at: now() }, workload.namespace);
    },
    last: (workload: Workload) => events.get(idOf(workload)),
    /** Of all workloads. */
    newest: () => newest,
    /** How long ago an event told of that image, in milliseconds; said once. */
    imageAge(workload: Workload, tag: string): number | undefined {
      const key = `${idOf(workload)} ${tag}`;
      const image = images.get(key);
      images.delete(key);
      return image && now() - image.at;
    },
  };
}
