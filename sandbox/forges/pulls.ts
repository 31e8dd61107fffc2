import type { ForgeReply } from "../forge-api.ts";

/** A pull or merge request. */
export interface Pull {
  readonly number: number;
  title: string;
  description: string | null;
  state: "open" | "merged" | "declined";
  /** The forge's own word for the state, where it has several. */
  word?: string;
  readonly head: string;
  base: string;
  /** The repository that has the head, if it is a fork. */
  readonly fork?: string;
  headSha: string;
  labels: string[];
  reviewers?: string[];
  autoMerge: boolean;
  /** Counts its changes. */
  version: number;
}

interface PullRepository {
  readonly id: number;
  readonly name: string;
  readonly pulls: Pull[];
  readonly branches: Map<string, string>;
  /** By their numbers less one. */
  readonly labels: string[];
}

export type Pulls = ReturnType<typeof createPulls>;

/** What one kind of forge answers about them; undefined: that is no question about any. */
export interface PullRoutes {
  readonly serve: (path: string, url: URL) => ForgeReply | undefined;
  readonly write: (path: string, body: Readonly<Record<string, unknown>>, url: URL, method: string) => ForgeReply | undefined;
}

/** The requests of a forge's repositories. */
export function createPulls() {
  const repositories = new Map<string, PullRepository>();

  function make(name: string, pull: Partial<Pull> & Pick<Pull, "head" | "base" | "title">): Pull {
    const repository = repositories.get(name);
    if (!repository) throw new Error(`no repository ${name}`);
    const defaults = {
      number: repository.pulls.length + 1,
      description: null,
      state: "open",
      headSha: pulls.branch(name, pull.head) ?? "0".repeat(40),
    } as const;
    const made: Pull = { ...defaults, labels: [], autoMerge: false, version: 0, ...pull };
    repository.pulls.unshift(made);
    return made;
  }

  /** An open one stands where its branch does. */
  function follow(pull: Pull, sha: string | undefined): void {
    if (sha === undefined || sha === pull.headSha) return;
    pull.headSha = sha;
    if (pulls.forgetsAutoMerge) pull.autoMerge = false;
  }

  const pulls = {
    /** Whether the token may write. */
    mayWrite: true,
    /** Whether it may merge into the base branch. */
    mayMerge: true,
    /** How often the forge says that it does not know yet whether one can be merged. */
    notYet: 0,
    /** Nothing is to be waited for: what is to be merged by itself is merged at once, or is refused where people are to merge it. */
    isClean: false,
    /** What is to be merged by itself is not any more once the branch is pushed to. */
    forgetsAutoMerge: false,
    /** Lists are told whole, as a server does with a filter that it does not know. */
    ignoresFilters: false,
    /** Where a branch stands; undefined: there is none. Another git host may be asked instead. */
    branch: (name: string, branch: string): string | undefined => repositories.get(name)?.branches.get(branch),
    /** The repository exists from then on. */
    setBranches(name: string, branches: Readonly<Record<string, string>>, labels: readonly string[] = []): void {
      const known = repositories.get(name);
      const id = known?.id ?? 100 + repositories.size;
      repositories.set(name, { id, name, pulls: known?.pulls ?? [], branches: new Map(Object.entries(branches)), labels: [...labels] });
    },
    repository: (name: string): PullRepository | undefined => repositories.get(name),
    /** As somebody else makes one. */
    make,
    /** Newest first. */
    of(name: string): readonly Pull[] {
      const all = repositories.get(name)?.pulls ?? [];
      for (const pull of all) if (pull.state === "open" && pull.fork === undefined) follow(pull, pulls.branch(name, pull.head));
      return all;
    },
    /** Why there can't be one. */
    refusal(name: string, head: unknown, base: unknown): "no head" | "no base" | "the same" | "exists" | undefined {
      if (typeof head !== "string" || pulls.branch(name, head) === undefined) return "no head";
      if (typeof base !== "string" || pulls.branch(name, base) === undefined) return "no base";
      if (pulls.branch(name, head) === pulls.branch(name, base)) return "the same";
      const isOpen = pulls.of(name).some((one) => one.state === "open" && !one.fork && one.head === head && one.base === base);
      return isOpen ? "exists" : undefined;
    },
    /** Its repository's and its own; undefined: there is none. */
    find(name: string, number: string | number | undefined): Pull | undefined {
      return pulls.of(name).find((one) => `${one.number}` === `${number}`);
    },
  };
  return pulls;
}
