/**
 * Names become addresses by the system's resolver, which reads hosts files, search domains and nsswitch.conf as everything else in the Pod does. Each
 * look-up holds a thread of libuv's for as long as DNS is silent, and nothing ends it earlier: so namespaces have shares of them.
 */
import { lookup } from "node:dns/promises";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import { createFairQueue } from "../../sharing/fair-queue.ts";
import { currentAsker } from "./asker.ts";
import { NameNotAsked, NameUnanswered } from "./network-error.ts";

type Found = readonly { readonly address: string; readonly family: number }[];

/** Rejects with what the resolver says, or with NameUnanswered. */
export type NameLookup = (host: string) => Promise<Found>;

interface NameLookupsOptions {
  /** Default: the system's resolver. */
  readonly ask?: NameLookup;
  /** How long an answer is waited for. */
  readonly deadlineMs?: number;
  /** How long a name is not asked about again that had no answer by then. */
  readonly silenceMs?: number;
}

/** main.ts gives libuv 32 threads, of which it lets look-ups have half; the last four are left to what the operator asks for itself elsewhere. */
const MOST_AT_ONCE = 12;
const MOST_PER_NAMESPACE = 2;
/** Shorter than the ten seconds in which whoever connects gives up, so that the reason is told. */
const DEADLINE_MS = 8_000;
const SILENCE_MS = 60_000;
/** A resolver that gave up after a while had no answer either; one that fails at once may work a moment later. */
const SLOW_MS = 2_000;
const MOST_WAITING = 10_000;
const MOST_SILENT_BYTES = 2 ** 20;

interface Question {
  readonly host: string;
  /** Those who wait for it; when all have gone before it began, it is not asked. */
  askers: number;
  /** `late`: no answer came by the deadline, and none will be heard. */
  state: "waiting" | "asked" | "late";
  readonly answer: PromiseWithResolvers<Found>;
}

export function createNameLookups(options: NameLookupsOptions = {}): NameLookup {
  const { ask = (host) => lookup(host, { all: true }), deadlineMs = DEADLINE_MS, silenceMs = SILENCE_MS } = options;
  /** Those that wait or are asked, by name: whoever asks the same shares the answer. */
  const open = new Map<string, Question>();
  /** A question waits for each namespace that asks it, so that none keeps another's name behind its own. */
  const waiting = createFairQueue<{ readonly question: Question; readonly group: string }>(MOST_WAITING);
  const running = new Map<string, number>();
  /** Until when (`performance.now()`) a name is not asked about again. */
  const silent = createBoundedMap<number>(MOST_SILENT_BYTES, dataBytes);
  let runningCount = 0;

  function begin(): void {
    while (runningCount < MOST_AT_ONCE) {
      const shift = (most: number) => waiting.shift((group) => (running.get(group) ?? 0) < most);
      // First those who have none.
      const next = shift(1) ?? shift(MOST_PER_NAMESPACE);
      if (!next) return;
      if (next.question.state === "waiting" && next.question.askers > 0) void run(next.question, next.group);
    }
  }

  async function run(question: Question, group: string): Promise<void> {
    const { host, answer } = question;
    const startedAt = performance.now();
    question.state = "asked";
    runningCount += 1;
    running.set(group, (running.get(group) ?? 0) + 1);
    const timer = setTimeout(() => {
      question.state = "late";
      silent.set(host, performance.now() + silenceMs);
      answer.reject(unanswered(host));
    }, deadlineMs);
    try {
      const found = await ask(host);
      silent.delete(host);
      answer.resolve(found);
    } catch (error) {
      const isSilence =
        (error as NodeJS.ErrnoException).code === "EAI_AGAIN" && performance.now() - startedAt > Math.min(SLOW_MS, deadlineMs);
      if (isSilence) silent.set(host, performance.now() + silenceMs);
      else silent.delete(host);
      answer.reject(isSilence ? unanswered(host) : error);
    } finally {
      clearTimeout(timer);
      open.delete(host);
      runningCount -= 1;
      const left = (running.get(group) ?? 1) - 1;
      if (left > 0) running.set(group, left);
      else running.delete(group);
      begin();
    }
  }

  function unanswered(host: string): NameUnanswered {
    const seconds = Math.ceil(((silent.get(host) ?? 0) - performance.now()) / 1_000);
    const when = seconds > 0 ? `is asked again in ${seconds} s` : "is still being asked";
    return new NameUnanswered(`DNS gave no answer for its name and ${when}; check the name and the cluster's DNS`);
  }

  return async (hostText) => {
    const host = hostText.toLowerCase();
    if ((silent.get(host) ?? 0) > performance.now()) throw unanswered(host);
    const question = open.get(host) ?? { host, askers: 0, state: "waiting", answer: Promise.withResolvers<Found>() };
    if (question.state === "late") throw unanswered(host);
    open.set(host, question);
    question.askers += 1;
    // What the operator asks for itself waits behind nobody's other names.
    const group = currentAsker() ?? ` ${host}`;
    if (question.state === "waiting") waiting.push(group, { question, group });
    begin();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(question.state === "waiting" ? notAsked(currentAsker()) : unanswered(host)), deadlineMs + 1);
    });
    try {
      return await Promise.race([question.answer.promise, late]);
    } finally {
      clearTimeout(timer);
      question.askers -= 1;
      if (question.askers === 0 && question.state === "waiting") open.delete(host);
    }
  };
}

function notAsked(namespace: string | undefined): NameNotAsked {
  const why = "because it gives no answer for other names of this namespace or of many; check those names and the cluster's DNS";
  return new NameNotAsked(`DNS was not asked for its name in time, ${why}`, namespace);
}
