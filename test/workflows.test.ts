import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { pathOf, readYaml } from "./observability-files.ts";
import { npmScriptsIn } from "./shell-lines.ts";
import { runTool } from "./tool.ts";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      { readonly permissions?: Readonly<Record<string, string>>; readonly "timeout-minutes"?: number; readonly steps: readonly Step[] }
    >
  >;
}

const files = (await Array.fromAsync(glob("*.yml", { cwd: pathOf(".github/workflows") }))).sort();
const scripts = Object.keys(JSON.parse(await readFile(pathOf("package.json"), "utf8")).scripts);

/** What is wrong with a workflow, in words. */
function faults(source: string): string[] {
  const { permissions, jobs } = parse(source) as Workflow;
  const found: string[] = [];
  if (!permissions || Object.keys(permissions).length > 0) found.push("the workflow's own permissions are not {}");
  for (const [name, job] of Object.entries(jobs)) {
    if (!job.permissions) found.push(`job ${name} has no permissions of its own`);
    if (!job["timeout-minutes"]) found.push(`job ${name} has no timeout-minutes`);
    for (const { uses, run } of job.steps) {
      if (uses && !/^[\w.-]+(\/[\w.-]+)+@[0-9a-f]{40}$/.test(uses)) found.push(`${uses} is not pinned by a commit`);
      if (uses && !new RegExp(`${uses} # v\\d+\\.\\d+\\.\\d+$`, "m").test(source)) found.push(`${uses} does not say its version`);
      if (run?.includes("${{")) found.push(`an expression is pasted into a shell: ${run}`);
      for (const script of npmScriptsIn(run ?? "")) if (!scripts.includes(script)) found.push(`there is no npm script ${script}`);
      for (const [path = ""] of run?.matchAll(/(?<=^| )\.(ci|github)\/[\w./-]+/gm) ?? [])
        if (!existsSync(pathOf(path))) found.push(`${path} is not there`);
    }
  }
  return found;
}

test("workflows have least permissions, pinned actions, bounded jobs and only scripts that are there", async () => {
  assert.deepEqual(files, ["ci.yml", "codeql.yml", "image.yml", "release.yml"]);
  for (const file of files) assert.deepEqual(faults(await readFile(pathOf(`.github/workflows/${file}`), "utf8")), [], file);
});

test("the rule sees what it forbids", () => {
  const bad = `
permissions: { contents: write }
jobs:
  a:
    steps:
      - uses: actions/checkout@v7
      - run: npm run nowhere && .ci/gone
      - run: echo \${{ github.head_ref }}
`;
  assert.equal(faults(bad).length, 8);
});

test("only the jobs that publish may write, and no checkout leaves its token behind", async () => {
  const writes: string[] = [];
  for (const file of files) {
    const { jobs } = await readYaml<Workflow>(`.github/workflows/${file}`);
    for (const job of Object.values(jobs)) {
      for (const [scope, access] of Object.entries(job.permissions ?? {})) if (access === "write") writes.push(`${file} ${scope}`);
      for (const step of job.steps)
        if (step.uses?.startsWith("actions/checkout@")) assert.equal(step.with?.["persist-credentials"], false, file);
    }
  }
  assert.deepEqual(writes, [
    "codeql.yml security-events",
    "image.yml packages",
    "image.yml id-token",
    "release.yml packages",
    "release.yml contents",
  ]);
});

test("no job that may write runs anything from a package registry", async () => {
  for (const file of files) {
    const { jobs } = await readYaml<Workflow>(`.github/workflows/${file}`);
    for (const [name, { permissions = {}, steps }] of Object.entries(jobs)) {
      if (!Object.values(permissions).includes("write")) continue;
      for (const { run = "" } of steps) assert.doesNotMatch(run, /\b(?:npx|npm|pip|pipx|go|cargo|gem)\b/, `${file}: ${name}`);
    }
  }
});

test("image and chart go to the registry of the repository that runs the workflow: no owner is written down", async () => {
  let count = 0;
  for (const file of files) {
    const text = await readFile(pathOf(`.github/workflows/${file}`), "utf8");
    for (const [, owner = ""] of text.matchAll(/ghcr\.io\/(\S+)/g)) {
      assert.equal(owner, "${{", file);
      count += 1;
    }
  }
  assert.ok(count >= 4);
});

test("a release has install.yaml and the chart, made where nothing may be written, and pushes that very chart", async () => {
  const { jobs } = await readYaml<Workflow & { jobs: Record<string, { needs?: string | string[] }> }>(".github/workflows/release.yml");
  const runs = (job: string) => jobs[job]?.steps.map(({ run = "" }) => run).join("\n") ?? "";
  assert.match(runs("files"), /^npm run release-files -- --image "\$\{IMAGE,,\}"$/m);
  for (const job of ["chart", "release"]) assert.ok([jobs[job]?.needs].flat().includes("files"), job);
  assert.match(runs("chart"), /helm push gitops-operator-\*\.tgz "oci:\/\/\$\{CHARTS,,\}"/);
  assert.match(runs("release"), /gh release create .* install\.yaml gitops-operator-\*\.tgz$/m);
});

test("the signature that SECURITY.md has verified is that of the image's workflow, at one ref", async () => {
  const [, identity = ""] = /--certificate-identity (\S+)/.exec(await readFile(pathOf("SECURITY.md"), "utf8")) ?? [];
  assert.equal(identity, "https://github.com/OWNER/gitops-operator/.github/workflows/image.yml@refs/tags/vTAG");
  assert.ok(existsSync(pathOf(".github/workflows/image.yml")));
});

test("every shell step is valid bash", async () => {
  for (const file of files) {
    const { jobs } = await readYaml<Workflow>(`.github/workflows/${file}`);
    for (const { run } of Object.values(jobs).flatMap(({ steps }) => steps)) {
      if (run === undefined) continue;
      const { code, stderr } = await runTool("bash", ["-n", "-c", run]);
      assert.equal(code, 0, `${file}: ${run}\n${stderr}`);
    }
  }
});

test("the image is built for both architectures and named by the long SHA first, with SBOM, provenance and a signature", async () => {
  const { jobs } = await readYaml<Workflow>(".github/workflows/image.yml");
  const steps = jobs.image?.steps ?? [];
  const of = (action: string) => steps.find(({ uses }) => uses?.startsWith(action))?.with ?? {};
  const tags = String(of("docker/metadata-action").tags).trim().split("\n");
  assert.deepEqual(tags, [
    "type=sha,format=long,prefix=",
    "type=sha,format=short,prefix=",
    "type=ref,event=branch",
    "type=semver,pattern={{version}}",
    "type=semver,pattern={{major}}.{{minor}}",
    "type=raw,value=latest,enable={{is_default_branch}}",
  ]);
  const { platforms, push, sbom, provenance } = of("docker/build-push-action");
  assert.deepEqual(
    { platforms, push, sbom, provenance },
    { platforms: "linux/amd64,linux/arm64", push: true, sbom: true, provenance: "mode=max" },
  );
  assert.match(steps.at(-1)?.run ?? "", /^cosign sign --yes /);
});

test("dependency updates come in groups for every ecosystem that is pinned here", async () => {
  const { updates } = await readYaml<{ updates: { "package-ecosystem": string; groups: object }[] }>(".github/dependabot.yml");
  assert.deepEqual(
    updates.map((update) => update["package-ecosystem"]),
    ["npm", "github-actions", "docker", "docker-compose"],
  );
  for (const { groups } of updates) assert.ok(Object.keys(groups).length > 0);
});
