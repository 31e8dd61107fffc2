/** Messages to webhooks, in the form that each takes. The URL is a secret: only its host is ever named. */
import { randomUUID } from "node:crypto";
import type { Dispatcher } from "undici";
import type { Clock, Log, Notifier } from "../../core/ports.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import { createFairQueue, type FairQueue } from "../../sharing/fair-queue.ts";
import { signedHeaders } from "../../sharing/standard-webhooks.ts";
import { askFor } from "../egress/asker.ts";
import { type HttpAnswer, request } from "../egress/http-request.ts";
import { retryAfterMs } from "../egress/retry-after.ts";

interface ChatOptions {
  readonly dispatcher: Dispatcher;
  readonly log: Log;
  readonly clock: Clock;
  /** INSECURE_WEBHOOKS: `host[:port]` that may be spoken to without TLS. */
  readonly httpHosts?: readonly string[];
  /** Of one try; shorter in tests, where nobody answers. */
  readonly deadlineMs?: number;
}

/** Of messages that wait for one webhook: about a hundred of ordinary length. */
const MOST_FOR_ONE_BYTES = 128 * 1024;
/** Of all that wait. */
const MOST_WAITING_BYTES = 4 * 2 ** 20;
/** What a message takes beside its text. */
const MESSAGE_BYTES = 256;
/** Delivered to at once; of what is left of them one namespace may have this share, so that some are left after many have had theirs. */
const MOST_WEBHOOKS = 1_000;
const SHARE_OF_WEBHOOKS = 1 / 16;
const TRIES = 4;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** Only a word of the answer is of use. */
const MOST_BYTES = 64 * 1024;

/** Of a webhook that is being delivered to. */
interface Queue {
  readonly url: URL;
  /** Who was the first to send there. */
  readonly namespace: string;
  readonly messages: FairQueue<Message>;
}

interface Message {
  readonly queue: Queue;
  readonly namespace: string;
  readonly posted: Posted;
}

interface Posted {
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

export function createChat({ dispatcher, log, clock, httpHosts = [], deadlineMs = 10_000 }: ChatOptions) {
  const queues = new Map<string, Queue>();
  /** All that waits in them, so that the namespace that has most, in however many, makes room. */
  const waiting = createFairQueue<Message>(MOST_WAITING_BYTES, messageBytes);
  const deliveries = new Set<Promise<void>>();
  const closing = new AbortController();
  /** Messages since the start. */
  const counts = { delivered: 0, failed: 0, dropped: 0 };
  let isClosed = false;

  const send: Notifier["send"] = ({ webhookUrl, hookSecrets }, post, namespace) => {
    const url = parseWebhook(webhookUrl, httpHosts);
    if (url instanceof URL) {
      const body = JSON.stringify(post.body);
      const own = post.isEvent ? eventHeaders(body, hookSecrets) : {};
      // Who asked for signed events takes no others.
      if (!own) return notSigned();
      return enqueue(url, { headers: { "content-type": "application/json", ...post.headers, ...own }, body }, namespace);
    }
    counts.failed += 1;
    return url.problem;
  };

  function notSigned(): string {
    counts.failed += 1;
    return "its field hook-secret holds no secret of 16 to 512 characters (behind whsec_: base64 of 16 bytes or more)";
  }

  function enqueue(url: URL, posted: Posted, namespace: string): undefined {
    const queue = queues.get(url.href);
    if (isClosed || (!queue && !mayOpen(namespace))) noteDropped(url);
    else if (queue) {
      const message = { queue, namespace, posted };
      const gone = new Set([...queue.messages.push(namespace, message), ...waiting.push(namespace, message)]);
      for (const each of gone) drop(each);
    } else {
      const opened = { url, namespace, messages: createFairQueue<Message>(MOST_FOR_ONE_BYTES, messageBytes) };
      queues.set(url.href, opened);
      const delivery = askFor(namespace, () => deliverAll(opened, posted)).finally(() => deliveries.delete(delivery));
      deliveries.add(delivery);
    }
  }

  function mayOpen(namespace: string): boolean {
    let own = 0;
    for (const queue of queues.values()) if (queue.namespace === namespace) own += 1;
    return own < (MOST_WEBHOOKS - queues.size) * SHARE_OF_WEBHOOKS;
  }

  function drop(message: Message): void {
    const { queue, namespace } = message;
    queue.messages.remove(namespace, message);
    waiting.remove(namespace, message);
    noteDropped(queue.url);
  }

  function noteDropped({ host }: URL): void {
    counts.dropped += 1;
    log.warn({ host, dropped: counts.dropped }, "Chat message dropped, too many are waiting");
  }

  /** One at a time: the first, and what is queued until none is left. */
  async function deliverAll(queue: Queue, first: Posted): Promise<void> {
    const { url, messages } = queue;
    for (let posted: Posted | undefined = first; posted !== undefined; posted = next(queue)) {
      if (closing.signal.aborted) {
        const undelivered = messages.length + 1;
        counts.failed += undelivered;
        log.warn({ host: url.host, undelivered }, "Chat messages not delivered before the shutdown");
        break;
      }
      const problem = await deliver(url, posted);
      counts[problem === undefined ? "delivered" : "failed"] += 1;
      if (problem !== undefined) log.warn({ host: url.host, problem, failed: counts.failed }, "Chat message not delivered");
    }
    queues.delete(url.href);
  }

  function next({ messages }: Queue): Posted | undefined {
    const message = messages.shift();
    if (message) waiting.remove(message.namespace, message);
    return message?.posted;
  }

  /** The problem, if it was not delivered. What went unanswered is sent again: a chat that is slow may show it twice. */
  async function deliver(url: URL, { headers, body }: Posted): Promise<string | undefined> {
    for (let attempt = 1; ; attempt++) {
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(deadlineMs)]);
      const answer = await request(dispatcher, { method: "POST", url, headers, body }, { signal, maxBytes: MOST_BYTES });
      const problem = problemOf(answer, url);
      if (problem === undefined) return undefined;
      if (attempt === TRIES || !mayPass(answer) || closing.signal.aborted) return problem;
      const asked = answer.kind === "answer" ? retryAfterMs(answer.headers) : undefined;
      await clock.sleep(Math.min(LONGEST_RETRY_MS, asked ?? FIRST_RETRY_MS * 2 ** (attempt - 1)), closing.signal).catch(() => undefined);
    }
  }

  return {
    send,
    counts,
    async close(closeMs: number): Promise<void> {
      isClosed = true;
      const timer = setTimeout(() => closing.abort(), closeMs);
      await Promise.all(deliveries);
      clearTimeout(timer);
    },
  };
}

function messageBytes({ posted }: Message): number {
  return MESSAGE_BYTES + dataBytes(posted);
}

/** Of an event, by which it is known: the same at each try. Undefined: it was to be signed, and nothing can sign it. */
function eventHeaders(body: string, hookSecrets: readonly string[] | undefined): Posted["headers"] | undefined {
  const id = randomUUID();
  const at = new Date();
  const known = { "ce-id": id, "ce-time": at.toISOString() };
  if (hookSecrets === undefined) return known;
  const signed = signedHeaders({ id, timestamp: String(Math.floor(at.getTime() / 1_000)), body }, hookSecrets);
  return signed && { ...known, ...signed };
}

function parseWebhook(text: string, httpHosts: readonly string[]): URL | { problem: string } {
  const error = (problem: string) => ({ problem });
  const trimmed = text.trim();
  const url = /^[\x21-\x7e]{1,2048}$/.test(trimmed) ? URL.parse(trimmed) : null;
  if (!url) return error("it is no URL");
  if (url.username !== "" || url.password !== "") return error("it holds a user or password");
  const names = url.port === "" ? [url.host, `${url.host}:80`] : [url.host];
  if (url.protocol === "http:" && !names.some((name) => httpHosts.includes(name))) {
    return error(`it is not encrypted: it begins with http://; use https, or let an administrator add ${url.host} to INSECURE_WEBHOOKS`);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return error("it does not begin with https://");
  return url;
}

function problemOf(answer: HttpAnswer, url: URL): string | undefined {
  if (answer.kind === "failure") return answer.reason;
  const { status, text } = answer;
  if (status >= 200 && status < 300) return undefined;
  if (status >= 300 && status < 400) return `HTTP ${status}: redirects are not followed; put the final URL into webhook-url of the Secret`;
  // Slack's reasons are words like `channel_is_archived`; anything else could be an echo of the URL.
  const word = /^[a-z_]{3,40}$/.test(text) && !url.href.includes(text) ? ` ${text}` : "";
  const remedy = mayPass(answer) ? "" : "; check webhook-url in the Secret and that the chat still has this webhook";
  return `HTTP ${status}${word}${remedy}`;
}

function mayPass(answer: HttpAnswer): boolean {
  return answer.kind === "failure" || answer.status === 429 || answer.status >= 500;
}
