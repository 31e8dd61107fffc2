import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { createBareRepository } from "../../sandbox/bare-repository.ts";
import { freePort } from "../../sandbox/free-port.ts";
import { newSshKeyPair } from "../../sandbox/ssh-key-pair.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { door, OLD, type Stage, sshAlone, startStage } from "./stage.ts";

async function startShop(stage: Stage) {
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  return { manifests, app };
}

/** Fails for that reason, pushes nothing, and leaves a healthy neighbour alone. */
async function assertRefused(stage: Stage, message: RegExp, deployment = "shop"): Promise<void> {
  const entry = await stage.reconcileOne(deployment);
  assert.equal(entry.action, "failed", JSON.stringify(entry));
  assert.equal(entry.status, "failure");
  assert.match(entry.message, message);
}

// F6
test("a push that a hook refuses fails the culprit alone, with the server's words; the others of the batch land", async (t) => {
  const stage = await startStage(t);
  const names = ["good-1", "culprit", "good-2"];
  const files = Object.fromEntries(names.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `team/${name}:${OLD}`)]));
  const manifests = await stage.repository("team/manifests.git", files);
  await manifests.installHook(
    "pre-receive",
    `while read old new ref; do if git diff --name-only $old $new | grep -q culprit; then echo "culprit is frozen" >&2; exit 1; fi; done`,
  );
  for (const name of names) {
    await stage.repository(`team/${name}.git`, { name });
    await stage.deploy({ name });
  }
  const entries = await stage.reconcile();
  assert.deepEqual(
    entries.map(({ deployment, action }) => [deployment, action]),
    [
      ["culprit", "failed"],
      ["good-1", "patched"],
      ["good-2", "patched"],
    ],
  );
  assert.match(entries[0]?.message ?? "", /^Failed to commit changes for culprit \(version [0-9a-f]{40}\): .*culprit is frozen/);
  assert.equal((await manifests.log()).length, 3);
  await manifests.fsck();
  const pushes = (await stage.gitHost.execs()).filter(({ service }) => service === "git-receive-pack").length;
  assert.equal(pushes, 4, "the batch once, then each alone");
});

test("a push that is refused for its author's address names DEFAULT_FROM_EMAIL, without the frame around the server's words", async (t) => {
  const stage = await startStage(t);
  const { manifests } = await startShop(stage);
  const words = "GitLab: Committer's email 'gitops-operator@noreply.local' does not follow the pattern '@team.example$'";
  await manifests.installHook("pre-receive", `cat > /dev/null; printf '\\n=====\\n\\n%s\\n\\n=====\\n' "${words}" >&2; exit 1`);
  await stage.deploy({ name: "shop" });
  const { action, message } = await stage.reconcileOne("shop");
  assert.equal(action, "failed");
  assert.ok(message.includes(`(${words}); set DEFAULT_FROM_EMAIL `), message);
});

// P1, F7-F8
test("five operators at once on one branch: all commits land, history is linear, the repository is sound", async (t) => {
  const stages = [];
  const first = await startStage(t);
  const names = ["a", "b", "c", "d", "e"];
  const files = Object.fromEntries(names.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `team/${name}:${OLD}`)]));
  const manifests = await first.repository("team/manifests.git", files);
  for (const name of names) {
    await first.repository(`team/${name}.git`, { name });
    // A cluster of its own, the git host of the first, and its API.
    const stage = await startStage(t, { env: { GITHUB_API_URL: first.ci.url } });
    await writeFile(stage.env.SSH_KNOWN_HOSTS as string, first.gitHost.knownHosts);
    stage.secret("gitops-operator", "ssh-key", first.login(first.key));
    const annotations = {
      app_repository: first.gitHost.url(`team/${name}.git`),
      manifest_repository: first.gitHost.url("team/manifests.git"),
    };
    await stage.deploy({ name, annotations });
    stages.push(stage);
  }
  const answers = await Promise.all(stages.map((stage) => stage.reconcile()));
  assert.deepEqual(
    answers.flat().map(({ deployment, action, message }) => [deployment, action, action === "patched" ? "" : message]),
    names.map((name) => [name, "patched", ""]),
  );
  const log = await manifests.log();
  assert.equal(log.length, 6);
  assert.ok(log.slice(0, -1).every(({ parents }) => parents.length === 1));
  await manifests.fsck();
});

// S2
test("a tenant with a worthless key learns nothing of another's repository and pushes nothing", async (t) => {
  const stage = await startStage(t);
  const { manifests } = await startShop(stage);
  const before = await manifests.tip();
  const worthless = await stage.gitHost.newKey({ read: ["tenant/app.git"] });
  await stage.repository("tenant/app.git", { tenant: "1" });
  stage.secret("tenant", "key", { "ssh-privatekey": worthless.privateKey });
  const annotations = { ssh_key_name: "key", ssh_key_namespace: "tenant", app_repository: stage.gitHost.url("tenant/app.git") };
  await stage.deploy({ name: "shop" });
  await stage.deploy({
    namespace: "tenant",
    name: "spy",
    annotations: { ...annotations, image_name: "guess/me", deployment_path: "shop/deployment.yaml" },
  });
  // The owner's pass has filled every cache before the tenant asks, and runs beside it.
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const entries = await stage.reconcile();
  const spy = entries.find(({ deployment }) => deployment === "spy");
  assert.equal(spy?.action, "failed");
  assert.doesNotMatch(spy?.message ?? "", /team\/shop:|references image|shop\/deployment.yaml/);
  assert.doesNotMatch(await stage.text("/status"), new RegExp(`spy.*${before}`));
  assert.equal((await manifests.log()).length, 2);
});

// F10-F11
test("host keys: unknown names the ssh-keyscan line, changed names both fingerprints, a mounted correction counts at once", {
  skip: sshAlone("hosts over https are known by their certificates, as test/e2e/https.test.ts shows"),
}, async (t) => {
  const stage = await startStage(t);
  await startShop(stage);
  await stage.deploy({ name: "shop" });
  const file = stage.env.SSH_KNOWN_HOSTS as string;
  await writeFile(file, "");
  await assertRefused(stage, /^Failed to get latest SHA: .*is not known: .*"ssh-keyscan -p \d+ 127\.0\.0\.1"/);
  const other = newSshKeyPair();
  await writeFile(file, `[127.0.0.1]:${stage.gitHost.port} ${other.publicKey}\n`);
  await assertRefused(stage, /HOST KEY .* HAS CHANGED: it shows ssh-ed25519 SHA256:[\w+/]{43}, but known is ssh-ed25519 SHA256:[\w+/]{43}/);
  await writeFile(file, stage.gitHost.knownHosts);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
});

test("a port in user@host:path is a hint in the failure and in /status, and nobody's port is tried out", {
  skip: sshAlone("the form is one of SSH's"),
}, async (t) => {
  const stage = await startStage(t);
  await startShop(stage);
  const port = stage.gitHost.port;
  const hint = `has a path that begins with '${port}'; a port belongs into ssh://, so if it is one, write ssh://git@127.0.0.1:${port}/team/shop.git`;
  await stage.deploy({ name: "shop", annotations: { app_repository: `git@127.0.0.1:${port}/team/shop.git` } });
  const { action, message = "" } = await stage.reconcileOne("shop");
  assert.equal(action, "failed");
  assert.match(message, /the host key of 127\.0\.0\.1:22 is not known: .* so it was not connected to/);
  assert.ok(message.endsWith(`; git@127.0.0.1:${port}/team/shop.git ${hint}`), message);
  assert.ok((await stage.text("/status")).includes(`warning: gitops.operator.app_repository ${hint}`));
});

// S4
test("an annotation does not try out ports: open, silent and closed ones get one answer and no connection", {
  skip: sshAlone("over https a token is sent to the host and port that its Secret is bound to, as test/e2e/https.test.ts shows"),
}, async (t) => {
  const stage = await startStage(t);
  await startShop(stage);
  let accepted = 0;
  const listen = async (greeting: string) => {
    const server = createServer((socket) => {
      accepted += 1;
      socket.on("error", () => {}).write(greeting);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    t.after(() => server.close());
    return (server.address() as AddressInfo).port;
  };
  const ports = {
    ssh: await listen("SSH-2.0-internal\r\n"),
    silent: await listen(""),
    closed: await freePort(),
    operator: stage.operator.port,
  };
  for (const [name, port] of Object.entries(ports)) {
    await stage.deploy({ name, annotations: { app_repository: `ssh://git@127.0.0.1:${port}/team/shop.git` } });
  }
  const entries = await stage.reconcile();
  const answers = new Set(entries.map(({ action, message = "" }) => `${action}: ${message.replaceAll(/\d{4,5}/g, "PORT")}`));
  assert.equal(entries.length, 4);
  assert.equal(answers.size, 1, [...answers].join("\n"));
  assert.match([...answers].join(), /^failed: Failed to get latest SHA: the host key of 127\.0\.0\.1:PORT is not known/);
  assert.equal(accepted, 0);
});

// P9, P11, S1, S7, F10-F11, F34-F35, F49-F50
test("bad keys, Secrets, repositories, branches and manifests fail with the thing and the remedy; the healthy neighbour is served", async (t) => {
  const stage = await startStage(t);
  const { manifests } = await startShop(stage);
  const put = (path: string, content: string | Uint8Array, mode: "100644" | "120000" = "100644") => ({ [path]: { content, mode } });
  await manifests.commit({
    ...put("not-yaml.yaml", "a: [1\nb: }"),
    ...put("binary.yaml", new Uint8Array([0xff, 0xfe, 0x00, 0x80])),
    ...put("empty.yaml", ""),
    ...put("service.yaml", "kind: Service\napiVersion: v1\n"),
    ...put("link.yaml", "shop/deployment.yaml", "120000"),
    ...put("kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"),
    ...put("sealed.yaml", `${manifestOf("sealed", "team/shop:1")}sops: {mac: "ENC[AES256_GCM,data:bWFj]"}\n`),
    ...put("large.yaml", `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 2000000\n`),
    ...put("other.yaml", manifestOf("other", "team/shop-sidecar:1")),
  });
  await stage.repository("team/empty.git", {}).catch(() => undefined);
  await createBareRepository(`${stage.folder}/git/team/void.git`, { branch: "master" });
  await createBareRepository(`${stage.folder}/git/team/sha256.git`, { branch: "master", objectFormat: "sha256", files: { a: "1" } });
  stage.secret("gitops-operator", "wrong-field", { key: "x" });
  stage.secret("gitops-operator", "no-key", { "ssh-privatekey": "hello" });
  stage.secret("gitops-operator", "stranger", { "ssh-privatekey": newSshKeyPair().privateKey });
  stage.secret("elsewhere", "ssh-key", { "ssh-privatekey": stage.key.privateKey });
  const url = (path: string) => stage.gitHost.url(path);

  const cases: [name: string, annotations: Record<string, string>, message: RegExp][] = [
    [
      "secret-missing",
      { ssh_key_name: "nobody" },
      /^Failed to get SSH key: Secret gitops-operator\/nobody does not exist.*kubectl create secret/,
    ],
    [
      "secret-field",
      { ssh_key_name: "wrong-field" },
      door === "ssh"
        ? /Failed to read field: ssh-privatekey in data, consider recreating the secret with kubectl create secret generic wrong-field --from-file=ssh-privatekey=\/path --namespace gitops-operator$/
        : /Failed to read field: password in data, consider recreating the secret with kubectl create secret generic wrong-field --from-literal=username=… --from-literal=password=… --namespace gitops-operator$/,
    ],
    [
      "secret-denied",
      { ssh_key_namespace: "elsewhere" },
      /^Failed to get SSH key: Secret elsewhere\/ssh-key can't be used.*: it does not exist or is not allowed; .*SECRET_NAMESPACES/,
    ],
    ["key-garbage", { ssh_key_name: "no-key" }, /^Failed to get SSH key: .*gitops-operator\/no-key.*(ssh-privatekey|write its SSH form)/],
    [
      "key-unknown",
      { ssh_key_name: "stranger" },
      door === "ssh"
        ? /^Failed to get latest SHA: .*SHA256:/
        : /^Failed to get SSH key: .*gitops-operator\/stranger holds an SSH key, which does not open https:/,
    ],
    [
      "app-missing",
      { app_repository: url("team/nowhere.git") },
      /^Failed to get latest SHA: (ssh:\S+\/team\/nowhere\.git does not exist, .* correct gitops\.operator\.app_repository \(or manifest_repository\), |https:\S+\/team\/nowhere\.git does not exist, or the (token|App) of Secret gitops-operator\/ssh-key has no access to it )/,
    ],
    [
      "app-branch",
      { observe_branch: "gone", manifest_branch: "master" },
      /^Failed to get latest SHA: .*no branch 'gone'.*'master'.*observe_branch/,
    ],
    ["app-void", { app_repository: url("team/void.git") }, /^Failed to get latest SHA: .*no branch 'master'.*empty/],
    ["app-sha256", { app_repository: url("team/sha256.git") }, /^Failed to get latest SHA: .*SHA-256/],
    [
      "manifests-missing",
      { manifest_repository: url("team/nowhere.git") },
      /^Failed to patch deployment manifests-missing to version [0-9a-f]{40}: .*does not exist/,
    ],
    ["manifests-branch", { manifest_branch: "gone" }, /^Failed to patch .*no branch 'gone'.*manifest_branch/],
    ["path-missing", { deployment_path: "shop/nothing.yaml" }, /^Failed to patch .*shop\/nothing\.yaml.*gitops\.operator\.deployment_path/],
    ["path-folder", { deployment_path: "shop" }, /^Failed to patch .*'shop' is a directory/],
    ["path-link", { deployment_path: "link.yaml" }, /^Failed to patch .*symbolic link \(mode 120000\)/],
    ["path-through-file", { deployment_path: "service.yaml/x.yaml" }, /^Failed to patch .*service\.yaml/],
    ["not-yaml", { deployment_path: "not-yaml.yaml" }, /^Failed to patch .*not-yaml\.yaml can't be used as a manifest: .*line/],
    ["binary", { deployment_path: "binary.yaml" }, /^Failed to patch .*not UTF-8/],
    ["empty", { deployment_path: "empty.yaml" }, /empty\.yaml/],
    [
      "service",
      { deployment_path: "service.yaml" },
      /^Nothing in service\.yaml names image 'team\/shop'; check gitops\.operator\.image_name/,
    ],
    [
      "kustomization",
      { deployment_path: "/kustomization.yaml" },
      /^No entry of images in kustomization\.yaml names image 'team\/shop'; add - name: team\/shop/,
    ],
    ["sealed", { deployment_path: "sealed.yaml" }, /^Failed to patch .*sealed\.yaml .*SOPS encrypted this document/],
    ["lfs", { deployment_path: "large.yaml" }, /^Failed to patch .*large\.yaml .*it is a Git LFS pointer/],
    ["sidecar", { deployment_path: "other.yaml" }, /^No container in other\.yaml references image 'team\/shop'; .*team\/shop-sidecar:1/],
    ["url-file", { app_repository: "file:///etc" }, /gitops\.operator\.app_repository/],
    ["url-option", { manifest_repository: "--upload-pack=touch /tmp/x" }, /gitops\.operator\.manifest_repository/],
    [
      "url-https-push",
      { manifest_repository: "https://example.com/a/b.git" },
      door === "ssh" ? /holds an SSH key, which does not open https:\/\/example\.com\/a\/b\.git: write its SSH form/ : /example\.com/,
    ],
    ["image-tagged", { image_name: "team/shop:1" }, /gitops\.operator\.image_name/],
    ["branch-odd", { observe_branch: "../../x" }, /gitops\.operator\.observe_branch/],
  ];
  for (const [name, annotations] of cases) {
    const base = { app_repository: url("team/shop.git"), deployment_path: "shop/deployment.yaml", image_name: "team/shop" };
    await stage.deploy({ name, annotations: { ...base, ...annotations } });
  }
  const entries = await stage.reconcile();
  for (const [name, , message] of cases) {
    await t.test(name, () => {
      const entry = entries.find(({ deployment }) => deployment === name);
      assert.equal(entry?.action, "failed");
      assert.match(entry?.message ?? "", message);
      assert.doesNotMatch(entry?.message ?? "", /\n|BEGIN [A-Z]+/);
    });
  }
  assert.equal((await manifests.log()).length, 2, "nothing was pushed for them");
  const asked = stage.cluster.requests.map(({ path }) => path).filter((path) => path.includes("/secrets/"));
  assert.ok(asked.length > 0);
  assert.deepEqual(
    asked.filter((path) => path.includes("/elsewhere/")),
    [],
    "S1: what is denied is not asked for",
  );
  await stage.deploy({ name: "shop" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
});
