import { randomBytes } from "node:crypto";
import type { ClusterEvent } from "../../core/news/events.ts";
import type { WorkloadRecord } from "../../core/types.ts";

const CONTROLLER = "gitops-operator";
/** Kubernetes' own limits (pkg/apis/core/validation/events.go). */
const MOST_NOTE_BYTES = 1024;
const MOST_INSTANCE_CHARACTERS = 128;
const MOST_NAME_CHARACTERS = 253;

type Regarding = Pick<WorkloadRecord, "kind" | "apiVersion" | "namespace" | "name" | "uid" | "resourceVersion">;

export interface Item {
  readonly about: Regarding;
  /** With a note that may be posted. */
  readonly event: ClusterEvent;
  readonly atMicros: number;
}

/** `deprecated…` fields stay out: events.k8s.io/v1 refuses them, and kubectl shows `eventTime` and `reportingController` instead. */
export function eventObject({ about, event, atMicros }: Item, instance: string): object {
  const { namespace, name } = about;
  const { type, reason, note } = event;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { namespace, name: eventName(name, atMicros) },
    eventTime: microTime(atMicros),
    reportingController: CONTROLLER,
    reportingInstance: instance.slice(0, MOST_INSTANCE_CHARACTERS) || CONTROLLER,
    action: "Reconcile",
    type,
    reason,
    note,
    regarding: about,
  };
}

/** Go's MicroTime: exactly six fractional digits, or the server answers 400. */
function microTime(micros: number): string {
  return new Date(micros / 1_000).toISOString().replace("Z", `${String(micros % 1_000).padStart(3, "0")}Z`);
}

/** Microseconds since 1970 until the year 4253. */
const TIME_DIGITS = 14;

/**
 * A subdomain name as Kubernetes wants it, as client-go makes them: whom it is about, when, and something unique. `kubectl describe` shows Events
 * that have no lastTimestamp, which events.k8s.io/v1 refuses, in the order of their names.
 */
function eventName(deployment: string, atMicros: number): string {
  const suffix = `.${atMicros.toString(16).padStart(TIME_DIGITS, "0")}${randomBytes(4).toString("hex")}`;
  const [upToLetter = ""] = /^.*[a-z0-9]/s.exec(deployment.slice(0, MOST_NAME_CHARACTERS - suffix.length)) ?? [];
  return upToLetter + suffix;
}

/** As much as may be posted, never half a character: what waits to be posted is no longer. */
export function cutNote(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= MOST_NOTE_BYTES) return note;
  const ellipsis = "…";
  const room = MOST_NOTE_BYTES - Buffer.byteLength(ellipsis);
  return new TextDecoder().decode(bytes.subarray(0, room), { stream: true }) + ellipsis;
}
