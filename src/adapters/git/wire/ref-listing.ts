/** What is wanted of a listing, picked out line by line: of whatever else a remote lists nothing is kept. */
import { branchProblem } from "../../../core/targets/branch.ts";
import { ownText } from "../../../text/own-text.ts";

export interface RefListing {
  /** The one that was asked for; when none was: `master` where the remote has it, else its default branch, undefined when that is not told. */
  readonly branch: string | undefined;
  /** Object id of the branch; undefined when the remote has no such branch. */
  readonly tip: string | undefined;
  /** The remote's default branch, where it says so. */
  readonly defaultBranch: string | undefined;
}

/** Of the branches of a remote, where none was named. */
export const FIRST_CHOICE = "master";

const BRANCHES = "refs/heads/";

interface RefPicker {
  look(line: string): void;
  readonly listing: RefListing;
  /** There is a HEAD, and nothing so far says which branch is meant: only all branches together may. */
  readonly isUnsaid: boolean;
}

/** `told`: the branch that HEAD stands for, where the server says so before the lines. */
export function createRefPicker(asked: string | undefined, told: string | undefined): RefPicker {
  let target = told;
  let head: string | undefined;
  /** Those at HEAD's commit, and the first of them: HEAD comes before all branches. */
  let countAtHead = 0;
  let atHead: string | undefined;
  /** By branch. One that is listed twice counts as it came first. */
  const tips = new Map<string, string>();
  const wanted = new Set([FIRST_CHOICE, asked, isBranch(told) ? told : undefined]);

  function look(line: string): void {
    if (!/^[0-9a-f]{40} /.test(line)) return;
    const end = line.indexOf(" ", 41);
    const name = end < 0 ? line.slice(41) : line.slice(41, end);
    if (name === "HEAD" && head === undefined) {
      head = ownText(line.slice(0, 40));
      target ??= line.match(/ symref-target:refs\/heads\/([^ ]+)/)?.[1];
    }
    if (!name.startsWith(BRANCHES)) return;
    const branch = name.slice(BRANCHES.length);
    if (wanted.has(branch) && !tips.has(branch)) tips.set(ownText(branch), ownText(line.slice(0, 40)));
    if (head !== undefined && line.startsWith(head) && ++countAtHead === 1) atHead = ownText(branch);
  }

  return {
    look,
    get listing() {
      const defaultBranch = isBranch(target) ? ownText(target) : undefined;
      const onlyAtHead = countAtHead === 1 && isBranch(atHead) ? atHead : undefined;
      const branch = asked ?? (tips.has(FIRST_CHOICE) ? FIRST_CHOICE : (defaultBranch ?? onlyAtHead));
      if (branch === undefined) return { branch, tip: undefined, defaultBranch };
      // A listing that was narrowed to another name holds the default branch as HEAD alone.
      const isHead = asked === undefined && (branch === defaultBranch || branch === onlyAtHead);
      return { branch, tip: tips.get(branch) ?? (isHead ? head : undefined), defaultBranch };
    },
    get isUnsaid() {
      return asked === undefined && head !== undefined && target === undefined && !tips.has(FIRST_CHOICE);
    },
  };
}

function isBranch(name: string | undefined): name is string {
  return name !== undefined && branchProblem(name) === undefined;
}
