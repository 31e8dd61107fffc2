/** docs/ASSURANCE.md, S5: who may hand out tokens, and so sees the registry's credentials. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dockerConfigJson } from "../../../sandbox/registry.ts";
import { createRegistry } from "../../../src/adapters/registry/registry.ts";
import { decideRealm } from "../../../src/adapters/registry/registry-address.ts";
import { type Answer, HostsInMemory } from "./hosts-in-memory.ts";
import { ann } from "./registry-world.ts";

const digest = `sha256:${"a".repeat(64)}`;

const challenge = (realm: string): Answer => ({ status: 401, headers: { "www-authenticate": `Bearer realm="${realm}",service="s"` } });

// S5
test("a realm on another host gets nothing, and the reason names it without its query", async () => {
  for (const realm of [
    "https://evil.example/token?canary=1",
    "http://registry.example/token",
    "https://registry.example@evil.example/token",
    "https://user:canary@registry.example/token",
    "https://registry.example.evil.example/token",
    "https://evilregistry.example/token",
    "https://169.254.169.254/token",
    "//registry.example/token",
    "file:///etc/passwd",
    "",
  ]) {
    const dispatcher = new HostsInMemory(() => challenge(realm));
    const registry = createRegistry({ dispatcher, insecureRegistries: [], realms: [] });
    const config = dockerConfigJson("registry.example", ann.username, ann.password);
    const answer = await registry.check({ registryUrl: "https://registry.example", repository: "team/app" }, "v1", config);
    assert.ok(answer.kind === "unavailable", `${realm}: ${JSON.stringify(answer)}`);
    assert.doesNotMatch(answer.reason, /canary/);
    assert.deepEqual(
      dispatcher.sent.map(({ origin, authorization }) => [origin, authorization]),
      [["https://registry.example", undefined]],
      realm,
    );
    if (realm.includes("//evil.example"))
      assert.match(answer.reason, /https:\/\/evil\.example\/token.*REGISTRY_REALMS lists evil\.example/);
  }
});

// S5
test("a listed realm, and one of the same owner, get the credentials", async () => {
  for (const [registryUrl, realm, realms] of [
    ["https://registry.example", "https://tokens.example:8443/t", ["tokens.example:8443"]],
    ["https://registry.gitlab.com", "https://gitlab.com/jwt/auth", []],
    ["https://docker.io", "https://auth.docker.io/token", []],
  ] as const) {
    const dispatcher = new HostsInMemory(({ authorization, method }) => {
      if (method === "GET") return { status: 200, body: '{"token":"good"}' };
      return authorization === "Bearer good" ? { status: 200, headers: { "docker-content-digest": digest } } : challenge(realm);
    });
    const registry = createRegistry({ dispatcher, insecureRegistries: [], realms: [...realms] });
    const config = dockerConfigJson(registryUrl, ann.username, ann.password);
    assert.deepEqual(await registry.check({ registryUrl, repository: "team/app" }, "v1", config), { kind: "found", digest });
    assert.match(String(dispatcher.sent[1]?.authorization), /^Basic /);
    assert.equal(dispatcher.sent[1]?.origin, new URL(realm).origin);
  }
});

const realmRules = { insecureHosts: new Set(["local.example:5000"]), realmHosts: new Set(["tokens.example"]) };
for (const [registry, realm, allowed] of [
  ["https://registry-1.docker.io", "https://auth.docker.io/token", true],
  ["https://ghcr.io", "https://ghcr.io/token", true],
  ["https://registry.gitlab.com", "https://gitlab.com/jwt/auth", true],
  ["https://quay.io", "https://quay.io/v2/auth", true],
  ["https://team.azurecr.io", "https://team.azurecr.io/oauth2/token", true],
  ["https://registry.team.co.uk", "https://auth.team.co.uk/token", true],
  ["https://10.0.0.1:5000", "https://10.0.0.1:5001/token", true],
  ["https://registry.a.svc.cluster.local", "https://registry.a.svc.cluster.local/token", true],
  ["https://registry.example", "https://tokens.example/token", true],
  ["http://local.example:5000", "http://local.example:5000/token", true],
  ["https://registry.example", "http://tokens.example/token", false],
  ["https://registry.example", "https://tokens.example:444/token", false],
  ["http://local.example:5000", "http://local.example:5001/token", false],
  ["https://10.0.0.1", "https://10.0.0.2/token", false],
  ["https://a.co.uk", "https://b.co.uk/token", false],
  ["https://a.github.io", "https://b.github.io/token", false],
  ["https://a.azurewebsites.net", "https://b.azurewebsites.net/token", false],
  ["https://registry.a.svc.cluster.local", "https://registry.b.svc.cluster.local/token", false],
  ["https://registry", "https://tokens/token", false],
] as const) {
  // S5
  test(`${realm} ${allowed ? "may" : "may not"} hand out tokens for ${registry}`, () => {
    const decided = decideRealm(new URL(registry), realm, realmRules);
    assert.equal(decided instanceof URL, allowed, JSON.stringify(decided));
  });
}

// S33
test("the largest tokens of one tenant take a few MiB together, and none of another's", async () => {
  const token = JSON.stringify({ token: "x".repeat(16 * 1024), expires_in: 3_600 });
  const dispatcher = new HostsInMemory(({ path, authorization }) => {
    if (path.startsWith("/token")) return { status: 200, body: token };
    return authorization ? { status: 200, headers: { "docker-content-digest": digest } } : challenge("https://registry.example/token");
  });
  const registry = createRegistry({ dispatcher, insecureRegistries: [], realms: [] });
  const check = (namespace: string, repository: string) =>
    registry.check({ registryUrl: "https://registry.example", repository, namespace }, "v1", undefined);
  const isNew = async (namespace: string, repository: string) => {
    const before = dispatcher.sent.length;
    assert.equal((await check(namespace, repository)).kind, "found");
    return dispatcher.sent.slice(before).some(({ path }) => path.startsWith("/token"));
  };
  await check("neighbour", "neighbour/app");
  // Each takes 32 KiB of the 4 MiB.
  for (let i = 0; i < 200; i++) await check("tenant", `tenant/app-${i}`);
  assert.deepEqual([await isNew("neighbour", "neighbour/app"), await isNew("tenant", "tenant/app-199")], [false, false]);
  assert.equal(await isNew("tenant", "tenant/app-0"), true);
});
