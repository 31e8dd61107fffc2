import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTarget } from "../../../src/core/targets/target.ts";
import { sharedKeyNotes } from "../../../src/http/rows/shared-keys.ts";

function target(namespace: string, key: string, manifestKey = key) {
  const values = {
    ...{ enabled: "true", app_repository: "git@github.com:a/b", manifest_repository: "git@github.com:c/d", deployment_path: "a.yaml" },
    ...{ image_name: "a/b", ssh_key_name: key, ssh_key_namespace: "keys", manifest_ssh_key_name: manifestKey },
  };
  const annotations = Object.fromEntries(Object.entries(values).map(([name, value]) => [`gitops.operator.${name}`, value]));
  const parsed = parseTarget({ kind: "Deployment", namespace, name: "x", annotations, containers: [] }, "gitops-operator");
  assert.ok(parsed.kind === "ready");
  return parsed.target;
}

// S2
test("a key is noted when Deployments of two namespaces name it and nothing binds it", () => {
  const targets = [target("a", "shared"), target("b", "own", "shared"), target("a", "of-a"), target("a", "of-a")];
  const [note, ...others] = sharedKeyNotes(targets, () => true);
  assert.match(note ?? "", /^Secret keys\/shared is named by Deployments of 2 namespaces .*gitops\.operator\.allowed_repositories$/);
  assert.deepEqual(others, []);
  assert.deepEqual(
    sharedKeyNotes(targets, ({ name }) => name !== "shared"),
    [],
  );
});
