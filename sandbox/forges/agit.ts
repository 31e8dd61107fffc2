/** Gitea's AGit, played by real git and a hook: a push to `refs/for/BASE/TOPIC` opens a pull request or updates the pusher's own, and `refs/pull/N/head` is kept. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BareRepository } from "../bare-repository.ts";

interface AgitPull {
  readonly number: number;
  /** USER/TOPIC */
  readonly head: string;
  readonly base: string;
  state: "open" | "closed" | "merged";
  readonly title: string;
  readonly description: string;
}

export interface AgitState {
  /** Who pushes. */
  readonly user: string;
  nextNumber: number;
  readonly pulls: AgitPull[];
  /** `result`: the request, or why not. */
  readonly pushes: readonly { readonly ref: string; readonly options: readonly unknown[]; readonly result: unknown }[];
}

/** In the repository's folder. */
export const STATE_FILE = "agit.json";
/** `MOMENT PID`: that process ends when the hook comes to that moment; without a PID git's own, which cuts the connection. */
export const KILL_FILE = "agit-kill";

export async function playAgit(repository: BareRepository) {
  const { directory } = repository;
  const file = join(directory, STATE_FILE);
  const read = () => JSON.parse(readFileSync(file, "utf8")) as AgitState;
  const write = (state: AgitState) => writeFileSync(file, JSON.stringify(state));
  write({ user: "bot", nextNumber: 7, pulls: [], pushes: [] });
  await repository.config("receive.procReceiveRefs", "refs/for");
  await repository.config("receive.advertisePushOptions", "true");
  await repository.installHook("proc-receive", `exec "${process.execPath}" "${fileURLToPath(new URL("agit-hook.ts", import.meta.url))}"`);
  return {
    get pulls() {
      return read().pulls;
    },
    get pushes() {
      return read().pushes;
    },
    /** Whoever pushes from now on. */
    setUser: (user: string) => write({ ...read(), user }),
    /** As a person does it in the browser; what merging does to the base is the caller's. */
    end(number: number, how: "closed" | "merged") {
      const state = read();
      for (const pull of state.pulls) if (pull.number === number) pull.state = how;
      write(state);
    },
    arm: (moment: "receive" | "answer", pid?: number) => writeFileSync(join(directory, KILL_FILE), `${moment} ${pid ?? ""}\n`),
  };
}
