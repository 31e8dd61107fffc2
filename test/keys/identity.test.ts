/** `gitops-operator identity`, held against OpenSSH's ssh-keygen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAuthorizer } from "../../sandbox/cluster-api/authorizer.ts";
import type { KubeObject } from "../../sandbox/cluster-api/kinds.ts";
import { startWorld } from "../../sandbox/world.ts";
import { command } from "../check/command.ts";
import { runTool, skipWithout } from "../tool.ts";
import { showsPrivateHalf } from "./seed-of.ts";

// S11
test("identity prints each named key's public half once, as a line of authorized_keys, with what it opens and for whom", {
  skip: skipWithout("ssh-keygen", "openssh-client"),
}, async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  const second = await world.gitHost.newKey();
  world.secret("gitops-operator", "manifests-key", { "ssh-privatekey": second.privateKey });
  world.deploy({ name: "shop" });
  world.deploy({ name: "web", annotations: { manifest_ssh_key_name: "manifests-key" } });
  world.deploy({ name: "off", annotations: { enabled: "false", ssh_key_name: "nowhere" } });
  const { code, lines } = await command(["identity"], "", world.env);
  const url = (path: string) => world.gitHost.url(path);
  assert.deepEqual(lines, [
    `# Secret gitops-operator/ssh-key: reads ${url("team/shop.git")}, writes ${url("team/manifests.git")}, reads ${url("team/web.git")} (default/shop, default/web)`,
    `${world.key.publicKey} gitops-operator/ssh-key`,
    `# Secret gitops-operator/manifests-key: writes ${url("team/manifests.git")} (default/web)`,
    `${second.publicKey} gitops-operator/manifests-key`,
  ]);
  assert.equal(code, 0);
  const listed = await runTool("ssh-keygen", ["-l", "-f", "-"], `${lines.join("\n")}\n`);
  assert.equal(listed.code, 0, listed.stderr);
  assert.equal(listed.stdout.trim().split("\n").length, 2);
  const said = lines.join("\n");
  for (const { privateKey } of [world.key, second]) assert.ok(!showsPrivateHalf(said, privateKey), "a private half is in the output");
});

// S1
test("what can't be read, may not be named, or is no key is told in its place, and the others are printed: exit 1", async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  world.secret("gitops-operator", "broken", { "ssh-privatekey": "-----BEGIN OPENSSH PRIVATE KEY-----\ntop-secret\n" });
  world.secret("gitops-operator", "token", { username: "robot", password: "hunter2-hunter2" });
  world.secret("other", "theirs", { "ssh-privatekey": world.key.privateKey });
  const deploy = (name: string, ssh_key_name: string, more = {}) => world.deploy({ name, annotations: { ssh_key_name, ...more } });
  deploy("a", "none");
  deploy("b", "broken");
  deploy("c", "token");
  deploy("d", "theirs", { ssh_key_namespace: "other" });
  deploy("e", "ssh-key");
  const { code, lines } = await command(["identity"], "", world.env);
  assert.equal(code, 1);
  const said = lines.join("\n");
  assert.match(said, /\n# Secret gitops-operator\/none does not exist: /);
  assert.match(said, /\n# the SSH key in Secret gitops-operator\/broken, field ssh-privatekey, is damaged/);
  assert.match(said, /\n# it holds a token or a GitHub App, which have no public half to register\n/);
  assert.match(said, /\n# Secret other\/theirs can't be used by Deployments of namespace default/);
  assert.ok(lines.includes(`${world.key.publicKey} gitops-operator/ssh-key`));
  for (const secret of ["top-secret", "hunter2"]) assert.ok(!said.includes(secret));
});

test("a cluster in which nothing names a key is told so, exit 1", async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  const { code, lines } = await command(["identity"], "", world.env);
  assert.deepEqual([code, lines], [1, ["# no workload of the cluster that is complete names a Secret for git"]]);
});

test("what RBAC does not let one list or read is told, and the rest is printed: exit 1", async (t) => {
  const account = { namespace: "team", name: "reader" };
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "reader" };
  const subjects = [{ kind: "ServiceAccount", ...account }];
  const rules = [
    { apiGroups: ["apps"], resources: ["deployments"], verbs: ["list", "watch"] },
    { apiGroups: [""], resources: ["configmaps"], verbs: ["list", "watch"] },
  ];
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const objects: KubeObject[] = [
    { apiVersion, kind: "ClusterRole", metadata: { name: "reader" }, rules },
    { apiVersion, kind: "ClusterRoleBinding", metadata: { name: "reader" }, roleRef, subjects },
  ];
  const world = await startWorld({ cluster: { authorizer: createAuthorizer(objects, account) } });
  t.after(() => world.close());
  world.deploy({ name: "shop" });
  const { code, lines } = await command(["identity"], "", world.env);
  assert.equal(code, 1);
  const said = lines.join("\n");
  assert.match(said, /^# statefulsets\.apps of the cluster are not watched: /m);
  assert.match(said, /^# Secret gitops-operator\/ssh-key may not be read/m);
});
