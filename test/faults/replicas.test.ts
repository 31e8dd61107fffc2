/** Two operators on one cluster (F43), and one that takes over from another (F44), without any coordination between them: P1 and P2 hold. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { BareRepository } from "../../sandbox/bare-repository.ts";
import { startGitHost } from "../../sandbox/git-host.ts";
import { manifestOf, startWorld, type World } from "../../sandbox/world.ts";
import type { ReconcileEntry } from "../../src/http/calls/reconcile-entry.ts";
import { type OperatorProcess, startOperatorProcess } from "../e2e/operator-process.ts";
import { OLD } from "../e2e/stage.ts";
import { skipWithoutSshd, startOpenSsh } from "../openssh.ts";
import { assertSound } from "./soundness.ts";

const program = process.env.OPERATOR_PROGRAM ?? fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const NAMES = ["blue", "green", "red"];
/** Who comes first is chance: of three Deployments in two rounds nearly two races are lost. */
const ROUNDS = process.env.EVERY_FAULT ? 40 : 8;

interface Shop {
  readonly world: World;
  readonly manifests: BareRepository;
  readonly begin: string;
  /** A new commit in every application, and somebody else's in the manifests. */
  change(round: number): Promise<void>;
  /** Every manifest names its application's newest commit. */
  assertNewest(): Promise<void>;
}

async function startShop(t: TestContext): Promise<Shop> {
  const world = await startWorld({ startHost: skipWithoutSshd() ? startGitHost : startOpenSsh });
  t.after(() => world.close());
  const files = Object.fromEntries(NAMES.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `team/${name}:${OLD}`)]));
  const manifests = await world.repository("team/manifests.git", files);
  const begin = (await manifests.tip()) ?? "";
  const apps = new Map<string, BareRepository>();
  for (const name of NAMES) {
    apps.set(name, await world.repository(`team/${name}.git`, { a: "0" }));
    world.deploy({ name });
  }
  return {
    ...{ world, manifests, begin },
    async change(round) {
      await Promise.all([...apps.values()].map((app) => app.commit({ a: `${round}` })));
    },
    async assertNewest() {
      for (const [name, app] of apps) {
        assert.match(await manifests.read(`${name}/deployment.yaml`), new RegExp(`team/${name}:${await app.tip()} `));
      }
    },
  };
}

async function reconcile({ url }: OperatorProcess): Promise<ReconcileEntry[]> {
  const response = await fetch(`${url}/reconcile`);
  if (response.status !== 200) return [];
  return (await response.json()) as ReconcileEntry[];
}

async function racesOf({ url }: OperatorProcess): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(text.match(/^gitops_operator_push_races_total(?:\{.*\})? (\d+)$/m)?.[1]);
}

// P2, F7-F8, F43-F44
test("two replicas that are called at once, change after change: one commit per Deployment and change, and each says success", async (t) => {
  const { world, manifests, begin, change, assertNewest } = await startShop(t);
  // One volume for both, as an emptyDir of one node never is, but as an operator with a shared volume might have.
  const replicas = await Promise.all([1, 2].map(() => startOperatorProcess(t, program, world.env)));
  const said = new Map<string, number>();
  for (let round = 1; round <= ROUNDS; round++) {
    await change(round);
    const answers = (await Promise.all(replicas.map(reconcile))).flat();
    assert.equal(answers.length, 2 * NAMES.length);
    for (const { action, status, message } of answers) {
      assert.equal(status, "success", message);
      said.set(action, (said.get(action) ?? 0) + 1);
    }
    await assertNewest();
    assert.equal(await assertSound(manifests, { contains: begin }), round * NAMES.length);
  }
  const races = await Promise.all(replicas.map(racesOf));
  t.diagnostic(
    `${ROUNDS} changes of ${NAMES.length} Deployments, two replicas: ${races.join(" + ")} races lost, ${JSON.stringify([...said])}`,
  );
  assert.ok((races[0] ?? 0) + (races[1] ?? 0) > 0, "they raced");
  for (const replica of replicas) assert.equal((await replica.stop()).code, 0);
  assert.deepEqual(await readdir(world.env.WORK_DIR as string), []);
});

// F43-F44
test("rolling updates: the old one is told to go in the middle of a pass while the new one works; nothing is lost or done twice", async (t) => {
  const { world, manifests, begin, change, assertNewest } = await startShop(t);
  await manifests.installHook("pre-receive", "sleep 0.05");
  let current = await startOperatorProcess(t, program, world.env);
  assert.equal((await reconcile(current)).length, NAMES.length);
  const updates = process.env.EVERY_FAULT ? 20 : 3;
  for (let update = 1; update <= updates; update++) {
    const next = await startOperatorProcess(t, program, world.env);
    await change(update);
    const old = current;
    const answers = [reconcile(old), reconcile(next)];
    // Anywhere from the listing to the push.
    await new Promise((resolve) => setTimeout(resolve, (300 * update) / updates));
    const stopped = old.stop();
    for (const answer of answers) await answer;
    assert.equal((await stopped).code, 0);
    for (const { status, message } of await reconcile(next)) assert.equal(status, "success", message);
    await assertNewest();
    assert.equal(await assertSound(manifests, { contains: begin }), (update + 1) * NAMES.length);
    const left = await readdir(world.env.WORK_DIR as string);
    assert.ok(left.length === 1 && left[0]?.startsWith(`run-${next.pid}-`), `${left} in the work directory`);
    current = next;
  }
});
