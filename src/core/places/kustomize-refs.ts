import type { YAMLMap } from "yaml";
import type { Place } from "./format.ts";
import { parseRemoteTarget } from "./kustomize-url.ts";
import type { NodeReader } from "./yaml-nodes.ts";

/** `bases` is older than `resources`, and kustomize still reads it. */
const lists = ["resources", "components", "bases"];

/** The commits at which a kustomization reads other repositories. */
export function* kustomizeRefs(map: YAMLMap, read: NodeReader): Generator<Place> {
  for (const scalar of lists.flatMap((list) => read.scalarsAt(map, list))) {
    const { value } = scalar;
    const remote = parseRemoteTarget(value);
    if (!remote) continue;
    const { repository, commit, commitAt } = remote;
    const [beforeTag, afterTag] = [value.slice(0, commitAt), value.slice(commitAt + commit.length)];
    yield { ...scalar, shown: value, names: [repository], isRef: true, tag: commit, beforeTag, afterTag };
  }
}
