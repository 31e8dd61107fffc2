import { setTimeout as sleep } from "node:timers/promises";
import type { BareRepository } from "../../sandbox/bare-repository.ts";
import { freePort } from "../../sandbox/free-port.ts";
import { type BenchWorld, inBenchWorld } from "../bench-world.ts";
import { deployFleet, publish } from "../deployments.ts";
import { startHealthProbe } from "../health-probe.ts";
import { createHookSender, type HookSender } from "../hook-sender.ts";
import type { OperatorProcess } from "../operator-process.ts";
import { appName, makeApps, makeManifests, manifestPath } from "../repositories.ts";
import type { Finding, Row, Settings } from "../row.ts";
import { median, percentile, type Sample } from "../sample.ts";

/** Those that follow the application of the storm. */
const FOLLOWERS = 20;
const FORGED_PER_SECOND = 1_000;
const GENUINE = 100;
/** For what the machine itself makes of `/health`. */
const CALM_MS = 3_000;
/** Longer than what events of one moment may still start. */
const AFTERMATH_MS = 3_000;

interface Scene {
  readonly world: BenchWorld;
  readonly operator: OperatorProcess;
  readonly sender: HookSender;
  readonly apps: readonly BareRepository[];
  readonly manifests: BareRepository;
  readonly others: number;
}

/** Events of forges and registries, true and forged, beside many other Deployments. */
export const events: Row = {
  name: "events",
  measure: async function* (settings) {
    yield* await inBenchWorld((world) => measureIn(world, settings));
  },
};

async function* measureIn(world: BenchWorld, settings: Settings): AsyncGenerator<Finding> {
  const others = settings.quick ? 50 : 500;
  const appOf = (app: number) => Math.min(2, Math.ceil(app / FOLLOWERS));
  const { repositories: apps, tips } = await makeApps(world, 3);
  const manifests = await makeManifests(world, { files: (others + 1) * 4, tagOf: (app) => tips[appOf(app)] ?? "" });
  deployFleet(world, { count: others + 1, appOf });
  const port = await freePort();
  const sender = createHookSender(`http://127.0.0.1:${port}/hook/gitops-operator/hook`);
  world.secret("gitops-operator", "hook", sender.secret);
  const operator = await world.operator({ HOOK_PORT: String(port), HOOK_SECRET_NAME: "hook" });
  await operator.tracks(others + 1);
  await operator.pass("up_to_date");
  const scene: Scene = { world, operator, sender, apps, manifests, others };
  try {
    yield* imageToPush(scene, settings);
    yield* forgedStorm(scene, settings);
    yield* genuineStorm(scene, settings);
  } finally {
    sender.close();
  }
}

async function* imageToPush({ world, operator, sender, apps, manifests, others }: Scene, { runs }: Settings): AsyncGenerator<Finding> {
  const acknowledged = () => operator.metric("gitops_operator_image_to_push_seconds_count");
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const tag = (await apps[0]?.commit({ "index.html": `run ${run}` })) ?? "";
    publish(world, tag, [0]);
    const [tip, count] = [await manifests.tip(), await acknowledged()];
    const startedAt = performance.now();
    expect(await sender.send({ events: [{ action: "push", target: { repository: `team/${appName(0)}`, tag } }] }), 202);
    // The operator's page has hundreds of Deployments: it is not asked for while the operator works.
    await until(async () => (await manifests.tip()) !== tip);
    await until(async () => (await acknowledged()) > count);
    times.push(performance.now() - startedAt);
    if (!(await manifests.read(manifestPath(0))).includes(tag)) throw new Error("the tag did not arrive");
    // The next event is to start a run of its own at once.
    await sleep(1_200);
  }
  const figure: Sample = { unit: "ms", values: times };
  const work = `a registry's event to the acknowledged push, ${others} other Deployments`;
  yield { work, figure, goal: { text: "≤ 1,000 ms", value: median(figure), atMost: 1_000 } };
}

async function* forgedStorm({ world, operator, sender }: Scene, { quick }: Settings): AsyncGenerator<Finding> {
  const seconds = quick ? 2 : 10;
  const before = await operator.metric("gitops_operator_runs_total");
  const reads = () => world.cluster.requests.filter(({ path }) => path.includes("/secrets/hook")).length;
  const readsBefore = reads();
  const calm = await startHealthProbe(operator.url);
  await sleep(CALM_MS);
  const calmP99 = percentile(await calm.stop(), 0.99);
  const probe = await startHealthProbe(operator.url);
  const processor = () => operator.metric("process_cpu_seconds_total");
  const [startedAt, processorBefore] = [performance.now(), await processor()];
  const statuses = await sender.forge(FORGED_PER_SECOND, seconds);
  const processorMs = ((await processor()) - processorBefore) * 1_000;
  const tookSeconds = (performance.now() - startedAt) / 1_000;
  const p99 = percentile(await probe.stop(), 0.99);
  if ([...statuses.keys()].some((status) => ![401, 429, 503].includes(status))) throw new Error(`answered with ${[...statuses.keys()]}`);
  const sent = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  const work = `${FORGED_PER_SECOND} forged events a second, each of another sender, for ${seconds} s`;
  const mostReads = Math.ceil(tookSeconds / 5) + 1;
  const runs = (await operator.metric("gitops_operator_runs_total")) - before;
  yield { work: `${work}: events a second that were answered`, figure: count(sent / tookSeconds) };
  yield { work: `${work}: processor time of each`, figure: { unit: "ms", values: [processorMs / sent] } };
  yield { work: `${work}: refused with 401`, figure: count(statuses.get(401) ?? 0) };
  yield {
    work: `${work}: Secrets read`,
    figure: count(reads() - readsBefore),
    goal: { text: "one in 5 s", value: reads() - readsBefore, atMost: mostReads },
  };
  yield { work: `${work}: runs`, figure: count(runs), goal: { text: "0", value: runs, atMost: 0 } };
  yield { work: `${work}: /health p99 just before`, figure: { unit: "ms", values: [calmP99] } };
  yield {
    work: `${work}: /health p99 meanwhile`,
    figure: { unit: "ms", values: [p99] },
    goal: { text: "< 100 ms", value: p99, atMost: 100 },
  };
}

async function* genuineStorm({ world, operator, sender, apps, manifests }: Scene, { runs }: Settings): AsyncGenerator<Finding> {
  const followers = Array.from({ length: FOLLOWERS }, (_, index) => index + 1);
  const runsEach: number[] = [];
  const pushes: number[] = [];
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const after = (await apps[1]?.commit({ "index.html": `storm ${run}` })) ?? "";
    publish(world, after, followers);
    const [tip, ran, pushed] = [await manifests.tip(), await operator.metric("gitops_operator_runs_total"), await pushCount(world)];
    const event = { ref: "refs/heads/master", after, repository: { ssh_url: world.url(`team/${appName(1)}.git`, "direct") } };
    const startedAt = performance.now();
    const arrived = until(async () => (await manifests.tip()) !== tip).then(() => times.push(performance.now() - startedAt));
    const sent: Promise<number>[] = [];
    for (let index = 0; index < GENUINE; index++) {
      sent.push(sender.send(event));
      await sleep(Math.max(0, startedAt + (index + 1) * (1_000 / GENUINE) - performance.now()));
    }
    // Beyond 50 at once and 10 a second they are put off.
    for (const status of await Promise.all(sent)) if (status !== 429) expect(status, 202);
    await arrived;
    await sleep(AFTERMATH_MS);
    runsEach.push(((await operator.metric("gitops_operator_runs_total")) - ran) / FOLLOWERS);
    pushes.push((await pushCount(world)) - pushed);
    for (const app of followers) {
      if (!(await manifests.read(manifestPath(app))).includes(after)) throw new Error(`the tag of ${appName(app)} did not arrive`);
    }
    // The limit of the Secret has its burst again.
    await sleep(5_000);
  }
  const work = `${GENUINE} genuine events of one repository in a second, ${FOLLOWERS} Deployments`;
  const [mostRuns, mostPushes] = [Math.max(...runsEach), Math.max(...pushes)];
  yield { work: `${work}: the first to the push`, figure: { unit: "ms", values: times } };
  yield {
    work: `${work}: runs per Deployment`,
    figure: { unit: "count", values: runsEach },
    goal: { text: "≤ 2", value: mostRuns, atMost: 2 },
  };
  yield { work: `${work}: pushes`, figure: { unit: "count", values: pushes }, goal: { text: "1", value: mostPushes, atMost: 1 } };
}

function count(value: number): Sample {
  return { unit: "count", values: [value] };
}

async function pushCount(world: BenchWorld): Promise<number> {
  return (await world.gitHost.execs()).filter(({ service }) => service === "git-receive-pack").length;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries++) {
    if (tries > 5_000) throw new Error("nothing was pushed");
    await sleep(5);
  }
}

function expect(status: number, expected: number): void {
  if (status !== expected) throw new Error(`an event was answered with ${status}`);
}
