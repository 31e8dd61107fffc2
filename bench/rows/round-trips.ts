import { type BenchWorld, inBenchWorld } from "../bench-world.ts";
import { deployFleet, publish } from "../deployments.ts";
import { makeApps, makeManifests } from "../repositories.ts";
import type { Finding, Row, Settings } from "../row.ts";

const DELAY_MS = 10;

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

  const idle: { trips: number[]; times: number[] } = { trips: [], times: [] };
  const update: { trips: number[]; times: number[] } = { trips: [], times: [] };
  for (let run = 0; run < runs; run++) {
    await settled();
    world.proxy.resetCounts();
    idle.times.push((await operator.pass("up_to_date")).ms);
    idle.trips.push(world.proxy.roundTrips);
    publish(world, (await repositories[0]?.commit({ "index.html": `run ${run}` })) ?? "", [0]);
    await settled();
    world.proxy.resetCounts();
    update.times.push((await operator.pass("patched")).ms);
    update.trips.push(world.proxy.roundTrips);
  }
  const delay = `with ${2 * DELAY_MS} ms of delay`;
  const [mostIdle, mostUpdate] = [Math.max(...idle.trips), Math.max(...update.trips)];
  yield {
    work: "SSH round trips of a pass without news, after connecting",
    figure: { unit: "count", values: idle.trips },
    goal: { text: "≤ 3", value: mostIdle, atMost: 3 },
  };
  yield { work: `a pass without news ${delay}`, figure: { unit: "ms", values: idle.times } };
  yield {
    work: "SSH round trips of an update, after connecting",
    figure: { unit: "count", values: update.trips },
    goal: { text: "≤ 8", value: mostUpdate, atMost: 8 },
  };
  yield { work: `an update ${delay}`, figure: { unit: "ms", values: update.times } };
  yield {
    work: "SSH round trips of a first pass with an update, connecting and copying included",
    figure: { unit: "count", values: [firstTrips] },
  };
  yield { work: `a first pass with an update ${delay}`, figure: { unit: "ms", values: [first.ms] } };
}

/** Goodbyes of the pass before belong to it. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 8 * DELAY_MS));
}
