/** Kubernetes Events about Deployments (events.k8s.io/v1): told if possible, never waited for. */
import { randomBytes } from "node:crypto";
import type { ClusterEvent } from "../../core/events.ts";
import { createFairQueue } from "../../core/fair-queue.ts";
import type { Log } from "../../core/ports.ts";
import type { DeploymentRecord } from "../../core/types.ts";
import type { KubeClient } from "./kube-client.ts";
import { type KubeError, statusMessage } from "./kube-error.ts";

export interface EventRecorder {
  /** Never rejects, never waits. */
  record(about: DeploymentRecord, event: ClusterEvent): void;
  /** Posts what is queued or gives up at the deadline; nothing is recorded any more. */
  close(deadlineMs: number): Promise<void>;
  /** Events since the start. */
  readonly counts: { readonly recorded: number; readonly failed: number; readonly dropped: number };
}

interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly log: Log;
  /** The Pod's name. */
  readonly instance: string;
  /** Of one Event. */
  readonly deadlineMs?: number;
}

const CONTROLLER = "gitops-operator";
const MOST_QUEUED = 1_000;
/** Kubernetes' own limits (pkg/apis/core/validation/events.go). */
const MOST_NOTE_BYTES = 1024;
const MOST_INSTANCE_CHARACTERS = 128;
const MOST_NAME_CHARACTERS = 253;

interface Item {
  readonly about: DeploymentRecord;
  readonly event: ClusterEvent;
  readonly at: Date;
}

export function createEventRecorder({ client, log, instance, deadlineMs = 5_000 }: EventRecorderOptions): EventRecorder {
  const queue = createFairQueue<Item>(MOST_QUEUED);
  const closing = new AbortController();
  const counts = { recorded: 0, failed: 0, dropped: 0 };
  /** Each kind of trouble is told once: Events are a courtesy, and the log has the facts anyway. */
  const told = new Set<string>();
  let isClosed = false;
  let isDelivering = false;
  let delivery = Promise.resolve();

  function record(about: DeploymentRecord, event: ClusterEvent): void {
    if (isClosed) return;
    if (queue.push(about.namespace, { about, event, at: new Date() })) {
      counts.dropped += 1;
      warnOnce("dropped", { waiting: queue.length }, "Kubernetes Events dropped, too many are waiting");
    }
    if (!isDelivering) delivery = deliverAll();
  }

  /** One at a time, and of a namespace in order, so that `kubectl describe` tells the story in order. */
  async function deliverAll(): Promise<void> {
    isDelivering = true;
    for (let item = queue.shift(); item && !closing.signal.aborted; item = queue.shift()) {
      counts[(await deliver(item)) ? "recorded" : "failed"] += 1;
    }
    isDelivering = false;
  }

  async function deliver({ about, event, at }: Item): Promise<boolean> {
    const path = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(about.namespace)}/events`;
    try {
      const { status, text } = await client.post(path, eventObject(about, event, at, instance), { deadlineMs, signal: closing.signal });
      if (status === 201) return true;
      if (status === 403) {
        const remedy = "grant the operator's service account the verb create on events.events.k8s.io";
        warnOnce("forbidden", { remedy }, "Kubernetes Events are not recorded: RBAC forbids");
      } else warnOnce(String(status), { status, problem: statusMessage(text) }, "Kubernetes Event not recorded");
    } catch (error) {
      const { kind, message } = error as KubeError;
      if (!closing.signal.aborted) warnOnce(kind, { problem: message }, "Kubernetes Event not recorded");
    }
    return false;
  }

  function warnOnce(trouble: string, fields: object, message: string): void {
    if (told.has(trouble)) return;
    told.add(trouble);
    log.warn(fields, message);
  }

  return {
    record,
    counts,
    async close(closeMs) {
      isClosed = true;
      const timer = setTimeout(() => closing.abort(), closeMs);
      await delivery;
      clearTimeout(timer);
      closing.abort();
    },
  };
}

/** `deprecated…` fields stay out: events.k8s.io/v1 refuses them, and kubectl shows `eventTime` and `reportingController` instead. */
export function eventObject(about: DeploymentRecord, { type, reason, note }: ClusterEvent, at: Date, instance: string): object {
  const { namespace, name, uid, resourceVersion } = about;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { namespace, name: eventName(name) },
    eventTime: microTime(at),
    reportingController: CONTROLLER,
    reportingInstance: instance.slice(0, MOST_INSTANCE_CHARACTERS) || CONTROLLER,
    action: "Reconcile",
    type,
    reason,
    note: cut(note),
    regarding: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      namespace,
      name,
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
  };
}

/** Go's MicroTime: exactly six fractional digits, or the server answers 400. */
function microTime(at: Date): string {
  return at.toISOString().replace("Z", "000Z");
}

/** A subdomain name as Kubernetes wants it, as client-go makes them: whom it is about, and something unique. */
function eventName(deployment: string): string {
  const suffix = `.${randomBytes(8).toString("hex")}`;
  return deployment.slice(0, MOST_NAME_CHARACTERS - suffix.length).replace(/[^a-z0-9]+$/, "") + suffix;
}

/** At most so many bytes, never half a character. */
function cut(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= MOST_NOTE_BYTES) return note;
  const ellipsis = "…";
  const room = MOST_NOTE_BYTES - Buffer.byteLength(ellipsis);
  return new TextDecoder().decode(bytes.subarray(0, room), { stream: true }) + ellipsis;
}
