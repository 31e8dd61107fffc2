/** The operator killed at every step of a proposal (F15, F16, F55): one commit on the branch, one request, whoever starts next. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startGitHost } from "../../sandbox/git-host.ts";
import { git } from "../../sandbox/git-process.ts";
import { manifestOf, startWorld } from "../../sandbox/world.ts";
import { type OperatorProcess, startOperatorProcess } from "../e2e/operator-process.ts";
import { BRANCH, FILE, tagIn } from "../e2e/proposed-stage.ts";
import { OLD } from "../e2e/stage.ts";
import { skipWithoutSshd, startOpenSsh } from "../openssh.ts";
import type { Side } from "../tcp-proxy.ts";
import { startProxiedGit } from "./proxied-git.ts";
import { sampled } from "./soundness.ts";

const program = process.env.OPERATOR_PROGRAM ?? fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const REPOSITORY = "team/manifests";

/** Of git's server, in its order, then of the forge: it is about to open the request, it has opened it and has not said so. */
const MOMENTS = ["pre-receive", "update", "reference-transaction", "post-receive", "open", "opened", "edit"] as const;
type Point = { readonly side: Side; readonly afterBytes: number } | { readonly moment: (typeof MOMENTS)[number] };

/** Bytes between two kills: about a packet of SSH, as in kills.test.ts. */
const STEP = 190;
const POINTS_IN_CI = process.env.OPERATOR_PROGRAM ? 6 : 0;

// P1, P2, S31, F15-F16, F55
test("killed at any step of a proposal: one commit on the branch, one open request that is about it, and the base untouched", async (t) => {
  const world = await startWorld({ startHost: skipWithoutSshd() ? startGitHost : startOpenSsh });
  t.after(() => world.close());
  const { proxy, through } = await startProxiedGit(t, world);
  const manifests = await world.repository("team/manifests.git", { [FILE]: manifestOf("shop", `team/shop:${OLD}`) });
  await manifests.config("gc.auto", "0");
  const app = await world.repository("team/shop.git", { "index.html": "0" });
  world.secret("gitops-operator", "requests", { "forge-token": "canary0123456789canary0123456789" }, "**");
  const annotations = { write_to: "proposal", manifest_token_secret_name: "requests" };
  world.deploy({
    name: "shop",
    annotations: { ...annotations, app_repository: through("team/shop.git"), manifest_repository: through("team/manifests.git") },
  });
  for (const moment of MOMENTS.slice(0, 4)) {
    const armed = join(world.folder, `kill-at-${moment}`);
    await manifests.installHook(moment as "update", `if [ -e ${armed} ]; then read -r pid < ${armed}; rm ${armed}; kill -9 "$pid"; fi`);
  }
  const { pulls } = world.ci;
  pulls.setBranches(REPOSITORY, {});
  pulls.branch = (name, branch) => {
    const file = join(manifests.directory, "refs/heads", branch);
    return name === REPOSITORY && existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
  };
  let operator: OperatorProcess;
  let armed: (typeof MOMENTS)[number] | undefined;
  const strike = (moment: typeof armed) => {
    if (armed !== moment) return;
    armed = undefined;
    process.kill(operator.pid, "SIGKILL");
  };
  const { make, refusal, find } = pulls;
  pulls.refusal = (...asked) => {
    strike("open");
    return refusal(...asked);
  };
  pulls.make = (...made) => {
    const pull = make(...made);
    strike("opened");
    return pull;
  };
  pulls.find = (...asked) => {
    strike("edit");
    return find(...asked);
  };

  const env = { ...world.env, NODE_COMPILE_CACHE: join(world.folder, "compiled") };
  const reconcile = async (one: OperatorProcess) => {
    const [entry] = (await (await fetch(`${one.url}/reconcile`)).json()) as { action: string; to_sha: string; message: string }[];
    return entry;
  };
  const base = await manifests.tip();

  async function assertConverges(one: OperatorProcess, after: string): Promise<void> {
    const tag = await app.tip();
    const entry = await reconcile(one);
    assert.deepEqual([entry?.action, entry?.to_sha], ["proposed", tag], `${after}: ${entry?.message}`);
    const beyond = (await git(manifests.directory, ["rev-list", `${manifests.branch}..${BRANCH}`])).toString().trim().split("\n");
    assert.deepEqual(beyond, [await manifests.tip(BRANCH)], `${after}: one commit`);
    assert.equal(tagIn(await manifests.read(FILE, BRANCH)), tag, after);
    assert.equal(await manifests.tip(), base, after);
    const open = pulls.of(REPOSITORY).filter(({ state }) => state === "open");
    assert.equal(open.length, 1, `${after}: one request`);
    assert.match(open[0]?.description ?? "", new RegExp(`Gitops-Operator-Commit: ${tag}`), after);
    await manifests.fsck();
  }

  /** A new tag, of which every other has no request yet. */
  async function change(round: number): Promise<void> {
    await app.commit({ "index.html": `${round + 1}` });
    const [newest] = pulls.of(REPOSITORY);
    if (newest && round % 2 === 0) newest.state = "declined";
  }

  async function killAt(point: Point): Promise<boolean> {
    const one = operator;
    let struck = false;
    proxy.cutAll();
    const ofGit = "moment" in point && MOMENTS.indexOf(point.moment) < 4 ? join(world.folder, `kill-at-${point.moment}`) : "";
    const fault =
      "moment" in point
        ? undefined
        : proxy.inject({
            ...point,
            how: () => {
              struck = true;
              void one.kill();
            },
          });
    if (ofGit) await writeFile(ofGit, `${one.pid}\n`);
    else if ("moment" in point) armed = point.moment;
    const answer = await reconcile(one).catch(() => undefined);
    fault?.disarm();
    await rm(ofGit || "/nonexistent/x", { force: true });
    armed = undefined;
    await one.kill();
    return struck || answer === undefined;
  }

  operator = await startOperatorProcess(t, program, env);
  await assertConverges(operator, "the first start");
  const most = { ...proxy.passed };
  const offsets = (side: Side) =>
    Array.from({ length: Math.ceil(most[side] / STEP) }, (_, i) => ({ side, afterBytes: Math.min((i + 1) * STEP, most[side]) }));
  // What is edited is open, what is opened is not.
  const rounds: Point[] = MOMENTS.flatMap((moment) => [{ moment }, { moment }]);
  const points = [...rounds, ...sampled(offsets("server"), POINTS_IN_CI), ...sampled(offsets("client"), POINTS_IN_CI)];
  const kills = { moments: 0, bytes: 0 };
  for (const [round, point] of points.entries()) {
    await change(round);
    if (await killAt(point)) kills["moment" in point ? "moments" : "bytes"] += 1;
    operator = await startOperatorProcess(t, program, env);
    await assertConverges(operator, `killed at ${JSON.stringify(point)}`);
  }
  const reached = `${kills.moments} moments of ${rounds.length}, ${kills.bytes} kills between bytes of ${points.length - rounds.length}`;
  t.diagnostic(reached);
  // Opened or edited: of each of these moments one round comes to it.
  assert.ok(kills.moments >= rounds.length - 4, reached);
  // Counted in the first pass, which on a busy machine says more: those behind the end of a shorter one kill nobody.
  assert.ok(kills.bytes >= 0.6 * (points.length - rounds.length), reached);
  assert.equal((await operator.stop()).code, 0);
});
