/** The image without Docker: its rules by reading the Dockerfile, its root by running it locked in, as the kubelet would. Needs dist/main.cjs. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { manifestOf, startWorld, type World } from "../sandbox/world.ts";
import { type Dockerfile, environment, last, parseDockerfile } from "./dockerfile.ts";
import { skipWithoutSshd, startOpenSsh } from "./openssh.ts";
import { skipWithout } from "./tool.ts";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("..", import.meta.url));
const dockerfile = parseDockerfile(await readFile(join(repository, "Dockerfile"), "utf8"));
const image = dockerfile.stages.at(-1);
const USER = 65_532;
/** Twice the contract's §9; of the processor's time, not of the clock's, for this machine may be busy. */
const START_CPU_MS = 2 * 200;
const RSS_MB = 2 * 100;
/** Linux's USER_HZ. */
const TICKS_PER_SECOND = 100;
/** By then the tracer is loaded and the Deployments are listed. */
const IDLE_AFTER_MS = 1_000;

/** Broken rules of a Dockerfile, in words. */
async function broken({ stages }: Dockerfile): Promise<string[]> {
  const problems: string[] = [];
  const names = new Set<string | undefined>();
  for (const { base, name, instructions } of stages) {
    if (!/:[\w.-]+$|@sha256:[0-9a-f]{64}$/.test(base) || /:latest$/.test(base)) problems.push(`base ${base} is not pinned`);
    for (const { name: instruction, text } of instructions) {
      if (instruction === "ADD") problems.push(`ADD ${text}: COPY fetches and unpacks nothing`);
      if (instruction === "RUN" && /\b(x86_64|amd64|arm64|aarch64)\b/.test(text)) problems.push(`RUN ${text} is for one architecture`);
      if (instruction !== "COPY") continue;
      const from = /--from=(\S+)/.exec(text)?.[1];
      if (from && !names.has(from)) problems.push(`COPY from ${from}, which no stage before it makes`);
      const sources = text
        .replace(/--\S+\s+/g, "")
        .split(/\s+/)
        .slice(0, -1);
      for (const source of from ? [] : sources) if (!existsSync(join(repository, source))) problems.push(`COPY ${source}: no such file`);
    }
    names.add(name);
  }
  const user = last(stages.at(-1), "USER");
  if (user !== `${USER}:${USER}`) problems.push(`it runs as ${user || "its base's user"}`);
  return problems;
}

test("the Dockerfile copies what is there, from pinned bases, for every architecture, and runs as 65532", async () => {
  assert.equal(dockerfile.stages.length, 3);
  assert.deepEqual(await broken(dockerfile), []);
  const labels = last(image, "LABEL");
  for (const label of ["title", "licenses", "version", "revision", "created", "source"])
    assert.match(labels, new RegExp(`org\\.opencontainers\\.image\\.${label}=`));
});

test("the rule sees what it forbids", async () => {
  const wrong = "FROM node:latest AS build\nCOPY nowhere ./\nRUN fetch x86_64\nFROM node\nADD a b\nCOPY --from=other /a /\nUSER 0\n";
  assert.equal((await broken(parseDockerfile(wrong))).length, 7);
});

test("the build context holds what the Dockerfile copies, and nothing that it does not", async () => {
  const ignore = (await readFile(join(repository, ".dockerignore"), "utf8")).split("\n").filter((line) => line && !line.startsWith("#"));
  const copied = dockerfile.stages
    .flatMap(({ instructions }) => instructions)
    .filter(({ name, text }) => name === "COPY" && !text.includes("--from="))
    .flatMap(({ text }) => text.split(/\s+/).slice(0, -1));
  assert.deepEqual(ignore.sort(), ["*", ...copied.map((path) => `!${path}`)].sort());
});

test("every step of the Dockerfile is a script that runs without Docker", async () => {
  const steps = dockerfile.stages.flatMap(({ instructions }) => instructions.filter(({ name }) => name === "RUN")).map(({ text }) => text);
  assert.deepEqual(steps, ["npm ci", "npm run build", '["/nodejs/bin/node", "tools/image-root.mjs", "/image"]']);
});

/** The tests of the bundle run after the build; `npm test` on a fresh clone has none. */
function skip(): string | false {
  if (!existsSync(join(repository, "dist/main.cjs")) && !process.env.OPERATOR_PROGRAM)
    return "there is no dist/main.cjs; npm run build makes it";
  if (process.platform !== "linux") return "mount namespaces are Linux's";
  if (userInfo().uid !== 0) return "it takes root to become another user in a root folder of its own";
  return skipWithoutSshd() || skipWithout("unshare", "util-linux");
}

async function layOut(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "gitops-operator-image-"));
  t.after(() => rm(root, { recursive: true, force: true, maxRetries: 3 }));
  await chmod(root, 0o755);
  await run(process.execPath, [join(repository, "tools/image-root.mjs"), root]);
  return root;
}

test("the image adds the bundle, its map, licences, host keys and compile cache to its base; no node_modules", {
  skip: skip(),
}, async (t) => {
  const root = await layOut(t);
  const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name).slice(root.length)).sort();
  assert.match(paths.shift() ?? "", /^\/app\/LICENSE$/);
  const cache = new RegExp(`^/app/compile-cache/v\\d+\\.\\d+\\.\\d+-\\w+-\\w+-${USER}/\\w+$`);
  const cached = paths.filter((path) => cache.test(path));
  assert.equal(
    cached.length,
    12,
    "of the program, the operator, the sending of traces, eight late parts, and what loads those when the cache is made",
  );
  paths.splice(0, cached.length);
  const late = ["addresses", "commits", "domains", "kubeconfig", "logins", "manifests", "releases", "ssh"];
  const parts = [...late, "main", "operator", "program", "traces", "workshop"].sort();
  const programs = parts.flatMap((part) => [`/app/dist/${part}.cjs`, `/app/dist/${part}.cjs.map`]);
  assert.deepEqual(paths, ["/app/dist/THIRD-PARTY-LICENSES.txt", ...programs, "/app/files/known_hosts"]);
  for (const { parentPath, name } of files) assert.equal((await stat(join(parentPath, name))).mode & 0o777, 0o644, name);
  for (const program of programs.filter((path) => path.endsWith(".cjs"))) {
    const bundle = await readFile(join(root, program));
    const beyondLatin1 = bundle.findIndex((byte) => byte > 127);
    assert.equal(beyondLatin1, -1, `${program}: one such character doubles its memory`);
    assert.ok(!bundle.includes("V1PodSpec"), `the generated classes of client-node are in ${program}`);
    assert.ok(bundle.length < 2.1e6, `${program}: ${bundle.length} bytes`);
  }
  const licences = await readFile(join(root, "app/dist/THIRD-PARTY-LICENSES.txt"), "utf8");
  for (const name of ["@kubernetes/client-node", "express", "isomorphic-git", "ssh2", "zod"])
    assert.match(licences, new RegExp(`^${name} \\d`, "m"));
});

test("locked in its root as 65532, all read-only but the work folder, it starts fast and small and pushes over a real sshd", {
  skip: skip(),
}, async (t) => {
  const world = await startWorld({ startHost: startOpenSsh });
  t.after(() => world.close());
  const before = manifestOf("shop", "team/shop:old");
  const manifests = await world.repository("team/manifests.git", { "shop/deployment.yaml": before });
  const app = await world.repository("team/shop.git", { "index.html": "1" });
  world.deploy({ name: "shop" });

  const root = await layOut(t);
  const operator = await startLockedIn(t, root, world);
  const [entry] = (await (await fetch(`http://127.0.0.1:${operator.port}/reconcile`)).json()) as { status: string; message: string }[];
  assert.equal(entry?.status, "success", entry?.message);
  assert.equal(await manifests.read("shop/deployment.yaml"), before.replace("team/shop:old", `team/shop:${await app.tip()}`));
  for (const part of ["main", "operator", "kubeconfig", "ssh", "manifests", "commits"])
    assert.match(operator.stderr(), new RegExp(`code cache for CommonJS \\S*${part}\\.cjs was accepted`));
  const { listeningMs, startCpuMs } = operator;
  t.diagnostic(`listening after ${Math.round(listeningMs)} ms (CPU: ${startCpuMs} ms), idle at ${Math.round(operator.idleMb)} MB`);
  assert.ok(startCpuMs <= START_CPU_MS, `listening after ${startCpuMs} ms of CPU`);
  assert.ok(operator.idleMb <= RSS_MB, `idle at ${operator.idleMb} MB`);
  assert.equal(await operator.stop(), 0);
});

/** Starts the image's ENTRYPOINT and CMD with its ENV as its USER in `root`, where Node stands for the base and /work alone can be written. */
async function startLockedIn(t: TestContext, root: string, world: World) {
  const work = await mkdtemp(join(tmpdir(), "gitops-operator-work-"));
  t.after(() => rm(work, { recursive: true, force: true, maxRetries: 3 }));
  await chown(work, USER, USER);
  const mounted: Record<string, string> = { KUBECONFIG: "kubeconfig", SSH_KNOWN_HOSTS: "known_hosts", NODE_EXTRA_CA_CERTS: "ca.pem" };
  const env: Record<string, string> = { ...world.env, ...environment(image), WORK_DIR: "/work", NODE_DEBUG_NATIVE: "COMPILE_CACHE" };
  for (const [name, file] of Object.entries(mounted)) {
    await mkdir(join(root, "etc/world"), { recursive: true });
    await cp(world.env[name] ?? "", join(root, "etc/world", file));
    await chmod(join(root, "etc/world", file), 0o644);
    env[name] = `/etc/world/${file}`;
  }
  const libraries = ["usr", "lib", "lib64"].filter((folder) => existsSync(`/${folder}`));
  for (const folder of [...libraries, "dev", "proc", "work", "nodejs/bin"]) await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, "nodejs/bin/node"), "");
  const script = `set -e
    for folder in ${libraries.join(" ")} dev proc; do mount --rbind /$folder "$ROOT/$folder"; done
    mount --bind "$NODE" "$ROOT/nodejs/bin/node"
    mount --bind "$ROOT" "$ROOT" -o rbind
    mount --bind "$WORK" "$ROOT/work"
    mount -o remount,bind,ro "$ROOT"
    if touch "$ROOT/app/dist/main.cjs" 2>/dev/null; then echo "the root can be written" >&2; exit 90; fi
    exec chroot --userspec=${USER}:${USER} "$ROOT" /usr/bin/env -i "$@"`;
  const entrypoint = ["ENTRYPOINT", "CMD"].flatMap((name) => JSON.parse(last(image, name)) as string[]);
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const child = spawn("unshare", ["--mount", "sh", "-c", script, "sh", ...variables, ...entrypoint], {
    env: { PATH: process.env.PATH, ROOT: root, WORK: work, NODE: await realpath(process.execPath) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const exit = once(child, "exit").then(([code]) => code as number | null);
  const listening = Promise.withResolvers<number>();
  void exit.then((code) => listening.reject(new Error(`ended with ${code} before it listened: ${stderr.slice(-2_000)}`)));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { msg, port } = JSON.parse(line) as { msg: string; port: number };
    if (msg === "Listening") listening.resolve(port);
  });
  const startedAt = performance.now();
  const port = await listening.promise;
  const listeningMs = performance.now() - startedAt;
  const [user, system] = (await readFile(`/proc/${child.pid}/stat`, "utf8")).split(") ")[1]?.split(" ").slice(11, 13) ?? [];
  const startCpuMs = ((Number(user) + Number(system)) * 1_000) / TICKS_PER_SECOND;
  await sleep(IDLE_AFTER_MS);
  const rss = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${child.pid}/status`, "utf8"))?.[1];
  return {
    port,
    listeningMs,
    startCpuMs,
    idleMb: Number(rss) / 1024,
    stderr: () => stderr,
    stop() {
      child.kill("SIGTERM");
      return exit;
    },
  };
}
