import assert from "node:assert/strict";
import { test } from "node:test";
import type { GitHubApp } from "../../../src/core/git-ports.ts";
import { type ForgeLoginPorts, readForgeLogin } from "../../../src/core/targets/read-forge-login.ts";
import type { BuildTokenRef, Repository } from "../../../src/core/types.ts";

const APP = { githubAppID: "1", githubAppInstallationID: "2", githubAppPrivateKey: "KEY", "ca.crt": "CA" };
const repository = (host: string, path: string): Repository => ({ transport: "ssh", user: "git", host, port: 22, path });
const shop = repository("github.com", "team/shop.git");
const target = { appRepository: shop, manifestRepository: repository("github.com", "ops/manifests.git") };

function read(
  texts: Readonly<Record<string, string>>,
  allowedRepositories: string | undefined,
  more: { forge?: BuildTokenRef["forge"]; asked?: Repository; isStrict?: boolean; writes?: boolean } = {},
) {
  const { forge = "github", asked = shop, isStrict = false, writes } = more;
  const ports: ForgeLoginPorts = {
    isStrict,
    parseCredential: (kind, given) => ({ kind, given }) as unknown as GitHubApp,
    async readForgeSecret(ref, fields, needed) {
      assert.deepEqual(ref, { namespace: "ops", name: "forge" });
      assert.equal(needed, "forge-token");
      return { texts: Object.fromEntries(Object.entries(texts).filter(([field]) => fields.includes(field))), allowedRepositories };
    },
  };
  return readForgeLogin({ namespace: "ops", name: "forge", field: "forge-token", forge }, asked, target, ports, writes);
}

// S27
test("a text is for both repositories of a Deployment where its Secret says for which; an App is for the asked one, and says so", async () => {
  const text = { "forge-token": "a-token", username: "git", password: "another" };
  assert.equal(await read(text, undefined), "a-token");
  assert.equal(await read(text, "github.com/**"), "a-token");
  await assert.rejects(read(text, "github.com/team/*"), { message: /^Secret ops\/forge is not for github\.com\/ops\/manifests: / });
  assert.deepEqual(await read(APP, "github.com/team/*"), { kind: "app", given: APP });
  assert.deepEqual(await read(APP, undefined, { isStrict: true }), { kind: "app", given: APP });
  await assert.rejects(read(APP, "github.com/team/*", { asked: target.manifestRepository }), { code: "repository_denied" });
  await assert.rejects(read(APP, undefined), {
    code: "repository_denied",
    message:
      "Secret ops/forge holds a GitHub App and is bound to nothing; annotate it with gitops.operator.allowed_repositories=github.com/team/*",
  });
});

// S27
test("a text that is to open requests says for which repositories it is, unless only its own namespace can name it", async () => {
  const text = { "forge-token": "a-token" };
  await assert.rejects(read(text, undefined, { writes: true }), {
    code: "repository_denied",
    message:
      "Secret ops/forge holds a token and is bound to nothing; annotate it with gitops.operator.allowed_repositories=github.com/team/*,github.com/ops/*",
  });
  assert.equal(await read(text, "github.com/**", { writes: true }), "a-token");
  assert.equal(await read(text, undefined, { writes: true, isStrict: true }), "a-token");
});

test("an App for another forge than GitHub, and one beside a token, are named with what to do", async () => {
  await assert.rejects(read(APP, "**", { forge: "gitlab", asked: repository("gitlab.com", "team/shop") }), {
    code: "credential_invalid",
    message: "Secret ops/forge holds a GitHub App, and gitlab.com is GitLab: name a Secret with a token of that in the field forge-token",
  });
  await assert.rejects(read({ ...APP, "forge-token": "a-token" }, "**"), {
    code: "credential_invalid",
    message: "Secret ops/forge holds a token and a GitHub App (forge-token, githubAppID); keep one of them",
  });
  await assert.rejects(read({}, "**"), {
    code: "secret_field_missing",
    message: /^Failed to read field: forge-token in data of Secret ops\/forge$/,
  });
});
