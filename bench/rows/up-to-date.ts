import { type BenchWorld, inBenchWorld } from "../bench-world.ts";
import { deployFleet } from "../deployments.ts";
import { appName, makeApps, makeManifests } from "../repositories.ts";
import type { Finding, Row, Settings } from "../row.ts";
import { median, type Sample } from "../sample.ts";

/** A pass in which nothing has moved, beside asking for the same refs by the command line. */
export const upToDate: Row = {
  name: "up-to-date",
  async *measure(settings) {
    for (const keys of ["one key", "a key each"] as const) yield* await inBenchWorld((world) => measureWith(world, settings, keys));
  },
};

async function* measureWith(world: BenchWorld, { quick, runs }: Settings, keys: "one key" | "a key each"): AsyncGenerator<Finding> {
  const count = quick ? 8 : 100;
  const { tips } = await makeApps(world, count);
  await makeManifests(world, { files: count * 4, tagOf: (app) => tips[app] ?? "" });
  if (keys === "a key each") {
    for (let app = 0; app < count; app++) {
      const { privateKey } = await world.gitHost.newKey();
      world.secret("gitops-operator", `key-${app}`, { "ssh-privatekey": privateKey });
    }
  }
  deployFleet(world, { count, ...(keys === "a key each" && { keyOf: (app: number) => `key-${app}` }) });
  const operator = await world.operator();
  await operator.tracks(count);
  const before = await commands(world);
  const first = await operator.pass("up_to_date");
  const commandsFirst = (await commands(world)) - before;
  const logins = world.gitHost.logins();

  const urls = [...Array.from({ length: count }, (_, app) => `team/${appName(app)}.git`), "team/manifests.git"].map((path) =>
    world.url(path, "direct"),
  );
  const times: number[] = [];
  const peerTimes: number[] = [];
  let later = 0;
  let reconnects = 0;
  for (let run = 0; run < runs; run++) {
    const [execs, connections] = [await commands(world), world.gitHost.logins()];
    times.push((await operator.pass("up_to_date")).ms);
    later = (await commands(world)) - execs;
    reconnects += world.gitHost.logins() - connections;
    peerTimes.push(await world.git.listAll(urls, 8));
  }
  const figure: Sample = { unit: "ms", values: times };
  const peer: Sample = { unit: "ms", values: peerTimes };
  const work = `pass over ${count} up-to-date Deployments, ${count} application repositories, ${keys}`;
  const ratio = median(figure) / median(peer);
  yield {
    work,
    figure,
    peer: { name: `${urls.length} git ls-remote, 8 at a time`, figure: peer },
    goal: { text: "ratio ≤ 0.10", value: ratio, atMost: 0.1 },
  };
  const perKey = (logins + reconnects) / (keys === "one key" ? 1 : count);
  yield {
    work: `${work}: SSH connections per key, all passes`,
    figure: { unit: "count", values: [perKey] },
    goal: { text: "≤ 2", value: perKey, atMost: 2 },
  };
  yield { work: `${work}: the first pass`, figure: { unit: "ms", values: [first.ms] } };
  yield { work: `${work}: git commands on the server, first pass`, figure: { unit: "count", values: [commandsFirst] } };
  yield { work: `${work}: git commands on the server, later passes`, figure: { unit: "count", values: [later] } };
}

async function commands(world: BenchWorld): Promise<number> {
  return (await world.gitHost.execs()).length;
}
