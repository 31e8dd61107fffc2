import { setTimeout as sleep } from "node:timers/promises";
import { type BenchWorld, inBenchWorld } from "../bench-world.ts";
import { deployFleet, publish } from "../deployments.ts";
import { makeApps, makeManifests } from "../repositories.ts";
import type { Finding, Row, Settings } from "../row.ts";

/** Each way. */
const DELAY_MS = 10;
/** For counting: long enough that the server's git answers within it, so that waits are counted and not races between goodbyes. */
const COUNTING_DELAY_MS = 40;

/** 20 ms from question to answer at the least: then it is the number of questions that must wait for one another that counts. */
export const roundTrips: Row = {
  name: "round-trips",
  measure: async function* (settings) {
    yield* await inBenchWorld((world) => measureIn(world, settings));
  },
};

async function* measureIn(world: BenchWorld, { runs, quick }: Settings): AsyncGenerator<Finding> {
  const { repositories, tips } = await makeApps(world, 1);
  await makeManifests(world, { files: quick ? 400 : 10_000 });
  deployFleet(world, { count: 1, via: "proxy" });
  publish(world, tips[0] ?? "", [0]);
  const operator = await world.operator();
  await operator.tracks(1);
  world.proxy.delayMs = DELAY_MS;
  const first = await operator.pass("patched");
  const firstTrips = world.proxy.roundTrips;

  const passes = {
    up_to_date: { trips: [] as number[], times: [] as number[] },
    patched: { trips: [] as number[], times: [] as number[] },
  };
  for (let run = 0; run < runs; run++) {
    for (const delayMs of [DELAY_MS, COUNTING_DELAY_MS]) {
      for (const action of ["up_to_date", "patched"] as const) {
        if (action === "patched") publish(world, (await repositories[0]?.commit({ "index.html": `run ${run}, ${delayMs}` })) ?? "", [0]);
        world.proxy.delayMs = delayMs;
        // Goodbyes of the pass before belong to it.
        await sleep(8 * delayMs);
        world.proxy.resetCounts();
        const { ms } = await operator.pass(action);
        if (delayMs === DELAY_MS) passes[action].times.push(ms);
        else passes[action].trips.push(world.proxy.roundTrips);
      }
    }
  }
  const delay = `with ${2 * DELAY_MS} ms of delay`;
  const { up_to_date: idle, patched: update } = passes;
  // The proxy can count a wait too many, never one too few.
  const [fewestIdle, fewestUpdate] = [Math.min(...idle.trips), Math.min(...update.trips)];
  yield {
    work: "SSH round trips of a pass without news, after connecting",
    figure: { unit: "count", values: idle.trips },
    goal: { text: "≤ 3", value: fewestIdle, atMost: 3 },
  };
  yield { work: `a pass without news ${delay}`, figure: { unit: "ms", values: idle.times } };
  yield {
    work: "SSH round trips of an update, after connecting",
    figure: { unit: "count", values: update.trips },
    goal: { text: "≤ 8", value: fewestUpdate, atMost: 8 },
  };
  yield { work: `an update ${delay}`, figure: { unit: "ms", values: update.times } };
  yield {
    work: "SSH round trips of a first pass with an update, connecting and copying included",
    figure: { unit: "count", values: [firstTrips] },
  };
  yield { work: `a first pass with an update ${delay}`, figure: { unit: "ms", values: [first.ms] } };
}
