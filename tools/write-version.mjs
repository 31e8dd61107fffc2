// `npm version` runs this: the one-file program has no package.json at hand, so src/version.ts carries its version.
import { readFile, writeFile } from "node:fs/promises";

const { version } = JSON.parse(await readFile("package.json", "utf8"));
const path = "src/version.ts";
const source = await readFile(path, "utf8");
await writeFile(path, source.replace(/"[^"]*"/, JSON.stringify(version)));
