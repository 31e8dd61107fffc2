/** One writer per repository, branch and key: what is ready together goes out in one push (contract §7). Never force, never merge. */
import { ReconcileError } from "../../errors.ts";
import { createTurns, type TakeTurn } from "../../sharing/turns.ts";
import type { Outcome } from "../outcome.ts";
import { noTracer } from "../tracer.ts";
import type { Target } from "../types.ts";
import { createDelivery, type DeliveryBranch, type DeliveryOptions, type Item } from "./delivery.ts";
import type { WriteRequest } from "./write-request.ts";

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

const FLUSH_MS = 2_000;

interface Writer {
  readonly keyId: string;
  ready: Item[];
  busy: boolean;
  due: boolean;
}

/** All writers of one repository. */
interface RepositoryWriters {
  readonly id: string;
  /** Runs that are not decided yet and whose branch is not known by name before the remote has told it: it may be any. */
  undecided: number;
  readonly branches: Map<string, BranchWriters>;
}

/** All writers of one branch, whatever their keys, and how many runs there are not decided yet. */
interface BranchWriters extends DeliveryBranch {
  readonly name: string;
  readonly repository: RepositoryWriters;
  undecided: number;
  readonly byKey: Map<string, Writer>;
  /** Pushes go one after the other: racing against ourselves would only cost tries. */
  readonly takeTurn: TakeTurn;
  /** Those that have their turn, or wait for it. */
  readonly deliveries: Set<Promise<void>>;
}

export function createWriters(options: DeliveryOptions): Writers {
  const { clock, tracer = noTracer } = options;
  const repositories = new Map<string, RepositoryWriters>();
  const closing = new AbortController();
  const { deliver } = createDelivery(options, closing.signal);

  function seat({ manifestRepository, manifestBranch }: Target): Seat {
    const id = JSON.stringify(manifestRepository);
    const repository = repositoryOf(id);
    const named = manifestBranch === undefined ? undefined : branchOf(repository, manifestBranch);
    const seatedAt = named ?? repository;
    seatedAt.undecided += 1;
    let seated = true;
    const leave = () => {
      if (!seated) return;
      seated = false;
      seatedAt.undecided -= 1;
      for (const branch of named ? [named] : repository.branches.values()) {
        for (const writer of branch.byKey.values()) flushIfDue(branch, writer);
        forget(branch);
      }
      forgetRepository(repository);
    };
    const write = (request: WriteRequest) =>
      new Promise<Outcome>((resolve) => {
        const branch = branchOf(repositoryOf(id), request.at.branch);
        const keyId = request.at.key.id;
        const writer = branch.byKey.get(keyId) ?? { keyId, ready: [], busy: false, due: false };
        branch.byKey.set(keyId, writer);
        const settle = (outcome: Outcome) => {
          item.isSettled = true;
          resolve(outcome);
        };
        const item: Item = { request, settle, isSettled: false, span: tracer.active() };
        writer.ready.push(item);
        if (writer.ready.length === 1) void flushLater(branch, writer, item);
        leave();
        // Who gave up the seat before, to wait for a build, has changed nothing by leaving.
        flushIfDue(branch, writer);
      });
    return { leave, write };
  }

  function repositoryOf(id: string): RepositoryWriters {
    const repository = repositories.get(id) ?? { id, undecided: 0, branches: new Map() };
    repositories.set(id, repository);
    return repository;
  }

  function branchOf(repository: RepositoryWriters, name: string): BranchWriters {
    const branch = repository.branches.get(name) ?? newBranch(repository, name);
    repository.branches.set(name, branch);
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
    if (branch.undecided + branch.repository.undecided > 0 && !writer.due) return;
    const items = writer.ready;
    writer.ready = [];
    writer.busy = true;
    writer.due = false;
    const healthy = items.filter(({ request }) => !request.wasRefused);
    const suspects = items.filter(({ request }) => request.wasRefused);
    const delivered = Promise.all([healthy, suspects].map((together) => deliverInTurn(branch, together)));
    void delivered.then(() => {
      writer.busy = false;
      flushIfDue(branch, writer);
      if (writer.ready.length === 0 && !writer.busy) branch.byKey.delete(writer.keyId);
      forget(branch);
    });
  }

  /** Resolves when all have been pushed together once. Those that are left go alone then, and others of the branch come in between. */
  async function deliverInTurn(branch: BranchWriters, [first, ...others]: readonly Item[]): Promise<void> {
    if (!first) return;
    const delivered = branch.takeTurn(() => deliver(branch, [first, ...others]));
    const settled = delivered.then(async (refused) => {
      for (const item of refused) await deliverInTurn(branch, [item]);
      branch.deliveries.delete(settled);
      forget(branch);
    });
    branch.deliveries.add(settled);
    await delivered;
  }

  function forget(branch: BranchWriters): void {
    if (branch.undecided > 0 || branch.byKey.size > 0 || branch.deliveries.size > 0) return;
    branch.repository.branches.delete(branch.name);
    forgetRepository(branch.repository);
  }

  function forgetRepository({ id, undecided, branches }: RepositoryWriters): void {
    if (undecided === 0 && branches.size === 0) repositories.delete(id);
  }

  return {
    seat,
    async close() {
      closing.abort(shutdown());
      const branches = [...repositories.values()].flatMap((repository) => [...repository.branches.values()]);
      await Promise.all(branches.flatMap(({ deliveries }) => [...deliveries]));
    },
  };
}

function newBranch(repository: RepositoryWriters, name: string): BranchWriters {
  return { name, repository, undecided: 0, byKey: new Map(), takeTurn: createTurns(), deliveries: new Set(), pushedAt: 0 };
}

/** Why nothing is begun any more. */
export function shutdown(): ReconcileError {
  return new ReconcileError("shutdown", "the operator is shutting down; nothing was pushed, the next start looks again");
}
