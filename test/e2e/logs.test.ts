import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { compileCache } from "../../sandbox/compile-cache.ts";
import { manifestOf, startWorld } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { runTool, skipWithout } from "../tool.ts";
import { OLD } from "./stage.ts";

const program = process.env.OPERATOR_PROGRAM ?? fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const bunyan = fileURLToPath(new URL("../../node_modules/bunyan/bin/bunyan", import.meta.url));
/** The original's README. */
const JQ = '. as $line | try (fromjson | .time + " " + .msg + " " + .target) catch $line';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface LoggingOperator {
  readonly url: string;
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

/** `portOf`: the port where a line tells that the operator listens. */
async function startLogging(t: TestContext, child: ChildProcess, portOf: (line: string) => number | undefined): Promise<LoggingOperator> {
  t.after(() => child.kill("SIGKILL"));
  const lines: string[] = [];
  const exited = once(child, "exit");
  const port = Promise.withResolvers<number>();
  void exited.then(() => port.reject(new Error(`the operator ended before it listened: ${lines.join("\n")}`)));
  assert.ok(child.stdout);
  const output = createInterface({ input: child.stdout });
  const ended = once(output, "close");
  output.on("line", (line) => {
    lines.push(line);
    const found = portOf(line);
    if (found) port.resolve(found);
  });
  return {
    url: `http://127.0.0.1:${await port.promise}`,
    lines,
    async stop() {
      child.kill("SIGTERM");
      await exited;
      await ended;
    },
  };
}

let operatorLog: ReturnType<typeof logPasses> | undefined;

/** Output of a pass that patches, one in which nothing changes, and one that fails. */
async function logPasses(t: TestContext) {
  const world = await startWorld();
  t.after(() => world.close());
  await world.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  await world.repository("team/shop.git", { "index.html": "1" });
  world.deploy({ name: "shop" });
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH, HOME: "/nonexistent", ...compileCache, OTEL_SDK_DISABLED: "true", ...world.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const operator = await startLogging(t, child, (line) => (JSON.parse(line) as { port?: number }).port);
  const pass = async () => {
    const entries = (await (await fetch(`${operator.url}/reconcile`)).json()) as { action: string }[];
    return entries.map(({ action }) => action);
  };
  assert.deepEqual(await pass(), ["patched"]);
  const patched = operator.lines.length;
  assert.deepEqual(await pass(), ["up_to_date"]);
  const unchanged = operator.lines.slice(patched);
  world.deploy({ name: "shop", annotations: { deployment_path: "nowhere.yaml" } });
  await eventually(async () => (await pass())[0] === "failed");
  await operator.stop();
  return { lines: operator.lines, unchanged };
}

test("every line is bunyan's JSON with the fields that the contract names; what is unchanged is no news", async (t) => {
  operatorLog ??= logPasses(t);
  const { lines, unchanged } = await operatorLog;
  assert.deepEqual(
    unchanged.filter((line) => (JSON.parse(line) as { msg: string }).msg !== "pass ended"),
    [],
  );
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const record of records) {
    assert.equal(record.name, "gitops-operator");
    assert.equal(record.target, "gitops_operator");
    assert.equal(record.v, 0);
    assert.equal(typeof record.hostname, "string");
    assert.equal(typeof record.pid, "number");
    assert.ok(record.level === 30 || record.level === 40);
    assert.match(String(record.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match(String(record.msg), /^[A-Za-z ,:]+$/);
  }
  const of = (msg: string) => records.find((record) => record.msg === msg) ?? assert.fail(`no line '${msg}'`);
  const patched = of("Deployment patched");
  assert.equal(patched.level, 30);
  const failed = of("Deployment failed");
  assert.equal(failed.level, 40);
  assert.equal(failed.code, "manifest_missing");
  for (const record of [patched, failed]) {
    assert.deepEqual([record.namespace, record.deployment], ["default", "shop"]);
    assert.match(String(record.reconcile_id), UUID);
    assert.ok(typeof record.duration === "number" && record.duration > 0 && record.duration < 60);
  }
  assert.notEqual(patched.reconcile_id, failed.reconcile_id);

  const short = await runTool(process.execPath, [bunyan, "--no-color"], `${lines.join("\n")}\n`);
  assert.equal(short.code, 0, short.stderr);
  assert.match(short.stdout, /^\[\d{4}-[^\]]+Z\] {2}INFO: gitops-operator\/\d+ on \S+: Deployment patched \([^)]*namespace=default/m);
  assert.match(short.stdout, /^\[[^\]]+\] {2}WARN: gitops-operator\/\d+ on \S+: Deployment failed \([^)]*code=manifest_missing/m);
  // What it can't read it hands on as it is.
  assert.doesNotMatch(short.stdout, /^\{/m);
});

test("the original's jq line reads every line", { skip: skipWithout("jq", "jq") }, async (t) => {
  operatorLog ??= logPasses(t);
  const { lines } = await operatorLog;
  const { code, stdout } = await runTool("jq", ["-R", JQ], `${lines.join("\n")}\nnot JSON\n`);
  assert.equal(code, 0);
  const read = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as string);
  assert.equal(read.length, lines.length + 1);
  assert.equal(read.pop(), "not JSON");
  for (const line of read) assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z [A-Za-z ,:]+ gitops_operator$/);
});

const noScript = process.platform === "linux" ? skipWithout("script", "bsdutils") : "script(1) is another one here";
test("at a terminal the lines are for people", { skip: noScript }, async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  const command = `'${process.execPath}' '${fileURLToPath(new URL("../../src/main.ts", import.meta.url))}' run`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    env: {
      PATH: process.env.PATH,
      HOME: "/nonexistent",
      ...compileCache,
      NO_COLOR: "1",
      OTEL_SDK_DISABLED: "true",
      SHELL: "/bin/sh",
      ...world.env,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const portOf = (line: string) => Number(/port: (?:\S*m)?(\d+)/.exec(line)?.[1]) || undefined;
  const { lines } = await startLogging(t, child, portOf);
  const plain = stripVTControlCharacters(lines.join("\n"));
  assert.match(plain, /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: Listening\s+port: \d+/);
});
