/** Kubernetes Events about Deployments (events.k8s.io/v1): told if possible, never waited for. */
import type { ClusterEvent } from "../../core/news/events.ts";
import type { Log } from "../../core/ports.ts";
import type { WorkloadRecord } from "../../core/types.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import { createFairQueue } from "../../sharing/fair-queue.ts";
import { parseJson } from "../../text/parse-json.ts";
import { cutNote, eventObject, type Item } from "./event-object.ts";
import type { KubeClient } from "./kube-client.ts";
import { accessRemedy, type KubeAnswer, type KubeError, statusMessage } from "./kube-error.ts";
import { mapOf } from "./map-of.ts";

interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly log: Log;
  /** The Pod's name. */
  readonly instance: string;
  /** Of one post; shorter in tests, where nobody answers. */
  readonly deadlineMs?: number;
  /** Where RBAC forbids Events, one is tried after this time; shorter in tests, where the right comes back. */
  readonly forbiddenMs?: number;
}

const MOST_QUEUED = 1_000;
/** API servers keep an Event for an hour (`--event-ttl`), so what is older is no news. */
const LIFE_MICROS = 3_600_000_000;
/** Namespaces without the right to create Events that are named in the log, and what is remembered of all. */
const MOST_NAMED = 5;
const MOST_NAMESPACES_BYTES = 4 * 2 ** 20;

export function createEventRecorder(options: EventRecorderOptions) {
  const { client, log, instance, deadlineMs = 5_000, forbiddenMs = 600_000 } = options;
  const queue = createFairQueue<Item>(MOST_QUEUED);
  /** Could not be posted. */
  const lost = createFairQueue<Item>(MOST_QUEUED);
  /** Namespaces in which RBAC forbids Events; nothing is posted there before that time (`performance.now()`). */
  const forbidden = createBoundedMap<{ readonly untilMs: number; readonly isNamed: boolean }>(MOST_NAMESPACES_BYTES, dataBytes);
  const closing = new AbortController();
  /** Events since the start; `failed`: posts that failed, of which some may have come to be recorded later. */
  const counts = { recorded: 0, failed: 0, dropped: 0 };
  /** Each kind of trouble is told once until a post succeeds, a lasting one once: Events are a courtesy, and the log has the facts anyway. */
  const told = new Set<string>();
  let namedCount = 0;
  let lastMicros = 0;
  let isClosed = false;
  let isDelivering = false;
  let delivery = Promise.resolve();

  /** Never rejects, never waits. */
  function record({ apiVersion, kind, namespace, name, uid, resourceVersion }: WorkloadRecord, event: ClusterEvent): void {
    if (isClosed) return;
    // No two at one time, and never back, so that their names sort as they happened.
    lastMicros = Math.max(lastMicros + 1, Date.now() * 1_000);
    const version = {
      ...(apiVersion !== undefined && { apiVersion }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    };
    const cut = { ...event, note: cutNote(event.note) };
    enqueue(queue, { about: { kind, namespace, name, ...version }, event: cut, atMicros: lastMicros });
    if (!isDelivering) delivery = deliverAll();
  }

  /** Tries those again that could not be posted and may be by now. */
  function again(): void {
    if (isClosed) return;
    for (let item = lost.shift(); item; item = lost.shift()) {
      if (item.atMicros > Date.now() * 1_000 - LIFE_MICROS) enqueue(queue, item);
    }
    if (!isDelivering) delivery = deliverAll();
  }

  function enqueue(to: typeof queue, item: Item): void {
    if (to.push(item.about.namespace, item).length === 0) return;
    counts.dropped += 1;
    warnOnce("lasting: dropped", { waiting: to.length }, "Kubernetes Events dropped, too many are waiting");
  }

  /** One at a time, and of a namespace in order. */
  async function deliverAll(): Promise<void> {
    isDelivering = true;
    for (let item = queue.shift(); item && !closing.signal.aborted; item = queue.shift()) {
      if (isForbidden(item)) enqueue(lost, item);
      else counts[(await deliver(item)) ? "recorded" : "failed"] += 1;
    }
    isDelivering = false;
  }

  function isForbidden({ about }: Item): boolean {
    return performance.now() < (forbidden.get(about.namespace)?.untilMs ?? 0);
  }

  async function deliver(item: Item): Promise<boolean> {
    const { namespace } = item.about;
    const path = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`;
    try {
      const answer = await client.post(path, eventObject(item, instance), { deadlineMs, signal: closing.signal });
      if (answer.status === 201) noteSuccess(namespace);
      else noteRefusal(item, answer);
      return answer.status === 201;
    } catch (error) {
      const { kind, message } = error as KubeError;
      if (!closing.signal.aborted) warnOnce(kind, { problem: message }, "Kubernetes Event not recorded");
      enqueue(lost, item);
      return false;
    }
  }

  function noteSuccess(namespace: string): void {
    if (forbidden.get(namespace)?.isNamed) namedCount -= 1;
    forbidden.delete(namespace);
    for (const trouble of told) if (!trouble.startsWith("lasting")) told.delete(trouble);
  }

  function noteRefusal(item: Item, answer: KubeAnswer): void {
    const { status, text } = answer;
    const { namespace } = item.about;
    if (isTerminating(answer)) {
      log.info({ namespace, event: item.event.reason }, "Kubernetes Event not recorded: its namespace is being deleted");
      return;
    }
    const remedy = accessRemedy(answer, "the verb create on events.events.k8s.io");
    // What is refused for what it is would be refused again.
    const isLasting = status < 500 && status !== 401 && status !== 403 && status !== 429;
    if (!isLasting) enqueue(lost, item);
    if (status === 403) noteForbidden(namespace, remedy, answer.isDoubtful);
    else {
      const fields = { status, problem: statusMessage(text), ...(remedy !== undefined && { remedy }) };
      warnOnce(isLasting ? `lasting: ${status}` : `${status}`, fields, "Kubernetes Event not recorded");
    }
  }

  function noteForbidden(namespace: string, remedy: string | undefined, isDoubtful: boolean): void {
    const wasNamed = forbidden.get(namespace)?.isNamed === true;
    if (isDoubtful) {
      forbidden.set(namespace, { untilMs: Number.POSITIVE_INFINITY, isNamed: wasNamed });
      const askAgain = () => {
        forbidden.set(namespace, { untilMs: 0, isNamed: wasNamed });
        again();
      };
      setTimeout(askAgain, client.doubtMs).unref();
      return;
    }
    const isNamed = wasNamed || namedCount < MOST_NAMED;
    forbidden.set(namespace, { untilMs: performance.now() + forbiddenMs, isNamed });
    if (!isNamed || wasNamed) return;
    namedCount += 1;
    log.warn({ namespace, remedy }, "Kubernetes Events are not recorded: RBAC forbids");
  }

  function warnOnce(trouble: string, fields: Readonly<Record<string, unknown>>, message: string): void {
    if (told.has(trouble)) return;
    told.add(trouble);
    log.warn(fields, message);
  }

  return {
    record,
    again,
    counts,
    /** Posts what is queued or gives up at the deadline; nothing is recorded any more. */
    async close(closeMs: number): Promise<void> {
      again();
      isClosed = true;
      const timer = setTimeout(() => closing.abort(), closeMs);
      await delivery;
      clearTimeout(timer);
      closing.abort();
    },
  };
}

/** A 403 too, and no matter of RBAC: a namespace that is being deleted takes nothing new. */
function isTerminating({ status, text }: KubeAnswer): boolean {
  const { causes } = mapOf(mapOf(parseJson(text)).details);
  return status === 403 && Array.isArray(causes) && causes.some((cause) => mapOf(cause).reason === "NamespaceTerminating");
}
