// node tools/image-root.mjs DIR: lays out what the image adds to its base, with V8's compile cache made by the Node that runs this. Needs dist/ (npm run build).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

/** Who the image runs as. Node looks for its cache in a folder named after the user. */
const RUN_AS = 65_532;
/** As tools/build.mjs names them. */
const PARTS = ["main", "operator", "program", "traces", "workshop"];
/** Of packages, as LATE_PARTS in tools/bundle-plugins.mjs names them. */
const LATE_PARTS = ["addresses", "commits", "domains", "kubeconfig", "logins", "manifests", "releases", "ssh"];
const PROGRAMS = [...PARTS, ...LATE_PARTS].flatMap((part) => [`dist/${part}.cjs`, `dist/${part}.cjs.map`]);
const SHIPPED = [...PROGRAMS, "dist/THIRD-PARTY-LICENSES.txt", "files/known_hosts", "LICENSE"];
/** A program that does not start here would not start in the cluster. */
const START_MS = 60_000;

if (!process.argv[2]) throw new Error("Usage: node tools/image-root.mjs DIR");
const app = join(resolve(process.argv[2]), "app");
await mkdir(app, { recursive: true });
for (const file of SHIPPED) await cp(join(import.meta.dirname, "..", file), join(app, file));
await makeCompileCache(join(app, "compile-cache"));

/** Node writes it when the program ends, for what has run by then: a start, the endpoints, the end; and the parts that a first pass reads. */
async function makeCompileCache(folder) {
  const scratch = await mkdtemp(join(tmpdir(), "image-root-"));
  try {
    await runOnce(folder, scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  const made = await readdir(folder);
  if (made.length !== 1) throw new Error(`Node made ${made.length} compile caches in ${folder}, not one`);
  const cache = join(folder, made[0].replace(/-\d+$/, `-${RUN_AS}`));
  await rename(join(folder, made[0]), cache);
  await chmod(cache, 0o755);
  for (const file of await readdir(cache)) await chmod(join(cache, file), 0o644);
}

/** With an API server that nobody is: the program listens and waits for it. */
async function runOnce(cacheFolder, scratch) {
  const nobody = "127.0.0.1:9";
  const kubeconfig = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": "none" },
    clusters: [{ name: "none", cluster: { server: `https://${nobody}` } }],
    users: [{ name: "none", user: {} }],
    contexts: [{ name: "none", context: { cluster: "none", user: "none" } }],
  };
  await writeFile(join(scratch, "kubeconfig"), JSON.stringify(kubeconfig));
  const env = {
    ...{ NODE_ENV: "production", NODE_COMPILE_CACHE: cacheFolder, NODE_COMPILE_CACHE_PORTABLE: "1" },
    ...{ HOST: "127.0.0.1", PORT: "0", HOME: scratch, WORK_DIR: join(scratch, "work"), KUBECONFIG: join(scratch, "kubeconfig") },
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${nobody}`,
  };
  const child = spawn(process.execPath, ["--import", loadingAtExit(), join(app, "dist/main.cjs"), "run"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
    timeout: START_MS,
  });
  const exit = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, port } = JSON.parse(line);
    if (msg !== "Listening") continue;
    for (const path of ["health", "status", "metrics"]) await (await fetch(`http://127.0.0.1:${port}/${path}`)).text();
    child.kill("SIGTERM");
  }
  const [code, signal] = await exit;
  if (code !== 0) throw new Error(`dist/main.cjs ended with ${code ?? signal} where it was to start and stop`);
}

/** The late parts, loaded by the operator's own process: V8 refuses what was compiled with other flags than those that the operator sets. */
function loadingAtExit() {
  const files = LATE_PARTS.map((part) => join(app, "dist", `${part}.cjs`));
  const script = `import { createRequire } from "node:module"; process.once("exit", () => ${JSON.stringify(files)}.forEach(createRequire("/")));`;
  return `data:text/javascript,${encodeURIComponent(script)}`;
}
