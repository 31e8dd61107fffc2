/** The image gate never opens by accident (docs/ASSURANCE.md, P4 and S22): what was pushed is read from the bare repository. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { dockerConfigJson } from "../../sandbox/registry.ts";
import { startShop } from "./gated-shop.ts";

const PRIVATE = { auth: { kind: "bearer", username: "robot", password: "canary-password" } } as const;
const REMEDIES = /gitops\.operator\.registry_secret_name.*gitops\.operator\.image_check.*IMAGE_CHECK/;

type ShopOptions = Parameters<typeof startShop>[1];

/** A private registry, the administrator's login for it in the default Secret, and a tenant's key in the tenant's own namespace. */
async function startPrivateShop(t: TestContext, { annotations, env, ...options }: ShopOptions = {}) {
  const shop = await startShop(t, {
    registry: PRIVATE,
    ...options,
    ...(env ? { env } : {}),
    annotations: { ssh_key_namespace: "default", github_token_secret_name: null, notifications_secret_name: null, ...annotations },
  });
  const { stage } = shop;
  stage.secret("default", "ssh-key", { "ssh-privatekey": stage.key.privateKey });
  if (options.regcred !== null) {
    stage.secret("gitops-operator", "regcred", {
      ".dockerconfigjson": dockerConfigJson(stage.registry.host, "robot", "canary-password"),
    });
  }
  const before = await shop.manifests.tip();
  /** Fails, and changes nothing in the repository. */
  async function assertClosed(message: RegExp): Promise<void> {
    const entry = await stage.reconcileOne("shop");
    assert.equal(entry.action, "failed", entry.message);
    assert.match(entry.message, message);
    assert.equal(await shop.manifests.tip(), before);
    assert.equal((await shop.manifests.log()).length, 1);
  }
  return { ...shop, assertClosed };
}

// P4, S22
test("SECRET_REFS=strict denies the default Secret: the registry is asked without a login, its no is a failure that names three remedies", async (t) => {
  const { stage, sha, assertClosed } = await startPrivateShop(t, { env: { SECRET_REFS: "strict" } });
  await assertClosed(/^the registry does not show .*HTTP 401.*Secret gitops-operator\/regcred/);
  await assertClosed(REMEDIES);
  // Not even an image that is there: nobody has seen it.
  stage.registry.put("team/shop", sha);
  await assertClosed(REMEDIES);
});

// S22
test("where IMAGE_CHECK is set, a registry's no offers no annotation that may not ask for less", async (t) => {
  for (const level of ["on", "if-secret"]) {
    const { assertClosed } = await startPrivateShop(t, { env: { SECRET_REFS: "strict", IMAGE_CHECK: level } });
    const onlyForAll =
      /registry_secret_name, or let all images go unchecked \(the operator's IMAGE_CHECK, which no annotation may go below\)$/;
    await assertClosed(onlyForAll);
  }
});

// S22
test("a namespace of the registry Secret that is denied, or misspelt, is named: failed, whatever SECRET_REFS is", async (t) => {
  const denied = await startPrivateShop(t, { annotations: { registry_secret_namespace: "kube-system" } });
  await denied.assertClosed(/^Secret kube-system\/regcred can't be used by Deployments of namespace default/);
  const misspelt = await startPrivateShop(t, {
    annotations: { registry_secret_namespace: "gitops-operater" },
    env: { SECRET_REFS: "any" },
  });
  await misspelt.assertClosed(/^Secret gitops-operater\/regcred does not exist/);
});

// S22
test("an API server that fails on the default Secret, or forbids it: the remote is unchanged", async (t) => {
  const { stage, assertClosed } = await startPrivateShop(t);
  for (const status of [500, 503, 401, 429]) {
    const restore = stage.cluster.faults.answer(status, /secrets\/regcred/);
    await assertClosed(new RegExp(`^Secret gitops-operator/regcred cannot be read: .*${status}`));
    restore();
  }
  stage.cluster.faults.answer(403, /secrets\/regcred/);
  await assertClosed(/^the registry does not show .*HTTP 401.*Secret gitops-operator\/regcred may not be read/);
  await assertClosed(REMEDIES);
});

// S22
test("no default Secret, or one without the field: a private registry's image is never pushed unseen", async (t) => {
  const absent = await startPrivateShop(t, { regcred: null });
  await absent.assertClosed(/^the registry does not show .*HTTP 401.*Secret gitops-operator\/regcred does not exist/);
  await absent.assertClosed(REMEDIES);
  absent.stage.secret("gitops-operator", "regcred", { config: "{}" });
  await absent.assertClosed(/^Failed to read field: \.dockerconfigjson in data/);
});

test("where nobody gave a login, a public registry's clear yes is enough: absent, denied or forbidden, the push is a checked one", async (t) => {
  const cases: Record<string, ShopOptions> = {
    absent: { regcred: null },
    denied: { env: { SECRET_REFS: "strict" } },
    forbidden: {},
    // Denied and forbidden are not absent.
    "denied, if-secret": { env: { SECRET_REFS: "strict", IMAGE_CHECK: "if-secret" } },
    "forbidden, if-secret": { annotations: { image_check: "if-secret" } },
  };
  for (const [name, options] of Object.entries(cases)) {
    await t.test(name, async (t) => {
      const { stage, sha, manifests } = await startPrivateShop(t, { registry: {}, ...options });
      if (name.startsWith("forbidden")) stage.cluster.faults.answer(403, /secrets\/regcred/);
      assert.equal((await stage.reconcileOne("shop")).action, "waiting");
      assert.equal((await manifests.log()).length, 1);
      stage.registry.put("team/shop", sha);
      const entry = await stage.reconcileOne("shop");
      assert.equal(entry.message, `Deployment shop patched successfully to version ${sha}`);
      assert.ok(stage.registry.requests.every(({ authorization }) => authorization === undefined));
    });
  }
});

test("an image that strangers do not see, even after its grace: the failure says that it was asked for without a login", async (t) => {
  const { stage, clock, assertClosed } = await startPrivateShop(t, { registry: {}, regcred: null });
  assert.equal((await stage.reconcileOne("shop")).action, "waiting");
  clock.advance(301_000);
  await assertClosed(/^:x: image .* not found in registry after waiting for build; it was asked without a login \(Secret .*IMAGE_CHECK/);
});
