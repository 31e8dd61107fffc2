/** What `check` says of the files that a Deployment names, where they lie at hand. */
import assert from "node:assert/strict";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../temporary-folder.ts";
import { command, squeezed } from "./command.ts";
import { deploymentYaml } from "./deployment-yaml.ts";

const kustomization = `resources: ["github.com/team/shop?ref=${"1".repeat(40)}"]
images:
- {name: team/other, newTag: x}
- name: team/shop
  newTag: x
`;
const values = "image:\n  repository: team/shop\n  tag: x\njobs: [{image: team/shop:x}, {image: other:x}]\n";

/** The lines about files, of a Deployment with these annotations. */
async function told(root: string, annotations: Readonly<Record<string, string>>, args: readonly string[] = ["--repository", root]) {
  const answer = await command(["check", "-f", "-", ...args], deploymentYaml("shop", annotations));
  return { code: answer.code, lines: squeezed(answer).filter((line) => /^(ok|problem)/.test(line)) };
}

test("of each file it is told what it is read as, and at which lines what is ours stands", async (t) => {
  const root = await temporaryFolder(t, {
    "k/kustomization.yaml": kustomization,
    "envs/dev/values.yaml": values,
    "envs/prod/values.yaml": values,
    "envs/prod/other.yaml": "apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: ConfigMap\n",
    "envs/README.md": "team/shop:x",
  });
  const paths = "k/kustomization.yaml, envs/**/*, envs/dev/values.yaml#image.tag";
  assert.deepEqual(await told(root, { deployment_path: paths }), {
    code: 0,
    lines: [
      "ok k/kustomization.yaml holds a kustomization: 1 place is ours (line 5)",
      "ok envs/dev/values.yaml holds Helm values: 2 places are ours (lines 3, 4)",
      "ok envs/dev/values.yaml#image.tag: 1 place is ours (line 3)",
      "ok envs/prod/other.yaml holds a Service and a ConfigMap: no place in it is ours",
      "ok envs/prod/values.yaml holds Helm values: 2 places are ours (lines 3, 4)",
    ],
  });
  const withRef = await told(root, {
    deployment_path: "k/kustomization.yaml",
    write_ref: "true",
    app_repository: "git@github.com:team/shop",
  });
  assert.deepEqual(withRef.lines, ["ok k/kustomization.yaml holds a kustomization: 2 places are ours (lines 1, 5)"]);
});

// S30
test("where a digest can't be pinned it is told before anything is applied", async (t) => {
  const root = await temporaryFolder(t, { "k/kustomization.yaml": kustomization, "values.yaml": values });
  const pinned = (deployment_path: string) => told(root, { deployment_path, digest: "pin" });
  assert.equal((await pinned("k/kustomization.yaml, values.yaml#image.tag")).code, 0);
  const { code, lines } = await pinned("values.yaml");
  assert.deepEqual([code, lines.length], [1, 1]);
  assert.match(
    lines.join(),
    /^problem values\.yaml can't be used as a manifest: line 3: gitops\.operator\.digest is 'pin', and nothing beside/,
  );
});

test("what is wrong is told in the operator's words", async (t) => {
  const root = await temporaryFolder(t, {
    "bad.yaml": "a: [1\n",
    "k/kustomization.yaml": "images: [{name: team/other, newTag: x}]\n",
    "pinned.yaml": "image: {repository: team/shop, tag: &t x}\nlabel: *t\n",
    "folder/a.yaml": values,
    "sub/.git": "gitdir: ../.git/modules/sub\n",
    "sub/a.yaml": values,
    "large.yaml": "#".repeat(2 ** 20 + 1),
  });
  await writeFile(join(root, "binary.yaml"), Buffer.from([0xff, 0xfe, 0x00]));
  const wrong: [path: string, message: RegExp][] = [
    ["none.yaml", /^problem none\.yaml is not in the manifests repository \('none\.yaml' does not exist\); correct/],
    [
      "none/*.yaml",
      /^problem gitops\.operator\.deployment_path 'none\/\*\.yaml' names no \.yaml, \.yml or \.json file of the manifests repo/,
    ],
    ["bad.yaml", /^problem bad\.yaml can't be used as a manifest: line \d+: /],
    ["k/kustomization.yaml", /^problem No entry of images in k\/kustomization\.yaml names image 'team\/shop'; add - name: team\/shop/],
    ["pinned.yaml", /^problem pinned\.yaml can't be used as a manifest: line 1: line 2 repeats this text/],
    ["folder", /^problem folder is not a regular file: 'folder' is a directory \(mode 040000\)/],
    ["sub/a.yaml", /^problem sub\/a\.yaml is not a regular file: 'sub' is a submodule \(mode 160000\)/],
    [".git/config", /^problem gitops\.operator\.deployment_path leads into git's own folder/],
    ["large.yaml", /^problem large\.yaml has 1048577 bytes, more than 1 MiB/],
    ["binary.yaml", /^problem binary\.yaml is not UTF-8 text/],
  ];
  for (const [path, message] of wrong) {
    const { code, lines } = await told(root, { deployment_path: path });
    assert.equal(code, 1, path);
    assert.match(lines.at(-1) ?? "", message);
  }
});

// S9
test("no path leads out of the folder: a symbolic link is refused as in git, and no pattern follows one", async (t) => {
  const outside = await temporaryFolder(t, { "secret.yaml": values });
  const root = await temporaryFolder(t, { "in.yaml": values });
  await symlink(outside, join(root, "out"));
  await symlink(join(outside, "secret.yaml"), join(root, "link.yaml"));
  await symlink("in.yaml", join(root, "inside.yaml"));
  for (const [path, here] of [
    ["out/secret.yaml", "out"],
    ["link.yaml", "link.yaml"],
    ["inside.yaml", "inside.yaml"],
  ] as const) {
    const { lines } = await told(root, { deployment_path: path });
    assert.match(lines[0] ?? "", new RegExp(`^problem ${path} is not a regular file: '${here}' is a symbolic link \\(mode 120000\\)`));
  }
  assert.deepEqual((await told(root, { deployment_path: "**" })).lines, ["ok in.yaml holds Helm values: 2 places are ours (lines 3, 4)"]);
  assert.match((await told(root, { deployment_path: "../secret.yaml" })).lines[0] ?? "", /^problem .*deployment_path holds '\.\.'/);
});

test("without --repository a file is read that lies beside the manifest, or in the work tree that it is in; else none is, which is no problem", async (t) => {
  const manifest = deploymentYaml("shop", { deployment_path: "k/kustomization.yaml" });
  const root = await temporaryFolder(t, {
    "apps/shop/deployment.yaml": manifest,
    "k/kustomization.yaml": kustomization,
    ".git/HEAD": "ref: refs/heads/main\n",
  });
  const check = async () =>
    squeezed(await command(["check", "-f", join(root, "apps/shop/deployment.yaml")])).filter((line) => /^ok/.test(line));
  const found = "ok k/kustomization.yaml holds a kustomization: 1 place is ours (line 5)";
  assert.deepEqual(await check(), [found]);
  await mkdir(join(root, "apps/shop/k"));
  await writeFile(join(root, "apps/shop/k/kustomization.yaml"), `# nearer\n${kustomization}`);
  assert.deepEqual(await check(), [found.replace("line 5", "line 6")]);
  await rm(join(root, "apps/shop/k"), { recursive: true });
  await rm(join(root, ".git"), { recursive: true });
  assert.deepEqual(await check(), []);
  assert.deepEqual((await told(root, { deployment_path: "k/kustomization.yaml" }, [])).lines, []);
});

test("--repository is a folder, and not beside --live", async (t) => {
  const root = await temporaryFolder(t, { a: "" });
  for (const [args, message] of [
    [["--repository", join(root, "none")], /^--repository is no folder/],
    [["--repository", join(root, "a")], /^--repository is no folder/],
    [["--repository", root, "--live"], /^--repository reads a working copy, --live and --dry-run the repository itself/],
    [["--repository", root, "--dry-run"], /^--repository reads a working copy/],
  ] as const) {
    const answer = await command(["check", "-f", "-", ...args]);
    assert.equal(answer.code, 2);
    assert.match(answer.errors, message);
  }
});

test("hundreds of places are told by their number and their first lines, in a moment", async (t) => {
  const root = await temporaryFolder(t, { "values.yaml": `jobs:\n${"- image: team/shop:x\n".repeat(900)}` });
  const { lines } = await told(root, { deployment_path: "values.yaml" });
  assert.deepEqual(lines, ["ok values.yaml holds Helm values: 900 places are ours (lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …)"]);
});
