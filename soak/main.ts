/** `npm run soak -- [--minutes 30] [--seed N]`: the operator among random faults and changes; afterwards nothing may be lost, and nothing may have grown. */
import { randomInt } from "node:crypto";
import { readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { directorySize } from "../src/adapters/git/copies/directory-size.ts";
import type { ReconcileEntry } from "../src/http/calls/reconcile-entry.ts";
import { createRandom } from "../test/random.ts";
import { auditHistory, behind } from "./audit.ts";
import { type Callers, callOperator, note } from "./callers.ts";
import { makeChanges } from "./changes.ts";
import { makeFaults } from "./faults.ts";
import { growth, notFlat } from "./flat.ts";
import { type Measured, type Operator, runOperator } from "./operator.ts";
import { repeatedly } from "./repeatedly.ts";
import { startTown, type Town } from "./town.ts";

/** How long after the last fault every manifest may still be behind: a silent watch is noticed within 60 s. */
const CONVERGE_WITHIN_MS = 120_000;
const MAX_WORK_DIR_BYTES = 64 * 2 ** 20;

const { values } = parseArgs({ options: { minutes: { type: "string", default: "30" }, seed: { type: "string" } } });
const durationMs = Number(values.minutes) * 60_000;
const seed = Number(values.seed ?? randomInt(1, 1_000_000));
if (!(durationMs > 0) || !Number.isInteger(seed)) throw new Error("usage: npm run soak -- [--minutes N] [--seed N]");

const closing: (() => unknown)[] = [];
const problems = new Set<string>();
try {
  await soak();
} catch (error) {
  problems.add(error instanceof Error ? (error.stack ?? error.message) : String(error));
} finally {
  for (const close of closing.reverse()) await close();
}
for (const problem of [...problems].slice(0, 50)) console.error(`WRONG: ${problem}`);
if (problems.size > 0)
  console.error(`soak: ${problems.size} problems; repeat with: npm run soak -- --minutes ${values.minutes} --seed ${seed}`);
process.exit(problems.size > 0 ? 1 : 0);

async function soak(): Promise<void> {
  const t = { after: (close: () => unknown) => void closing.push(close) };
  const complain = (problem: string) => void problems.add(problem);
  const town = await startTown(t);
  // The waits for images are short, so that their ends are seen too.
  const images = { IMAGE_CHECK: "on", IMAGE_WAIT_INITIAL_SECONDS: "1", IMAGE_GRACE_SECONDS: "3" };
  const env = { ...town.world.env, ...images, OTEL_SDK_DISABLED: "true", RECONCILE_TIMEOUT_SECONDS: "10" };
  const operator = await runOperator(t, env, complain);
  console.log(`soak: ${values.minutes} minutes, seed ${seed}, ${town.apps.length} Deployments, git server: ${town.gitServer}`);

  const startedAt = performance.now();
  const end = AbortSignal.timeout(durationMs);
  const faults = makeFaults(town, createRandom(seed), end);
  const changes = makeChanges(town, seed, end);
  const callers = callOperator(operator, seed, end, complain);
  const samples: Measured[] = [];
  const isMeasured = new AbortController();
  const measuring = repeatedly(isMeasured.signal, createRandom(0), [1_000, 1_001], async () => {
    if (operator.url) samples.push(await operator.measure());
  });
  // One process lives through the second half, so that its growth can be seen.
  const random = createRandom(seed + 1);
  const restarts = repeatedly(AbortSignal.timeout(durationMs / 2), random, [4_000, 20_000], () =>
    operator.restart(random.pick(["SIGTERM", "SIGKILL"])),
  );
  await Promise.all([faults.done, changes.done, callers.done, restarts]);

  const convergedMs = await converge(town, operator, callers);
  if (convergedMs === undefined) {
    for (const app of await behind(town)) complain(`${app.namespace}/${app.name} is not at its newest commit ${app.commits.at(-1)}`);
    complain(await (await fetch(`${operator.url}/status`)).text());
  }
  isMeasured.abort();
  await measuring;
  const last = await operator.measure();
  for (const problem of notFlat(samples)) complain(problem);
  if (last.children > 0) complain(`${last.children} child processes are left`);
  const workDir = town.world.env.WORK_DIR ?? "";
  const workDirBytes = await directorySize(workDir);
  if (workDirBytes > MAX_WORK_DIR_BYTES) complain(`the work directory has ${workDirBytes} bytes`);
  await operator.stop();
  const leftovers = await readdir(workDir);
  if (leftovers.length > 0) complain(`left in the work directory: ${leftovers.join(", ")}`);
  const audit = await auditHistory(town, changes, callers.patched);
  for (const problem of audit.problems) complain(problem);

  const figures = {
    seconds: Math.round((performance.now() - startedAt) / 1_000),
    convergedSeconds: convergedMs === undefined ? null : Math.round(convergedMs / 1_000),
    ...{ ...callers.counts, slowestHealthMs: Math.round(callers.counts.slowestHealthMs) },
    results: Object.fromEntries(callers.actions),
    operatorCommits: audit.commits,
    ...changes.counts,
    faults: Object.fromEntries(faults.counts),
    ...{ ...operator.counts, slowestExitMs: Math.round(operator.counts.slowestExitMs) },
    peakRssMb: Math.round(Math.max(...samples.map(({ rssMb }) => rssMb))),
    firstAndLast: growth(samples),
    workDirBytes,
  };
  console.log(`soak: ${JSON.stringify(figures)}`);
}

/**
 * After the last fault, and one more commit of each application, which ends what is held: how long until every manifest names it, and a pass then
 * finds nothing to do.
 */
async function converge(town: Town, operator: Operator, callers: Callers): Promise<number | undefined> {
  const startedAt = performance.now();
  for (const app of town.apps) app.build(await app.commit());
  while (performance.now() - startedAt < CONVERGE_WITHIN_MS) {
    const response = await fetch(`${operator.url}/reconcile`);
    const entries = response.status === 200 ? ((await response.json()) as ReconcileEntry[]) : [];
    note(callers, entries);
    const isDone = entries.length === town.apps.length && entries.every(({ action }) => action === "up_to_date");
    if (isDone && (await behind(town)).length === 0) return performance.now() - startedAt;
    await sleep(1_000);
  }
  return undefined;
}
