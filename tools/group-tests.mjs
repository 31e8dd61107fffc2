/**
 * For `npm test`: its files in groups, each one process. Node's runner starts a process for every file that it is given, and what the files test takes
 * each process long to load, and longer to get warm: for two hundred files that was a third of all their work.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("..", import.meta.url));
const folder = `${project}dist/tests`;
/** Of a group's text: about twenty groups. */
const MOST_BYTES = 60_000;
/** Outside of tests they would be for every test of the group. */
const HOOK = /^(before|after|beforeEach|afterEach)\(/m;

const isLong = (file) => file.startsWith("test/e2e/");
const files = globSync("test/{*.test.ts,!(faults|real-cluster)/**/*.test.ts}", { cwd: project }).sort();
const groups = [];
const alone = [];
let bytes = MOST_BYTES;
for (const file of [...files.filter(isLong), ...files.filter((file) => !isLong(file))]) {
  const text = readFileSync(project + file, "utf8");
  if (HOOK.test(text)) {
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
for (const [index, group] of [...groups, ...alone].entries()) {
  const imports = group.map((file) => `import "../../${file}";\n`);
  writeFileSync(`${folder}/${String(index + 1).padStart(2, "0")}.mjs`, imports.join(""));
}
