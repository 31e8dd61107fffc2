import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../core/ports.ts";
import type { KubeClient, KubeLimits } from "./kube-client.ts";
import { accessRemedy, KubeError } from "./kube-error.ts";
import { isOlderVersion, readWatchEvent, type WatchEvent } from "./kube-messages.ts";
import { createLister, type KeptObject } from "./list-objects.ts";
import { METADATA, type ObjectSource, selectorQuery } from "./object-source.ts";
import { parseObjectIdentity } from "./workload-record.ts";

/** Tests are faster. Right again within 30 s of a recovery: a request that was hanging (15 s), the back-off (8 s), the list. */
export const defaultReflectorTimes = {
  /** One page of a list, to its last byte. */
  listDeadlineMs: 15_000,
  /**
   * The server is asked to end each watch after this time. A clean end is a sign of life that needs no bookmark: those come once a minute, and in a
   * quiet cluster not at all, so a watchdog on bookmarks alone would either list again and again or miss a dead watch for minutes.
   */
  watchSeconds: 30,
  /** A watch in which nothing arrives for this time is dead; longer than `watchSeconds`, and well below the promised 60 s. */
  silenceMs: 42_000,
  /** Back-off after failures: doubles from the first to the second, jittered to 50-100 %. */
  backoffMs: 500,
  backoffCapMs: 8_000,
  /** A watch that lived this long ends a series of failures. */
  stableMs: 10_000,
  /** After a kind of which the operator can do without was refused, or is not installed; jittered too. */
  absentMs: 30_000,
  /** Against drift that nobody foresaw. */
  relistMs: 15 * 60_000,
};
export type ReflectorTimes = typeof defaultReflectorTimes;

export interface Reflector<Kept> {
  /** By `NAMESPACE/NAME`. */
  readonly records: ReadonlyMap<string, Kept>;
  /** Resolves after the first complete list. */
  readonly firstList: Promise<void>;
  /** Resolves after that, or when it is certain that there is no right to list; of an optional kind after any failure. */
  readonly settled: Promise<void>;
  readonly isSettled: boolean;
  readonly synced: boolean;
  /** Why the objects can't be listed, RBAC or that there is no such kind, and what to do; until they are listed again. */
  readonly refusal: string | undefined;
  /** `performance.now()` of the last complete list, event, bookmark or clean end of a watch; of the start before that. */
  readonly heardAtMs: number;
  readonly restarts: number;
  /** Another number whenever the records may be others. */
  readonly changes: number;
  close(): void;
}

/**
 * Whether the operator can do without the objects; if so, a refusal is ordinary, and asked about again after longer. `told`: the problems that the log
 * was told of and that last, of all namespaces together.
 */
type Need =
  | { readonly kind: "required" }
  /** People may leave the right out. Before the objects were listed, or are refused for certain, nothing may be done. */
  | { readonly kind: "refusable"; readonly told: Set<string> }
  /** There may be no such resource, which `onMissing` is told. After any failure nobody waits for it. */
  | { readonly kind: "optional"; readonly told: Set<string>; readonly onMissing: () => void };

interface ReflectorOptions<Kept> {
  readonly client: KubeClient;
  readonly source: ObjectSource;
  /** Undefined: nothing is kept of that object. */
  readonly parse: (object: unknown) => Kept | undefined;
  /** Asked before each list what has to be known for that; rejects with why it can't be listed. */
  readonly prepare?: (limits: KubeLimits) => Promise<unknown>;
  readonly need: Need;
  /** In the log: `Deployments`. */
  readonly what: string;
  readonly times: ReflectorTimes;
  readonly log: Log;
}

/** Keeps the objects of one source as the API server has them: list, watch, and after anything but the clean end of a watch list again. */
export function startReflector<Kept extends KeptObject>(options: ReflectorOptions<Kept>): Reflector<Kept> {
  const { client, source, parse, prepare, need, what, times, log } = options;
  const told = need.kind === "required" ? new Set<string>() : need.told;
  const { path } = source;
  const stopped = new AbortController();
  const { signal } = stopped;
  const firstList = Promise.withResolvers<void>();
  const settled = Promise.withResolvers<void>();
  const limits = { deadlineMs: times.listDeadlineMs, signal };
  const lister = createLister(client, source, parse, limits);
  let records = new Map<string, Kept>();
  const reflector: { -readonly [Part in keyof Reflector<Kept>]: Reflector<Kept>[Part] } = {
    ...{ records, firstList: firstList.promise, settled: settled.promise, isSettled: false, synced: false, refusal: undefined },
    ...{ heardAtMs: performance.now(), restarts: 0, changes: 0 },
    close: () => stopped.abort(new KubeError("network", "closed")),
  };
  let isListing = true;
  /** Since the watch last lived: the problem that the log was told, and the silence that it began. */
  let toldProblem: string | undefined;
  let silence: { readonly fromMs: number; toMs: number | undefined } | undefined;

  async function run(): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      let watchingSinceMs = Number.POSITIVE_INFINITY;
      try {
        let version = await listAll();
        const relistAtMs = performance.now() + times.relistMs * (0.9 + 0.2 * Math.random());
        watchingSinceMs = performance.now();
        while (performance.now() < relistAtMs) version = await watchFrom(version);
      } catch (error) {
        if (signal.aborted) return;
        const { isDoubtful, isAbsence } = noteProblem(error);
        failures = performance.now() - watchingSinceMs >= times.stableMs ? 1 : failures + 1;
        const delayMs = Math.min(times.backoffCapMs, times.backoffMs * 2 ** (failures - 1)) * (0.5 + 0.5 * Math.random());
        const absentMs = times.absentMs * (0.5 + 0.5 * Math.random());
        await sleep(isDoubtful ? client.doubtMs : isAbsence ? absentMs : delayMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Replaces everything at the end, so that readers never see half a list; returns the version to watch from. */
  async function listAll(): Promise<string> {
    isListing = true;
    await prepare?.(limits);
    const listed = await lister.all();
    records = new Map(listed.records.map((record) => [keyOf(record), record]));
    const heardAtMs = performance.now();
    Object.assign(reflector, { records, heardAtMs, refusal: undefined, synced: true });
    reflector.changes += 1;
    if (silence) silence.toMs ??= heardAtMs;
    isListing = false;
    firstList.resolve();
    settle();
    return listed.resourceVersion;
  }

  /** One watch to its clean end; returns the version to go on from. */
  async function watchFrom(start: string): Promise<string> {
    const startedAtMs = performance.now();
    const query = `?watch=true&allowWatchBookmarks=true&timeoutSeconds=${times.watchSeconds}&resourceVersion=${encodeURIComponent(start)}${selectorQuery(source)}`;
    const accept = source.isWhole ? undefined : METADATA;
    let version = start;
    let heard = false;
    for await (const line of client.watch(path + query, { deadlineMs: times.silenceMs, signal, accept })) {
      const event = readWatchEvent(line);
      version = newerVersion(version, event.resourceVersion);
      await apply(event);
      heard = true;
      noteLife();
    }
    if (performance.now() - startedAtMs < times.watchSeconds * 100) throw new KubeError("protocol", "the API server ended the watch early");
    // A server that was restored from a backup accepts a version from its future, and then says nothing.
    if (!heard) newerVersion(version, await lister.version());
    noteLife();
    return version;
  }

  async function apply({ type, object, isTooLarge }: WatchEvent): Promise<void> {
    const identity = parseObjectIdentity(object);
    if (type === "BOOKMARK" || !identity) return;
    const record = type === "DELETED" ? undefined : isTooLarge ? await lister.tooLarge(identity) : parse(object);
    if (record) records.set(keyOf(record), record);
    else records.delete(keyOf(identity));
    reflector.changes += 1;
  }

  function noteLife(): void {
    const nowMs = performance.now();
    if (toldProblem !== undefined && silence)
      log.info({ path, silent_ms: Math.round((silence.toMs ?? nowMs) - silence.fromMs) }, `watch of ${what} recovered`);
    if (toldProblem !== undefined) told.delete(toldProblem);
    toldProblem = undefined;
    silence = undefined;
    reflector.heardAtMs = nowMs;
  }

  function settle(): void {
    reflector.isSettled = true;
    settled.resolve();
  }

  /** `isDoubtful`: not told, since it may be the start of an API server. `isAbsence`: ordinary, and not soon over. */
  function noteProblem(error: unknown): { readonly isDoubtful: boolean; readonly isAbsence: boolean } {
    const known = error instanceof KubeError ? error : new KubeError("internal", String(error));
    const { kind, status, message, isDoubtful } = known;
    const problem = `${kind} ${status}`;
    const isMissing = need.kind === "optional" && (status === 404 || kind === "unusable");
    const remedy = isMissing ? missingRemedy(source, kind) : accessRemedy(known, `list and watch on ${source.resource}`);
    silence = { fromMs: silence?.fromMs ?? reflector.heardAtMs, toMs: undefined };
    if (!isMissing) reflector.restarts += 1;
    if (isDoubtful) return { isDoubtful, isAbsence: false };
    // What a starting API server does not serve yet is looked for twice before it counts as deleted.
    if (isMissing && reflector.refusal !== undefined) reflector.records = records = new Map();
    if (isMissing) need.onMissing();
    if (isMissing || (status === 403 && isListing)) reflector.refusal = `${message}; ${remedy}`;
    if (need.kind === "optional" || (status === 403 && isListing)) settle();
    const answer = { isDoubtful, isAbsence: need.kind !== "required" && reflector.refusal !== undefined };
    // An expired version is ordinary; a list puts it right.
    if (status === 410 || problem === toldProblem || told.has(problem)) return answer;
    toldProblem = problem;
    told.add(problem);
    log.warn({ path, reason: message, ...(remedy !== undefined && { remedy }) }, `watch of ${what} is interrupted; trying again`);
    return answer;
  }

  void run();
  return reflector;
}

function missingRemedy({ apiVersion }: ObjectSource, kind: KubeError["kind"]): string {
  if (kind === "unusable") return "correct WATCH_KINDS";
  return `install what brings ${apiVersion}, or correct WATCH_KINDS; it is looked for again`;
}

function newerVersion(known: string, said: string | undefined): string {
  if (said === undefined) return known;
  if (isOlderVersion(said, known))
    throw new KubeError("protocol", `the API server's resourceVersion went back from ${known} to ${said} (restored from a backup?)`);
  return said;
}

function keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}
