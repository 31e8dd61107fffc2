/**
 * Names become addresses by the system's resolver, which reads hosts files, search domains and nsswitch.conf as everything else in the Pod does. Each
 * look-up holds a thread of libuv's for as long as DNS is silent, and nothing ends it earlier: so namespaces have shares of them.
 */
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import { createFairQueue } from "../../sharing/fair-queue.ts";
import { createHoldings } from "../../sharing/holdings.ts";
import { currentAsker } from "./asker.ts";
import { NameNotAsked, NameUnanswered } from "./network-error.ts";

type Found = readonly LookupAddress[];

/** Rejects with what the resolver says, or with NameUnanswered. */
export type NameLookup = (host: string) => Promise<Found>;

interface NameLookupsOptions {
  /** Default: the system's resolver. */
  readonly ask?: NameLookup;
  /** How long an answer is waited for. */
  readonly deadlineMs?: number;
  /** How long a namespace does not ask again about a name that had no answer by then. */
  readonly silenceMs?: number;
  /** The same for a name that was answered before; then twice as long each time, `silenceMs` at most. */
  readonly knownSilenceMs?: number;
}

/** main.ts gives libuv 32 threads, of which it lets look-ups have half; the last four are left to what the operator asks for itself elsewhere. */
const MOST_AT_ONCE = 12;
const MOST_PER_NAMESPACE = 2;
const NOT_ASKED =
  "DNS was not asked for its name in time, because it gives no answer for other names of this namespace or of many; check those names and the cluster's DNS";
/** Shorter than the ten seconds in which whoever connects gives up, so that the reason is told. */
const DEADLINE_MS = 8_000;
const SILENCE_MS = 60_000;
/** DNS is out for a moment now and then, and that is no fault of the names that everybody asks for. */
const KNOWN_SILENCE_MS = 5_000;
/** A resolver that gave up after a while had no answer either; one that fails at once may work a moment later. */
const SLOW_MS = 2_000;
const MOST_WAITING = 10_000;
const MOST_KNOWN_BYTES = 2 ** 21;

interface Question {
  readonly host: string;
  /** Namespaces that have asked it: what comes of it is remembered for each. */
  readonly groups: Set<string>;
  /** Those who wait for it; when all have gone before it began, it is not asked. */
  askers: number;
  /** `late`: no answer came by the deadline, and none will be heard. */
  state: "waiting" | "asked" | "late";
  /** Undefined: there was none. */
  readonly answer: PromiseWithResolvers<Found | undefined>;
}

/** What a namespace has learned of a name. */
interface Known {
  /** It is not asked about again before that (`performance.now()`). */
  readonly silentUntil: number;
  /** How long its next silence counts. */
  readonly nextMs: number;
}

export function createNameLookups(options: NameLookupsOptions = {}): NameLookup {
  const { ask = (host) => lookup(host, { all: true }), deadlineMs = DEADLINE_MS } = options;
  const { silenceMs = SILENCE_MS, knownSilenceMs = Math.min(silenceMs, KNOWN_SILENCE_MS) } = options;
  /** Those that wait or are asked, by name: whoever asks the same shares the answer. */
  const open = new Map<string, Question>();
  /** A question waits for each namespace that asks it, so that none keeps another's name behind its own. */
  const waiting = createFairQueue<{ readonly question: Question; readonly group: string }>(MOST_WAITING);
  const running = createHoldings();
  /** By namespace and name: a silence leaves a namespace's look-ups to its other names, and is none of another namespace's business. */
  const known = createBoundedMap<Known>(MOST_KNOWN_BYTES, dataBytes);

  function begin(): void {
    while (running.total < MOST_AT_ONCE) {
      const shift = (most: number) => waiting.shift((group) => running.of(group) < most);
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
    const release = running.take(group);
    const timer = setTimeout(() => giveUp(question), deadlineMs);
    try {
      const found = await ask(host);
      learnAnswer(question);
      answer.resolve(found);
    } catch (error) {
      const isGivenUp = (error as NodeJS.ErrnoException).code === "EAI_AGAIN";
      const isSilence = isGivenUp && performance.now() - startedAt > Math.min(SLOW_MS, deadlineMs);
      if (!isGivenUp) learnAnswer(question);
      if (isSilence) giveUp(question);
      else answer.reject(error);
    } finally {
      clearTimeout(timer);
      open.delete(host);
      release();
      begin();
    }
  }

  function giveUp(question: Question): void {
    if (question.state === "late") return;
    question.state = "late";
    learnSilence(question);
    question.answer.resolve(undefined);
  }

  function learnAnswer({ host, groups }: Question): void {
    for (const group of groups) known.set(keyOf(group, host), { silentUntil: 0, nextMs: knownSilenceMs }, group);
  }

  function learnSilence({ host, groups }: Question): void {
    for (const group of groups) {
      const { nextMs } = known.get(keyOf(group, host)) ?? { nextMs: silenceMs };
      const silentUntil = performance.now() + nextMs;
      known.set(keyOf(group, host), { silentUntil, nextMs: Math.min(silenceMs, 2 * nextMs) }, group);
    }
  }

  const silentForMs = (group: string, host: string) => (known.get(keyOf(group, host))?.silentUntil ?? 0) - performance.now();

  function noAnswer(group: string, host: string): string {
    const seconds = Math.ceil(silentForMs(group, host) / 1_000);
    const when = seconds > 0 ? `is asked again in ${seconds} s` : "is still being asked";
    return `DNS gave no answer for its name and ${when}; check the name and the cluster's DNS`;
  }

  return async (hostText) => {
    const host = hostText.toLowerCase();
    const namespace = currentAsker();
    // What the operator asks for itself waits behind nobody's other names.
    const group = namespace ?? ` ${host}`;
    if (silentForMs(group, host) > 0) throw new NameNotAsked(noAnswer(group, host), namespace);
    const question: Question = open.get(host) ?? { host, groups: new Set(), askers: 0, state: "waiting", answer: Promise.withResolvers() };
    if (question.state === "late") throw new NameUnanswered(noAnswer(group, host));
    open.set(host, question);
    question.askers += 1;
    question.groups.add(group);
    if (question.state === "waiting") waiting.push(group, { question, group });
    begin();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const fail = () =>
        reject(question.state === "waiting" ? new NameNotAsked(NOT_ASKED, namespace) : new NameUnanswered(noAnswer(group, host)));
      timer = setTimeout(fail, deadlineMs + 1);
    });
    try {
      const found = await Promise.race([question.answer.promise, late]);
      if (found === undefined) throw new NameUnanswered(noAnswer(group, host));
      return found;
    } finally {
      clearTimeout(timer);
      question.askers -= 1;
      if (question.askers === 0 && question.state === "waiting") open.delete(host);
    }
  };
}

/** No namespace has a space in its name. */
function keyOf(group: string, host: string): string {
  return `${group} ${host}`;
}
