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
    yield* await inBenchWorld((world) => measureWith(world, settings, "one token over https"), { door: "https" });
  },
};

type Keys = "one key" | "a key each" | "one token over https";

/** TLS has a connection for each question at once, four at most; SSH has all on one. */
const MOST_CONNECTIONS: Readonly<Record<Keys, number>> = { "one key": 2, "a key each": 2, "one token over https": 4 };

/** Over https each side asks the host twice, and the command line has no login by key to pay for. */
const MOST_OF_PEER: Readonly<Record<Keys, number>> = { "one key": 0.1, "a key each": 0.15, "one token over https": 0.5 };

async function* measureWith(world: BenchWorld, { quick, runs }: Settings, keys: Keys): AsyncGenerator<Finding> {
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
    goal: { text: `ratio ≤ ${MOST_OF_PEER[keys]}`, value: ratio, atMost: MOST_OF_PEER[keys] },
  };
  const perKey = (logins + reconnects) / (keys === "a key each" ? count : 1);
  yield {
    work: `${work}: connections per key, all passes`,
    figure: { unit: "count", values: [perKey] },
    goal: { text: `≤ ${MOST_CONNECTIONS[keys]}`, value: perKey, atMost: MOST_CONNECTIONS[keys] },
  };
  yield { work: `${work}: the first pass`, figure: { unit: "ms", values: [first.ms] } };
  yield { work: `${work}: git commands on the server, first pass`, figure: { unit: "count", values: [commandsFirst] } };
  yield { work: `${work}: git commands on the server, later passes`, figure: { unit: "count", values: [later] } };
}

async function commands(world: BenchWorld): Promise<number> {
  return (await world.gitHost.execs()).length;
}
