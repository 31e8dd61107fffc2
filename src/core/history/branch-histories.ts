/** What is remembered of manifests branches, as each key sees them: which commit changed which Deployment's tag. */
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import type { Identity } from "../app-history.ts";
import type { HistoryEntry } from "../branch-history.ts";
import type { ManifestsCopy } from "../git-ports.ts";
import type { Places } from "../ports.ts";
import { idOf, type Target, type Workload } from "../types.ts";
import { readEntries, type Told, tellsAll, watchTarget } from "./read-entries.ts";

interface BranchMemory {
  readonly head: string;
  /** Commits that need not be looked at again. */
  readonly known: ReadonlySet<string>;
  /** By Deployment, the newest first. */
  readonly entries: ReadonlyMap<string, readonly HistoryEntry[]>;
  /** What was looked for, by Deployment. */
  readonly covered: ReadonlyMap<string, string>;
  /** Something could not be asked: it is tried when the branch has moved. */
  readonly isFailed: boolean;
  readonly bytes: number;
}

/** Which branch a Deployment's last run has read, and where that was. */
interface Met {
  readonly branch: string;
  readonly target: string;
  readonly head: string;
}

interface LearnOptions {
  /** Of branch and key. */
  readonly branch: string;
  readonly namespace: string;
  readonly copy: Pick<ManifestsCopy, "tip" | "recent" | "list">;
  /** All that are to be found in the branch. */
  readonly targets: readonly Target[];
  readonly signal: AbortSignal;
}

const MOST_BYTES = 12 * 2 ** 20;
/** Of one branch as one key sees it. */
const MOST_BRANCH_BYTES = 4 * 2 ** 20;
const MOST_MET_BYTES = 8 * 2 ** 20;
const MOST_ENTRIES = 50;
const MOST_KNOWN = 2_000;
/** What a commit's id takes in a set. */
const ID_BYTES = 128;

interface Options {
  readonly identity: Identity;
  readonly places: Places;
  /** Lets others go on. */
  readonly breathe: () => Promise<void>;
}

export function createBranchHistories({ identity, places, breathe }: Options) {
  const branches = createBoundedMap<BranchMemory>(MOST_BYTES, ({ bytes }) => bytes);
  /** Heads that were looked behind, whatever was kept of it. */
  const looked = createBoundedMap<string>(MOST_MET_BYTES / 4, dataBytes);
  const met = createBoundedMap<Met>(MOST_MET_BYTES, dataBytes);

  /** Reads what is new behind the newest commit; why something of it is missing. Rejects for nothing that a remote does. */
  async function learn({ branch, namespace, copy, targets, signal }: LearnOptions): Promise<string | undefined> {
    const tip = copy.tip();
    if (tip === undefined) return undefined;
    const memory = branches.get(branch);
    const isCovered = memory !== undefined && targets.every((target) => memory.covered.get(idOf(target)) === wantedOf(target));
    const known = memory && isCovered && !memory.isFailed ? memory : undefined;
    const watched = [];
    for (const target of targets) watched.push(await watchTarget(target, tip, copy));
    const question = {
      paths: [...new Set(watched.flatMap(({ files }) => files.map(({ path }) => path)))],
      tellsAll: (commit: Parameters<typeof tellsAll>[0]) => tellsAll(commit, identity),
    };
    let recent = await copy.recent(tip, { ...question, isKnown: (sha) => known?.known.has(sha) === true });
    const leadsTo = (head: string) => tip === head || recent.ends.includes(head) || recent.commits.some(({ sha }) => sha === head);
    // The branch was forced: what is not behind it any more is not told.
    const isForced = memory !== undefined && !leadsTo(memory.head);
    if (isForced && known) recent = await copy.recent(tip, { ...question, isKnown: () => false });
    const { told: fresh, isCut } = await readEntries(recent.commits, watched, { identity, places, signal, breathe });
    const before = isForced ? undefined : memory;
    const shas = new Set(recent.commits.map(({ sha }) => sha));
    const entries = joined(fresh, shas, before);
    const sure = [...shas, ...(recent.isFailed ? [] : recent.ends), ...(before && known ? before.known : [])];
    const covered = new Map(targets.map((target) => [idOf(target), wantedOf(target)]));
    remember(branch, { head: tip, known: new Set(sure.slice(0, MOST_KNOWN)), entries, covered, isFailed: recent.isFailed }, namespace);
    looked.set(branch, tip, namespace);
    return recent.reason ?? (isCut ? "what changed its files is more than is looked at, so what is older is not told" : undefined);
  }

  /** Fewer entries of each Deployment where there is no room for so many. */
  function remember(branch: string, memory: Omit<BranchMemory, "bytes">, namespace: string): void {
    const fixedBytes = memory.known.size * ID_BYTES + dataBytes([...memory.covered]);
    for (let most = MOST_ENTRIES; ; most = Math.floor(most / 2)) {
      const entries = new Map([...memory.entries].map(([id, all]) => [id, all.slice(0, most)]));
      const bytes = fixedBytes + dataBytes([...entries]);
      if (bytes > MOST_BRANCH_BYTES && most > 0) continue;
      branches.set(branch, { ...memory, entries, bytes }, namespace);
      return;
    }
  }

  return {
    learn,
    /** A run has read the branch with its key, which had that newest commit. */
    met: (target: Target, branch: string, head: string) =>
      met.set(idOf(target), { branch, target: targetOf(target), head }, target.namespace),
    /** Its key does not open the branch any more. */
    forget: (workload: Workload) => met.delete(idOf(workload)),
    /** The branch and key that it was last read with. */
    branchOf: (target: Target) => branchOf(target)?.branch,
    /** Whether there is something to learn of its branch. `head`: that of its own push, if it made one. */
    isBehind(target: Target, head?: string): boolean {
      const found = branchOf(target);
      if (!found) return false;
      const newest = head ?? found.head;
      const memory = branches.get(found.branch);
      if (!memory) return looked.get(found.branch) !== newest;
      return !memory.known.has(newest) || memory.covered.get(idOf(target)) !== wantedOf(target);
    },
    /** The newest first. */
    of(target: Target): readonly HistoryEntry[] {
      const found = branchOf(target);
      return (found && branches.get(found.branch)?.entries.get(idOf(target))) ?? [];
    },
    /** Counted, of all branches. */
    get bytes() {
      return branches.bytes;
    },
  };

  /** Not where its annotations have changed since. */
  function branchOf(target: Target): Met | undefined {
    const found = met.get(idOf(target));
    return found?.target === targetOf(target) ? found : undefined;
  }
}

function joined(fresh: readonly Told[], shas: ReadonlySet<string>, before: BranchMemory | undefined): Map<string, readonly HistoryEntry[]> {
  const entries = new Map<string, readonly HistoryEntry[]>();
  for (const [id, told] of Map.groupBy(fresh, ({ id }) => id)) {
    entries.set(
      id,
      told.map(({ entry }) => entry),
    );
  }
  for (const [id, old] of before?.entries ?? [])
    entries.set(id, [...(entries.get(id) ?? []), ...old.filter(({ commit }) => !shas.has(commit))]);
  return entries;
}

/** What is looked for in its branch. */
function wantedOf({ files, image }: Target): string {
  return JSON.stringify([files, image]);
}

function targetOf({ manifestRepository, manifestBranch, manifestKey, files, image }: Target): string {
  return JSON.stringify([manifestRepository, manifestBranch, manifestKey, files, image]);
}
