import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import type { CommitSummary } from "../app-history.ts";
import type { Branches, ReadImage } from "../progress.ts";
import { idOf, isDeployment, type SecretRef, type Workload } from "../types.ts";

const MOST_KEYS_BYTES = 4 * 2 ** 20;
const MOST_BRANCHES_BYTES = 8 * 2 ** 20;
const MOST_PROBLEMS_BYTES = 4 * 2 ** 20;
const MOST_IMAGES_BYTES = 4 * 2 ** 20;
const MOST_COMMITS_BYTES = 4 * 2 ** 20;

export interface FoundCommit extends CommitSummary {
  readonly sha: string;
}

/** What runs found on their way and people ask about later; undefined: nothing yet. */
export function createFindings() {
  const unboundKeys = createBoundedMap<boolean>(MOST_KEYS_BYTES, dataBytes);
  const branches = createBoundedMap<Branches>(MOST_BRANCHES_BYTES, dataBytes);
  const tokenProblems = createProblems();
  const reportProblems = createProblems();
  const images = createBoundedMap<ReadImage>(MOST_IMAGES_BYTES, dataBytes);
  const commits = createBoundedMap<FoundCommit>(MOST_COMMITS_BYTES, dataBytes);
  const idOfKey = ({ namespace, name }: SecretRef) => `${namespace}/${name}`;
  return {
    branchesFound: (workload: Workload, found: Branches) => branches.set(idOf(workload), found, workload.namespace),
    branchesOf: (workload: Workload) => branches.get(idOf(workload)),
    /** The newest commit that counts, as its last run found it. */
    commitFound: (workload: Workload, found: FoundCommit) => commits.set(idOf(workload), found, workload.namespace),
    commitOf: (workload: Workload) => commits.get(idOf(workload)),
    /** Why builds could not be asked for, when they last were to be; undefined: they could. */
    buildTokenRead: tokenProblems.put,
    buildTokenProblem: tokenProblems.get,
    /** Why nothing could be told on the application's commit, when something last was to be; undefined: it could. */
    reported: reportProblems.put,
    reportProblem: reportProblems.get,
    /** Of Deployments the cluster says it. */
    imageRead: (workload: Workload, found: ReadImage) => {
      if (!isDeployment(workload)) images.set(idOf(workload), found, workload.namespace);
    },
    imageOf: (workload: Workload) => images.get(idOf(workload)),
    /** Of a Secret with an SSH key: whether it says for which repositories. */
    keyRead: (ref: SecretRef, isBound: boolean) => unboundKeys.set(idOfKey(ref), !isBound, ref.namespace),
    /** Whether it did not, when it was last read. */
    isUnboundKey: (ref: SecretRef) => unboundKeys.get(idOfKey(ref)),
  };
}

/** What is the matter with each workload, in one respect; undefined: nothing. */
function createProblems() {
  const problems = createBoundedMap<string>(MOST_PROBLEMS_BYTES, dataBytes);
  return {
    get: (workload: Workload) => problems.get(idOf(workload)),
    put(workload: Workload, problem: string | undefined): void {
      if (problem === undefined) problems.delete(idOf(workload));
      else problems.set(idOf(workload), problem, workload.namespace);
    },
  };
}
