/** The hook `proc-receive` of a double of Gitea's AGit (githooks(5), https://docs.gitea.com/usage/agit-setup), run by git in the repository's folder. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { type AgitState, KILL_FILE, STATE_FILE } from "./agit.ts";

const NOTHING = "0".repeat(40);
const input = readPackets();

// Version and what both can do, the commands, the options.
next();
say("version=1\0push-options\n");
flush();
const commands = next();
const options = new Map(next().map((option) => [option.split("=", 1)[0] ?? "", option.slice(option.indexOf("=") + 1)] as const));
for (const command of commands) {
  const [from = "", to = "", ref = ""] = command.split(" ");
  const state = JSON.parse(readFileSync(STATE_FILE, "utf8")) as AgitState;
  const result = receive(state, { from, to, ref });
  writeFileSync(STATE_FILE, JSON.stringify({ ...state, pushes: [...state.pushes, { ref, options: [...options], result }] }));
  if (typeof result === "string") say(`ng ${ref} ${result}`);
  else for (const line of [`ok ${ref}`, `option refname refs/pull/${result.number}/head`, `option new-oid ${to}`]) say(line);
}
strike("answer");
flush();

/** The request, or why not; stricter than Gitea in what options there may be. */
function receive(state: AgitState, { from, to, ref }: { from: string; to: string; ref: string }): { readonly number: number } | string {
  if (to === NOTHING) return "Can't delete not exist branch";
  if (from !== NOTHING) return "the ref is never there";
  const name = ref.slice("refs/for/".length);
  const ends = [...name].flatMap((sign, at) => (sign === "/" ? [at] : []));
  const end = ends.find((at) => hasRef(`refs/heads/${name.slice(0, at)}`)) ?? name.length;
  const base = name.slice(0, end);
  if (!hasRef(`refs/heads/${base}`)) return "the base is no branch";
  const topic = name.slice(end + 1) || options.get("topic");
  if (!topic) return "topic-branch is not set";
  if (!options.get("title") || !options.has("description")) return "title or description is not set";
  const odd = [...options.keys()].find((key) => !["topic", "title", "description", "force-push"].includes(key));
  if (odd !== undefined) return `unknown option ${odd}`;
  if (options.has("force-push") && options.get("force-push") !== "true") return "force-push is not true";
  const head = topic.startsWith(`${state.user}/`) ? topic : `${state.user}/${topic}`;
  strike("receive");
  const open = state.pulls.find((pull) => pull.head === head && pull.base === base && pull.state === "open");
  if (!open) {
    const number = state.nextNumber;
    state.nextNumber += 3;
    const words = { title: options.get("title") ?? "", description: options.get("description") ?? "" };
    state.pulls.push({ number, head, base, state: "open", ...words });
    putHead(number, to);
    return { number };
  }
  const old = git("rev-parse", `refs/pull/${open.number}/head`);
  if (old === to) return "new commit is same with old commit";
  const isForward = spawnSync("git", ["merge-base", "--is-ancestor", old, to]).status === 0;
  if (!isForward && !options.has("force-push")) return "request `force-push` push option";
  putHead(open.number, to);
  return open;
}

function putHead(number: number, sha: string): void {
  git("update-ref", `refs/pull/${number}/head`, sha);
}

/** Once, if it is armed for this moment: the process that it names ends, or git's own where it names none. */
function strike(moment: string): void {
  if (!existsSync(KILL_FILE)) return;
  const [at = "", pid = ""] = readFileSync(KILL_FILE, "utf8").trim().split(" ");
  if (at !== moment) return;
  rmSync(KILL_FILE);
  process.kill(Number(pid) || process.ppid, "SIGKILL");
  if (!pid) process.exit(1);
}

function hasRef(ref: string): boolean {
  return spawnSync("git", ["show-ref", "--verify", "--quiet", ref]).status === 0;
}

function git(...args: string[]): string {
  return execFileSync("git", args, { encoding: "utf8" }).trim();
}

/** The lines up to the next flush. */
function next(): string[] {
  const lines: string[] = [];
  for (let { value } = input.next(); typeof value === "string"; { value } = input.next()) lines.push(value);
  return lines;
}

function* readPackets(): Generator<string | undefined> {
  for (;;) {
    const length = Number.parseInt(readExactly(4), 16);
    if (Number.isNaN(length)) return;
    yield length === 0 ? undefined : readExactly(length - 4).replace(/\n$/, "");
  }
}

function readExactly(bytes: number): string {
  const buffer = Buffer.alloc(bytes);
  let at = 0;
  for (let got = 1; at < bytes && got > 0; at += got) got = readSync(0, buffer, at, bytes - at, null);
  return buffer.toString("utf8", 0, at);
}

function say(line: string): void {
  writeSync(1, (Buffer.byteLength(line) + 4).toString(16).padStart(4, "0") + line);
}

function flush(): void {
  writeSync(1, "0000");
}
