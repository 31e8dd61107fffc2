import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BareRepository } from "../bare-repository.ts";

/** One branch that a push has moved, or begun. */
export interface Push {
  readonly repository: BareRepository;
  readonly branch: string;
  readonly sha: string;
}

const POLL_MS = 50;
/** Of the hook, for somebody to take note of the push: a tenth of a second each. */
const MOST_WAITS = 50;
const LINE = /^[0-9a-f]+ (?!0+ )([0-9a-f]+) refs\/heads\/(\S+)$/;

/**
 * Tells of every push to one of the repositories, one after the other; returns the end of it. As with forges a hook does it. Who pushes is let go
 * when `tell` has taken note, so what is asked after a `git push` is answered with it.
 */
export async function watchPushes(
  repositories: readonly BareRepository[],
  folder: string,
  tell: (push: Push) => Promise<void>,
  onProblem: (message: string) => void,
): Promise<() => void> {
  const inbox = join(folder, "pushes");
  mkdirSync(inbox);
  const wait = `n=0; while [ -e "$file" ] && [ $n -lt ${MOST_WAITS} ]; do sleep 0.1; n=$((n + 1)); done`;
  for (const [index, repository] of repositories.entries())
    await repository.installHook("post-receive", `file='${inbox}'/${index}-$$\ncat > "$file.new"\nmv "$file.new" "$file"\n${wait}`);

  const report = (error: Error) => onProblem(error.message);
  async function take(name: string): Promise<void> {
    const repository = repositories[Number.parseInt(name, 10)];
    for (const line of readFileSync(join(inbox, name), "utf8").split("\n")) {
      const [, sha, branch] = LINE.exec(line) ?? [];
      if (!repository || sha === undefined || branch === undefined) continue;
      await tell({ repository, branch, sha }).catch(report);
    }
    rmSync(join(inbox, name));
  }
  let isTaking = false;
  const timer = setInterval(() => {
    if (isTaking) return;
    isTaking = true;
    void takeAll()
      .catch(report)
      .finally(() => {
        isTaking = false;
      });
  }, POLL_MS);
  async function takeAll(): Promise<void> {
    for (const name of readdirSync(inbox)) if (!name.endsWith(".new")) await take(name);
  }
  return () => clearInterval(timer);
}
