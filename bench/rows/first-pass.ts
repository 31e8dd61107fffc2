import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type BenchWorld, inBenchWorld } from "../bench-world.ts";
import { deployFleet } from "../deployments.ts";
import { startHealthProbe } from "../health-probe.ts";
import { makeApps, makeManifests } from "../repositories.ts";
import type { Finding, Row, Settings } from "../row.ts";
import { median, percentile, type Sample } from "../sample.ts";

/** The first pass on a repository with a history: what comes over the wire, how long it takes, and whether the probe is answered meanwhile. */
export const firstPass: Row = {
  name: "first-pass",
  measure: async function* (settings) {
    const shape = settings.quick ? { files: 400, commits: 50 } : { files: 10_000, commits: 4_999 };
    yield* await inBenchWorld((world) => measureFirstPass(world, settings, shape));
  },
};

export async function* measureFirstPass(
  world: BenchWorld,
  { runs }: Settings,
  shape: { files: number; commits: number },
): AsyncGenerator<Finding> {
  const { tips } = await makeApps(world, 1);
  await makeManifests(world, { ...shape, tagOf: () => tips[0] ?? "" });
  const times: number[] = [];
  const peerTimes: number[] = [];
  const health: number[] = [];
  const peaks: number[] = [];
  deployFleet(world, { count: 1 });
  for (let run = 0; run < runs; run++) {
    const operator = await world.operator();
    await operator.tracks(1);
    const probe = await startHealthProbe(operator.url);
    times.push((await operator.pass("up_to_date")).ms);
    health.push(...(await probe.stop()));
    peaks.push((await operator.memory()).peakMb);
    await operator.close();
    peerTimes.push(await cloneOnce(world, "direct"));
  }
  // Bytes differ by a few keep-alives at most, so one run tells them.
  deployFleet(world, { count: 1, via: "proxy" });
  const operator = await world.operator();
  await operator.tracks(1);
  world.proxy.resetCounts();
  await operator.pass("up_to_date");
  const bytes = world.proxy.serverBytes + world.proxy.clientBytes;
  await operator.close();
  world.proxy.resetCounts();
  await cloneOnce(world, "proxy");
  const peerBytes = world.proxy.serverBytes + world.proxy.clientBytes;

  const figure: Sample = { unit: "ms", values: times };
  const peer: Sample = { unit: "ms", values: peerTimes };
  const work = `first pass on a manifests repository with ${shape.commits + 1} commits and ${shape.files} files`;
  const name = "git clone --depth 1";
  const kilobytes = (value: number): Sample => ({ unit: "KB", values: [Math.round(value / 1024)] });
  yield { work, figure, peer: { name, figure: peer }, goal: { text: "ratio ≤ 2", value: median(figure) / median(peer), atMost: 2 } };
  yield {
    work: `${work}: bytes on the wire`,
    figure: kilobytes(bytes),
    peer: { name, figure: kilobytes(peerBytes) },
    goal: { text: "ratio ≤ 1.05", value: bytes / peerBytes, atMost: 1.05 },
  };
  const p99 = percentile(health, 0.99);
  yield {
    work: `${work}: /health p99 meanwhile`,
    figure: { unit: "ms", values: [p99] },
    goal: { text: "< 50 ms", value: p99, atMost: 50 },
  };
  yield { work: `${work}: slowest /health meanwhile`, figure: { unit: "ms", values: [Math.max(...health)] } };
  yield { work: `${work}: peak RSS`, figure: { unit: "MB", values: peaks } };
}

async function cloneOnce({ git, folder, url }: BenchWorld, via: "direct" | "proxy"): Promise<number> {
  const clone = join(folder, "clone");
  const ms = await git.run(folder, "clone", "--quiet", "--depth=1", url("team/manifests.git", via), clone);
  await rm(clone, { recursive: true });
  return ms;
}
