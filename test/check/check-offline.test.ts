import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { compileCache } from "../../sandbox/compile-cache.ts";
import { check, command, squeezed } from "./command.ts";
import { deploymentYaml } from "./deployment-yaml.ts";

const broken = `apiVersion: v1
kind: Service
metadata: { name: shop }
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  namespace: web
  annotations:
    gitops.operator.enabled: true
    gitops.operator.app_repository: github.com/team/shop
    gitops.operator.manifest_repository: http://github.com/team/manifests.git
    gitops.operator.deployment_path: ../deployment.yaml
    gitops.operator.image_name: team/shop:1.2
    gitops.operator.ssh_key_name: ssh-key
    gitops.operator.ssh_key_namespace: gitops-operator
    gitops.operator.observed_branch: main
    gitops.operator.tag_type: medium
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: half
  annotations:
    gitops.operator.enabled: 'true'
    gitops.operator.app_repository: git@github.com:team/half.git
    gitops.operator.manifest_repository: http://github.com/team/manifests.git
    gitops.operator.tag_type: tiny
    gitops.operator.deployment_path: half/deployment.yaml
    gitops.operator.image_name: team/half
    gitops.operator.ssh_key_nam: ssh-key
    gitops.operator.ssh_key_namespace: gitops-operator
`;

test("a broken file: every problem in one line that says what, where and what to do", async () => {
  const answer = await check(broken);
  assert.equal(answer.code, 1);
  assert.deepEqual(squeezed(answer), [
    "Deployment web/shop",
    "problem gitops.operator.enabled is not a string, so the API server refuses the Deployment; put it in quotes: 'true'",
    "problem gitops.operator.app_repository is no repository; write user@host:path, ssh://user@host/path, or https://host/path",
    "problem gitops.operator.manifest_repository has a transport that is refused (only ssh and https are allowed); write user@host:path, ssh://user@host/path, or https://host/path",
    "problem gitops.operator.deployment_path holds '..'; write it relative to the root of the repository",
    "problem gitops.operator.image_name holds a tag (':…'); write the image without it (the operator sets the tag), for example team/app",
    "warning gitops.operator.observed_branch is unknown and has no effect; did you mean gitops.operator.observe_branch?",
    "problem gitops.operator.tag_type is neither 'long' nor 'short' and counts as 'long'; set it to one of them",
    "",
    "Deployment default/half (namespace by default)",
    "problem gitops.operator.ssh_key_name is missing; set it to the name of the Secret that holds the key under ssh-privatekey",
    "problem gitops.operator.ssh_key_nam is unknown and has no effect; did you mean gitops.operator.ssh_key_name?",
    "problem gitops.operator.manifest_repository has a transport that is refused (only ssh and https are allowed); write user@host:path, ssh://user@host/path, or https://host/path",
    "problem gitops.operator.tag_type is neither 'long' nor 'short' and counts as 'long'; set it to one of them",
    "",
    "standard input: 2 Deployments checked, 10 problems, 1 warning",
  ]);
});

test("a good file: what is read from where, defaults as defaults, exit 0", async () => {
  const answer = await check(deploymentYaml("shop"));
  assert.equal(answer.code, 0);
  assert.deepEqual(squeezed(answer), [
    "Deployment default/shop (namespace by default)",
    "application git@github.com:team/shop.git, branch 'master', or else the repository's default branch (default)",
    "manifests git@github.com:team/manifests.git, branch 'master', or else the repository's default branch (default), file shop/deployment.yaml",
    "image team/shop, in the registry that the manifest names, or Docker Hub (default)",
    "tag the commit's SHA, 40 characters (default)",
    "look back at most 20 commits, while the newest has no image (default: LOOK_BACK)",
    "image check the registry must have the image (default: IMAGE_CHECK)",
    "SSH key Secret gitops-operator/ssh-key, field ssh-privatekey (for both repositories)",
    "registry login Secret gitops-operator/regcred, field .dockerconfigjson (default; when it is absent the registry is asked without a login)",
    "forge token none (default): the state of builds is not asked for",
    "notifications none (default)",
    "",
    "standard input: 1 Deployment checked, no problems",
  ]);
});

test("of proposals it is shown on which branch they stand, with which token, who opens the request, and where a person would", async () => {
  const rows = async (annotations: Record<string, string>) => {
    const answer = await check(deploymentYaml("shop", { write_to: "proposal", manifest_branch: "main", ...annotations }));
    assert.equal(answer.code, 0);
    return squeezed(answer).filter((line) => /^(?:write_to|proposal|proposal_auto_merge|request|token for requests) /.test(line));
  };
  const written = "write_to commits are proposed: pushed to a branch of their own, for people to merge";
  const page = "https://github.com/team/manifests/compare/main...gitops-operator/default/shop";
  assert.deepEqual(await rows({}), [
    written,
    "proposal branch 'gitops-operator/default/shop' (default)",
    `request opened by people at ${page}, as no token is named (gitops.operator.manifest_token_secret_name)`,
  ]);
  const said = { proposal_branch: "gitops-operator/shop", proposal_labels: "a,b", proposal_auto_merge: "true" };
  assert.deepEqual(await rows({ ...said, manifest_token_secret_name: "requests" }), [
    written,
    "proposal_auto_merge the forge merges it by itself as soon as its rules allow",
    "token for requests Secret gitops-operator/requests, field forge-token or githubAppPrivateKey (with its ids) (namespace by default)",
    "proposal branch 'gitops-operator/shop'",
    "request opened at GitHub by https://api.github.com; merged by the forge as soon as its rules allow; labels a, b",
  ]);
  const [, , request] = await rows({ manifest_repository: "git@gitlab.com:team/manifests.git" });
  assert.match(request ?? "", /^request opened by GitLab itself, by push options/);
  const [, ...byAgit] = await rows({ manifest_repository: "git@codeberg.org:team/manifests.git" });
  assert.deepEqual(byAgit, [
    "proposal topic 'gitops-operator/default/shop' (default)",
    "request opened by Forgejo itself, by AGit (refs/for/)",
  ]);
});

test("warnings alone are counted, and exit with 0", async () => {
  const answer = await check(deploymentYaml("shop", { paused_reason: "freeze", observed_branch: "main" }));
  assert.equal(answer.code, 0);
  assert.equal(answer.lines.at(-1), "standard input: 1 Deployment checked, no problems, 2 warnings");
});

test("what is set is shown as set, with the key and the Secret of each part", async () => {
  const annotations = {
    observe_branch: "main",
    manifest_branch: "live",
    manifest_ssh_key_name: "deploy-key",
    tag_type: "short",
    image_check: "on",
    registry_secret_url: "https://registry.example/v2",
    registry_secret_name: "login",
    github_token_secret_name: "token",
    notifications_secret_name: "chat",
    notifications_secret_namespace: "web",
  };
  const answer = await check(deploymentYaml("shop", annotations, "web"), { OPERATOR_NAMESPACE: "ops" });
  assert.equal(answer.code, 0);
  assert.deepEqual(squeezed(answer).slice(1, -2), [
    "application git@github.com:team/shop.git, branch 'main'",
    "manifests git@github.com:team/manifests.git, branch 'live', file shop/deployment.yaml",
    "image registry.example/team/shop, in the registry https://registry.example/v2",
    "tag the commit's SHA, 7 characters",
    "look back at most 20 commits, while the newest has no image (default: LOOK_BACK)",
    "image check the registry must have the image",
    "SSH key Secret gitops-operator/ssh-key, field ssh-privatekey (for the application)",
    "SSH key Secret gitops-operator/deploy-key, field ssh-privatekey (for the manifests)",
    "registry login Secret ops/login, field .dockerconfigjson",
    "forge token Secret ops/token, field github-token or githubAppPrivateKey (with its ids) (namespace by default)",
    "notifications Secret web/chat, field webhook-url",
    "builds asked of GitHub at https://api.github.com",
  ]);
});

test("which forge would get which token is shown, and why none does", async () => {
  const token = { forge_token_secret_name: "token" };
  const told = async (annotations: Record<string, string>, env = {}) =>
    squeezed(await check(deploymentYaml("shop", annotations), env)).filter((line) => /^(forge token|builds|warning)/.test(line));
  const app_repository = "git@git.example:team/shop.git";
  assert.deepEqual(await told({ ...token, app_repository: "git@ssh.dev.azure.com:v3/org/project/shop" }), [
    "forge token Secret gitops-operator/token, field forge-token (namespace by default)",
    "builds asked of Azure DevOps at https://dev.azure.com",
  ]);
  assert.equal(
    (await told({ ...token, app_repository }, { FORGES: "git.example=forgejo" })).at(-1),
    "builds asked of Forgejo at https://git.example/api/v1",
  );
  const [warning, row] = await told({ ...token, app_repository });
  assert.match(warning ?? "", /nobody has said which forge git\.example is/);
  assert.equal(row, "forge token not used: the state of builds is not asked for");
});

test("which commits count, how their images are tagged and until when it is paused is told in words", async () => {
  const shown = /^(paused|releases|paths|tag|look back|rollback|warning|problem)/;
  const told = async (annotations: Record<string, string>, env = {}) => {
    const answer = await check(deploymentYaml("shop", annotations), env);
    return squeezed(answer).filter((line) => shown.test(line));
  };
  assert.deepEqual(
    await told({
      ...{
        tag_format: "{{branch}}-{{sha7}}",
        observe_branch: "feature/x",
        look_back: "1",
        app_paths: "services/shop, !services/shop/docs",
      },
      ...{ rollback: "override", paused_until: "2999-01-31T18:00:00+01:00", paused_reason: "freeze", tag_type: "short" },
    }),
    [
      "warning gitops.operator.tag_type has no effect, as gitops.operator.tag_format is set; remove it",
      "paused until 2999-01-31T18:00:00+01:00: freeze; then it would be:",
      "paths only commits that change services/shop, but not services/shop/docs",
      "tag the branch + '-' + the commit's SHA (7 characters), for example feature-x-0123456 on branch 'feature/x'",
      "look back at most 1 commit, while the newest has no image",
      "rollback the newest commit is written, whatever somebody took back",
    ],
  );
  assert.deepEqual(await told({ release_tags: "v*", app_paths: "!docs" }, { LOOK_BACK: "0" }), [
    "warning gitops.operator.app_paths has no effect on the git tags of gitops.operator.release_tags; remove one of them",
    "releases the highest version among the git tags v*",
    "tag the git tag (default with release_tags)",
    "look back none: only the highest version (default: LOOK_BACK)",
  ]);
  assert.deepEqual(await told({ tag_format: "sha-{{sha}}", image_check: "off", paused_until: "2001-01-01T00:00:00Z" }), [
    "paused no more: it was until 2001-01-01T00:00:00Z",
    `tag 'sha-' + the commit's SHA (40 characters), for example sha-0123456789abcdef0123456789abcdef01234567`,
    "look back none, as images are not checked: only the newest commit (default: LOOK_BACK)",
  ]);
  const long = `{{branch}}-${"x".repeat(84)}{{sha}}`;
  assert.deepEqual((await told({ tag_format: long })).slice(0, 1), [
    `tag the branch + '-${"x".repeat(84)}' + the commit's SHA (40 characters)`,
  ]);
  assert.deepEqual(await told({ tag_format: "{{short_sha}}", paused_until: "tomorrow" }), [
    "problem gitops.operator.tag_format holds an unknown name in {{…}}; write {{sha}}, {{sha4}} to {{sha40}}, {{branch}}, {{tag}} or {{version}}, and letters, digits, '_', '.' and '-' between them",
    "problem gitops.operator.paused_until is no time as RFC 3339 has it; write date, time and offset, for example '2030-01-31T18:00:00Z'",
  ]);
});

test("what the application's commit is told is shown as far as its forge and token let it be", async () => {
  const told = async (annotations: Record<string, string>, env = {}) =>
    squeezed(await check(deploymentYaml("shop", annotations), env)).filter((line) => line.startsWith("report "));
  const token = { forge_token_secret_name: "token" };
  const elsewhere = { ...token, app_repository: "git@git.example:team/shop.git" };
  const notUsed = ["report not used: nothing is told on the application's commit"];
  assert.deepEqual(await told({ ...token, report: "both" }), [
    "report the application's commit has a status and a deployment that say what became of it",
  ]);
  assert.deepEqual(await told({ report: "both" }), notUsed);
  assert.deepEqual(await told({ ...elsewhere, report: "status" }), notUsed);
  assert.deepEqual(await told({ ...elsewhere, report: "status" }, { FORGES: "git.example=gitlab" }), notUsed);
  assert.deepEqual(await told({ ...elsewhere, report: "both" }, { FORGES: "git.example=gitlab" }), [
    "report the application's commit has a deployment that says what became of it",
  ]);
  assert.deepEqual(await told({ report: "none" }), ["report nothing is told on the application's commit"]);
});

test("write_ref is shown where it is set", async () => {
  const told = async (write_ref: string | null) =>
    squeezed(await check(deploymentYaml("shop", { write_ref }))).filter((line) => /write_ref/.test(line));
  assert.deepEqual(await told(null), []);
  assert.deepEqual(await told("true"), ["write_ref a kustomization's refs of the application's repository become the commit too"]);
  assert.deepEqual(await told("false"), ["write_ref refs of kustomizations are left alone"]);
  assert.deepEqual(await told("yes"), ["problem gitops.operator.write_ref is none of 'true' and 'false'; write one of them"]);
});

// S30
test("that digests are pinned is shown, and that the registry is asked for them without a login too", async () => {
  const told = async (digest: string, env = {}) =>
    squeezed(await check(deploymentYaml("shop", { digest }), env)).filter((line) => /digest|registry login/.test(line));
  const login = (absent: string) =>
    `registry login Secret gitops-operator/regcred, field .dockerconfigjson (default; when it is absent ${absent})`;
  const pinned = "digest the digest that the registry tells is written beside the tag, also where none stood";
  const anonymous = login("the registry is asked without a login");
  assert.deepEqual(await told("pin"), [pinned, anonymous]);
  assert.deepEqual(await told("pin", { IMAGE_CHECK: "if-secret" }), [pinned, anonymous]);
  assert.deepEqual(await told("keep", { IMAGE_CHECK: "if-secret" }), [
    "digest a digest that stands in the manifest becomes that of the new image; none is added",
    login("the image is not checked"),
  ]);
  assert.deepEqual(await told("pin", { IMAGE_CHECK: "off" }), [
    "problem gitops.operator.digest is 'pin', but the image check is off, so nobody tells the digest; set gitops.operator.image_check to 'on', or this one to 'keep'",
  ]);
});

test("what image_check or IMAGE_CHECK leaves unchecked is told, and an annotation that asks for less than a set IMAGE_CHECK is a problem", async () => {
  const told = async (annotations: Record<string, string>, env = {}) => {
    const answer = await check(deploymentYaml("shop", annotations), env);
    return [answer.code, ...squeezed(answer).filter((line) => /^(image check|registry login|problem)/.test(line))];
  };
  assert.deepEqual(await told({ image_check: "off" }), [0, "image check none: tags are pushed unchecked"]);
  assert.deepEqual(await told({}, { IMAGE_CHECK: "if-secret" }), [
    0,
    "image check the registry must have the image, where its login is there (default: IMAGE_CHECK)",
    "registry login Secret gitops-operator/regcred, field .dockerconfigjson (default; when it is absent the image is not checked)",
  ]);
  assert.deepEqual(await told({ image_check: "if-secret" }, { IMAGE_CHECK: "on" }), [
    1,
    "problem gitops.operator.image_check asks for less than the operator's IMAGE_CHECK=on, which holds for all; remove it",
  ]);
  // kubectl reads YAML 1.1, where a bare off is a boolean.
  const bare = (await check(deploymentYaml("shop", { image_check: "off" }).replace('"off"', "off"))).lines.join("\n");
  assert.match(bare, /image_check is not a string, so the API server refuses the Deployment; put it in quotes/);
});

test("a Secret that SECRET_REFS does not let the Deployment name is a problem; the default one that may be absent is a warning", async () => {
  const file = deploymentYaml("shop", { ssh_key_namespace: "other" });
  const answer = await check(file);
  assert.equal(answer.code, 1);
  const [problem, ...more] = squeezed(answer).filter((line) => line.startsWith("problem"));
  assert.match(problem ?? "", /^problem Secret other\/ssh-key can't be used by Deployments of namespace default: .*SECRET_NAMESPACES$/);
  assert.deepEqual(more, []);
  assert.equal((await check(file, { SECRET_NAMESPACES: "other" })).code, 0);
  assert.equal((await check(file, { SECRET_REFS: "any" })).code, 0);
  const strict = await check(deploymentYaml("shop", { ssh_key_namespace: "default" }), { SECRET_REFS: "strict" });
  assert.equal(strict.code, 0);
  assert.match(strict.lines.join("\n"), /warning +Secret gitops-operator\/regcred can't be used/);
});

test("Lists, several documents and a disabled Deployment: each is told, others are left alone", async () => {
  const inner = { apiVersion: "v1", kind: "List", items: [JSON.parse(deploymentYaml("one"))] };
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: [inner, { kind: "ConfigMap" }] });
  const { apiVersion: _, kind: __, ...two } = JSON.parse(deploymentYaml("two", { enabled: "false", image_name: "Team/Shop" }));
  const deployments = JSON.stringify({ apiVersion: "apps/v1", kind: "DeploymentList", items: [two] });
  const alien = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: alien, annotations: { team: web } }";
  const answer = await command(["check", "-n", "web", "-f", "-"], [list, deployments, alien].join("\n---\n"));
  assert.equal(answer.code, 1);
  const lines = squeezed(answer);
  for (const name of ["one", "two", "alien"]) assert.ok(lines.includes(`Deployment web/${name} (namespace by default)`), name);
  assert.ok(lines.includes("disabled nothing is done until gitops.operator.enabled is 'true'; then it would be:"));
  assert.match(lines.filter((line) => line.startsWith("problem")).join("\n"), /^problem gitops\.operator\.image_name [^\n]*$/);
  assert.ok(lines.includes("not ours no gitops.operator.* annotation: the operator leaves it alone"));
});

test("a file that holds nothing for the operator says so, exit 1", async () => {
  assert.match(
    (await check("kind: Service")).lines.join(""),
    /^standard input: there is no apps\/v1 Deployment in it, and nothing else with annotations of ours; give/,
  );
  assert.equal((await check("")).code, 1);
  const alien = await check("apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: alien }");
  assert.equal(alien.code, 1);
  assert.match(alien.lines.join("\n"), /problem +no Deployment here is for the operator; set the annotations gitops\.operator\.enabled, /);
  const missing = await command(["check", "-f", "/nowhere/deployment.yaml"]);
  assert.deepEqual([missing.code, missing.lines], [1, ["/nowhere/deployment.yaml: can't be read (ENOENT); give the path of a manifest"]]);
  assert.match((await check("a: {x}: b: c")).lines.join(""), /^standard input: line 1: .*; give YAML or JSON that kubectl could apply/);
});

test("wrong usage and a wrong environment: what is right on standard error, exit 2", async () => {
  for (const args of [
    ["chek"],
    ["check"],
    ["check", "-f", "-", "-f", "-"],
    ["check", "-f", ""],
    ["check", "-f", "a", "-o", "xml"],
    ["check", "-f", "a", "--context", "prod"],
    ["check", "-f"],
    ["check", "--lve", "-f", "a"],
    ["check", "a"],
  ]) {
    const { code, lines, errors } = await command(args);
    assert.deepEqual([code, lines], [2, []], args.join(" "));
    assert.match(errors, /\nusage: gitops-operator /);
  }
  const { code, errors } = await check(deploymentYaml("shop"), { SECRET_REFS: "all" });
  assert.deepEqual([code, errors], [2, "configuration: SECRET_REFS must be scoped, strict or any"]);
  assert.equal((await command(["--help"])).code, 0);
  assert.equal((await command(["check", "-h"])).code, 0);
});

test("the command of package.json runs it, and the example of the pages is what it says", async (t) => {
  const { bin } = JSON.parse(await readFile("package.json", "utf8")) as { bin: Record<string, string> };
  const folder = await mkdtemp(join(tmpdir(), "check-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const page = await readFile("docs/CHECK.md", "utf8");
  const [good = ""] = /^apiVersion: apps\/v1\nkind: Deployment\n[^`]*/m.exec(await readFile("README.md", "utf8")) ?? [];
  const bad = good
    .replace("'true'", "true")
    .replace("ssh_key_name", "ssh_key_nam")
    .replace("git@github.com:team/manifests", "http://github.com/team/manifests");
  for (const [text, code] of [
    [good, 0],
    [bad, 1],
  ] as const) {
    await writeFile(join(folder, "deployment.yaml"), text);
    const args = [join(process.cwd(), bin["gitops-operator"] ?? ""), "check", "-f", "deployment.yaml"];
    const said = await new Promise<{ code: unknown; stdout: string }>((resolve) => {
      const child = execFile(process.execPath, args, { cwd: folder, env: compileCache }, (_, stdout) =>
        resolve({ code: child.exitCode, stdout }),
      );
    });
    assert.equal(said.code, code);
    assert.ok(page.includes(`\`\`\`\n${said.stdout}\`\`\`\n`), said.stdout);
  }
});

test("without --live nothing is loaded that talks to the world", async () => {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    const source = await readFile(file, "utf8");
    for (const [, type, name = ""] of source.matchAll(/^(?:import|export)\b( type)?[^;]*?from\s+"([^"]+)"/gm)) {
      if (type) continue;
      if (name.startsWith(".")) await visit(join(dirname(file), name));
      else packages.add(name);
    }
  };
  await visit("src/check/check-command.ts");
  assert.ok(seen.size > 10);
  assert.deepEqual([...packages].filter((name) => !name.startsWith("node:")).sort(), ["ipaddr.js", "semver", "yaml", "zod"]);
});

test("a Secret for events is shown, and that its effect needs a port of the operator, unless that is known here", async () => {
  const yaml = deploymentYaml("shop", { hook_secret_name: "hook" });
  const warning = /^warning gitops\.operator\.hook_secret_name has an effect only where the operator has a HOOK_PORT/;
  const unknown = squeezed(await check(yaml));
  assert.equal(unknown.filter((line) => warning.test(line)).length, 1);
  assert.ok(unknown.includes("hook Secret gitops-operator/hook, field hook-secret (namespace by default)"));
  assert.ok(!squeezed(await check(yaml, { HOOK_PORT: "8082" })).some((line) => line.startsWith("warning")));
});
