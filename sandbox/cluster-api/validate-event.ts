import { Refusal } from "./status.ts";

/** Go's `2006-01-02T15:04:05.000000Z07:00`: exactly six fractional digits. */
const microTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)$/;
/** In bytes; pkg/apis/core/validation/events.go. */
const limits = { note: 1024, reason: 128, action: 128, reportingInstance: 128 };

interface NewEvent {
  readonly eventTime?: unknown;
  readonly series?: { readonly lastObservedTime?: unknown };
  readonly note?: unknown;
  readonly type?: unknown;
  readonly metadata?: { readonly namespace?: unknown };
  readonly regarding?: { readonly namespace?: unknown };
  readonly [field: string]: unknown;
}

/** Refuses what a real server refuses of an events.k8s.io/v1 Event. */
export function validateEvent(event: NewEvent): void {
  for (const time of [event.eventTime, event.series?.lastObservedTime]) {
    if (time === undefined || time === null) continue;
    if (typeof time === "string" && microTime.test(time)) continue;
    const reason = `parsing time ${JSON.stringify(time)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse`;
    throw new Refusal(400, `Event in version "v1" cannot be handled as a Event: ${reason}`);
  }
  const problems = ["eventTime", "reportingController", "reportingInstance", "action", "reason"]
    .filter((field) => !event[field])
    .map((field) => `${field}: Required value`);
  // From here on Kubernetes keeps them empty; kubectl shows eventTime and reportingController instead.
  for (const field of ["deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount", "deprecatedSource"])
    if (event[field] !== undefined) problems.push(`${field}: Invalid value: needs to be unset`);
  if (event.type !== "Normal" && event.type !== "Warning") problems.push(`type: Invalid value: ${JSON.stringify(event.type)}`);
  for (const [field, limit] of Object.entries(limits))
    if (Buffer.byteLength(String(event[field] ?? "")) > limit)
      problems.push(`${field}: Invalid value: can have at most ${limit} characters`);
  if ((event.regarding?.namespace ?? "default") !== event.metadata?.namespace)
    problems.push("regarding.namespace: Invalid value: does not match event.namespace");
  if (problems.length > 0) throw new Refusal(422, `Event is invalid: ${problems.join("; ")}`);
}
