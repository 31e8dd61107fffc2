import type { RequestListener } from "node:http";
import type { Config } from "./config.ts";
import type { Outside } from "./connect-outside.ts";
import type { Workloads } from "./core/cluster-ports.ts";
import { createAudience } from "./core/hints/audience.ts";
import type { createLastEvents } from "./core/hints/last-events.ts";
import type { Log } from "./core/ports.ts";
import type { createCalls } from "./core/runs/calls.ts";
import type { createFindings } from "./core/runs/findings.ts";
import { createHookRuns } from "./core/runs/hook-runs.ts";
import type { Reconciler } from "./core/runs/reconciler.ts";
import type { Parsed, WorkloadRecord } from "./core/types.ts";
import { createHookListener, type HookServerOptions } from "./http/hooks/hook-server.ts";

interface HookWorkOptions {
  readonly config: Config;
  readonly outside: Pick<Outside, "readEvent" | "readHookSecret">;
  readonly workloads: Pick<Workloads, "list">;
  readonly parse: (record: WorkloadRecord) => Parsed;
  readonly findings: Pick<ReturnType<typeof createFindings>, "branchesOf">;
  readonly lastEvents: Pick<ReturnType<typeof createLastEvents>, "came">;
  readonly calls: Pick<ReturnType<typeof createCalls>, "ask" | "requireReady">;
  readonly reconciler: Pick<Reconciler, "nudge" | "isAhead">;
  readonly onRequest: HookServerOptions["onRequest"];
  readonly stopping: AbortSignal;
  readonly log: Log;
}

/** Events of forges and registries: those that are proved start runs of the Deployments that they concern. */
export function createHookWork(options: HookWorkOptions): RequestListener {
  const { config, outside, workloads, parse, findings, lastEvents, calls, reconciler, onRequest, stopping, log } = options;
  const run = createHookRuns({ ask: calls.ask, nudge: reconciler.nudge, isAhead: reconciler.isAhead, stopping, log });
  return createHookListener({
    requireReady: calls.requireReady,
    audience: createAudience({ workloads, parse, branchesOf: findings.branchesOf, settings: config }),
    ...{ readSecret: outside.readHookSecret, readEvent: outside.readEvent, onRequest, log },
    onEvent(hint, listeners) {
      const targets = listeners.map(({ target }) => target);
      const tags = hint.about === "images" ? hint.images.flatMap(({ tag }) => tag ?? []) : [];
      for (const target of targets) lastEvents.came(target, hint.kind, tags);
      run(targets);
    },
  });
}
