import assert from "node:assert/strict";
import { test } from "node:test";
import { check, squeezed } from "./command.ts";
import { deploymentYaml } from "./deployment-yaml.ts";

const shared = ["enabled", "app_repository", "manifest_repository", "ssh_key_name", "ssh_key_namespace"];
const without = Object.fromEntries(shared.map((name) => [name, null]));

function configMap(name: string, more = "", label = "'true'", namespace = "shop"): string {
  return `apiVersion: v1
kind: ConfigMap
metadata: { name: ${name}, namespace: ${namespace}, labels: { gitops.operator/defaults: ${label} } }
data:
  gitops.operator.enabled: 'true'
  gitops.operator.app_repository: git@github.com:team/shop.git
  gitops.operator.manifest_repository: git@github.com:team/manifests.git
  gitops.operator.ssh_key_name: ssh-key
  gitops.operator.ssh_key_namespace: gitops-operator
${more}`;
}

const file = (...documents: readonly string[]) => check(documents.join("\n---\n"));

test("a ConfigMap with defaults in the same file counts for the Deployments of its namespace, and what it gives is said", async () => {
  const answer = await file(
    configMap("defaults", "  gitops.operator.observe_branch: main\n"),
    deploymentYaml("web", without, "shop"),
    deploymentYaml("api", { ...without, observe_branch: "release" }, "shop"),
  );
  assert.equal(answer.code, 0, answer.lines.join("\n"));
  const lines = squeezed(answer);
  assert.deepEqual(lines.slice(0, 2), [
    "ConfigMap shop/defaults",
    "defaults enabled, app_repository, manifest_repository, ssh_key_name, ssh_key_namespace, observe_branch",
  ]);
  assert.deepEqual(
    lines.filter((line) => line.startsWith("defaults of")),
    [
      "defaults of ConfigMap defaults: enabled, app_repository, manifest_repository, observe_branch, ssh_key_name, ssh_key_namespace",
      "defaults of ConfigMap defaults: enabled, app_repository, manifest_repository, ssh_key_name, ssh_key_namespace",
    ],
  );
  assert.deepEqual(
    lines.filter((line) => line.startsWith("application")),
    ["application git@github.com:team/shop.git, branch 'main'", "application git@github.com:team/shop.git, branch 'release'"],
  );
});

test("a ConfigMap of another namespace counts for nobody else", async () => {
  const answer = await file(configMap("defaults", "", "'true'", "other"), deploymentYaml("web", without, "shop"));
  assert.equal(answer.code, 1);
  assert.ok(squeezed(answer).some((line) => line.startsWith("problem gitops.operator.app_repository is missing")));
});

test("ConfigMaps that disagree, and what is wrong in one, are problems", async () => {
  const answer = await file(
    configMap("a", "  gitops.operator.tag_type: shrt\n  observe_branch: main\n"),
    configMap("b", "  gitops.operator.look_back: 5\n  gitops.operator.tag_type: long\n"),
    deploymentYaml("web", without, "shop"),
  );
  assert.equal(answer.code, 1);
  const lines = squeezed(answer);
  assert.ok(
    lines.includes(
      "problem gitops.operator.tag_type differs between ConfigMap a and ConfigMap b; make them agree, or keep it in one of them",
    ),
    lines.join("\n"),
  );
  assert.ok(lines.includes("problem gitops.operator.look_back is not a string, so the API server refuses the ConfigMap; put it in quotes"));
  assert.ok(lines.includes("warning ConfigMap a: observe_branch has no effect; call it gitops.operator.observe_branch"));
});

test("a word that is none of those allowed is a problem where a ConfigMap gives it, too", async () => {
  const answer = await file(configMap("defaults", "  gitops.operator.tag_type: shrt\n"), deploymentYaml("web", without, "shop"));
  assert.equal(answer.code, 1);
  const told = "gitops.operator.tag_type of ConfigMap defaults is neither 'long' nor 'short' and counts as 'long'; set it to one of them";
  assert.ok(squeezed(answer).includes(`problem ${told}`), answer.lines.join("\n"));
});

test("a label that is not 'true', or is no string, is told: the ConfigMap would give nothing", async () => {
  const wrong = squeezed(await file(configMap("defaults", "", "'yes'"), deploymentYaml("web", {}, "shop")));
  assert.ok(
    wrong.includes("problem its label gitops.operator/defaults is not 'true', so it gives no defaults; set it to 'true', or remove it"),
  );
  const unquoted = squeezed(await file(configMap("defaults", "", "true"), deploymentYaml("web", {}, "shop")));
  assert.ok(
    unquoted.includes(
      "problem gitops.operator/defaults is not a string, so the API server refuses the ConfigMap; put it in quotes: 'true'",
    ),
  );
});

test("a ConfigMap without our label is no more than another object", async () => {
  const other = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: other }\ndata: { gitops.operator.enabled: 'false' }";
  const answer = await file(other, deploymentYaml("web", {}, "shop"));
  assert.equal(answer.code, 0);
  assert.doesNotMatch(answer.lines.join("\n"), /ConfigMap/);
});
