import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { programTest as test } from "./program-test.ts";

const program = process.env.OPERATOR_PROGRAM ?? "";
/** Node itself is 1. The program as one file, which Node had to read as a whole, was 6. */
const MOST = 2.5;
const RUNS = 15;

test("--help costs little more than starting Node", async (t) => {
  const cost = (args: readonly string[]) => {
    const startedAt = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
    assert.equal(status, 0);
    return performance.now() - startedAt;
  };
  let [node, help] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let run = 0; run < RUNS; run++) {
    node = Math.min(node, cost(["-e", "0"]));
    help = Math.min(help, cost([program, "--help"]));
  }
  t.diagnostic(`node -e 0: ${node.toFixed(1)} ms, --help: ${help.toFixed(1)} ms, ${(help / node).toFixed(2)} times as long`);
  assert.ok(help <= MOST * node, `${help} ms beside ${node} ms`);
});
