import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../core/ports.ts";
import type { WorkloadRecord } from "../../core/types.ts";
import { parseDeploymentRecord, parseObjectIdentity } from "./deployment-record.ts";
import type { KubeClient } from "./kube-client.ts";
import { accessRemedy, KubeError } from "./kube-error.ts";
import { isOlderVersion, readWatchEvent, type WatchEvent } from "./kube-messages.ts";
import { createDeploymentLister } from "./list-deployments.ts";

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
  /** Against drift that nobody foresaw. */
  relistMs: 15 * 60_000,
};
export type ReflectorTimes = typeof defaultReflectorTimes;

interface Reflector {
  readonly records: ReadonlyMap<string, WorkloadRecord>;
  /** Resolves after the first complete list. */
  readonly firstList: Promise<void>;
  /** Resolves after that, or when it is certain that there is no right to list. */
  readonly settled: Promise<void>;
  readonly synced: boolean;
  /** Why RBAC does not let the Deployments be listed, and what to do; until they are listed again. */
  readonly refusal: string | undefined;
  /** `performance.now()` of the last complete list, event, bookmark or clean end of a watch; of the start before that. */
  readonly heardAtMs: number;
  readonly restarts: number;
  close(): void;
}

/** Keeps the Deployments below one path as the API server has them: list, watch, and after anything but the clean end of a watch list again. */
export function startReflector(client: KubeClient, path: string, times: ReflectorTimes, log: Log): Reflector {
  const stopped = new AbortController();
  const { signal } = stopped;
  const firstList = Promise.withResolvers<void>();
  const settled = Promise.withResolvers<void>();
  const lister = createDeploymentLister(client, path, { deadlineMs: times.listDeadlineMs, signal });
  let records = new Map<string, WorkloadRecord>();
  const reflector: { -readonly [Part in keyof Reflector]: Reflector[Part] } = {
    ...{ records, firstList: firstList.promise, settled: settled.promise, synced: false, refusal: undefined },
    ...{ heardAtMs: performance.now(), restarts: 0 },
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
        const isDoubtful = noteProblem(error);
        failures = performance.now() - watchingSinceMs >= times.stableMs ? 1 : failures + 1;
        const delayMs = Math.min(times.backoffCapMs, times.backoffMs * 2 ** (failures - 1)) * (0.5 + 0.5 * Math.random());
        await sleep(isDoubtful ? client.doubtMs : delayMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Replaces everything at the end, so that readers never see half a list; returns the version to watch from. */
  async function listAll(): Promise<string> {
    isListing = true;
    const listed = await lister.all();
    records = new Map(listed.records.map((record) => [keyOf(record), record]));
    const heardAtMs = performance.now();
    Object.assign(reflector, { records, heardAtMs, refusal: undefined, synced: true });
    if (silence) silence.toMs ??= heardAtMs;
    isListing = false;
    firstList.resolve();
    settled.resolve();
    return listed.resourceVersion;
  }

  /** One watch to its clean end; returns the version to go on from. */
  async function watchFrom(start: string): Promise<string> {
    const startedAtMs = performance.now();
    const query = `?watch=true&allowWatchBookmarks=true&timeoutSeconds=${times.watchSeconds}&resourceVersion=${encodeURIComponent(start)}`;
    let version = start;
    let heard = false;
    for await (const line of client.watch(path + query, { deadlineMs: times.silenceMs, signal })) {
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
    const record = type === "DELETED" ? undefined : isTooLarge ? await lister.tooLarge(identity) : parseDeploymentRecord(object);
    if (record) records.set(keyOf(record), record);
    else records.delete(keyOf(identity));
  }

  function noteLife(): void {
    const nowMs = performance.now();
    if (toldProblem !== undefined && silence)
      log.info({ path, silent_ms: Math.round((silence.toMs ?? nowMs) - silence.fromMs) }, "watch of Deployments recovered");
    toldProblem = undefined;
    silence = undefined;
    reflector.heardAtMs = nowMs;
  }

  /** True: not told, since it may be the start of an API server. */
  function noteProblem(error: unknown): boolean {
    const known = error instanceof KubeError ? error : new KubeError("internal", String(error));
    const { kind, status, message, isDoubtful } = known;
    const problem = `${kind} ${status}`;
    const remedy = accessRemedy(known, "list and watch on deployments.apps");
    reflector.restarts += 1;
    silence = { fromMs: silence?.fromMs ?? reflector.heardAtMs, toMs: undefined };
    if (isDoubtful) return true;
    if (status === 403 && isListing) {
      reflector.refusal = `${message}; ${remedy}`;
      settled.resolve();
    }
    // An expired version is ordinary; a list puts it right.
    if (status === 410 || problem === toldProblem) return false;
    toldProblem = problem;
    log.warn({ path, reason: message, ...(remedy !== undefined && { remedy }) }, "watch of Deployments is interrupted; trying again");
    return false;
  }

  void run();
  return reflector;
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
