/** One writer per repository, branch and key: what is ready together goes out in one push (contract §7). Never force, never merge. */
import { asReconcileError, inStep, ReconcileError } from "../errors.ts";
import { commitMessage } from "./commit-message.ts";
import { editManifest } from "./edit-manifest.ts";
import { noObserver, type Observer } from "./observer.ts";
import type { Clock, Commit, Deployments, Git, ManifestsBranch, ManifestsCopy } from "./ports.ts";
import { formatRepository } from "./repository.ts";
import { branchAttributes, noTracer, type Span, type Tracer } from "./tracer.ts";
import type { ImageName, Outcome, Target } from "./types.ts";

export interface WriteRequest {
  readonly target: Target;
  readonly at: ManifestsBranch;
  readonly appCommit: Commit;
  /** With the registry that was asked, so that a manifest that now pulls from another one is not written. */
  readonly image: ImageName;
  readonly tag: string;
  /** The one that the registry told for the tag. */
  readonly digest: string | undefined;
  /** Aborted: nothing is pushed for it any more. */
  readonly signal: AbortSignal;
  /** The run's question was asked then; the branch must not be older. */
  readonly notBefore: number;
}

/** A run's place at a branch, from its start until it is decided: the writer waits a little for the undecided. */
export interface Seat {
  /** The run needs no commit. */
  leave(): void;
  write(request: WriteRequest): Promise<Outcome>;
}

export interface Writers {
  seat(target: Target): Seat;
  /** Nothing new is begun; resolves when the pushes in flight have ended. */
  close(): Promise<void>;
}

export interface WritersOptions {
  readonly git: Git;
  readonly clock: Clock;
  readonly deployments: Deployments;
  /** What the cluster says of the target by now: undefined = unchanged, else what to answer instead of a push. */
  readonly recheck: (target: Target, tag: string) => Outcome | undefined;
  readonly observer?: Observer;
  readonly tracer?: Tracer;
}

const FLUSH_MS = 2_000;
const TRIES = 5;
const STALE_MS = 5 * 60_000;

interface Item {
  readonly request: WriteRequest;
  readonly settle: (outcome: Outcome) => void;
  /** Of the run that waits for it. */
  readonly span: Span | undefined;
}

interface Writer {
  readonly at: ManifestsBranch;
  ready: Item[];
  busy: boolean;
  due: boolean;
}

/** All writers of one branch, whatever their keys, and how many runs there are not decided yet. */
interface BranchWriters {
  readonly id: string;
  undecided: number;
  readonly byKey: Map<string, Writer>;
  /** Writers of other keys push one after the other: racing against ourselves would only cost tries. */
  turn: Promise<void>;
  /** When the last push began (`performance.now()`): listings from before it are out of date. */
  pushedAt: number;
}

export function createWriters(options: WritersOptions): Writers {
  const { git, clock, deployments, recheck, observer = noObserver, tracer = noTracer } = options;
  const branches = new Map<string, BranchWriters>();
  const flushing = new Set<Promise<void>>();
  const closing = new AbortController();

  function seat({ manifestRepository, manifestBranch }: Target): Seat {
    const id = JSON.stringify([manifestRepository, manifestBranch]);
    const seatedAt = branchOf(id);
    seatedAt.undecided += 1;
    let seated = true;
    const leave = () => {
      if (!seated) return;
      seated = false;
      seatedAt.undecided -= 1;
      for (const writer of seatedAt.byKey.values()) flushIfDue(seatedAt, writer);
      forget(seatedAt);
    };
    const write = (request: WriteRequest) =>
      new Promise<Outcome>((settle) => {
        const branch = branchOf(id);
        const writer = branch.byKey.get(request.at.key.id) ?? { at: request.at, ready: [], busy: false, due: false };
        branch.byKey.set(request.at.key.id, writer);
        const item = { request, settle, span: tracer.active() };
        writer.ready.push(item);
        if (writer.ready.length === 1) void flushLater(branch, writer, item);
        leave();
        // Who gave up the seat before, to wait for a build, has changed nothing by leaving.
        flushIfDue(branch, writer);
      });
    return { leave, write };
  }

  function branchOf(id: string): BranchWriters {
    const branch = branches.get(id) ?? { id, undecided: 0, byKey: new Map(), turn: Promise.resolve(), pushedAt: 0 };
    branches.set(id, branch);
    return branch;
  }

  async function flushLater(branch: BranchWriters, writer: Writer, first: Item): Promise<void> {
    // At shutdown the wait ends early and what is ready is settled without a push.
    await clock.sleep(FLUSH_MS, closing.signal).catch(() => undefined);
    if (!writer.ready.includes(first)) return;
    writer.due = true;
    flushIfDue(branch, writer);
  }

  function flushIfDue(branch: BranchWriters, writer: Writer): void {
    if (writer.busy || writer.ready.length === 0) return;
    if (branch.undecided > 0 && !writer.due) return;
    const items = writer.ready;
    writer.ready = [];
    writer.busy = true;
    writer.due = false;
    branch.turn = branch.turn.then(() => deliver(branch, writer.at, items));
    const flushed = branch.turn.then(() => {
      writer.busy = false;
      flushing.delete(flushed);
      flushIfDue(branch, writer);
      if (writer.ready.length === 0 && !writer.busy) branch.byKey.delete(writer.at.key.id);
      forget(branch);
    });
    flushing.add(flushed);
  }

  function forget(branch: BranchWriters): void {
    if (branch.undecided === 0 && branch.byKey.size === 0) branches.delete(branch.id);
  }

  /** A step of the first one's run; the other runs are linked. */
  function deliver(branch: BranchWriters, at: ManifestsBranch, items: readonly Item[]): Promise<void> {
    const [parent, ...links] = items.map(({ span }) => span);
    const work = () => deliverAll(branch, at, items);
    return tracer.span("write commits", branchAttributes(at.repository, at.branch), work, { parent, links });
  }

  /** Settles every item, whatever happens. */
  async function deliverAll(branch: BranchWriters, at: ManifestsBranch, items: readonly Item[]): Promise<void> {
    let pending = items;
    try {
      const refused = await git.withManifests(at, async (copy) => {
        for (let attempt = 1; ; attempt++) {
          pending = pending.filter((item) => !settleAbandoned(item));
          if (pending.length === 0) return undefined;
          const notBefore = attempt === 1 ? Math.max(branch.pushedAt, ...pending.map((item) => item.request.notBefore)) : performance.now();
          const base = await copy.refresh(notBefore);
          const built = await build(copy, base, pending);
          pending = built.commits.map(({ item }) => item);
          if (pending.length === 0) return undefined;
          const startedAt = performance.now();
          const result = await copy.push(base, built.head);
          if (result.kind === "accepted") {
            branch.pushedAt = startedAt;
            for (const { item, patched } of built.commits) {
              observer.pushed(item.request.appCommit.time);
              item.settle(patched);
            }
            pending = [];
            return undefined;
          }
          if (result.kind === "refused") return result.reason;
          if (result.cause === undefined) observer.pushRaced();
          if (attempt === TRIES) throw result.cause ?? raced(at);
          await clock.sleep(Math.random() * 100 * 2 ** attempt, closing.signal);
        }
      });
      if (refused === undefined) return;
      if (pending.length === 1) throw new ReconcileError("git_push_refused", refusal(at, refused));
      // Only the culprit is to fail.
      for (const item of pending) await deliver(branch, at, [item]);
    } catch (error) {
      for (const { request, settle } of pending) settle(failed(commitStep(request.target, request.tag), request, error));
    }
  }

  /** A commit for each item that still needs one, each on top of the one before; the others are settled. */
  async function build(copy: ManifestsCopy, base: string, items: readonly Item[]) {
    const commits: { item: Item; patched: Outcome }[] = [];
    let head = base;
    for (const item of items) {
      const { request, settle } = item;
      if (settleAbandoned(item)) continue;
      const { target, tag, appCommit } = request;
      let edit: ReturnType<typeof editManifest>;
      try {
        edit = editManifest(await copy.read(head, target.path), target.path, request.image, tag, request.digest);
      } catch (error) {
        if (asReconcileError(error).code === "git_copy_damaged") throw error;
        settle(failed(patchStep(target, tag), request, error));
        continue;
      }
      if (edit.kind === "up_to_date") {
        settle({ kind: "up_to_date", to: tag });
        continue;
      }
      const from = edit.from === undefined ? {} : { from: edit.from };
      head = await copy.commit(head, target.path, edit.text, commitMessage({ target, tag, appCommit, ...from }));
      commits.push({ item, patched: { kind: "patched", ...from, to: tag, commit: head } });
    }
    return { head, commits };
  }

  /** Looks once more whether the push is still wanted; if not, the item is settled with the reason. */
  function settleAbandoned({ request, settle }: Item): boolean {
    const instead = abandoned(request);
    if (instead) settle(instead);
    return instead !== undefined;
  }

  function abandoned({ target, signal, tag }: WriteRequest): Outcome | undefined {
    if (closing.signal.aborted) return { kind: "failed", error: shutdown(), to: tag };
    if (signal.aborted) return { kind: "failed", error: asReconcileError(signal.reason), to: tag };
    const stale = deployments.staleForMs();
    if (stale <= STALE_MS) return recheck(target, tag);
    const minutes = Math.floor(stale / 60_000);
    const error = new ReconcileError(
      "cluster_stale",
      `nothing was pushed: the Kubernetes API server has not been heard for ${minutes} minutes, so the annotations may be out of date; check the API server and the operator's RBAC`,
    );
    return { kind: "failed", error, to: tag };
  }

  return {
    seat,
    async close() {
      closing.abort(shutdown());
      await Promise.all(flushing);
    },
  };
}

function failed(step: string, { tag }: WriteRequest, error: unknown): Outcome {
  return { kind: "failed", error: inStep(step, error), to: tag };
}

/** The steps' names, as they stand in front of their failures (contract §5). */
export function patchStep({ deployment }: Target, tag: string): string {
  return `Failed to patch deployment ${deployment} to version ${tag}`;
}

function commitStep({ deployment }: Target, tag: string): string {
  return `Failed to commit changes for ${deployment} (version ${tag})`;
}

function raced(at: ManifestsBranch): ReconcileError {
  const name = `${formatRepository(at.repository)}, branch '${at.branch}'`;
  return new ReconcileError("git_push_raced", `others pushed to ${name} first, ${TRIES} times in a row; the next pass tries again`);
}

function refusal(at: ManifestsBranch, reason: string): string {
  return `${formatRepository(at.repository)} refused the push to '${at.branch}': ${reason}; allow the operator's key to push there (branch protection, hooks)`;
}

function shutdown(): ReconcileError {
  return new ReconcileError("shutdown", "the operator is shutting down; nothing was pushed, the next start looks again");
}
