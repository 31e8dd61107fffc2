import { hostname } from "node:os";
import { createChat } from "./adapters/chat/chat.ts";
import { createEventRecorder } from "./adapters/kubernetes/event-recorder.ts";
import type { Config } from "./config.ts";
import type { Outside } from "./connect-outside.ts";
import type { Workloads } from "./core/cluster-ports.ts";
import { createAnnouncer } from "./core/news/announcer.ts";
import type { Observer, Push } from "./core/observer.ts";
import type { Log } from "./core/ports.ts";
import { createRollouts } from "./core/runs/rollouts.ts";
import type { Parsed, WorkloadRecord } from "./core/types.ts";
import { systemClock } from "./system-clock.ts";
import type { Redactor } from "./telemetry/redact.ts";

interface NewsWorkOptions {
  readonly config: Pick<Config, "commitWords" | "githubHost" | "insecureWebhooks">;
  readonly outside: Pick<Outside, "dispatcher" | "kube" | "secretsFor">;
  readonly workloads: Pick<Workloads, "get">;
  readonly parse: (record: WorkloadRecord) => Parsed;
  readonly observer: Pick<Observer, "pushed" | "rolledOut">;
  readonly redactor: Redactor;
  readonly stopping: AbortSignal;
  readonly log: Log;
}

const LAST_MESSAGES_MS = 3_000;
const LAST_EVENTS_MS = 1_000;

/** Who is told of what happens: the log, Events and chat, also of what becomes of a push in the cluster. */
export function createNewsWork({ config, outside, workloads, parse, observer, redactor, stopping, log }: NewsWorkOptions) {
  const { kube, dispatcher, secretsFor } = outside;
  const chat = createChat({ dispatcher, log, clock: systemClock, httpHosts: config.insecureWebhooks });
  const recorder = createEventRecorder({ client: kube, log, instance: hostname() });
  const chatSettings = { cluster: config.commitWords.cluster, githubHost: config.githubHost };
  const announcer = createAnnouncer({ log, redactor, workloads, chat, recorder, secretsFor, chatSettings });
  const rollouts = createRollouts({
    ...{ workloads, observer, stopping },
    onResult(push, result) {
      const record = workloads.get(push.workload);
      const parsed = record && parse(record);
      if (parsed?.kind === "ready") announcer.rolledOut(parsed.target, push, result);
    },
  });
  return {
    announcer,
    pushed(push: Push): void {
      observer.pushed(push);
      rollouts.pushed(push);
    },
    chatCounts: () => chat.counts,
    /** What is on its way has some seconds. */
    close: () => Promise.all([chat.close(LAST_MESSAGES_MS), recorder.close(LAST_EVENTS_MS)]),
  };
}
