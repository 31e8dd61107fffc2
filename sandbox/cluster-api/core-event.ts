import type { Kind, KubeObject } from "./kinds.ts";

/** The object as that kind shows it: an Event is one object with two faces, and kubectl asks for the core one. */
export function asKind(kind: Kind, object: KubeObject): KubeObject {
  if (kind.kind !== "Event" || kind.group !== "") return object;
  const { regarding, note, reportingController, reportingInstance, ...rest } = object;
  return {
    ...rest,
    apiVersion: "v1",
    involvedObject: regarding ?? {},
    message: note ?? "",
    reportingComponent: reportingController ?? "",
    reportingInstance: reportingInstance ?? "",
    // What events.k8s.io/v1 lets nobody set.
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
  };
}
