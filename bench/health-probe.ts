/** Asks `/health` again and again from a thread of its own, so that a busy bench does not count as a slow operator. */
import { Worker } from "node:worker_threads";

interface HealthProbe {
  /** Milliseconds of every answer since the start. */
  stop(): Promise<readonly number[]>;
}

const program = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { Agent, get } = require("node:http");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times = [];
  let stopped = false;
  parentPort.on("message", () => { stopped = true; });
  const ask = () => new Promise((resolve, reject) => {
    const before = performance.now();
    get(workerData, { agent }, (response) => response.resume().on("end", () => { times.push(performance.now() - before); resolve(); })).on("error", reject);
  });
  (async () => {
    await ask();
    times.length = 0;
    parentPort.postMessage("asking");
    while (!stopped) { await ask(); await new Promise((resolve) => setTimeout(resolve, 5)); }
    parentPort.postMessage(times);
    parentPort.close();
    agent.destroy();
  })();
`;

export async function startHealthProbe(url: string): Promise<HealthProbe> {
  const worker = new Worker(program, { eval: true, workerData: `${url}/health` });
  const failed = new Promise<never>((_, reject) => worker.once("error", reject));
  failed.catch(() => {});
  const next = () => new Promise<unknown>((resolve) => worker.once("message", resolve));
  await Promise.race([next(), failed]);
  return {
    async stop() {
      const times = next();
      worker.postMessage("stop");
      return (await Promise.race([times, failed])) as number[];
    },
  };
}
