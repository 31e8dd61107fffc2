import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BenchWorld, type Door, inBenchWorld } from "../bench-world.ts";
import { deployFleet, publish } from "../deployments.ts";
import { cloneWithLibgit2, libgit2Missing } from "../libgit2.ts";
import { makeApps, makeManifests, manifestPath } from "../repositories.ts";
import type { Finding, Row, Settings } from "../row.ts";
import { median, type Sample } from "../sample.ts";

/** One application has moved: from the trigger to the push that the server has acknowledged. */
export const oneUpdate: Row = {
  name: "one-update",
  measure: async function* (settings) {
    for (const door of ["ssh", "https"] as const) yield* await inBenchWorld((world) => measureIn(world, settings, door), { door });
  },
};

/** Over https the command line has no login by key to pay for. */
const MOST_OF_PEER: Readonly<Record<Door, number>> = { ssh: 0.25, https: 0.8 };

async function* measureIn(world: BenchWorld, { quick, runs }: Settings, door: Door): AsyncGenerator<Finding> {
  const files = quick ? 400 : 10_000;
  const { repositories, tips } = await makeApps(world, 1);
  const manifests = await makeManifests(world, { files });
  deployFleet(world, { count: 1 });
  publish(world, tips[0] ?? "", [0]);
  const url = world.url("team/manifests.git", "direct");
  const clone = join(world.folder, "clone");
  await world.git.run(world.folder, "clone", "--quiet", "--depth=1", url, clone);
  const libgit2 = libgit2Missing || door !== "ssh" ? undefined : await cloneWithLibgit2(world, url, join(world.folder, "libgit2"));
  const operator = await world.operator();
  await operator.tracks(1);
  await operator.pass("patched");

  const times: number[] = [];
  const peerTimes: number[] = [];
  const libgit2Times: number[] = [];
  let pushes = 0;
  for (let run = 0; run < runs; run++) {
    const tag = (await repositories[0]?.commit({ "index.html": `run ${run}` })) ?? "";
    publish(world, tag, [0]);
    const before = await pushCount(world);
    times.push((await operator.pass("patched")).ms);
    pushes += (await pushCount(world)) - before;
    if (!(await manifests.read(manifestPath(0))).includes(tag)) throw new Error("the tag did not arrive");
    peerTimes.push(await updateByCommandLine(world, clone, manifestPath(1), run));
    if (libgit2) libgit2Times.push(await libgit2.update(manifestPath(2), run));
  }
  await libgit2?.close();
  const figure: Sample = { unit: "ms", values: times };
  const peer: Sample = { unit: "ms", values: peerTimes };
  const over = door === "ssh" ? "" : ", over https with a token";
  const work = `one application moves, manifests repository of ${files} files, warm${over}: trigger to acknowledged push`;
  yield {
    work,
    figure,
    peer: { name: "git fetch + commit + push, warm clone", figure: peer },
    goal: { text: `ratio ≤ ${MOST_OF_PEER[door]}`, value: median(figure) / median(peer), atMost: MOST_OF_PEER[door] },
  };
  if (libgit2)
    yield {
      work,
      figure,
      peer: { name: "libgit2 (es-git): fetch + commit + push, warm clone", figure: { unit: "ms", values: libgit2Times } },
    };
  else if (door === "ssh") console.log(`(libgit2 as a peer is not measurable here: ${libgit2Missing})`);
  yield {
    work: `${work}: pushes per update`,
    figure: { unit: "count", values: [pushes / runs] },
    goal: { text: "1", value: pushes / runs, atMost: 1 },
  };
}

/** As a script would: take over what others pushed, change the file, commit, push. Milliseconds of git alone. */
async function updateByCommandLine({ git }: BenchWorld, clone: string, path: string, run: number): Promise<number> {
  const fetch =
    (await git.run(clone, "fetch", "--quiet", "origin", "master")) + (await git.run(clone, "merge", "--quiet", "--ff-only", "FETCH_HEAD"));
  await writeFile(join(clone, path), `changed: ${run}\n`);
  return (
    fetch +
    (await git.run(clone, "commit", "--quiet", "-m", "Change", "--", path)) +
    (await git.run(clone, "push", "--quiet", "origin", "master"))
  );
}

async function pushCount(world: BenchWorld): Promise<number> {
  return (await world.gitHost.execs()).filter(({ service }) => service === "git-receive-pack").length;
}
