import { type BenchWorld, inBenchWorld } from "../bench-world.ts";
import { deployFleet } from "../deployments.ts";
import type { Finding, Row, Settings } from "../row.ts";
import { median, type Sample } from "../sample.ts";

const BYTES = 6 * 1024;

/** A large cluster of which little is ours: Deployments, and as many objects of the other kinds. */
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
  for (let index = 0; index < all; index++) world.cluster.put(other(index, index < tracked));
  // Once before, so that the double has them as text.
  await (await fetch(`${world.cluster.url}/apis/apps/v1/deployments`)).arrayBuffer();
  const whole = await bytesOf(world, "application/json");
  const metadata = await bytesOf(world, METADATA);

  const times: number[] = [];
  const resident: number[] = [];
  const peaks: number[] = [];
  for (let run = 0; run < runs; run++) {
    const operator = await world.operator();
    // It lists from its start on, before it listens: the double's first page is asked for within milliseconds of that.
    const startedAt = performance.now();
    await operator.tracks(2 * tracked);
    times.push(performance.now() - startedAt);
    const { rssMb, peakMb } = await operator.memory();
    resident.push(rssMb);
    peaks.push(peakMb);
    await operator.close();
  }
  const list: Sample = { unit: "ms", values: times };
  const rss: Sample = { unit: "MB", values: resident };
  const work = `${all} Deployments of 6 KB, ${tracked} tracked, and ${all} StatefulSets likewise`;
  yield { work: `${work}: list to ready`, figure: list, goal: { text: "≤ 1,500 ms", value: median(list), atMost: 1_500 } };
  yield { work: `${work}: RSS when ready`, figure: rss, goal: { text: "≤ 220 MB", value: median(rss), atMost: 220 } };
  const perObject = (bytes: number): Sample => ({ unit: "KB", values: [bytes / all / 1024] });
  yield { work: "a StatefulSet on the wire, whole", figure: perObject(whole) };
  yield { work: "a StatefulSet on the wire, its metadata alone", figure: perObject(metadata) };
  const peak: Sample = { unit: "MB", values: peaks };
  yield { work: `${work}: peak RSS`, figure: peak, goal: { text: "≤ 220 MB", value: median(peak), atMost: 220 } };
}

const METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/** Of all StatefulSets on the wire. */
async function bytesOf({ cluster }: BenchWorld, accept: string): Promise<number> {
  const response = await fetch(`${cluster.url}/apis/apps/v1/statefulsets`, { headers: { accept } });
  return (await response.arrayBuffer()).byteLength;
}

/** As API servers keep it: two fifths are the lists of who has set which field. Those that are tracked are disabled, so that they cost the list alone. */
function other(index: number, isTracked: boolean) {
  const { metadata, ...rest } = foreign(index);
  const annotations = isTracked ? { ...metadata.annotations, ...TRACKED } : metadata.annotations;
  const managedFields = [{ manager: "kubectl", operation: "Update", fieldsV1: { "f:spec": "f".repeat(2_300) } }];
  return { ...rest, kind: "StatefulSet" as const, metadata: { ...metadata, name: `set-${index}`, annotations, managedFields } };
}

const TRACKED = Object.fromEntries(
  Object.entries({
    ...{ enabled: "false", app_repository: "git@git.example:team/a.git", manifest_repository: "git@git.example:team/m.git" },
    ...{ deployment_path: "a.yaml", image_name: "team/a", ssh_key_name: "ssh-key", ssh_key_namespace: "gitops-operator" },
  }).map(([name, value]) => [`gitops.operator.${name}`, value]),
);

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
