import { type Request, type Response, readText, send } from "./cluster-api/exchange.ts";
import { startListener } from "./cluster-api/listener.ts";

interface ChatMessage {
  /** With the query. */
  readonly path: string;
  /** Its first line, and the others. */
  readonly text: string;
  readonly details: string;
}

interface ChatAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A chat on loopback that takes messages as Slack's incoming webhooks do. */
export interface ChatWebhook {
  readonly host: string;
  /** What NODE_EXTRA_CA_CERTS is to hold; undefined for http. */
  readonly caPem: string | undefined;
  /** For the field `webhook-url` of a Secret. */
  url(path?: string): string;
  /** What was taken with 200, oldest first. */
  readonly messages: readonly ChatMessage[];
  /** Whatever was sent, taken or not. */
  readonly requestCount: number;
  /** Resolves when that many messages have been taken; rejects after `withinMs`. */
  received(count: number, withinMs?: number): Promise<readonly ChatMessage[]>;
  /** The next requests are answered like that, `times` of them; returns the end of it. */
  answer(answer: ChatAnswer, times?: number): () => void;
  /** Requests are never answered; returns the end of it. */
  hang(): () => void;
  close(): Promise<void>;
}

const mostMessages = 10_000;

export async function startChatWebhook(protocol: "http" | "https" = "http"): Promise<ChatWebhook> {
  const messages: ChatMessage[] = [];
  const faults = new Set<{ readonly answer: ChatAnswer | "hang"; left: number }>();
  const waiting = new Set<{ readonly count: number; readonly resolve: (messages: readonly ChatMessage[]) => void }>();
  let requestCount = 0;

  async function handle(request: Request, response: Response): Promise<void> {
    requestCount += 1;
    const body = await readText(request);
    const [fault] = faults;
    if (fault) {
      fault.left -= 1;
      if (fault.left <= 0) faults.delete(fault);
      if (fault.answer === "hang") return;
      for (const [field, value] of Object.entries(fault.answer.headers ?? {})) response.setHeader(field, value);
      return send(response, fault.answer.status, fault.answer.body ?? "", "text/plain");
    }
    const text = textOf(body);
    if (request.method !== "POST" || text === undefined) return send(response, 400, "invalid_payload", "text/plain");
    const [first = "", ...others] = text.split("\n");
    messages.push({ path: request.url ?? "", text: first, details: others.join("\n") });
    if (messages.length > mostMessages) messages.shift();
    send(response, 200, "ok", "text/plain");
    for (const waiter of waiting) {
      if (messages.length < waiter.count) continue;
      waiting.delete(waiter);
      waiter.resolve(messages);
    }
  }

  function during(answer: ChatAnswer | "hang", times: number): () => void {
    const fault = { answer, left: times };
    faults.add(fault);
    return () => faults.delete(fault);
  }

  function received(count: number, withinMs?: number): Promise<readonly ChatMessage[]> {
    if (messages.length >= count) return Promise.resolve(messages);
    const { promise, resolve, reject } = Promise.withResolvers<readonly ChatMessage[]>();
    const waiter = { count, resolve };
    waiting.add(waiter);
    if (withinMs === undefined) return promise;
    const timer = setTimeout(() => {
      waiting.delete(waiter);
      reject(new Error(`the chat got ${messages.length} of ${count} messages within ${withinMs / 1_000} s; the operator's log says why`));
    }, withinMs);
    return promise.finally(() => clearTimeout(timer));
  }

  const listener = await startListener(protocol, 0, (request, response) => void handle(request, response).catch(() => response.destroy()));
  return {
    host: new URL(listener.url).host,
    caPem: listener.caPem,
    url: (path = "/services/T00000000/B00000000/sandbox") => listener.url + path,
    messages,
    get requestCount() {
      return requestCount;
    },
    received,
    answer: (answer, times = Number.POSITIVE_INFINITY) => during(answer, times),
    hang: () => during("hang", Number.POSITIVE_INFINITY),
    close: () => listener.close(),
  };
}

function textOf(body: string): string | undefined {
  try {
    const { text } = JSON.parse(body) as { text?: unknown };
    return typeof text === "string" && text !== "" ? text : undefined;
  } catch {
    return undefined;
  }
}
