import { inBenchWorld } from "../bench-world.ts";
import { deployFleet } from "../deployments.ts";
import { makeApps, makeManifests } from "../repositories.ts";
import type { Finding, Row, Settings } from "../row.ts";
import { measureFirstPass } from "./first-pass.ts";
import { measureUpdates } from "./hundred-updates.ts";

/** The same work at growing sizes. */
export const growthRows: readonly Row[] = [
  {
    name: "growth-deployments",
    async *measure(settings) {
      for (const count of settings.quick ? [5, 10] : [10, 100, 500]) yield* await upToDatePasses(settings, count, 1);
    },
  },
  {
    name: "growth-repositories",
    async *measure(settings) {
      const count = settings.quick ? 8 : 200;
      for (const apps of settings.quick ? [1, 8] : [1, 20, 200]) yield* await upToDatePasses(settings, count, apps);
    },
  },
  {
    name: "growth-files",
    async *measure(settings) {
      for (const files of settings.quick ? [40, 200] : [200, 2_000, 10_000, 50_000]) {
        const shape = { files, commits: 0 };
        const few = { ...settings, runs: Math.min(3, settings.runs) };
        yield* told(await inBenchWorld((world) => measureFirstPass(world, few, shape)), /^first pass[^:]*(: (bytes.*|slowest.*|peak.*))?$/);
        yield* told(await inBenchWorld((world) => measureUpdates(world, few, { count: 1, apps: 1, files })), /^[^:]*$/);
      }
    },
  },
  {
    name: "growth-changes",
    async *measure(settings) {
      for (const count of settings.quick ? [1, 10] : [1, 10, 100]) {
        const work = await inBenchWorld((world) =>
          measureUpdates(world, settings, { count, apps: count, files: settings.quick ? 400 : 2_000 }),
        );
        yield* told(work, /^[^:]*(: pushes)?$/);
      }
    },
  },
];

async function upToDatePasses({ runs }: Settings, count: number, apps: number) {
  return inBenchWorld(async function* (world): AsyncGenerator<Finding> {
    const { tips } = await makeApps(world, apps);
    await makeManifests(world, { files: count * 4, tagOf: (app) => tips[app % apps] ?? "" });
    deployFleet(world, { count, appOf: (app) => app % apps });
    const operator = await world.operator();
    await operator.tracks(count);
    await operator.pass("up_to_date");
    const values: number[] = [];
    for (let run = 0; run < runs; run++) values.push((await operator.pass("up_to_date")).ms);
    yield { work: `pass over ${count} up-to-date Deployments, ${apps} application repositories`, figure: { unit: "ms", values } };
  });
}

/** For growth, not for a limit. */
async function* told(findings: AsyncGenerator<Finding>, which: RegExp): AsyncGenerator<Finding> {
  for await (const { goal: _, ...finding } of findings) if (which.test(finding.work)) yield finding;
}
