/** What the built program reads and keeps: at its start as little as can be, the rest at its first use. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { manifestOf, startWorld } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { skipWithoutSshd, startOpenSsh } from "../openssh.ts";
import { startOtlpReceiver } from "../telemetry/otlp-receiver.ts";
import { startOperatorProcess } from "./operator-process.ts";
import { programTest as test } from "./program-test.ts";
import { OLD } from "./stage.ts";

const program = process.env.OPERATOR_PROGRAM ?? "";
const require = createRequire(import.meta.url);
const plugins = fileURLToPath(new URL("../../tools/bundle-plugins.mjs", import.meta.url));

/** Those of package.json. The others are in parts that are read late. */
const PACKAGES_OF_START = ["@kubernetes/client-node", "@opentelemetry/api", "express", "pino", "prom-client", "undici", "zod"];

/** The contract's. */
const MOST_IDLE_KB = 100 * 1024;

/** Of a file of the program, by its map. */
async function packagesIn(part: string): Promise<readonly string[]> {
  const { sources } = JSON.parse(await readFile(join(dirname(resolve(program)), `${part}.cjs.map`), "utf8")) as {
    sources: readonly string[];
  };
  const packages = sources.flatMap((source) => /^(?:\.\.\/)*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? []);
  return [...new Set(packages)].sort();
}

/** How the build cuts it. */
async function latePackages() {
  const { LATE_PARTS, USED } = (await import(plugins)) as Record<"LATE_PARTS" | "USED", Readonly<Record<string, readonly string[]>>>;
  return { parts: Object.entries(LATE_PARTS), used: USED };
}

test("a start reads no package but those that every operator needs", async () => {
  const { dependencies } = require("../../package.json") as { dependencies: object };
  const atStart = await packagesIn("operator");
  assert.deepEqual(
    atStart.filter((name) => Object.hasOwn(dependencies, name)),
    PACKAGES_OF_START,
  );
  const { parts } = await latePackages();
  assert.deepEqual(
    parts.flatMap(([, names]) => names).filter((name) => atStart.includes(name)),
    [],
  );
  assert.deepEqual(await packagesIn("main"), []);
});

test(
  "an idle operator that has its list and sends traces takes no more than 100 MB",
  async (t) => {
    const world = await startWorld();
    t.after(() => world.close());
    world.deploy({ name: "shop" });
    const { url } = await startOtlpReceiver(t);
    const operator = await startOperatorProcess(t, program, { ...world.env, OTEL_EXPORTER_OTLP_ENDPOINT: url });
    const health = async () => (await (await fetch(`${operator.url}/health`)).json()) as { tracked_deployments: number };
    await eventually(async () => (await health()).tracked_deployments === 1);
    // What V8 compiles in threads of its own is done by then.
    await sleep(2_000);
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${operator.pid}/status`, "utf8"))?.[1];
    t.diagnostic(`${Math.round(Number(resident) / 1024)} MB`);
    assert.ok(Number(resident) <= MOST_IDLE_KB, `${resident} kB`);
  },
  { skip: process.platform !== "linux" && "/proc is Linux's" },
);

/** Tells at the end which of Node's own modules were compiled anew: those that are loaded after a flag of V8 was changed. */
const TELL_COMPILED = `import { createRequire } from "node:module";
  const { internalBinding } = createRequire("/")("internal/test/binding");
  process.once("exit", () => console.error("COMPILED", ...internalBinding("builtins").getCacheUsage().compiledWithoutCache));`;

/** The operator, and which of the program's files it has read, as Node tells. */
async function startTold(t: TestContext, env: Readonly<Record<string, string>>) {
  const telling = ["--expose-internals", "--no-warnings", "--import", `data:text/javascript,${encodeURIComponent(TELL_COMPILED)}`];
  const child = spawn(process.execPath, [...telling, program], {
    env: { PATH: process.env.PATH, HOME: "/nonexistent", NODE_DEBUG: "module", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  const read: string[] = [];
  let compiled: readonly string[] | undefined;
  createInterface({ input: child.stderr }).on("line", (line) => {
    const file = /^MODULE \d+: load "([^"]+)"/.exec(line)?.[1] ?? "";
    if (line.startsWith("COMPILED")) compiled = line.split(" ").slice(1);
    // Beside sources there are packages, of which ssh2 would like one.
    if (dirname(file) === dirname(resolve(program))) read.push(basename(file, ".cjs"));
  });
  const exit = once(child, "close");
  const listening = Promise.withResolvers<number>();
  void exit.then(([code]) => listening.reject(new Error(`the operator ended with ${code} before it listened`)));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { msg, port } = JSON.parse(line) as { msg: string; port: number };
    if (msg === "Listening") listening.resolve(port);
  });
  return {
    url: `http://127.0.0.1:${await listening.promise}`,
    read,
    async stop() {
      child.kill("SIGTERM");
      const [code] = (await exit) as [number | null];
      return { code, compiled };
    },
  };
}

test("a start reads three files of the program, and what Node holds compiled of its own modules is taken as it is", async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  const { EGRESS_ALLOW_CIDRS: _, ...env } = world.env;
  const operator = await startTold(t, { ...env, OTEL_SDK_DISABLED: "true" });
  assert.deepEqual(operator.read, ["main", "operator", "kubeconfig"]);
  const { code, compiled } = await operator.stop();
  assert.equal(code, 0);
  // It is the last of them, and comes with the call that listens.
  assert.equal(compiled?.includes("cluster"), false, compiled?.join(" "));
});

test(
  "what SSH keys, manifests and commits need is read by the first pass that has them, and the end comes as before",
  async (t) => {
    const world = await startWorld({ startHost: startOpenSsh });
    t.after(() => world.close());
    const manifests = await world.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
    const app = await world.repository("team/shop.git", { "index.html": "1" });
    world.deploy({ name: "shop" });
    const operator = await startTold(t, { ...world.env, OTEL_SDK_DISABLED: "true" });
    const atStart = operator.read.length;
    const pass = await fetch(`${operator.url}/reconcile`);
    assert.equal(((await pass.json()) as { status: string }[])[0]?.status, "success");
    assert.ok((await manifests.read("shop/deployment.yaml"))?.includes((await app.tip()) ?? "none"));
    assert.deepEqual(operator.read.slice(atStart), ["ssh", "manifests", "commits"]);
    assert.equal((await operator.stop()).code, 0);
  },
  { skip: skipWithoutSshd() },
);

test("a part that is read late has all of its packages that the sources may ask for", async () => {
  const { parts, used } = await latePackages();
  for (const [part, names] of parts) {
    const held = require(join(dirname(resolve(program)), `${part}.cjs`)) as Record<string, Record<string, unknown>>;
    for (const name of names) {
      const members = held[name.replace(/\W/g, "_")] ?? {};
      const wanted = used[name] ?? Object.keys(require(name) as object);
      assert.ok(wanted.length > 0, name);
      assert.deepEqual([name, wanted.filter((member) => members[member] === undefined)], [name, []]);
    }
  }
});
