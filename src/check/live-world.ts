/** The real cluster, git servers and registry for `--live`, for as long as the deadline allows. */
import { setTimeout as sleep } from "node:timers/promises";
import { loadKubeConfig } from "../adapters/kubernetes/load-kube-config.ts";
import type { Config } from "../config.ts";
import { connectOutside, type Outside } from "../connect-outside.ts";
import { createImageGate } from "../core/images/image-gate.ts";
import type { Settings, Target } from "../core/types.ts";
import { unlessAborted } from "../sharing/unless-aborted.ts";
import { systemClock } from "../system-clock.ts";
import type { Redactor } from "../telemetry/redact.ts";
import { usedSecrets } from "./describe-target.ts";
import { checkLive, type Preview } from "./live-check.ts";
import type { Tell } from "./report.ts";

export interface LiveOptions {
  readonly config: Config;
  readonly redactor: Redactor;
  readonly deadlineMs: number;
  /** The variable of that name. */
  readonly kubeconfig: string | undefined;
  /** Of the kubeconfig; undefined: its current one. */
  readonly context: string | undefined;
}

/** What still hangs after that ends with the process. */
const CLOSE_MS = 2_000;

export type LiveWorld = Awaited<ReturnType<typeof openLiveWorld>>;

/** Rejects when there is no cluster. */
export async function openLiveWorld({ config, redactor, deadlineMs, kubeconfig, context }: LiveOptions) {
  const outside = connectOutside({ config, redactor, kubeConfig: await loadKubeConfig(kubeconfig, context) });
  const ended = new AbortController();
  const releases = new DisposableStack();
  let doing = "nothing";
  const timer = setTimeout(() => {
    const seconds = deadlineMs / 1_000;
    ended.abort(new Error(`${doing} was not done after ${seconds} s; see that its server can be reached from here, and check again`));
  }, deadlineMs);
  const gate = createLookingGate(outside, config);

  async function look(target: Target, settings: Settings, tell: Tell): Promise<Preview | undefined> {
    const begin = (what: string) => {
      ended.signal.throwIfAborted();
      doing = what;
    };
    const preview = await checkLive(
      target,
      usedSecrets(target, settings),
      {
        ...{
          git: outside.git,
          places: outside.places,
          pushAccess: outside.pushAccess,
          gate,
          identity: config.identity,
          commitWords: config.commitWords,
          allowedRepositories: config.allowedRepositories,
          signal: ended.signal,
          begin,
        },
        ...outside.secretsFor(target, releases),
      },
      // What is cut off at the deadline has nothing to say.
      (level, text) => ended.signal.aborted || tell(level, text),
    );
    ended.signal.throwIfAborted();
    return preview;
  }

  return {
    look,
    /** Rejects when the deadline passes before the work is done. */
    limit: (work: Promise<void>) => unlessAborted(work, ended.signal),
    async close(): Promise<void> {
      clearTimeout(timer);
      await Promise.race([outside.close(), sleep(CLOSE_MS, undefined, { ref: false })]);
      releases.dispose();
    },
  };
}

/** Looks once: a missing image is said to be missing, however new the commit is. */
function createLookingGate({ registry, builds }: Outside, { imageGate }: Config) {
  return createImageGate({
    registry,
    builds,
    clock: systemClock,
    settings: { ...imageGate, waitAttempts: 0, graceMs: Number.POSITIVE_INFINITY },
  });
}
