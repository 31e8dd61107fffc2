import assert from "node:assert/strict";
import { test } from "node:test";
import { decideSecretRef, type SecretScope } from "../../../src/core/targets/secret-scope.ts";

const allowed: Record<SecretScope, string[]> = {
  scoped: ["tenant", "gitops-operator", "operator", "extra"],
  strict: ["tenant", "extra"],
  any: ["tenant", "gitops-operator", "operator", "extra", "other-tenant", "kube-system", ""],
};

for (const scope of ["scoped", "strict", "any"] as const) {
  for (const namespace of allowed.any) {
    const isAllowed = allowed[scope].includes(namespace);
    // S1
    test(`${scope}: a Deployment of 'tenant' may ${isAllowed ? "" : "not "}name a Secret in '${namespace}'`, () => {
      assert.equal(decideSecretRef(scope, { namespace, name: "ssh-key" }, "tenant", "operator", ["extra"]), isAllowed);
    });
  }
}
