/**
 * For `npm test`: its files in groups, each one process. Node's runner starts a process for every file that it is given, and what the files test takes
 * each process long to load, and longer to get warm: for two hundred files that was a third of all their work.
 * Of the tests of the whole, end to end and as the sandbox, `npm test` runs a few files; with TESTS=rest the groups are of all others, with TESTS=e2e of
 * all that are end to end, with TESTS=faults of those, each file by itself.
 * The threads of the workshop get a bundle each (tools/test-loader.mjs).
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { threadBundles } from "./thread-bundles.mjs";

const project = fileURLToPath(new URL("..", import.meta.url));
const folder = `${project}dist/tests`;
/** Of a group's text: about twenty groups. */
const MOST_BYTES = 60_000;
/** Outside of tests they would be for every test of the group; `after` comes at its end, which hurts nobody. */
const HOOK = /^(before|beforeEach|afterEach)\(/m;
/** What the README promises first: the update, that what was taken back stays back, and who may do what. A file here takes few seconds of a processor. */
const E2E_OF_NPM_TEST = ["main-job", "several-files", "refusals", "start-up", "write-ref"].map((name) => `test/e2e/${name}.test.ts`);

/** They begin first, and the others fill up beside them; by how long they take. */
const LONGEST_FAULTS = ["tenants-git", "tenants-hosts", "tenants-objects", "kills", "cut-connections", "proposal-kills", "replicas"].map(
  (name) => `test/faults/${name}.test.ts`,
);

/** Longer than all of the core's tests: every pair of components is rendered by kubectl, and what others send is as large as it may be. */
const LONG = ["manifests-combined", "sandbox/story", "sandbox/orphans", "sandbox/play"].concat(
  ["git/bounded-means", "git/packs/pack-work", "kubernetes/large-deployments"].map((name) => `adapters/${name}`),
);
const isLong = (file) => LONG.some((name) => file === `test/${name}.test.ts`);
const isEndToEnd = (file) => file.startsWith("test/e2e/") || isLong(file);
const isFault = (file) => file.startsWith("test/faults/");
const all = globSync("test/{*.test.ts,!(real-cluster)/**/*.test.ts}", { cwd: project }).sort();
const missing = [...E2E_OF_NPM_TEST, ...LONGEST_FAULTS, ...LONG.map((name) => `test/${name}.test.ts`)].filter(
  (file) => !all.includes(file),
);
if (missing.length > 0) throw new Error(`tools/group-tests.mjs names ${missing.join(", ")}, which is no file`);
const isRest = (file) => isEndToEnd(file) && !E2E_OF_NPM_TEST.includes(file);
const { TESTS = "usual" } = process.env;
const isChosen = {
  usual: (file) => !isRest(file) && !isFault(file),
  rest: isRest,
  e2e: (file) => file.startsWith("test/e2e/"),
  faults: isFault,
}[TESTS];
if (!isChosen) throw new Error(`TESTS=${TESTS}: rest, e2e, faults or nothing`);
const files = all.filter(isChosen);
const groups = [];
const alone = [];
let bytes = MOST_BYTES;
/** What waits for hosts, threads and clusters begins first; what does nothing but count fills up the end, when others are still at their last wait. */
function rankOf(file) {
  if (isFault(file)) return [...LONGEST_FAULTS, file].indexOf(file);
  if (isEndToEnd(file)) return 0;
  if (/^test\/(workshop|adapters|sandbox|http)\//.test(file)) return 1;
  return /^test\/core\//.test(file) ? 3 : 2;
}
for (const file of files.toSorted((a, b) => rankOf(a) - rankOf(b))) {
  const text = readFileSync(project + file, "utf8");
  if (isFault(file) || HOOK.test(text)) {
    alone.push([file]);
    continue;
  }
  bytes += text.length;
  if (bytes > MOST_BYTES) {
    groups.push([]);
    bytes = text.length;
  }
  groups.at(-1).push(file);
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const [index, group] of [...alone, ...groups].entries()) {
  const imports = group.map((file) => `import "../../${file}";\n`);
  writeFileSync(`${folder}/${String(index + 1).padStart(2, "0")}.mjs`, imports.join(""));
}

for (const [program, outfile] of threadBundles) {
  buildSync({ entryPoints: [program], outfile, bundle: true, platform: "node", target: "node24", format: "cjs", logLevel: "warning" });
}
