/** What is ready together, in one push: committed on top of the branch's tip, tried again when others were first (contract §7). */

import { asReconcileError } from "../../errors.ts";
import { isForAnother } from "../../sharing/own-share.ts";
import { commitMessage } from "../commits/commit-message.ts";
import type { CommitWords } from "../commits/commit-words.ts";
import type { Git, ManifestsBranch, ManifestsCopy } from "../git-ports.ts";
import { noObserver, type Observer } from "../observer.ts";
import type { Outcome } from "../outcome.ts";
import { editFiles, type FilesEdit } from "../places/edit-files.ts";
import type { Clock, Log, Places } from "../ports.ts";
import { branchAttributes, noTracer, type Span, type Tracer } from "../tracer.ts";
import { workloadOf } from "../types.ts";
import { type AbandonedOptions, createAbandoned } from "./abandoned.ts";
import { createHold } from "./hold.ts";
import { commitStep, failed, patchStep, racedFailure, refusedFailure, requireDigest, TRIES } from "./write-failures.ts";
import type { WriteRequest } from "./write-request.ts";

export interface Item {
  readonly request: WriteRequest;
  /** The first time counts. */
  readonly settle: (outcome: Outcome) => void;
  isSettled: boolean;
  /** Of the run that waits for it. */
  readonly span: Span | undefined;
}

export interface DeliveryOptions extends AbandonedOptions {
  readonly git: Git;
  readonly places: Places;
  readonly clock: Clock;
  readonly log: Pick<Log, "warn">;
  readonly observer?: Observer;
  readonly tracer?: Tracer;
  /** Of commit messages. */
  readonly commitWords?: CommitWords;
}

/** What a delivery to a branch has to know of those before it. */
export interface DeliveryBranch {
  /** When the last push began (`performance.now()`): listings from before it are out of date. */
  pushedAt: number;
}

interface Delivery {
  /**
   * Settles every item, whatever happens, on the share of the first one's namespace, but those that were refused together (only the culprit is to
   * fail) and those of other namespaces when that share was used up: each of them is to go alone.
   */
  deliver(branch: DeliveryBranch, items: readonly [Item, ...Item[]]): Promise<readonly Item[]>;
}

/** Of texts in one push, which are in memory until it is accepted: what comes after goes in the next one. A target may have 50 MiB by itself. */
const MOST_CHARACTERS = 32 * 2 ** 20;

/** `closing`: nothing is pushed any more. */
export function createDelivery(options: DeliveryOptions, closing: AbortSignal): Delivery {
  const { git, places, clock, workloads, recheck, log, observer = noObserver, tracer = noTracer, commitWords } = options;

  const lookForHeld = createHold(log);
  const abandoned = createAbandoned({ workloads, recheck }, closing);

  /** A step of the first one's run; the other runs are linked. */
  async function deliver(branch: DeliveryBranch, items: readonly [Item, ...Item[]]): Promise<readonly Item[]> {
    const { at } = items[0].request;
    const [parent, ...links] = items.map(({ span }) => span);
    const work = () => deliverAll(branch, at, items);
    try {
      return await tracer.span("write commits", branchAttributes(at.repository, at.branch), work, { parent, links });
    } catch (error) {
      const others = items.slice(1).filter(({ request, isSettled }) => !isSettled && isForAnother(error, request.at.namespace));
      // Who was told before hears nothing of it.
      for (const item of items)
        if (!others.includes(item)) item.settle(failed(commitStep(item.request.target, item.request.tag), item.request, error));
      return others;
    }
  }

  async function deliverAll(branch: DeliveryBranch, at: ManifestsBranch, items: readonly Item[]): Promise<readonly Item[]> {
    let pending = items;
    const refused = await git.withManifests(at, async (copy) => {
      for (let attempt = 1; ; attempt++) {
        pending = pending.filter((item) => !settleAbandoned(item));
        if (pending.length === 0) return undefined;
        const notBefore = attempt === 1 ? Math.max(branch.pushedAt, ...pending.map((item) => item.request.notBefore)) : performance.now();
        const base = await copy.refresh(notBefore);
        const built = await build(copy, base, pending);
        if (built.commits.length === 0) return undefined;
        pending = [...built.commits.map(({ item }) => item), ...built.later];
        const startedAt = performance.now();
        const result = await copy.push(base, built.head);
        if (result.kind === "accepted") {
          branch.pushedAt = startedAt;
          for (const { item, patched } of built.commits) {
            const { target, image, tag, appCommit } = item.request;
            observer.pushed({ workload: workloadOf(target), image, tag, appCommitTime: appCommit.time });
            item.settle(patched);
          }
          if (built.later.length === 0) return undefined;
          pending = built.later;
          attempt = 0;
          continue;
        }
        if (result.kind === "refused") return result.reason;
        if (result.cause === undefined) observer.pushRaced();
        if (attempt === TRIES) throw result.cause ?? racedFailure(at, result.reason);
        await clock.sleep(Math.random() * 100 * 2 ** attempt, closing);
      }
    });
    if (refused === undefined) return [];
    if (pending.length === 1) throw refusedFailure(at, refused);
    return pending;
  }

  /** A commit for each item that still needs one, each on top of the one before; the others are settled. */
  async function build(copy: ManifestsCopy, base: string, items: readonly Item[]) {
    const commits: { item: Item; patched: Outcome }[] = [];
    const heldAt = lookForHeld(
      copy,
      base,
      items.map(({ request }) => request),
    );
    let head = base;
    let characters = 0;
    for (const [index, item] of items.entries()) {
      if (characters > MOST_CHARACTERS) return { head, commits, later: items.slice(index) };
      const { request, settle } = item;
      if (settleAbandoned(item)) continue;
      const { target, image, tag, digest, appCommit, signal } = request;
      const unchecked = request.isChecked ? {} : ({ unchecked: true } as const);
      let edit: FilesEdit;
      let held: Outcome | undefined;
      try {
        const question = { image, tag, appCommit: appCommit.sha, digest, isUnchecked: !request.isChecked };
        edit = await editFiles(target, head, question, { copy, places, signal });
        requireDigest(edit, request);
        held = edit.kind === "update" ? await heldAt(request, edit) : undefined;
      } catch (error) {
        if (asReconcileError(error).code === "git_copy_damaged" || isForAnother(error, request.at.namespace)) throw error;
        settle(failed(patchStep(target, tag), request, error));
        continue;
      }
      if (edit.kind === "up_to_date") {
        settle({ kind: "up_to_date", to: tag });
        continue;
      }
      if (held) {
        settle(held);
        continue;
      }
      const from = edit.from === undefined ? {} : { from: edit.from };
      const paths = edit.files.map(({ path }) => path);
      for (const { text } of edit.files) characters += text.length;
      head = await copy.commit(
        head,
        edit.files,
        commitMessage({ target, paths, tag, appCommit, ...from, ...unchecked }, commitWords),
        request.signing,
      );
      commits.push({ item, patched: { kind: "patched", ...from, to: tag, commit: head, ...unchecked } });
    }
    return { head, commits, later: [] };
  }

  /** Looks once more whether the push is still wanted; if not, the item is settled with the reason. */
  function settleAbandoned({ request, settle }: Item): boolean {
    const instead = abandoned(request);
    if (instead) settle(instead);
    return instead !== undefined;
  }

  return { deliver };
}
