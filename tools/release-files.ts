/**
 * What a release has beside its image: install.yaml, which is manifests/base with that image, and the packaged chart that names it. The same
 * sources make the same bytes. `npm run release-files -- --image ghcr.io/me/gitops-operator [--out DIR]`; needs kubectl and GNU tar.
 */
import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { version } from "../src/version.ts";

/** Nobody's, so that whoever forgets to name one is told by the kubelet. */
const placeholder = "registry.example/gitops-operator";
const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const { values } = parseArgs({
  options: { image: { type: "string", default: placeholder }, out: { type: "string", default: at("dist/release") } },
});
await mkdir(values.out, { recursive: true });
const folder = await realpath(await mkdtemp(join(tmpdir(), "release-files-")));
try {
  const manifests = join(values.out, "install.yaml");
  await writeFile(manifests, await installYaml(values.image));
  const chart = join(values.out, `gitops-operator-${version}.tgz`);
  await writeFile(chart, await packagedChart(values.image));
  console.log(`${manifests}\n${chart}`);
} finally {
  await rm(folder, { recursive: true });
}

async function installYaml(image: string): Promise<string> {
  const overlay = join(folder, "overlay");
  await mkdir(overlay);
  const images = [{ name: placeholder, newName: image, newTag: version }];
  await writeFile(join(overlay, "kustomization.yaml"), JSON.stringify({ resources: [relative(overlay, at("manifests/base"))], images }));
  const objects = execFileSync("kubectl", ["kustomize", overlay], { encoding: "utf8" });
  return `# gitops-operator ${version}: kubectl apply -f install.yaml\n${objects}`;
}

async function packagedChart(image: string): Promise<Buffer> {
  const chart = join(folder, "gitops-operator");
  // With the files that its links lead to.
  await cp(at("manifests/chart"), chart, { recursive: true, dereference: true });
  const file = join(chart, "values.yaml");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace(/^( {2}repository: ).*/m, `$1${image}`));
  const files = (await readdir(chart, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort();
  // Neither times nor modes nor owners of this machine.
  const same = ["--format=ustar", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rw,go=r"];
  return gzipSync(execFileSync("tar", ["--create", "--file=-", `--directory=${folder}`, ...same, ...paths], { maxBuffer: 2 ** 26 }), {
    level: 9,
  });
}
