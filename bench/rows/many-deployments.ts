import { type BenchWorld, inBenchWorld } from "../bench-world.ts";
import { deployFleet } from "../deployments.ts";
import type { Finding, Row, Settings } from "../row.ts";
import { median, type Sample } from "../sample.ts";

const BYTES = 6 * 1024;

/** A large cluster of which little is ours. */
export const manyDeployments: Row = {
  name: "many-deployments",
  measure: async function* (settings) {
    yield* await inBenchWorld((world) => measureIn(world, settings));
  },
};

async function* measureIn(world: BenchWorld, { runs, quick }: Settings): AsyncGenerator<Finding> {
  const [all, tracked] = quick ? [500, 25] : [10_000, 500];
  for (let index = 0; index < all - tracked; index++) world.cluster.put(foreign(index));
  deployFleet(world, { count: tracked });
  // As large as the others: a filler in an annotation that is not ours.
  for (const deployment of world.cluster.list("Deployment").filter(({ metadata }) => metadata.namespace === "default")) {
    const { annotations } = deployment.metadata as { annotations: Record<string, string> };
    const missing = BYTES - JSON.stringify(deployment).length;
    world.cluster.put({
      ...deployment,
      metadata: { ...deployment.metadata, annotations: { ...annotations, filler: "x".repeat(missing) } },
    });
  }
  await (await fetch(`${world.cluster.url}/apis/apps/v1/deployments`)).arrayBuffer();

  const times: number[] = [];
  const resident: number[] = [];
  const peaks: number[] = [];
  for (let run = 0; run < runs; run++) {
    const operator = await world.operator();
    // It lists from its start on, before it listens: the double's first page is asked for within milliseconds of that.
    const startedAt = performance.now();
    await operator.tracks(tracked);
    times.push(performance.now() - startedAt);
    const { rssMb, peakMb } = await operator.memory();
    resident.push(rssMb);
    peaks.push(peakMb);
    await operator.close();
  }
  const list: Sample = { unit: "ms", values: times };
  const rss: Sample = { unit: "MB", values: resident };
  const work = `${all} Deployments of 6 KB, ${tracked} tracked`;
  yield { work: `${work}: list to ready`, figure: list, goal: { text: "≤ 1,500 ms", value: median(list), atMost: 1_500 } };
  yield { work: `${work}: RSS when ready`, figure: rss, goal: { text: "≤ 220 MB", value: median(rss), atMost: 220 } };
  const peak: Sample = { unit: "MB", values: peaks };
  yield { work: `${work}: peak RSS`, figure: peak, goal: { text: "≤ 220 MB", value: median(peak), atMost: 220 } };
}

function foreign(index: number) {
  const name = `foreign-${index}`;
  const env = Array.from({ length: 60 }, (_, field) => ({
    name: `SETTING_${field}`,
    value: `value ${field} of ${name}, as it was set by somebody`,
  }));
  return {
    apiVersion: "apps/v1",
    kind: "Deployment" as const,
    metadata: { namespace: `team-${index % 50}`, name, annotations: { note: "n".repeat(600) } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name, image: `registry.example.com/team/${name}:1.0`, env }] },
      },
    },
  };
}
