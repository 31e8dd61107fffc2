import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pathOf } from "../observability-files.ts";
import { runTool } from "../tool.ts";

const sandbox = fileURLToPath(new URL("../../sandbox/main.ts", import.meta.url));
/** Longer than the build that the story tells of. */
const SLOW_MS = 2_000;
const isLinux = process.platform === "linux";

/** The story's operator is its only child that runs this. */
function operatorsOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  return children.filter((child) => /src\/main\.ts/.test(readFileSync(`/proc/${child}/cmdline`, "utf8"))).map(Number);
}

test("the story of an operator on a slow machine ends, all three acts, and the printed check --live finds all well", {
  timeout: 90_000,
  skip: isLinux ? false : "it finds and stops the operator by /proc",
}, async (t) => {
  const child = spawn(process.execPath, [sandbox, "--keep"], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill());
  const ended = once(child, "exit");
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.includes("A developer pushes")) {
      const operators = operatorsOf(child.pid ?? 0);
      assert.equal(operators.length, 1);
      assert.match(readFileSync(`/proc/${operators[0]}/environ`, "utf8"), /\0OTEL_SDK_DISABLED=true\0/);
      for (const pid of operators) process.kill(pid, "SIGSTOP");
      void delay(SLOW_MS).then(() => operators.forEach((pid) => void process.kill(pid, "SIGCONT")));
    }
    if (line.startsWith("  repositories ")) break;
  }
  const story = lines.join("\n");
  assert.match(story, /still runs the old image: rolling out is Argo CD's or Flux's job[\s\S]*\nNAMESPACE /);
  assert.match(story, /\n {2}:hourglass: Build running for .*\n {2}Deployment shop patched successfully/);
  const answers = [...story.matchAll(/^ {2}=> (\w+) +(.*)$/gm)].map(([, action, message]) => `${action}: ${message}`);
  const expected = [
    /^up_to_date: .*; 1 newer commit has no image: [0-9a-f]{7} Explain the shop$/,
    /^failed: :x: Build failed for /,
    /^skipped: Deployment shop stays at [0-9a-f]{40}: the operator wrote [0-9a-f]{40} in [0-9a-f]{7}, which was taken back since; /,
    /^patched: /,
  ];
  assert.equal(answers.length, expected.length, story);
  for (const [index, pattern] of expected.entries()) assert.match(answers[index] ?? "", pattern);
  assert.match(story, /\n {2}:x: Build failed .*\n {2}Deployment shop stays at .*\n {2}:white_check_mark: Deployment shop recovered: /);
  assert.match(
    story,
    /forge +POST .* = {2}\{"deployments":1\}\n {2}operator +has seen the commit[\s\S]* registry +POST .* = {2}\{"deployments":1\}\n/,
  );
  assert.match(story, /operator +was woken, asked the registry, and pushed \d+ ms after the event\n[\s\S]* last event: image /);
  assert.match(
    story,
    /the commit +has the mark success: gitops-operator\/default\/shop: runs in default: 1 of 1 ready, \d+ s after the push\n/,
  );
  const log = /tail -f (\S+)/.exec(story)?.[1] ?? "";

  const [, cluster] = / get deployments -A {3}\((\S+)\)/.exec(story) ?? [];
  const file = join(dirname(log), "shop.json");
  writeFileSync(file, await (await fetch(`${cluster}/apis/apps/v1/namespaces/default/deployments/shop`)).text());
  const [, command = ""] = /check --live {4}(.*)/.exec(story) ?? [];
  const { code, stdout, stderr } = await runTool("bash", ["-c", `cd ${pathOf("")} && ${command.replace("FILE", file)}`]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /1 Deployment checked, no problems\n$/);
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
});
