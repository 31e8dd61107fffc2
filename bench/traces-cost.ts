/**
 * What traces cost: no-op passes over 100 Deployments (100 application repositories, one manifests repository), asked in turn of two
 * operators in one world, one with traces on and a collector that takes them, one with traces off. By hand: `node bench/traces-cost.ts [PROGRAM]`.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { manifestOf, startWorld } from "../sandbox/world.ts";
import { startOtlpReceiver } from "../test/telemetry/otlp-receiver.ts";

const program = process.argv[2] ?? fileURLToPath(new URL("../dist/main.cjs", import.meta.url));
const DEPLOYMENTS = 100;
const ROUNDS = 24;
/** Linux's USER_HZ. */
const TICKS_PER_SECOND = 100;

// In a thread of its own: this one serves git, and would do so later while it reads spans.
if (!isMainThread) {
  parentPort?.postMessage((await startOtlpReceiver({ after: () => undefined })).url);
  await new Promise(() => undefined);
}
const collector = new Worker(new URL(import.meta.url));
const [collectorUrl] = (await once(collector, "message")) as [string];
const world = await startWorld();
const closers: (() => void)[] = [() => void collector.terminate()];
const names = Array.from({ length: DEPLOYMENTS }, (_, index) => `app-${index}`);
const files = Object.fromEntries(names.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `team/${name}:old`)]));
await world.repository("team/manifests.git", files);
for (const name of names) {
  await world.repository(`team/${name}.git`, { name });
  world.deploy({ name });
}

async function start(env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [program], { env: { ...process.env, ...world.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  closers.push(() => child.kill("SIGKILL"));
  const { promise, resolve } = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on("line", (text) => {
    const { msg, port } = JSON.parse(text) as { msg: string; port: number };
    if (msg === "Listening") resolve(port);
  });
  const url = `http://127.0.0.1:${await promise}/reconcile`;
  const wallMs: number[] = [];
  const read = async (file: string) => readFile(`/proc/${child.pid}/${file}`, "utf8");
  async function cpu(): Promise<number> {
    const fields = (await read("stat")).split(") ")[1]?.split(" ") ?? [];
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000;
  }
  async function pass(isCounted: boolean): Promise<void> {
    const before = performance.now();
    const entries = (await (await fetch(url)).json()) as { action: string }[];
    const after = performance.now();
    if (!isCounted) return;
    if (entries.length !== DEPLOYMENTS || entries.some(({ action }) => action !== "up_to_date")) throw new Error("not a no-op pass");
    wallMs.push(after - before);
  }
  const rssMb = async () => Number(/VmRSS:\s+(\d+)/.exec(await read("status"))?.[1]) / 1_024;
  const stop = async () => {
    child.kill("SIGTERM");
    await once(child, "exit");
  };
  return { pass, wallMs, cpu, rssMb, stop };
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const off = await start({ OTEL_SDK_DISABLED: "true" });
for (let round = 0; round < 3; round++) await off.pass(false);
const on = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl });
for (let round = 0; round < 3; round++) await on.pass(false);
const before = [await off.cpu(), await on.cpu()] as const;
for (let round = 0; round < ROUNDS; round++) {
  for (const operator of round % 2 === 0 ? [off, on] : [on, off]) await operator.pass(true);
}
const row = (name: string, a: number, b: number) =>
  console.log(`${name}: off ${a.toFixed(1)}, on ${b.toFixed(1)}, ratio ${(b / a).toFixed(3)}`);
row("wall per pass, ms, median", median(off.wallMs), median(on.wallMs));
// The last batch goes out behind the answer, and counts too.
await new Promise((done) => setTimeout(done, 6_000));
row("CPU per pass, ms, mean", ((await off.cpu()) - before[0]) / ROUNDS, ((await on.cpu()) - before[1]) / ROUNDS);
row("RSS, MB", await off.rssMb(), await on.rssMb());
await Promise.all([on.stop(), off.stop()]);
for (const close of closers) close();
await world.close();
