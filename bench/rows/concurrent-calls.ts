import { type BenchWorld, inBenchWorld } from "../bench-world.ts";
import { deployFleet } from "../deployments.ts";
import { startHealthProbe } from "../health-probe.ts";
import { makeApps, makeManifests } from "../repositories.ts";
import type { Finding, Row, Settings } from "../row.ts";
import { percentile } from "../sample.ts";
import { callAtOnce } from "../simultaneous-calls.ts";

/** Many impatient callers at once. */
export const concurrentCalls: Row = {
  name: "concurrent-calls",
  measure: async function* (settings) {
    yield* await inBenchWorld((world) => measureIn(world, settings));
  },
};

async function* measureIn(world: BenchWorld, { runs, quick }: Settings): AsyncGenerator<Finding> {
  const [count, calls] = quick ? [8, 100] : [100, 1_000];
  const { tips } = await makeApps(world, count);
  await makeManifests(world, { files: count * 4, tagOf: (app) => tips[app] ?? "" });
  deployFleet(world, { count });
  const operator = await world.operator();
  await operator.tracks(count);
  await operator.pass("up_to_date");
  const times: number[] = [];
  const runsEach: number[] = [];
  const health: number[] = [];
  for (let run = 0; run < runs; run++) {
    const before = await operator.metric("gitops_operator_runs_total");
    const probe = await startHealthProbe(operator.url);
    times.push(await callAtOnce(`${operator.url}/reconcile`, calls));
    health.push(...(await probe.stop()));
    runsEach.push(((await operator.metric("gitops_operator_runs_total")) - before) / count);
  }
  const work = `${calls} simultaneous /reconcile with ${count} Deployments`;
  const p99 = percentile(health, 0.99);
  const most = Math.max(...runsEach);
  yield { work: `${work}: to the last answer`, figure: { unit: "ms", values: times } };
  yield {
    work: `${work}: runs per Deployment`,
    figure: { unit: "count", values: runsEach },
    goal: { text: "≤ 2", value: most, atMost: 2 },
  };
  yield {
    work: `${work}: /health p99 meanwhile`,
    figure: { unit: "ms", values: [p99] },
    goal: { text: "< 100 ms", value: p99, atMost: 100 },
  };
  yield { work: `${work}: slowest /health meanwhile`, figure: { unit: "ms", values: [Math.max(...health)] } };
}
