import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BenchWorld, inBenchWorld } from "../bench-world.ts";
import { deployFleet, publish } from "../deployments.ts";
import { makeApps, makeManifests, manifestPath } from "../repositories.ts";
import type { Finding, Row, Settings } from "../row.ts";
import { median, type Sample } from "../sample.ts";

/** Every Deployment of a manifests repository is to be updated at once. */
export const hundredUpdates: Row = {
  name: "hundred-updates",
  async *measure(settings) {
    const count = settings.quick ? 8 : 100;
    for (const apps of [1, count])
      yield* await inBenchWorld((world) => measureUpdates(world, settings, { count, apps, files: settings.quick ? 400 : 10_000 }));
  },
};

interface Updates {
  readonly count: number;
  /** Application repositories that they come from. */
  readonly apps: number;
  readonly files: number;
}

export async function* measureUpdates(world: BenchWorld, { runs }: Settings, { count, apps, files }: Updates): AsyncGenerator<Finding> {
  const { repositories } = await makeApps(world, apps);
  const manifests = await makeManifests(world, { files });
  deployFleet(world, { count, appOf: (app) => app % apps });
  const operator = await world.operator();
  await operator.tracks(count);
  const all = Array.from({ length: count }, (_, app) => app);

  const times: number[] = [];
  const peerTimes: number[] = [];
  const pushes: number[] = [];
  const commits: number[] = [];
  // The first is not counted: it brings the copy.
  for (let run = -1; run < runs; run++) {
    for (const [index, repository] of repositories.entries()) {
      const tag = await repository.commit({ "index.html": `run ${run}` });
      publish(
        world,
        tag,
        all.filter((app) => app % apps === index),
      );
    }
    const before = { pushes: await pushCount(world), commits: (await manifests.log()).length };
    const { ms } = await operator.pass("patched");
    if (run < 0) continue;
    times.push(ms);
    pushes.push((await pushCount(world)) - before.pushes);
    commits.push((await manifests.log()).length - before.commits);
    peerTimes.push(await cloneAndPush(world, `clone-${run}`, run));
  }
  const figure: Sample = { unit: "ms", values: times };
  const peer: Sample = { unit: "ms", values: peerTimes };
  const work = `${count} Deployments updated at once from ${apps} application ${apps === 1 ? "repository" : "repositories"}, ${files} files`;
  yield {
    work,
    figure,
    peer: { name: "one git clone --depth 1 + commit + push", figure: peer },
    goal: { text: "ratio ≤ 3", value: median(figure) / median(peer), atMost: 3 },
  };
  yield { work: `${work}: pushes`, figure: { unit: "count", values: pushes }, goal: { text: "1", value: Math.max(...pushes), atMost: 1 } };
  yield {
    work: `${work}: commits`,
    figure: { unit: "count", values: commits },
    goal: { text: String(count), value: count, atMost: Math.min(...commits) },
  };
}

async function cloneAndPush({ git, folder, url }: BenchWorld, name: string, run: number): Promise<number> {
  const clone = join(folder, name);
  const cloned = await git.run(folder, "clone", "--quiet", "--depth=1", url("team/manifests.git", "direct"), clone);
  const path = manifestPath(0).replace("deployment", "peer");
  await writeFile(join(clone, path), `changed: ${run}\n`);
  return (
    cloned +
    (await git.run(clone, "add", path)) +
    (await git.run(clone, "commit", "--quiet", "-m", "Change")) +
    (await git.run(clone, "push", "--quiet", "origin", "master"))
  );
}

async function pushCount(world: BenchWorld): Promise<number> {
  return (await world.gitHost.execs()).filter(({ service }) => service === "git-receive-pack").length;
}
