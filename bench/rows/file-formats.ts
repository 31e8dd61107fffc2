import { type BenchWorld, inBenchWorld } from "../bench-world.ts";
import { deployFleet } from "../deployments.ts";
import { appName, makeApps, makeManifests, manifestPath } from "../repositories.ts";
import type { Finding, Row, Settings } from "../row.ts";
import { median, type Sample } from "../sample.ts";

const FLEETS = { plain: ["deployment.yaml"], formats: ["kustomization.yaml", "values.yaml"] };
type Fleet = keyof typeof FLEETS;

/** A pass without news whose files are kustomizations and Helm values, beside one over plain Deployments: the same applications, in turn. */
export const fileFormats: Row = {
  name: "file-formats",
  measure: async function* (settings) {
    yield* await inBenchWorld((world) => measureIn(world, settings));
  },
};

async function* measureIn(world: BenchWorld, { quick, runs }: Settings): AsyncGenerator<Finding> {
  const count = quick ? 8 : 100;
  const { tips } = await makeApps(world, count);
  const manifests = await makeManifests(world, { files: count * 4, tagOf: (app) => tips[app] ?? "" });
  const pathIn = (fleet: Fleet) => (app: number) =>
    manifestPath(app).replace("deployment.yaml", FLEETS[fleet][app % FLEETS[fleet].length] ?? "");
  await manifests.commit(Object.fromEntries(tips.map((tip, app) => [pathIn("formats")(app), textOf(pathIn("formats")(app), app, tip)])));
  const fleets = Object.keys(FLEETS) as Fleet[];
  for (const namespace of fleets) deployFleet(world, { count, namespace, pathOf: pathIn(namespace) });
  const operator = await world.operator();
  await operator.tracks(count * fleets.length);
  // What a first pass fetches and reads is not the matter.
  for (const fleet of fleets) await operator.passOver(fleet, "up_to_date");
  const times: Record<Fleet, number[]> = { plain: [], formats: [] };
  for (let run = 0; run < runs; run++)
    for (const fleet of run % 2 === 0 ? fleets : fleets.toReversed()) times[fleet].push((await operator.passOver(fleet, "up_to_date")).ms);
  const [figure, peer] = (["formats", "plain"] as const).map((fleet): Sample => ({ unit: "ms", values: times[fleet] })) as [Sample, Sample];
  const ratio = median(figure) / median(peer);
  yield {
    work: `pass over ${count} up-to-date Deployments whose files are kustomizations and Helm values`,
    figure,
    peer: { name: "plain Deployments", figure: peer },
    goal: { text: "ratio ≤ 1.1", value: ratio, atMost: 1.1 },
  };

  /** As long as the plain manifests are. */
  function textOf(path: string, app: number, tag: string): string {
    const name = `${world.registry.host}/team/${appName(app)}`;
    const image = `  repository: ${name}\n  pullPolicy: IfNotPresent\n  tag: "${tag}"\n`;
    if (path.endsWith("values.yaml"))
      return `# Of the chart\nreplicaCount: 2\nimage:\n${image}service: { type: ClusterIP, port: 80 }\nresources:\n  limits: { cpu: 500m, memory: 256Mi }\n  requests: { cpu: 50m, memory: 64Mi }\nenv:\n- { name: LOG_LEVEL, value: info }\n`;
    return `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: shop\nresources:\n- ../base\n- ingress.yaml\nlabels:\n- { pairs: { app: shop }, includeSelectors: true }\nimages:\n- name: team/sidecar\n  newTag: "1"\n- name: ${name}\n  newTag: "${tag}"\n`;
  }
}
