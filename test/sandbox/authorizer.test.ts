import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createAuthorizer } from "../../sandbox/cluster-api/authorizer.ts";
import type { KubeObject } from "../../sandbox/cluster-api/kinds.ts";
import { startClusterApi } from "../../sandbox/cluster-api.ts";

const account = { namespace: "ops", name: "robot" };
const subjects = [{ kind: "ServiceAccount", ...account }];
const apiVersion = "rbac.authorization.k8s.io/v1";

function bound(kind: "Role" | "ClusterRole", namespace: string | undefined, rules: object[]): KubeObject[] {
  const metadata = { name: "robot", ...(namespace && { namespace }) };
  const binding = namespace === undefined ? "ClusterRoleBinding" : "RoleBinding";
  return [
    { apiVersion, kind, metadata: kind === "Role" ? metadata : { name: "robot" }, rules },
    { apiVersion, kind: binding, metadata, roleRef: { kind, name: "robot" }, subjects },
  ];
}

const deployments = (...verbs: string[]) => ({ apiGroups: ["apps"], resources: ["deployments"], verbs });
const secrets = (...resourceNames: string[]) => ({ apiGroups: [""], resources: ["secrets"], verbs: ["get"], resourceNames });

async function startGuarded(t: TestContext, objects: readonly KubeObject[]) {
  const authorizer = createAuthorizer(objects, account);
  const api = await startClusterApi({ authorizer });
  t.after(() => api.close());
  for (const name of ["key", "other"]) api.put({ kind: "Secret", metadata: { name, namespace: "team" } });
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(api.url + path, init);
    return { status: response.status, body: (await response.json()) as { message?: string; reason?: string } };
  };
  return { authorizer, ask };
}

test("what no rule gives is refused in the words of a real server", async (t) => {
  const { ask, authorizer } = await startGuarded(t, []);
  const list = await ask("/apis/apps/v1/deployments");
  assert.deepEqual([list.status, list.body.reason], [403, "Forbidden"]);
  const user = 'User "system:serviceaccount:ops:robot" cannot';
  assert.equal(
    list.body.message,
    `deployments.apps is forbidden: ${user} list resource "deployments" in API group "apps" at the cluster scope`,
  );
  const get = await ask("/api/v1/namespaces/team/secrets/key");
  assert.equal(get.body.message, `secrets "key" is forbidden: ${user} get resource "secrets" in API group "" in the namespace "team"`);
  assert.deepEqual(
    authorizer.refused.map(({ verb }) => verb),
    ["list", "get"],
  );
});

test("a Role opens its namespace only, a ClusterRole bound to one namespace too, a resource name that object only", async (t) => {
  const { ask } = await startGuarded(t, [
    ...bound("Role", "team", [secrets("key")]),
    ...bound("ClusterRole", "shop", [deployments("list")]),
  ]);
  const answers: [path: string, status: number][] = [
    ["/api/v1/namespaces/team/secrets/key", 200],
    ["/api/v1/namespaces/team/secrets/other", 403],
    ["/api/v1/namespaces/team/secrets", 403],
    ["/api/v1/namespaces/shop/secrets/key", 403],
    ["/apis/apps/v1/namespaces/shop/deployments", 200],
    ["/apis/apps/v1/namespaces/team/deployments", 403],
    ["/apis/apps/v1/deployments", 403],
    ["/apis/apps/v1/namespaces/shop/deployments?watch=true", 403],
  ];
  for (const [path, status] of answers) assert.equal((await ask(path)).status, status, path);
});

test("verbs are told apart: who may list may not delete, and what was never asked for is unused", async (t) => {
  const { ask, authorizer } = await startGuarded(t, bound("ClusterRole", undefined, [deployments("list", "watch")]));
  assert.equal((await ask("/apis/apps/v1/deployments")).status, 200);
  assert.equal((await ask("/apis/apps/v1/namespaces/team/deployments/app", { method: "DELETE" })).status, 403);
  assert.deepEqual(
    authorizer.unused.map(({ verb }) => verb),
    ["watch"],
  );
  assert.deepEqual(authorizer.refused, [{ verb: "delete", group: "apps", resource: "deployments", namespace: "team", name: "app" }]);
});

test("a binding for another account gives nothing, and one to a role that is not there is a defect", () => {
  const objects = bound("Role", "team", [secrets("key")]);
  assert.deepEqual(createAuthorizer(objects, { namespace: "team", name: "robot" }).unused, []);
  assert.throws(() => createAuthorizer(objects.slice(1), account), /RoleBinding robot names the Role robot, which is not there/);
});
