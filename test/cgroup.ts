/** A control group that bounds the memory of a process, as Kubernetes does for a Pod: version 2, or 1 where the machine has that. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { eventually } from "./eventually.ts";

const ROOT = "/sys/fs/cgroup";
const isVersion2 = existsSync(join(ROOT, "cgroup.controllers"));
const FILES = isVersion2
  ? { limit: "memory.max", swap: "memory.swap.max", kills: "memory.events" }
  : { limit: "memory.limit_in_bytes", swap: "memory.memsw.limit_in_bytes", kills: "memory.oom_control" };
const parent = isVersion2 ? ROOT : join(ROOT, "memory");

/** For a test's `skip`. */
export function skipWithoutCgroups(): string | false {
  try {
    const folder = makeGroup("probe", 2 ** 26);
    rmdirSync(folder);
    return false;
  } catch {
    return "no control group for memory may be made here";
  }
}

interface MemoryGroup {
  /** What to start a program with, so that it is in the group from its first byte. */
  readonly enter: readonly string[];
  /** How many processes the kernel has killed there for want of memory. */
  kills(): number;
}

/** Gone with the test, once its processes are. */
export function makeMemoryGroup(t: TestContext, bytes: number): MemoryGroup {
  const folder = makeGroup(String(process.pid), bytes);
  const members = join(folder, "cgroup.procs");
  t.after(async () => {
    for (const pid of readFileSync(members, "utf8").split("\n").filter(Boolean)) process.kill(Number(pid), "SIGKILL");
    await eventually(() => readFileSync(members, "utf8") === "", "the group's processes never went");
    rmdirSync(folder);
  });
  return {
    enter: ["sh", "-c", `echo $$ > ${members} && exec "$@"`, "sh"],
    kills: () => Number(/^oom_kill (\d+)/m.exec(readFileSync(join(folder, FILES.kills), "utf8"))?.[1]),
  };
}

function makeGroup(name: string, bytes: number): string {
  const folder = join(parent, `gitops-operator-${name}`);
  mkdirSync(folder);
  try {
    writeFileSync(join(folder, FILES.limit), String(bytes));
    // Not every kernel counts swap; where it does, memory is not to be found there.
    if (existsSync(join(folder, FILES.swap))) writeFileSync(join(folder, FILES.swap), String(isVersion2 ? 0 : bytes));
    return folder;
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
}
