import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually } from "../eventually.ts";
import { skipWithoutKubectl } from "../kubectl.ts";

/** The one Pod; its name. */
const RUNNING = /^(shop-\w+-\w+) +1\/1 +Running +0 +\d+s\n(?![\s\S]*^shop-)/m;
const sandbox = fileURLToPath(new URL("../../sandbox/main.ts", import.meta.url));

interface Step {
  readonly title: string;
  readonly lines: readonly string[];
}

/** What stays up prints, as people see it, and whether it has said something by now. */
async function startPlay(t: TestContext) {
  const child = spawn(process.execPath, [sandbox, "--keep"], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  t.after(async () => {
    child.kill();
    await exited;
  });
  const printed: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => printed.push(line));
  await eventually(() => printed.includes("== What happens =="), "the sandbox has not come to its last words");
  const told = (pattern: RegExp) => eventually(() => pattern.test(`${printed.join("\n")}\n`), `not told: ${pattern}`);
  return { child, exited, steps: stepsIn(printed), told };
}

function stepsIn(printed: readonly string[]): Step[] {
  const steps: { title: string; lines: string[] }[] = [];
  for (const line of printed) {
    const [, title] = /^ {2}\d\. (.*):$/.exec(line) ?? [];
    if (title !== undefined) steps.push({ title, lines: [] });
    else if (line.startsWith("      ")) steps.at(-1)?.lines.push(line);
  }
  return steps;
}

/** One shell, into which lines are pasted as they stand; a line that fails ends it. It knows nothing of the user's git or keys. */
function startShell(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), "player-"));
  const { PATH = "" } = process.env;
  const shell = spawn("sh", ["-e"], { env: { PATH, HOME: home }, stdio: ["pipe", "pipe", "pipe"] });
  t.after(() => {
    shell.kill();
    rmSync(home, { recursive: true });
  });
  let output = "";
  for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  return async (lines: readonly string[]): Promise<string> => {
    output = "";
    shell.stdin.write(`${lines.join("\n")}\necho step-is-over\n`);
    await eventually(() => output.endsWith("step-is-over\n") || shell.exitCode !== null);
    assert.equal(shell.exitCode, null, `${lines.join("\n")}\n${output}`);
    return output;
  };
}

test("the lines that the sandbox prints to play with do what is said of them, pasted as they stand", {
  skip: skipWithoutKubectl,
  timeout: 120_000,
}, async (t) => {
  const { child, exited, steps, told } = await startPlay(t);
  const paste = startShell(t);
  const [first, change, rollOut, breakIt, rollBack, newer] = steps.map(({ lines }) => lines);
  assert.equal(steps.length, 6);
  const before = await paste(first ?? []);
  assert.match(before, RUNNING);

  await paste(change ?? []);
  await told(/ {2}CI +builds \w{7} Plant a garden\n[\s\S]* {2}CI +the image of \w{7} Plant a garden is in the registry\n/);
  await told(/ {2}CD +applies \w{7}: default\/shop is to run \S+:[0-9a-f]{40}\n/);
  const after = await paste(rollOut ?? []);
  assert.match(after, /successfully rolled out\n[\s\S]*^shop +1\/1 +1 +1 .*\/team\/shop:[0-9a-f]{40}$/m);
  assert.match(after, RUNNING);
  assert.notEqual(RUNNING.exec(after)?.[1], RUNNING.exec(before)?.[1]);

  await paste(breakIt ?? []);
  await told(/ {2}CI +the build of \w{7} Sell rain \[broken\] has failed\n/);
  await told(/ {2}chat +:x: Build failed for /);

  const held = /Deployment shop stays at ([0-9a-f]{40}): the operator wrote [0-9a-f]{40} in [0-9a-f]{7}, which was taken back since/;
  const rolledBack = await paste(rollBack ?? []);
  const [, stays = ""] = /"action":"skipped".*?stays at ([0-9a-f]{40}):/.exec(rolledBack) ?? assert.fail(rolledBack);
  assert.match(rolledBack, new RegExp(`^shop .*/team/shop:${stays}$`, "m"));
  await told(new RegExp(` {2}chat +${held.source}`));
  await told(new RegExp(` {2}CD +applies \\w{7}: default/shop is to run \\S+:${stays}\\n`));
  await eventually(async () => !(await paste(["kubectl get pods -o yaml"])).includes(`:${garden(after)}`), "the garden runs on");

  await paste(newer ?? []);
  await told(/ Water the garden is in the registry\n[\s\S]* {2}CD +applies /);
  await told(/ Water the garden is in the registry\n[\s\S]* {2}chat +\S.* patched successfully to version /);
  child.kill("SIGINT");
  assert.deepEqual(await exited, [0, null]);
});

function garden(deployments: string): string {
  return /team\/shop:([0-9a-f]{40})/.exec(deployments)?.[1] ?? assert.fail(deployments);
}
