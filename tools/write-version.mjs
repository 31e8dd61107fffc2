// `npm version` runs this: the one-file program has no package.json at hand, so src/version.ts carries its version, as the manifests do.
import { readFile, writeFile } from "node:fs/promises";

const { version } = JSON.parse(await readFile("package.json", "utf8"));
/** What stands before the version. */
const places = {
  "src/version.ts": /(version = ")[^"]*/,
  "manifests/base/deployment.yaml": /(image: .*:)\S*/,
  "manifests/overlays/example/kustomization.yaml": /(newTag: )\S*/,
  "manifests/chart/Chart.yaml": /^(version: |appVersion: )\S*/gm,
};
for (const [path, place] of Object.entries(places)) {
  const source = await readFile(path, "utf8");
  await writeFile(path, source.replace(place, `$1${version}`));
}
