import { setTimeout as sleep } from "node:timers/promises";
import { type BenchWorld, inBenchWorld } from "../bench-world.ts";
import { deployFleet } from "../deployments.ts";
import type { Finding, Row, Settings } from "../row.ts";
import { median, type Sample } from "../sample.ts";

const IDLE_MS = 3_000;

/** From the start of the process until it listens, and what it takes up doing nothing. */
export const start: Row = {
  name: "start",
  measure: async function* (settings) {
    yield* await inBenchWorld((world) => measureIn(world, settings));
  },
};

async function* measureIn(world: BenchWorld, { runs, quick }: Settings): AsyncGenerator<Finding> {
  deployFleet(world, { count: 1 });
  const times: number[] = [];
  const resident: number[] = [];
  // The image has the compile cache that the first one makes.
  await (await world.operator()).close();
  for (let run = 0; run < runs; run++) {
    const operator = await world.operator();
    times.push(operator.listeningAfterMs);
    await operator.tracks(1);
    await sleep(quick ? 100 : IDLE_MS);
    resident.push((await operator.memory()).rssMb);
    await operator.close();
  }
  const figure: Sample = { unit: "ms", values: times };
  const rss: Sample = { unit: "MB", values: resident };
  yield { work: "start to listening", figure, goal: { text: "≤ 200 ms", value: median(figure), atMost: 200 } };
  yield { work: "idle RSS", figure: rss, goal: { text: "≤ 100 MB", value: median(rss), atMost: 100 } };
}
