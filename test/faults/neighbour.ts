/** One tenant attacks, in namespace `evil`; another, in namespace `good`, wants its commit deployed. What the operator owes both, and what the attack cost. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { BareRepository } from "../../sandbox/bare-repository.ts";
import { startGitHost } from "../../sandbox/git-host.ts";
import { manifestOf, startWorld, type World, type WorldOptions } from "../../sandbox/world.ts";
import { makeMemoryGroup, skipWithoutCgroups } from "../cgroup.ts";
import { type OperatorProcess, startOperatorProcess } from "../e2e/operator-process.ts";
import { OLD } from "../e2e/stage.ts";
import { skipWithoutSshd, startOpenSsh } from "../openssh.ts";
import { type HealthProbe, startHealthProbe } from "./health-probe.ts";
import { loopOf, startOwnTime } from "./own-time.ts";

const program = process.env.OPERATOR_PROGRAM;
export const skipWithoutProgram = program === undefined && "takes the bundle, as the Pod runs it: OPERATOR_PROGRAM=dist/main.cjs";

const deployment = readFileSync(new URL("../../manifests/base/deployment.yaml", import.meta.url), "utf8");
const podBytes = Number(/limits:\s+memory: (\d+)Mi/.exec(deployment)?.[1]) * 2 ** 20;

const MOST_SILENCE_MS = 1_000;
const MOST_PATCH_MS = 30_000;
/** Where the kernel does not tell what the machine's other work took: so many times as long as without the attack is no harm yet. */
const BUSY_FACTOR = 3;
/** When waiting ends without a result; long enough to tell a slow operator from a dead one. */
const GIVEN_UP_MS = 60_000;
const CALM_MS = 2_000;
const LOOK_EVERY_MS = 200;

export interface Neighbourhood {
  readonly world: World;
  readonly app: BareRepository;
  readonly manifests: BareRepository;
}

export const usualHost = skipWithoutSshd() ? startGitHost : startOpenSsh;

/** A world with the neighbour's repositories, key and Deployment, and a key for the attacker that opens the same host. */
export async function startNeighbourhood(t: TestContext, startHost: WorldOptions["startHost"] = usualHost): Promise<Neighbourhood> {
  const world = await startWorld({ startHost });
  t.after(() => world.close());
  for (const namespace of ["good", "evil"]) {
    const { privateKey } = await world.gitHost.newKey();
    world.secret(namespace, "key", { "ssh-privatekey": privateKey });
  }
  const app = await world.repository("team/shop.git", { "index.html": "0" });
  const manifests = await world.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  world.deploy({
    namespace: "good",
    name: "shop",
    annotations: {
      ...{ ssh_key_name: "key", ssh_key_namespace: "good" },
    },
  });
  return { world, app, manifests };
}

/** What the attacker's Deployments need besides their attack: their own key. */
export const EVIL_KEY = { ssh_key_name: "key", ssh_key_namespace: "evil" };

interface Attack {
  /** For the operator, over what the world says. */
  readonly env?: Readonly<Record<string, string>>;
  /** A command that starts the one behind it. */
  readonly through?: readonly string[];
  /** From which address the probe comes; default: as everybody. */
  readonly probeFrom?: string;
  /** Where the operator answers `/health` beside its own port. */
  readonly healthPort?: number;
  /** Puts the hostile objects into the cluster, while the operator runs. */
  readonly begin: () => void;
  /** What comes before the neighbour's commit, whenever the operator was started. */
  readonly first?: (operator: OperatorProcess) => Promise<unknown>;
  /** What is done again and again while the neighbour waits; default: a pass over all, as the kubelet calls it. */
  readonly turn?: (operator: OperatorProcess, turn: number) => unknown;
  /** At least so many turns are waited for; default 2. */
  readonly turns?: number;
}

interface Round {
  readonly patchedMs: number;
  readonly probe: HealthProbe;
}

/** The attack is endured twice: by an operator that runs, and by one that starts with it there. */
export async function endure(t: TestContext, neighbourhood: Neighbourhood, attack: Attack): Promise<void> {
  const withGroup = !skipWithoutCgroups();
  if (!withGroup) t.diagnostic("no control group may be made here: the memory is not bounded");
  const group = withGroup ? makeMemoryGroup(t, podBytes) : undefined;
  const env = { ...neighbourhood.world.env, OTEL_SDK_DISABLED: "true", RECONCILE_TIMEOUT_SECONDS: "10", ...attack.env };
  const start = () => startOperatorProcess(t, program ?? "", env, [...(group?.enter ?? []), ...(attack.through ?? [])]);
  const problems: string[] = [];

  async function round(operator: OperatorProcess, probe: HealthProbe, turns: number, turn: Attack["turn"]): Promise<Round> {
    probe.begin();
    const over = new AbortController();
    const done = Promise.withResolvers<void>();
    const attacking = (async () => {
      for (let count = 0; !over.signal.aborted; count++) {
        await turn?.(operator, count);
        if (count + 1 >= turns) done.resolve();
        // One that answers at once would only be asked for its refusals.
        await sleep(200);
      }
    })();
    const patchedMs = await patch(operator, neighbourhood);
    if (Number.isFinite(patchedMs)) await Promise.race([done.promise, operator.exit, sleep(GIVEN_UP_MS, undefined, { ref: false })]);
    over.abort();
    // A turn that is under way is not for the next round to feel.
    if (Number.isFinite(patchedMs)) await Promise.race([attacking, operator.exit, sleep(GIVEN_UP_MS, undefined, { ref: false })]);
    return { patchedMs, probe };
  }

  async function judge(
    what: string,
    operator: OperatorProcess,
    { patchedMs, probe }: Round,
    calm: { silenceMs: number; patchedMs: number },
  ) {
    const silenceMs = probe.silenceMs;
    const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
    t.diagnostic(
      `${what}: CPU ${probe.cpuSeconds.toFixed(1)} s, peak ${Math.round(probe.peakMiB)} MiB, /health silent for ${seconds(silenceMs)} ` +
        `(without the attack ${seconds(calm.silenceMs)}; with the machine's other work ${seconds(probe.silenceOnThisMachineMs)}), neighbour patched after ${seconds(patchedMs)} (${seconds(calm.patchedMs)})`,
    );
    const isGone = await Promise.race([operator.exit.then((code) => `the operator ended (${code})`), sleep(0)]);
    if (isGone) problems.push(`${what}: ${isGone}`);
    if (group && group.kills() > 0) problems.push(`${what}: killed for want of memory`);
    if (silenceMs > Math.max(MOST_SILENCE_MS, BUSY_FACTOR * calm.silenceMs)) problems.push(`${what}: silent for ${seconds(silenceMs)}`);
    if (patchedMs > Math.max(MOST_PATCH_MS, BUSY_FACTOR * calm.patchedMs)) problems.push(`${what}: patched after ${seconds(patchedMs)}`);
  }

  function startProbe({ pid, url }: OperatorProcess): HealthProbe {
    const probed = attack.healthPort === undefined ? url : `http://127.0.0.1:${attack.healthPort}`;
    return startHealthProbe(t, { pid, url: probed }, attack.probeFrom);
  }

  const running = await start();
  const probe = startProbe(running);
  const { patchedMs } = await round(running, probe, 0, undefined);
  await sleep(CALM_MS);
  const calm = { silenceMs: probe.silenceMs, patchedMs };
  const turn = attack.turn ?? ((operator) => ask(operator));
  attack.begin();
  await attack.first?.(running);
  await judge("running", running, await round(running, probe, attack.turns ?? 2, turn), calm);
  await probe.stop();
  await running.kill();

  const started = await start();
  const second = startProbe(started);
  await attack.first?.(started);
  await judge("started", started, await round(started, second, attack.turns ?? 2, turn), calm);
  await second.stop();
  await started.kill();
  assert.deepEqual(problems, []);
}

/** A page's text; nothing where there is no answer. */
export async function ask(
  { url, exit }: OperatorProcess,
  path = "/reconcile",
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const answer = fetch(url + path, { headers, signal: AbortSignal.timeout(GIVEN_UP_MS) }).then((response) => response.text());
  return Promise.race([answer.catch(() => ""), exit.then(() => "")]);
}

/** Until the neighbour's next commit is in its manifest; whose call did it does not matter. */
async function patch(operator: OperatorProcess, { app, manifests }: Neighbourhood): Promise<number> {
  const startedAt = performance.now();
  const ownMs = startOwnTime([loopOf(operator.pid), loopOf(process.pid)]);
  const sha = await app.commit({ "index.html": String(startedAt) });
  let isOver = false;
  void (async () => {
    while (!isOver) {
      await ask(operator, "/reconcile?namespace=good");
      await sleep(LOOK_EVERY_MS);
    }
  })();
  const isDeployed = async () => (await manifests.read("shop/deployment.yaml")).includes(`team/shop:${sha}`);
  const isGone = operator.exit.then(() => true);
  try {
    while (ownMs() < GIVEN_UP_MS) {
      if (await isDeployed()) return ownMs();
      if (await Promise.race([isGone, sleep(LOOK_EVERY_MS).then(() => false)])) break;
    }
    return Number.POSITIVE_INFINITY;
  } finally {
    isOver = true;
  }
}
