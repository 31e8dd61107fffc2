/** What is news of a Deployment, and once: the rule of the contract's §8, in memory only, so that after a restart a failure is told once more. */
import type { ErrorCode } from "../../errors.ts";
import type { Outcome } from "../outcome.ts";
import { idOf, type Workload } from "../types.ts";

export type NewsEvent =
  /** The image of the commit is being built; `text` says so. */
  | { readonly kind: "building"; readonly sha: string; readonly text: string }
  /** A run has ended; `message` is the outcome in words. */
  | { readonly kind: "ended"; readonly outcome: Outcome; readonly message: string };

/** `recovered`: the first success after a failure that was told. */
export type News = "building" | "declined" | "failed" | "held" | "patched" | "proposed" | "recovered";

export type Newsroom<Words> = ReturnType<typeof createNewsroom<Words>>;

/** What passes by itself is told only after so many runs in a row that ended like that. */
const TRANSIENT_RUNS = 3;

const transient: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "build_unknown",
  "cluster_stale",
  "cluster_unsynced",
  "deadline",
  "forge_unavailable",
  "git_copy_damaged",
  "git_push_raced",
  "git_unreachable",
  "registry_limited",
  "registry_unavailable",
  "secret_limit",
  "secret_unreadable",
]);

/** Of one Deployment; commits come and go meanwhile, so the oldest is forgotten. */
const MOST_TOLD = 50;

interface Memory {
  /** Failures that were told since the last success, by kind and wanted tag. */
  readonly told: Set<string>;
  transientRuns: number;
  patchedTo: string | undefined;
  /** Which tag is held back now, and which newer commit's build failed meanwhile. */
  held: string | undefined;
  /** Which tag was told as proposed, and which as declined. */
  proposed: string | undefined;
  declined: string | undefined;
  hourglassSha: string | undefined;
}

/** Its news in words of its own. */
export function createNewsroom<Words>(inWords: (news: News, workload: Workload, event: NewsEvent) => Words) {
  const memories = new Map<string, Memory>();
  return {
    /** Undefined: nothing new. A Deployment's events in their order, each once. */
    decide(workload: Workload, event: NewsEvent): Words | undefined {
      const id = idOf(workload);
      const memory: Memory = memories.get(id) ?? newMemory();
      memories.set(id, memory);
      const news = event.kind === "building" ? decideBuilding(memory, event.sha) : decideEnd(memory, event.outcome);
      return news && inWords(news, workload, event);
    },
    /** Forgets the Deployments that are not among these. */
    retain(workloads: Iterable<Workload>): void {
      const ids = new Set(Array.from(workloads, idOf));
      for (const id of memories.keys()) if (!ids.has(id)) memories.delete(id);
    },
  };
}

function newMemory(): Memory {
  return {
    told: new Set(),
    transientRuns: 0,
    patchedTo: undefined,
    held: undefined,
    proposed: undefined,
    declined: undefined,
    hourglassSha: undefined,
  };
}

function decideEnd(memory: Memory, outcome: Outcome): News | undefined {
  switch (outcome.kind) {
    case "failed":
      return decideFailure(memory, outcome);
    case "patched":
    case "up_to_date": {
      const isRecovery = memory.told.size > 0;
      const isNews = outcome.kind === "patched" && memory.patchedTo !== outcome.to;
      memory.told.clear();
      memory.transientRuns = 0;
      memory.held = undefined;
      if (outcome.kind === "patched") memory.patchedTo = outcome.to;
      if (isRecovery) return "recovered";
      return isNews ? "patched" : undefined;
    }
    case "proposed": {
      const isRecovery = memory.told.size > 0;
      memory.told.clear();
      memory.transientRuns = 0;
      memory.held = undefined;
      // One that has its page now is no other one.
      const isNews = memory.proposed !== outcome.to;
      memory.proposed = outcome.to;
      if (isNews) return "proposed";
      return isRecovery ? "recovered" : undefined;
    }
    case "waiting":
      memory.transientRuns = 0;
      return undefined;
    case "skipped": {
      memory.transientRuns = 0;
      if (outcome.reason === "declined") {
        if (memory.declined === outcome.to) return undefined;
        memory.declined = outcome.to;
        return "declined";
      }
      if (outcome.reason !== "held") return undefined;
      const held = `${outcome.to} ${(outcome.isBuildFailed && outcome.note) ?? ""}`;
      if (memory.held === held) return undefined;
      memory.held = held;
      return "held";
    }
  }
}

function decideBuilding(memory: Memory, sha: string): News | undefined {
  if (memory.hourglassSha === sha) return undefined;
  memory.hourglassSha = sha;
  return "building";
}

function decideFailure(memory: Memory, { error, to }: Extract<Outcome, { kind: "failed" }>): News | undefined {
  // The next start looks again, and what is wrong is told then.
  if (error.code === "shutdown") return undefined;
  const isTransient = transient.has(error.code);
  memory.transientRuns = isTransient ? memory.transientRuns + 1 : 0;
  if (isTransient && memory.transientRuns < TRANSIENT_RUNS) return undefined;
  const failure = `${error.code} ${to ?? ""}`;
  if (memory.told.has(failure)) return undefined;
  memory.told.add(failure);
  for (const oldest of memory.told) if (memory.told.size > MOST_TOLD) memory.told.delete(oldest);
  return "failed";
}
