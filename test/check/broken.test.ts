/** Files with one mistake each: what is said of it, the exit code, and all of it as text, for GitHub and as JSON. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { command } from "./command.ts";
import { compileSchema } from "./output-schema.ts";

const folder = "test/check/broken";

/** By the file's name: the exit code, and each finding with its line. The whole answers are in NAME.golden. */
const files: Record<string, [exitCode: number, ...findings: [level: string, line: number, message: RegExp][]]> = {
  "annotation-misspelt": [
    1,
    ["problem", 1, /^gitops\.operator\.ssh_key_name is missing; set it to the name of the Secret/],
    ["problem", 13, /^gitops\.operator\.ssh_key_nam is unknown and has no effect; did you mean gitops\.operator\.ssh_key_name\?$/],
  ],
  "annotation-unknown": [
    0,
    ["warning", 14, /observed_branch is unknown and has no effect; did you mean gitops\.operator\.observe_branch\?$/],
  ],
  "api-version": [1, ["problem", 1, /^extensions\/v1beta1 is not what the operator reads; write apiVersion: apps\/v1$/]],
  "app-paths-pattern": [
    1,
    ["problem", 14, /app_paths has the pattern 'services\/\*', and knows none; name files and folders, for example services$/],
  ],
  "branch-as-ref": [1, ["problem", 14, /observe_branch is a full ref; write the branch name alone/]],
  "cronjob-pod-template": [
    1,
    ["problem", 11, /^gitops\.operator\.enabled and 6 more stand among the annotations of the Pod template, .* of the CronJob$/],
  ],
  "defaults-label": [
    1,
    ["problem", 1, /^its label gitops\.operator\/defaults is not 'true', so it gives no defaults/],
    ["problem", 11, /ssh_key_name is missing/],
  ],
  disabled: [
    1,
    ["problem", 11, /image_name is team\/shpo, but the containers of this Deployment have team\/shop; did you mean team\/shop\?$/],
  ],
  "enabled-without-quotes": [
    1,
    ["problem", 7, /enabled is not a string, so the API server refuses the Deployment; put it in quotes: 'true'$/],
  ],
  "enabled-yes": [1, ["problem", 7, /enabled is neither 'true' nor 'false' and counts as 'false'; set it to one of them$/]],
  "helm-template": [1, ["problem", 4, /^it is a Helm template \(line 4 .*: helm template CHART \| gitops-operator check -f -$/]],
  "helm-template-that-parses": [
    1,
    ["problem", 11, /^it is a Helm template \(line 11 .*: helm template CHART \| gitops-operator check -f -$/],
  ],
  "image-behind-kustomize": [
    0,
    ["warning", 11, /image_name is registry\.example\/team\/shop, but .* have shop; that is right only if kustomize/],
  ],
  "image-check-without-quotes": [
    1,
    ["problem", 14, /image_check is not a string, so the API server refuses the Deployment; put it in quotes: 'off'$/],
  ],
  "image-in-capitals": [1, ["problem", 11, /image_name is no image name \(lower-case letters/]],
  "image-misspelt": [
    1,
    ["problem", 11, /image_name is team\/shpo, but the containers of this Deployment have team\/shop, nginx; did you mean team\/shop\?$/],
  ],
  "image-of-other-registry": [
    1,
    ["problem", 11, /image_name is ghcr\.io\/team\/shop, but the containers of this Deployment have team\/shop; /],
  ],
  "image-with-tag": [1, ["problem", 11, /image_name holds a tag \(':…'\); write the image without it/]],
  job: [1, ["problem", 1, /^Pods and Jobs are never watched; annotate what makes them$/]],
  "list,with two": [1, ["problem", 40, /look_back is not a string, so the API server refuses the Deployment; put it in quotes$/]],
  "look-back": [1, ["problem", 14, /look_back is no whole number from 0 to 100; write one/]],
  "no-workload": [
    1,
    ["problem", 0, /^there is no apps\/v1 Deployment in it, and nothing else with annotations of ours; give the file of a workload$/],
  ],
  "not-ours": [1, ["problem", 1, /^no Deployment here is for the operator; set the annotations gitops\.operator\.enabled, /]],
  "not-yaml": [1, ["problem", 6, /^line 6: .*; give YAML or JSON that kubectl could apply/]],
  "on-labels": [
    1,
    [
      "problem",
      7,
      /^gitops\.operator\.enabled stands among the labels, where it has no effect; move it to metadata\.annotations of the Deployment$/,
    ],
    ["problem", 1, /enabled is missing/],
  ],
  "on-pod-template": [
    1,
    ["problem", 13, /enabled and 6 more stand among the annotations of the Pod template, where they have no effect; move them to/],
  ],
  "on-pod-template-too": [
    1,
    ["problem", 21, /observe_branch stands among the annotations of the Pod template, where it has no effect; move it to/],
  ],
  "path-above": [1, ["problem", 10, /deployment_path holds '\.\.'; write it relative to the root/]],
  "path-blob": [1, ["problem", 10, /deployment_path is an address; write the path from the root .*, for example shop\/deployment\.yaml$/]],
  "path-chart": [1, ["problem", 10, /deployment_path names charts\/shop\/Chart\.yaml, a kind of file that holds no image; /]],
  "path-folder": [1, ["problem", 10, /deployment_path names overlays\/prod, a folder by its name; .* overlays\/prod\/kustomization\.yaml/]],
  "path-markdown": [1, ["problem", 10, /deployment_path names shop\/README\.md, which is no YAML or JSON by its name; /]],
  "path-ref": [
    1,
    ["problem", 10, /deployment_path names a ref \('ref='\); leave it out, and name the branch by gitops\.operator\.manifest_branch$/],
  ],
  "path-template": [
    0,
    ["warning", 10, /deployment_path names charts\/shop\/templates\/deployment\.yaml, a template of a Helm chart by its name/],
  ],
  "paused-until": [1, ["problem", 14, /paused_until is no time as RFC 3339 has it; /]],
  "report-misspelt": [1, ["problem", 14, /report is none of 'both', .*; did you mean 'deployment'\?$/]],
  "repository-blob-gitlab": [
    1,
    ["problem", 9, /manifest_repository is the address of a page.*; write https:\/\/gitlab\.com\/team\/sub\/manifests, .*manifest_branch$/],
  ],
  "repository-over-http": [1, ["problem", 9, /manifest_repository has a transport that is refused \(only ssh and https are allowed\); /]],
  "repository-percent": [1, ["problem", 8, /app_repository has a '%' that encodes no character; /]],
  "repository-port": [
    1,
    [
      "problem",
      8,
      /so if it is one, write ssh:\/\/git@git\.example:2222\/team\/shop\.git; if it is a folder, ssh:\/\/git@git\.example\/2222\/team\/shop\.git$/,
    ],
  ],
  "repository-ref": [
    1,
    ["problem", 8, /app_repository has a query or fragment; leave it out \(observe_branch and manifest_branch name branches\), /],
  ],
  "repository-src-gitea": [
    1,
    ["problem", 8, /app_repository is the address of a page.*; write git@git\.example:team\/shop, .*observe_branch$/],
  ],
  "repository-tree": [
    1,
    ["problem", 8, /app_repository is the address of a page.*; write https:\/\/github\.com\/team\/shop, .*observe_branch$/],
  ],
  "repository-with-password": [1, ["problem", 8, /app_repository holds a user or password, which everybody can read there; /]],
  "repository-without-user": [1, ["problem", 8, /app_repository is no repository; write user@host:path/]],
  "secret-name": [1, ["problem", 12, /ssh_key_name is no name of a Secret/]],
  "secret-of-others": [1, ["problem", 1, /^Secret other-team\/ssh-key can't be used by Deployments of namespace web: /]],
  "tag-format": [1, ["problem", 14, /tag_format holds an unknown name in \{\{…\}\}; write \{\{sha\}\}/]],
  "tag-type": [1, ["problem", 14, /tag_type is neither 'long' nor 'short' and counts as 'long'; set it to one of them$/]],
};

interface Finding {
  readonly level: string;
  readonly message: string;
  readonly line?: number;
}
interface Answer {
  readonly exitCode: number;
  readonly files: readonly {
    readonly findings: readonly Finding[];
    readonly objects: readonly { readonly findings: readonly Finding[] }[];
  }[];
}

/** As actions/runner reads a line; undefined: it is no command. */
function readCommand(line: string) {
  const [, name, properties = "", data = ""] = /^::([a-z]+)(?: ([^:]*))?::(.*)$/.exec(line) ?? [];
  if (name === undefined) return undefined;
  const plain = (text: string) => text.replace(/%0D/g, "\r").replace(/%0A/g, "\n");
  const property = (text: string) => plain(text).replace(/%3A/g, ":").replace(/%2C/g, ",").replace(/%25/g, "%");
  const pairs = properties.split(",").map((pair) => [pair.slice(0, pair.indexOf("=")), property(pair.slice(pair.indexOf("=") + 1))]);
  return { name, properties: Object.fromEntries(pairs) as Record<string, string>, message: plain(data).replace(/%25/g, "%") };
}

test("each broken file is told by its mistake, at its line, by the exit code, as text, to GitHub and as JSON of the documented schema", async (t) => {
  const validate = await compileSchema();
  const env = { GITHUB_WORKSPACE: process.cwd() };
  const there = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).map((name) => name.slice(0, -".yaml".length));
  assert.deepEqual(there.sort(), Object.keys(files).sort());
  assert.ok(there.length >= 30);
  for (const [name, [exitCode, ...expected]] of Object.entries(files)) {
    const path = `${folder}/${name}.yaml`;
    const [text, github, json] = await Promise.all(
      ["text", "github", "json"].map((format) => command(["check", "-f", path, "-o", format], "", env)),
    );
    assert.ok(text && github && json);
    assert.deepEqual([text.code, github.code, json.code], [exitCode, exitCode, exitCode], name);

    const answer = JSON.parse(json.lines.join("\n")) as Answer;
    assert.ok(validate(answer), `${name}: ${JSON.stringify(validate.errors)}`);
    assert.equal(answer.exitCode, exitCode);
    const found = answer.files.flatMap((file) => [...file.findings, ...file.objects.flatMap(({ findings }) => findings)]);
    assert.equal(found.length, expected.length, `${name}: ${JSON.stringify(found)}`);
    for (const [index, [level, line, message]] of expected.entries()) {
      assert.deepEqual([found[index]?.level, found[index]?.line ?? 0], [level, line], name);
      assert.match(found[index]?.message ?? "", message, name);
    }

    const commands = github.lines.flatMap((line) => readCommand(line) ?? []);
    const asCommands = found.map(({ level, message, line }) => [
      level === "problem" ? "error" : level,
      path,
      line && String(line),
      message,
    ]);
    assert.deepEqual(
      commands.map(({ name: kind, properties, message }) => [kind, properties.file, properties.line, message]),
      asCommands,
    );
    assert.equal(github.lines.length, commands.length + 1);
    const whole = [`exit ${exitCode}`, "--- text", ...text.lines, "--- github", ...github.lines, "--- json", ...json.lines];
    t.assert.fileSnapshot(whole.join("\n"), `${folder}/${name}.golden`, { serializers: [(value) => `${value}\n`] });
  }
});
