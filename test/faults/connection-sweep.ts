/** Deployments that each have a way of their own to one server, so that many connections break at once; what must hold whatever came of it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { BareRepository } from "../../sandbox/bare-repository.ts";
import type { Stage } from "../e2e/stage.ts";
import type { InjectedFault, Side, TcpFault, TcpProxy } from "../tcp-proxy.ts";
import { assertSound } from "./soundness.ts";

const KINDS = ["reset", "close", "half-close", "stall", "throttle", "delay"] as const;
type Kind = (typeof KINDS)[number];

export interface Lane {
  readonly name: string;
  readonly proxy: TcpProxy;
  readonly manifests: BareRepository;
  /** A new application commit, all that its image needs included. */
  change(text: string): Promise<string>;
}

interface Counts {
  faults: number;
  passes: number;
  patched: number;
  failed: number;
  /** That struck after the answer. */
  late: number;
  longestMs: number;
}

interface Sweep {
  readonly lanes: readonly Lane[];
  /** Bytes between two faults, with EVERY_FAULT=1; otherwise there is one fault of each kind on each side. */
  readonly stepBytes: Readonly<Partial<Record<Kind, number>>>;
  /** What a failed answer says. */
  readonly failure: RegExp;
  /** Within which a stalled connection is given up. */
  readonly stallMs: number;
}

/** Of each kind one fault after each so many bytes of each side, as many at once as there are lanes; every second pass has to clone. */
export async function sweepConnections(t: TestContext, stage: Stage, { lanes, stepBytes, failure, stallMs }: Sweep): Promise<void> {
  const work = stage.env.WORK_DIR as string;
  const begins = new Map<Lane, string>();
  for (const lane of lanes) begins.set(lane, (await lane.manifests.tip()) ?? "");
  let round = 0;

  /** A pass of all lanes over new connections that fetch and push. */
  async function pass(faults: readonly TcpFault[]) {
    round += 1;
    if (round % 2 === 0) await removeCopies(work);
    const injected = new Map<Lane, InjectedFault>();
    const wanted = new Map<Lane, string>();
    for (const [index, lane] of lanes.entries()) {
      lane.proxy.cutAll();
      await lane.manifests.commit({ theirs: `${round}` });
      wanted.set(lane, await lane.change(`${round}`));
      const fault = faults[index];
      if (fault) injected.set(lane, lane.proxy.inject(fault));
    }
    const entries = new Map((await stage.reconcile()).map((entry) => [entry.deployment, entry]));
    for (const fault of injected.values()) fault.disarm();
    return { injected, wanted, entries };
  }

  const most: Record<Side, number> = { server: 0, client: 0 };
  for (const _ of ["forward", "clone"]) {
    for (const entry of (await pass([])).entries.values()) assert.equal(entry.action, "patched", entry.message);
    for (const { proxy } of lanes) for (const side of ["server", "client"] as const) most[side] = Math.max(most[side], proxy.passed[side]);
  }
  for (const kind of KINDS) {
    const step = stepBytes[kind];
    if (step === undefined) continue;
    await t.test(kind, async (t) => {
      const points = (["server", "client"] as const).flatMap((side) =>
        offsetsOf(kind, most[side], step).map((afterBytes) => ({ side, afterBytes, how: kind })),
      );
      const counts = { faults: 0, passes: 0, patched: 0, failed: 0, late: 0, longestMs: 0 };
      for (let next = 0; next < points.length; next += lanes.length) await strike(points.slice(next, next + lanes.length), counts);
      t.diagnostic(`${kind}: ${JSON.stringify(counts)}`);
      // Offsets go as far as the longest pass, the one that clones; every second pass ends sooner.
      assert.ok(counts.faults >= points.length / 2, `${counts.faults} of ${points.length} faults happened`);
    });
  }
  for (const { name, proxy } of lanes) assert.ok(proxy.open <= 2, `${name} has ${proxy.open} connections left`);

  async function strike(faults: readonly TcpFault[], counts: Counts): Promise<void> {
    const { injected, wanted, entries } = await pass(faults);
    counts.passes += 2 * lanes.length;
    for (const [lane, fault] of injected) {
      const entry = entries.get(lane.name);
      const point = faults[lanes.indexOf(lane)];
      const at = `${JSON.stringify(point)} of ${JSON.stringify(most)}: ${entry?.action}: ${entry?.message}`;
      const landed = (await lane.manifests.read(`${lane.name}/deployment.yaml`)).includes(wanted.get(lane) ?? "");
      assert.equal(entry?.status === "success", landed, at);
      if (point?.how === "throttle" || point?.how === "delay") assert.equal(entry?.status, "success", at);
      if (entry?.action === "failed") assert.match(entry.message, failure, at);
      counts.faults += fault.happened ? 1 : 0;
      counts[landed ? "patched" : "failed"] += 1;
    }
    // The last bytes of a connection pass after the answer: such a fault strikes a pass after it, once, on the connection that was kept.
    const excused = new Set<Lane>();
    let again: typeof entries = new Map();
    for (let isExcused = true; isExcused; ) {
      again = new Map((await stage.reconcile()).map((entry) => [entry.deployment, entry]));
      isExcused = false;
      for (const [lane, { happened }] of injected) {
        const isLate = happened && entries.get(lane.name)?.status === "success";
        if (!isLate || excused.has(lane) || again.get(lane.name)?.status === "success") continue;
        excused.add(lane);
        isExcused = true;
      }
    }
    counts.late += excused.size;
    for (const lane of lanes) {
      const entry = again.get(lane.name);
      const at = `the pass after ${JSON.stringify(faults[lanes.indexOf(lane)])}: ${entry?.message}`;
      assert.deepEqual([entry?.status, entry?.to_sha], ["success", wanted.get(lane)], at);
      assert.equal(await assertSound(lane.manifests, { contains: begins.get(lane) ?? "" }), round, at);
    }
    await assertNoResidue(work, lanes.length);
    for (const [lane, fault] of injected) {
      if (!fault.happened || faults[lanes.indexOf(lane)]?.how !== "stall") continue;
      for (let waitedMs = 0; fault.enduredMs === undefined && waitedMs < stallMs; waitedMs += 50) await sleep(50);
      const enduredMs = fault.enduredMs ?? Number.POSITIVE_INFINITY;
      assert.ok(enduredMs < stallMs, `${JSON.stringify(faults[lanes.indexOf(lane)])}: given up after ${enduredMs} ms`);
      counts.longestMs = Math.max(counts.longestMs, Math.round(enduredMs));
    }
  }
}

/** The first byte and the last, and between them places of its own for each kind: those of three kinds together are a third of a step apart. */
function offsetsOf(kind: Kind, bytes: number, step: number): number[] {
  const index = KINDS.indexOf(kind);
  if (!process.env.EVERY_FAULT) return [Math.floor((bytes * (index + 1)) / (KINDS.length + 1))];
  const first = Math.round((step * ((index % 3) + 1)) / 3);
  const between = Array.from({ length: Math.ceil(bytes / step) }, (_, i) => first + i * step);
  return [0, ...between.filter((offset) => offset < bytes - 1), bytes - 1];
}

/** One folder per copy, with one generation of whole packs. */
async function assertNoResidue(work: string, copies: number): Promise<void> {
  const [run = "", ...others] = await readdir(work);
  const folders = await readdir(join(work, run));
  assert.deepEqual([others, folders.length], [[], copies], "one folder per copy");
  for (const folder of folders) {
    const [generation = "", ...older] = await readdir(join(work, run, folder));
    assert.deepEqual(older, [], "one generation");
    for (const name of await readdir(join(work, run, folder, generation))) {
      const bytes = await readFile(join(work, run, folder, generation, name));
      const trailer = createHash("sha1").update(bytes.subarray(0, -20)).digest();
      assert.ok(name.endsWith(".pack") && trailer.equals(bytes.subarray(-20)), `${name} is no whole pack`);
    }
  }
}

async function removeCopies(work: string): Promise<void> {
  for (const run of await readdir(work).catch(() => [])) {
    for (const copy of await readdir(join(work, run))) await rm(join(work, run, copy), { recursive: true, force: true });
  }
}
