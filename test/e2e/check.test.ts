import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { compileCache } from "../../sandbox/compile-cache.ts";
import { startGitHost } from "../../sandbox/git-host.ts";
import { dockerConfigJson } from "../../sandbox/registry.ts";
import { manifestOf, startWorld, type World, type WorldOptions } from "../../sandbox/world.ts";
import { command } from "../check/command.ts";
import { deploymentYaml } from "../check/deployment-yaml.ts";
import { compileSchema } from "../check/output-schema.ts";
import { startSilentHost } from "../silent-host.ts";
import { startOperatorProcess } from "./operator-process.ts";
import { door, notAsApp, OLD, usualHost } from "./stage.ts";

const { OPERATOR_PROGRAM } = process.env;
const program = OPERATOR_PROGRAM ?? fileURLToPath(new URL("../../src/main.ts", import.meta.url));

interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built program where there is one; else the same command line in this process, since each start from the sources takes a second. */
async function check(world: Pick<World, "env">, args: readonly string[], file: string): Promise<Answer> {
  if (OPERATOR_PROGRAM) return checkAsProcess(world, args, file);
  const { code, lines, errors } = await command(["check", "-f", "-", ...args], file, world.env);
  return { code, stdout: lines.map((line) => `${line}\n`).join(""), stderr: errors };
}

async function checkAsProcess(world: Pick<World, "env">, args: readonly string[], file: string): Promise<Answer> {
  const child = spawn(process.execPath, [program, "check", "-f", "-", ...args], {
    env: { PATH: process.env.PATH, HOME: "/nonexistent", ...compileCache, ...world.env },
    stdio: "pipe",
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdin.end(file);
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

/** A shop that lacks nothing: both repositories, the image, every Secret. */
async function startShop(t: TestContext, options: WorldOptions = {}) {
  const world = await startWorld({
    startHost: usualHost(),
    registry: { auth: { kind: "basic", username: "robot", password: "s3cret-word" } },
    ...options,
  });
  t.after(() => world.close());
  const { host } = world.registry;
  const manifests = await world.repository("team/manifests.git", {
    "shop/deployment.yaml": manifestOf("shop", `${host}/team/shop:${OLD}`),
  });
  await manifests.installHook("pre-receive", `touch ${world.folder}/pushed`);
  const app = await world.repository("team/shop.git", { "index.html": "1" });
  const sha = (await app.tip()) ?? "";
  world.registry.put("team/shop", sha);
  world.secret("gitops-operator", "regcred", { ".dockerconfigjson": dockerConfigJson(host, "robot", "s3cret-word") });
  const file = (annotations: Readonly<Record<string, unknown>> = {}) =>
    deploymentYaml("shop", {
      app_repository: world.gitHost.url("team/shop.git"),
      manifest_repository: world.gitHost.url("team/manifests.git"),
      image_name: `${host}/team/shop`,
      registry_secret_name: "regcred",
      ...annotations,
    });
  /** Proves that nobody pushed. */
  const before = await manifests.tip();
  const assertUntouched = async () => {
    assert.equal(await manifests.tip(), before);
    assert.equal((await manifests.log()).length, 1);
    await assert.rejects(access(join(world.folder, "pushed")), { code: "ENOENT" });
    for (const { service, bytesIn } of await world.gitHost.execs()) {
      // In-process host: a flush, "0000", is all that a conversation without a push says.
      if (service === "git-receive-pack" && bytesIn !== undefined) assert.equal(bytesIn, 4);
    }
  };
  return { world, manifests, app, sha, file, assertUntouched };
}

/** A key, a token or an App that may only read. */
const mayNotPush = (url: string) => {
  if (door === "app") return new RegExp(`^GitHub gives the App of Secret gitops-operator/reader no token for ${url} `);
  if (door === "https")
    return new RegExp(`^${url} refuses the token of Secret gitops-operator/reader \\(HTTP 403: .*: it may not push there; `);
  return new RegExp(`^${url} does not exist, or the SSH key has no write access to it; correct gitops\\.operator\\.manifest_repository, `);
};

const rows = (answer: Pick<Answer, "stdout">, label: string) =>
  [...answer.stdout.matchAll(new RegExp(`^  ${label} +(.*)$`, "gm"))].map((match) => match[1]);

test("a dry run tells every step, prints the very diff and message that the operator would push, and pushes nothing", async (t) => {
  const { world, manifests, sha, file, assertUntouched } = await startShop(t, { startHost: startGitHost });
  const answer = await checkAsProcess(world, ["--dry-run"], file());
  assert.deepEqual([answer.code, answer.stderr], [0, ""], answer.stdout);
  const url = world.gitHost.url("team/shop.git");
  const manifestsUrl = world.gitHost.url("team/manifests.git");
  assert.deepEqual(rows(answer, "ok"), [
    "Secret gitops-operator/ssh-key can be read",
    "Secret gitops-operator/regcred can be read",
    `the newest commit on 'master' of ${url} is ${sha}, "Initial commit" by Sandbox`,
    "shop/deployment.yaml holds a Deployment: 1 place is ours (line 17)",
    `shop/deployment.yaml on 'master' of ${manifestsUrl} can be read`,
    `${manifestsUrl} lets the key push`,
    `the manifest is at the tag ${OLD}, wanted is ${sha}`,
    `the image ${world.registry.host}/team/shop:${sha} is in its registry`,
  ]);
  assert.match(answer.stdout, /\n {2}dry run +would be pushed \(nothing was\):\n {4}--- a\/shop\/deployment\.yaml\n/);
  assert.match(
    answer.stdout,
    new RegExp(`\n {4}chore\\(refs\\): gitops-operator updating image tags\n[^]*Gitops-Operator-Commit: ${sha}\n`),
  );
  await assertUntouched();
  const pushes = (await world.gitHost.execs()).filter(({ service }) => service === "git-receive-pack");
  assert.equal(pushes.length, 1);

  world.deploy({ name: "shop", annotations: { image_name: `${world.registry.host}/team/shop` } });
  const before = (await manifests.tip()) ?? "";
  const operator = await startOperatorProcess(t, program, world.env);
  assert.equal((await fetch(`${operator.url}/reconcile`)).status, 200);
  const shown = answer.stdout.split("\n").map((line) => line.replace(/^ {4}/, ""));
  // Git tells the section that a hunk is in behind the hunk's numbers.
  const diff = (await manifests.diff(before, (await manifests.tip()) ?? "")).split("\n").map((line) => line.replace(/^(@@ .* @@).*/, "$1"));
  const start = diff.findIndex((line) => line.startsWith("--- "));
  assert.deepEqual(shown.slice(shown.indexOf("--- a/shop/deployment.yaml"))?.slice(0, 8), diff.slice(start, start + 8));
  assert.deepEqual(diff.slice(start + 8), [""]);
  const [pushed] = await manifests.log();
  assert.ok(shown.join("\n").includes(`\n${pushed?.subject}\n\n${pushed?.body.trim()}\n`), pushed?.body);

  const done = await check(world, ["--dry-run"], file());
  assert.equal(done.code, 0);
  assert.ok(rows(done, "ok").includes(`the manifest is at the wanted tag ${sha}`));
  assert.deepEqual(rows(done, "dry run"), ["nothing would be pushed"]);
});

test("--live finds the default branch where none is named, and says which it is", async (t) => {
  const { world, file, assertUntouched } = await startShop(t);
  const { host } = world.registry;
  const app = await world.repository("team/shop-main.git", { "index.html": "1" }, "main");
  await world.repository("team/manifests-main.git", { "shop/deployment.yaml": manifestOf("shop", `${host}/team/shop:${OLD}`) }, "main");
  world.registry.put("team/shop", (await app.tip()) ?? "");
  const url = (path: string) => world.gitHost.url(path);
  const annotations = { app_repository: url("team/shop-main.git"), manifest_repository: url("team/manifests-main.git") };
  const answer = await check(world, ["--live"], file(annotations));
  assert.equal(answer.code, 0, answer.stdout);
  const told = rows(answer, "ok").join("\n");
  assert.match(told, /the newest commit on 'main' of \S+shop-main\.git is /);
  assert.match(told, /shop\/deployment\.yaml on 'main' of \S+manifests-main\.git can be read/);
  await assertUntouched();
});

test("a dry run as JSON has the diff and the message, and is of the documented schema; so is one without a cluster", async (t) => {
  const { world, sha, file } = await startShop(t);
  const validate = await compileSchema();
  const answer = await check(world, ["--dry-run", "-o", "json"], [file(), file({ image_name: "team/other" })].join("\n---\n"));
  const report = JSON.parse(answer.stdout) as { files: { objects: { push: { diff: string; message: string } | null }[] }[] };
  assert.ok(validate(report), JSON.stringify(validate.errors));
  const [shop, other] = report.files[0]?.objects ?? [];
  assert.match(shop?.push?.diff ?? "", new RegExp(`^--- a/shop/deployment\\.yaml\n[^]*\n\\+ +(?:- )?image: \\S+:${sha}`));
  assert.match(shop?.push?.message ?? "", /^chore\(refs\): /);
  assert.equal(other?.push, null);
  const alone = await check({ env: {} }, ["--dry-run", "-o", "json"], file());
  const unchecked = JSON.parse(alone.stdout) as { exitCode: number; unchecked: string[] };
  assert.ok(validate(unchecked), JSON.stringify(validate.errors));
  assert.deepEqual([alone.code, unchecked.exitCode, unchecked.unchecked.length], [2, 2, 1]);
});

test("an image that is not there yet is waited for: exit 3, unless something else is wrong", async (t) => {
  const { world, app, file, assertUntouched } = await startShop(t);
  const sha = await app.commit({ "index.html": "2" });
  const awaited = `image ${world.registry.host}/team/shop:${sha} is not in the registry yet; check again when it is built`;
  const answer = await check(world, ["--live"], file());
  assert.equal(answer.code, 3, answer.stdout);
  assert.deepEqual([rows(answer, "waiting"), rows(answer, "problem")], [[awaited], []]);
  const asJson = await check(world, ["--live", "-o", "json"], file());
  const { exitCode, counts } = JSON.parse(asJson.stdout) as { exitCode: number; counts: unknown };
  assert.deepEqual([asJson.code, exitCode, counts], [3, 3, { problems: 0, warnings: 0, waiting: 1 }]);
  const github = await check(world, ["--live", "-o", "github"], file());
  assert.equal(github.code, 3);
  assert.match(
    github.stdout,
    /^::notice title=Deployment default\/shop::image [^\n]* is not in the registry yet; check again when it is built$/m,
  );
  const wrong = await check(world, ["--live"], file({ tag_type: "medium" }));
  assert.equal(wrong.code, 1, wrong.stdout);
  await assertUntouched();
});

test("a disabled Deployment is checked without asking anybody, with --live too", async (t) => {
  const { world, file } = await startShop(t);
  const before = (await world.gitHost.execs()).length;
  const answer = await check(world, ["--dry-run"], file({ enabled: "false", registry_secret_name: "none" }));
  assert.equal(answer.code, 0, answer.stdout);
  assert.deepEqual([rows(answer, "ok"), rows(answer, "dry run")], [[], []]);
  assert.equal((await world.gitHost.execs()).length, before);
});

test("--context names the cluster that is asked, and one that is not defined is said to be none", async (t) => {
  const { world, file } = await startShop(t);
  const kubeconfig = await readFile(world.env.KUBECONFIG ?? "", "utf8");
  const [line = "", there = ""] = /^current-context: (\S+)$/m.exec(kubeconfig) ?? [];
  const elsewhere = join(world.folder, "elsewhere");
  await writeFile(elsewhere, kubeconfig.replace(line, "current-context: none"));
  const env = { ...world.env, KUBECONFIG: elsewhere };
  const answer = await check({ env }, ["--live", "--context", there], file());
  assert.equal(answer.code, 0, answer.stdout);
  const none = await check({ env }, ["--live", "--context", "nowhere"], file());
  assert.equal(none.code, 2);
  assert.match(none.stdout, /\nThe context 'nowhere' is not defined in /);
});

test("--live finds an image that is there under another tag, and says the format to set; with it all is well", async (t) => {
  const { world, app, file, assertUntouched } = await startShop(t);
  const sha = await app.commit({ "index.html": "2" });
  const tag = `sha-${sha.slice(0, 7)}`;
  world.registry.put("team/shop", tag);
  const image = `${world.registry.host}/team/shop`;
  const answer = await check(world, ["--live"], file());
  assert.equal(answer.code, 1, answer.stdout);
  assert.deepEqual(rows(answer, "problem"), [
    `image ${image}:${sha} is not in the registry yet; there is ${image}:${tag}, set gitops.operator.tag_format to sha-{{sha7}}`,
  ]);
  const mended = await check(world, ["--live"], file({ tag_format: "sha-{{sha7}}" }));
  assert.equal(mended.code, 0, mended.stdout);
  assert.ok(rows(mended, "ok").includes(`the image ${image}:${tag} is in its registry`), mended.stdout);
  await assertUntouched();
});

test("what is missing is told at once, for each Deployment of a file: write access, image, branch, path, container, Secrets, key", async (t) => {
  const { world, app, file, assertUntouched } = await startShop(t);
  const sha = await app.commit({ "index.html": "2" });
  const reader = await world.gitHost.newKey({ read: ["team/shop.git", "team/manifests.git"] });
  world.secret("gitops-operator", "reader", { "ssh-privatekey": reader.privateKey });
  world.secret("gitops-operator", "broken", { "ssh-privatekey": "-----BEGIN OPENSSH PRIVATE KEY-----\ntop-secret\n" });
  const answer = await check(
    world,
    ["--dry-run"],
    [
      file({ manifest_ssh_key_name: "reader" }),
      file({ observe_branch: "main", manifest_branch: "master", deployment_path: "shop/nowhere.yaml" }),
      file({ observe_branch: "main", manifest_branch: "master", image_name: "team/other" }),
      file({ ssh_key_name: "broken", notifications_secret_name: "chat", registry_secret_name: "none" }),
    ].join("\n---\n"),
  );
  assert.equal(answer.code, 1);
  const expected = [
    [mayNotPush(world.gitHost.url("team/manifests.git"))],
    [/has no branch 'main' \(its default branch is 'master'\); set gitops\.operator\.observe_branch/, /shop\/nowhere\.yaml/],
    [
      /has no branch 'main'/,
      /^No container in shop\/deployment\.yaml references image 'team\/other'; check gitops\.operator\.image_name \(there are: /,
    ],
    [
      door === "ssh"
        ? /^the SSH key in Secret gitops-operator\/broken, field ssh-privatekey, .*kubectl create secret/
        : /^Secret gitops-operator\/broken holds an SSH key, which does not open https:/,
      /^Secret gitops-operator\/none does not exist: .*kubectl create secret docker-registry/,
      /^Secret gitops-operator\/chat does not exist: /,
    ],
  ];
  const parts = answer.stdout.split(/^Deployment .*$/m).slice(1);
  assert.equal(parts.length, expected.length);
  for (const [index, part] of parts.entries()) {
    const problems = rows({ stdout: part }, "problem");
    assert.equal(problems.length, expected[index]?.length, part);
    for (const [at, text] of problems.entries()) assert.match(text ?? "", expected[index]?.[at] ?? /^$/);
    assert.deepEqual(rows({ stdout: part }, "dry run"), ["nothing would be pushed"]);
  }
  assert.deepEqual(rows(answer, "waiting"), [
    `image ${world.registry.host}/team/shop:${sha} is not in the registry yet; check again when it is built`,
  ]);
  assert.match(answer.stdout, /: 4 Deployments checked, 8 problems, 1 waiting\n$/);
  assert.ok(!answer.stdout.includes("top-secret"));
  await assertUntouched();
});

// S27
test("--live says what the operator would: a token for requests that is bound to nothing is a problem, and where it is the one for builds a warning", {
  skip: notAsApp("an App is GitHub's, and the host is another forge here"),
}, async (t) => {
  const { world, file, assertUntouched } = await startShop(t);
  world.secret("gitops-operator", "token", { "forge-token": "abc" });
  const unbound =
    /Secret gitops-operator\/token holds a token and is bound to nothing; annotate it with gitops\.operator\.allowed_repositories=/;
  const proposed = { write_to: "proposal", manifest_token_secret_name: "token" };
  const env = { ...world.env, FORGES: `${new URL(world.gitHost.url("x")).hostname}=gitea@http://127.0.0.1:9` };
  const named = await check({ env }, ["--live"], file(proposed));
  assert.equal(named.code, 1, named.stdout);
  assert.match(rows(named, "problem").join("\n"), unbound);
  const borrowed = await check({ env }, ["--live"], file({ write_to: "proposal", forge_token_secret_name: "token" }));
  assert.equal(borrowed.code, 0, borrowed.stdout);
  assert.match(rows(borrowed, "warning").join("\n"), new RegExp(`^the token for builds can't open requests: ${unbound.source}`, "m"));
  await assertUntouched();
});

test("without the default registry Secret: asked without a login, whose no is a problem; what would go unchecked is a warning and in the commit", async (t) => {
  const { world, file, assertUntouched } = await startShop(t);
  const elsewhere = (IMAGE_CHECK: string) => ({ env: { ...world.env, OPERATOR_NAMESPACE: "elsewhere", IMAGE_CHECK } });
  const asked = await check(elsewhere("on"), ["--live"], file({ registry_secret_name: null }));
  assert.equal(asked.code, 1, asked.stdout);
  assert.match(
    rows(asked, "problem").join("\n"),
    /^the registry does not show [^\n]*HTTP 401[^\n]*Secret elsewhere\/regcred does not exist[^\n]*IMAGE_CHECK/,
  );

  const unchecked = await check(elsewhere("if-secret"), ["--dry-run"], file({ registry_secret_name: null }));
  assert.equal(unchecked.code, 0, unchecked.stdout);
  const why = "the image check is if-secret, and there is no Secret elsewhere/regcred";
  assert.deepEqual(rows(unchecked, "warning"), [`the image would be pushed unchecked: ${why}`]);
  assert.match(unchecked.stdout, /\n {4}Deployment default\/shop, image [^\n]* \(image unchecked\)\n/);
  const off = await check(elsewhere("off"), ["--live"], file({ registry_secret_name: null }));
  assert.deepEqual(rows(off, "warning"), ["the image would be pushed unchecked: the image check is off"]);
  await assertUntouched();
});

test("no secret that was read is in the output, not even where others wrote it", async (t) => {
  const { world, app, file } = await startShop(t);
  world.registry.put("team/shop", await app.commit({ "index.html": "2" }, { message: "Log in with s3cret-word" }));
  const answer = await check(world, ["--dry-run"], file());
  assert.equal(answer.code, 0);
  assert.match(answer.stdout, /"Log in with \[[^\]]+\]"/);
  const key = world.key.privateKey.split("\n").slice(1, -2);
  for (const secret of ["s3cret-word", ...key]) assert.ok(!(answer.stdout + answer.stderr).includes(secret));
});

test("without a cluster: said in one line, and what needs none is checked all the same", async () => {
  const answer = await checkAsProcess({ env: {} }, ["--live"], deploymentYaml("shop"));
  assert.equal(answer.code, 2);
  assert.match(answer.stdout, /\nNo Kubernetes cluster: [^\n]*\n$/);
  assert.deepEqual(rows(answer, "problem"), []);
  assert.equal(rows(answer, "application").length, 1);
  assert.equal((await check({ env: {} }, [], deploymentYaml("shop"))).code, 0);
});

test("a git server that never answers is named, and the check ends", async (t) => {
  const { world, file } = await startShop(t);
  const { port } = await startSilentHost(t, world.env);
  const seconds = door === "ssh" ? 1 : 3;
  const args = ["--live", "--timeout", String(seconds)];
  const silent = file({ app_repository: `${door === "ssh" ? "ssh://git@" : "https://"}127.0.0.1:${port}/team/shop.git` });
  const answer = await checkAsProcess(world, args, silent);
  assert.equal(answer.code, 1);
  assert.match(
    rows(answer, "problem").join("\n"),
    new RegExp(`^asking [^\n]*:${port}/team/shop\\.git for its newest commit was not done after ${seconds} s; see`),
  );
  const other = join(world.folder, "other.yaml");
  await writeFile(other, file());
  const both = await check(world, [...args, "-f", other], silent);
  assert.equal(both.code, 2);
  assert.ok(both.stdout.split("\n").includes(`${other} was not looked at`), both.stdout);
});
