/** Connections to a registry that break at every byte offset (F19-F23): never an unchecked push, and the next pass needs no help. */
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { OLD, startStage } from "../e2e/stage.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { type Lane, sweepConnections } from "./connection-sweep.ts";

/** Between two faults of one kind. Of a head of HTTP nothing is known before its end; of resets, closes and half-closes together one comes every 21 bytes. */
const STEP_BYTES = 64;
/** A stalled registry is given 10 s, for which the default has no time. */
const stall = process.env.EVERY_FAULT ? { stall: STEP_BYTES } : {};
const LANES = process.env.EVERY_FAULT ? 16 : 2;

// F19-F23
test("the registry's connection broken after any byte: patched with the image checked, or failed with the remote as it was", async (t) => {
  const stage = await startStage(t, { env: { CONCURRENCY: "64", IMAGE_CHECK: "on" } });
  const lanes: Lane[] = [];
  for (let index = 0; index < LANES; index++) {
    const name = `lane-${index}`;
    const proxy = await startTcpProxy(t, Number(new URL(stage.registry.url).port));
    const host = `127.0.0.1:${proxy.port}`;
    const files = { [`${name}/deployment.yaml`]: manifestOf(name, `${host}/team/${name}:${OLD}`) };
    const manifests = await stage.repository(`team/${name}-manifests.git`, files);
    const app = await stage.repository(`team/${name}.git`, { "index.html": "0" });
    const annotations = { manifest_repository: stage.gitHost.url(`team/${name}-manifests.git`), registry_secret_url: `http://${host}` };
    await stage.deploy({ name, annotations });
    const change = async (text: string) => {
      const sha = await app.commit({ "index.html": text });
      stage.registry.put(`team/${name}`, sha);
      return sha;
    };
    lanes.push({ name, proxy, manifests, change });
  }
  await sweepConnections(t, stage, {
    lanes,
    stepBytes: { reset: STEP_BYTES, close: STEP_BYTES, "half-close": STEP_BYTES, ...stall, throttle: 128, delay: 128 },
    stallMs: 20_000,
    failure: /^the registry could not be asked about 127\.0\.0\.1:\d+\/team\/lane-/,
  });
});
