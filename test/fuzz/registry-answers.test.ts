import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAuthChallenges } from "../../src/adapters/registry/auth-challenges.ts";
import { findCredentials, parseDockerConfig } from "../../src/adapters/registry/docker-config.ts";
import { hostOfKey, manifestUrl, parseRegistryAddress } from "../../src/adapters/registry/registry-address.ts";
import { holds, made } from "./property.ts";

test("a WWW-Authenticate header is read to its end, or to where it is unreadable", async (t) => {
  const parts = ["Bearer ", "Basic ", "realm", "=", '"', "\\", ",", " ", "\t", "a", "==", "/", ":", "é", "\0"];
  await holds(t, made(parts, 30), (header) => {
    for (const { scheme, parameters } of parseAuthChallenges(header)) {
      assert.ok(header.toLowerCase().includes(scheme));
      for (const name of parameters.keys()) assert.ok(header.toLowerCase().includes(name));
    }
  });
});

test("a challenge is read as it was written, beside any others", async (t) => {
  const token = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
  const parameters = fc.uniqueArray(fc.tuple(token, fc.stringMatching(/^[ -~]{0,12}$/)), {
    selector: ([name]) => name,
    minLength: 1,
    maxLength: 4,
  });
  await holds(t, fc.array(fc.tuple(token, parameters), { minLength: 1, maxLength: 3 }), (challenges) => {
    const quoted = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
    const header = challenges
      .map(([scheme, all]) => `${scheme} ${all.map(([name, value]) => `${name}=${quoted(value)}`).join(", ")}`)
      .join(", ");
    assert.deepEqual(
      parseAuthChallenges(header).map(({ scheme, parameters: read }) => [scheme, [...read]]),
      challenges,
    );
  });
});

test("a .dockerconfigjson is answered whatever it holds, and no problem quotes a secret in it", async (t) => {
  const canary = "s3cr3t-canary";
  const text = fc.constantFrom(
    canary,
    Buffer.from(`u:${canary}`).toString("base64"),
    Buffer.from(canary).toString("base64"),
    "",
    "ghcr.io",
  );
  const odd = fc.oneof(fc.jsonValue(), text);
  const entry = fc.oneof(fc.record({ auth: odd, username: odd, password: odd, identitytoken: odd }, { requiredKeys: [] }), odd);
  const keys = fc.oneof(
    fc.constantFrom("https://index.docker.io/v1/", "ghcr.io", "https://ghcr.io/team", "__proto__", "//", "u@h", "[::1]:5"),
    fc.string(),
  );
  const config = fc
    .oneof(fc.record({ auths: fc.dictionary(keys, entry) }), fc.dictionary(keys, entry), odd)
    .map((value) => JSON.stringify(value));
  const cut = fc.tuple(config, fc.nat(300)).map(([json, at]) => json.slice(0, at));
  const kinds = new Set<string>();
  await holds(t, fc.oneof({ weight: 4, arbitrary: config }, cut), (json) => {
    const parsed = parseDockerConfig(json);
    kinds.add("problem" in parsed ? "error" : "ok");
    if ("problem" in parsed) assert.ok(!parsed.problem.includes(canary));
    else for (const host of ["https://ghcr.io/", "https://h:5000/base/"]) findCredentials(parsed, new URL(host), "team/app");
  });
  assert.deepEqual([...kinds].sort(), ["error", "ok"]);
});

test("credentials are found for the host that they are for and for no other", async (t) => {
  const hosts = fc.constantFrom("ghcr.io", "evil.example", "docker.io", "h.example:5000", "[::1]:5000");
  const key = fc.tuple(
    fc.constantFrom("", "https://", "http://"),
    hosts,
    fc.constantFrom("", "/", "/v1/", "/v2", "/team", "/team/app", "/te"),
  );
  await holds(t, fc.tuple(fc.array(key, { maxLength: 6 }), hosts, fc.constantFrom("", "/base")), ([all, host, base]) => {
    const registry = parseRegistryAddress(`https://${host}${base}`);
    assert.ok(registry);
    const config = all.map((parts) => ({
      key: parts.join(""),
      credentials: { kind: "password" as const, username: parts[1], password: parts.join("") },
    }));
    const found = findCredentials(config, registry, "team/app");
    if (found?.kind === "password") assert.equal(hostOfKey(found.username, "https:"), registry.host);
    // Without a scheme, or with the registry's own, and for the whole host: always found.
    if (all.some(([scheme, name, path]) => scheme !== "http://" && name === host && ["", "/", "/v1/", "/v2"].includes(path)))
      assert.ok(found);
  });
});

test("a manifest's URL never leaves the registry", async (t) => {
  const parts = ["team", "/", "..", ".", "//", "%2e%2e", "?", "#", "\\", "@", ":", "evil.example", "\n", "é"];
  await holds(
    t,
    fc.tuple(made(parts, 6), made(parts, 3), fc.constantFrom("https://ghcr.io", "https://h:5000/base")),
    ([repository, tag, address]) => {
      const registry = parseRegistryAddress(address) as URL;
      let url: URL | undefined;
      try {
        url = manifestUrl(registry, repository, tag);
      } catch (error) {
        // Half a surrogate pair can't be encoded; names are checked before they come here.
        assert.ok(error instanceof URIError);
        return;
      }
      if (!url) return;
      assert.equal(url.origin + url.search + url.hash, registry.origin);
      assert.ok(url.pathname.startsWith(`${registry.pathname}v2/`));
    },
  );
});
