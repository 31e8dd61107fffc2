/** The licence texts of the packages that are in a bundle, by esbuild's metafile. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const LEGAL_FILE = /^(licen[cs]e|copying|notice|copyright)/i;

/** Throws when a bundled package brings no licence text: it must not be shipped unlicensed. */
export async function thirdPartyLicenses(metafile) {
  const folders = new Set();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = bytesInOutput > 0 && /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0];
      if (folder) folders.add(folder);
    }
  }
  const entries = await Promise.all([...folders].sort().map(entryOf));
  const without = entries.filter(({ texts }) => texts.length === 0);
  if (without.length > 0) throw new Error(`No licence text in bundled packages: ${without.map(({ title }) => title).join(", ")}`);
  return entries.map(({ title, texts }) => `${"=".repeat(80)}\n${title}\n${"=".repeat(80)}\n\n${texts.join("\n\n")}\n`).join("\n");
}

async function entryOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const found = await readdir(folder, { withFileTypes: true });
  const files = found
    .filter((entry) => entry.isFile() && LEGAL_FILE.test(entry.name))
    .map((entry) => entry.name)
    .sort();
  const texts = await Promise.all(files.map(async (file) => (await readFile(join(folder, file), "utf8")).trim()));
  return { title: `${name} ${version}${license ? ` (${license})` : ""}`, texts };
}
