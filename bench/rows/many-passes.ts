import { directorySize } from "../../src/adapters/git/copies/directory-size.ts";
import { type BenchWorld, inBenchWorld } from "../bench-world.ts";
import { deployFleet, publish } from "../deployments.ts";
import { makeApps, makeManifests } from "../repositories.ts";
import type { Finding, Row, Settings } from "../row.ts";
import { median, type Sample, type Unit } from "../sample.ts";

const COUNT = 10;
/** One application moves in every so many passes. */
const CHANGE_EVERY = 4;

/** Whether anything grows from pass to pass: the last fifth beside the second (in the first, caches fill). */
export const manyPasses: Row = {
  name: "many-passes",
  measure: async function* (settings) {
    yield* await inBenchWorld((world) => measureIn(world, settings));
  },
};

async function* measureIn(world: BenchWorld, { quick }: Settings): AsyncGenerator<Finding> {
  const passes = quick ? 40 : 1_000;
  const { repositories, tips } = await makeApps(world, COUNT);
  await makeManifests(world, { files: 400 });
  for (const [app, tip] of tips.entries()) publish(world, tip, [app]);
  deployFleet(world, { count: COUNT });
  const operator = await world.operator();
  await operator.tracks(COUNT);
  const seen: { rssMb: number; files: number; diskKb: number }[] = [];
  for (let pass = 0; pass < passes; pass++) {
    if (pass % CHANGE_EVERY === 0) {
      const app = (pass / CHANGE_EVERY) % COUNT;
      publish(world, (await repositories[app]?.commit({ "index.html": `pass ${pass}` })) ?? "", [app]);
    }
    await operator.pass("patched", "up_to_date");
    const { rssMb } = await operator.memory();
    seen.push({ rssMb, files: await operator.openFiles(), diskKb: (await directorySize(String(world.env.WORK_DIR))) / 1024 });
  }
  const fifth = Math.floor(passes / 5);
  const work = `${passes} passes over ${COUNT} Deployments, a change in every ${CHANGE_EVERY}th`;
  const compare = (what: string, unit: Unit, values: readonly number[], atMost: number): Finding => {
    const early: Sample = { unit, values: values.slice(fifth, 2 * fifth) };
    const late: Sample = { unit, values: values.slice(-fifth) };
    const ratio = median(late) / median(early);
    return {
      work: `${work}: ${what}`,
      figure: late,
      peer: { name: "second fifth", figure: early },
      goal: { text: `flat (ratio ≤ ${atMost})`, value: ratio, atMost },
    };
  };
  yield compare(
    "RSS",
    "MB",
    seen.map(({ rssMb }) => rssMb),
    1.15,
  );
  yield compare(
    "open files",
    "count",
    seen.map(({ files }) => files),
    1.1,
  );
  yield compare(
    "disk",
    "KB",
    seen.map(({ diskKb }) => diskKb),
    1.15,
  );
}
