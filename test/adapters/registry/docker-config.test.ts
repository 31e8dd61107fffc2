import assert from "node:assert/strict";
import { test } from "node:test";
import { findCredentials, parseDockerConfig } from "../../../src/adapters/registry/docker-config.ts";
import { parseRegistryAddress } from "../../../src/adapters/registry/registry-address.ts";
import { growthOf, MOST_GROWTH } from "../../growth.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** What would be sent to that registry for team/app. */
function credentialsFor(config: unknown, url: string, repository = "team/app") {
  const parsed = parseDockerConfig(typeof config === "string" ? config : JSON.stringify(config));
  const registry = parseRegistryAddress(url);
  assert.ok(!("problem" in parsed) && registry, JSON.stringify(parsed));
  return findCredentials(parsed, registry, repository);
}

const ann = { kind: "password", username: "ann", password: "s3:cr:et" } as const;

for (const [shape, entry] of Object.entries({
  "auth of docker login": { auth: base64("ann:s3:cr:et") },
  "all fields of kubectl": { username: "ann", password: "s3:cr:et", email: "a@example.com", auth: base64("ann:s3:cr:et") },
  "username and password alone": { username: "ann", password: "s3:cr:et" },
  "auth over other fields": { username: "bob", password: "x", auth: base64("ann:s3:cr:et") },
  "auth with line ends": { auth: `${base64("ann:s3:cr:et")}\n` },
  "auth without padding": { auth: base64("ann:s3:cr:et").replace(/=+$/, "") },
  "auth padded with NUL": { auth: base64("ann:s3:cr:et\0\0") },
  "null beside it": { auth: base64("ann:s3:cr:et"), identitytoken: null, email: null },
})) {
  test(`${shape} is read, in .dockerconfigjson and .dockercfg`, () => {
    assert.deepEqual(credentialsFor({ auths: { "ghcr.io": entry }, credsStore: "desktop" }, "https://ghcr.io"), ann);
    assert.deepEqual(credentialsFor({ "https://ghcr.io": entry }, "https://ghcr.io"), ann);
  });
}

for (const [url, keys] of Object.entries({
  "https://ghcr.io": [
    "ghcr.io",
    "GHCR.IO",
    "ghcr.io/",
    "https://ghcr.io",
    "https://ghcr.io/",
    "https://ghcr.io/v2/",
    "http://ghcr.io",
    "ghcr.io:443",
    "https://ghcr.io:443/v1/",
    "ghcr.io/team",
    " ghcr.io",
  ],
  "https://registry.example:5000/base": [
    "registry.example:5000",
    "https://registry.example:5000",
    "registry.example:5000/base",
    "REGISTRY.example:5000/v2/",
    "http://registry.example:5000/",
  ],
  "https://index.docker.io/v1/": [
    "https://index.docker.io/v1/",
    "index.docker.io",
    "docker.io",
    "https://docker.io",
    "registry-1.docker.io",
    "https://registry-1.docker.io/v2/",
    "http://index.docker.io/v1/",
  ],
})) {
  for (const key of keys) {
    test(`the key ${JSON.stringify(key)} is for ${url}`, () =>
      assert.deepEqual(credentialsFor({ auths: { [key]: { auth: base64("ann:s3:cr:et") } } }, url), ann));
  }
}

for (const [url, keys] of Object.entries({
  "https://ghcr.io": [
    "ghcr.io:5000",
    "evil.ghcr.io",
    "ghcr.io.evil.example",
    "https://ghcr.io@evil.example",
    "https://evil.example/ghcr.io",
    "io",
    "",
    "*",
    "__proto__",
  ],
  "https://registry.example:5000": ["registry.example", "registry.example:5001", "https://registry.example/"],
  "https://docker.io": ["notdocker.io", "docker.io.example"],
})) {
  for (const key of keys) {
    test(`the key ${JSON.stringify(key)} is not for ${url}`, () => {
      const text = `{"auths":{${JSON.stringify(key)}:{"auth":"${base64("ann:s3:cr:et")}"}}}`;
      assert.equal(credentialsFor(text, url), undefined);
    });
  }
}

test("of several entries for a host the one on the image's path is taken, then the host's", () => {
  const entry = (name: string) => ({ username: name, password: "x" });
  const auths = {
    "host.example/other": entry("other"),
    "https://host.example": entry("host"),
    "host.example/team": entry("team"),
    "host.example/team/app": entry("app"),
  };
  const nameFor = (repository: string) => {
    const found = credentialsFor({ auths }, "https://host.example", repository);
    return found?.kind === "password" ? found.username : undefined;
  };
  assert.equal(nameFor("team/app"), "app");
  assert.equal(nameFor("team/app2"), "team");
  assert.equal(nameFor("teammate/app"), "host");
  assert.equal(nameFor("other"), "other");
});

for (const [key, urls, others] of [
  ["*.example.com", ["https://reg.example.com", "https://reg.example.com/base"], ["https://example.com", "https://a.reg.example.com"]],
  ["https://*.azurecr.io", ["https://team.azurecr.io"], ["https://azurecr.io", "https://team.azurecr.io:5000"]],
  ["*.dkr.ecr.*.amazonaws.com", ["https://1.dkr.ecr.eu-west-1.amazonaws.com"], ["https://1.dkr.ecr.amazonaws.com"]],
  ["reg*.example.com", ["https://reg.example.com", "https://reg-2.example.com"], ["https://a-reg.example.com"]],
  ["r*g*s.example.com", ["https://registries.example.com"], ["https://registry.example.com", "https://rgx.example.com"]],
  ["*.example.com:5000", ["https://reg.example.com:5000"], ["https://reg.example.com", "https://reg.example.com:5001"]],
  ["*.example.com:443", ["https://reg.example.com"], []],
  ["*.example.com/team", ["https://reg.example.com"], ["https://reg.example.com/base"]],
  ["*.example.com/v2/", ["https://reg.example.com"], []],
  ["*.example.com/other", [], ["https://reg.example.com"]],
  ["*.example.com/tea", [], ["https://reg.example.com"]],
  ["*.docker.io", ["https://docker.io", "https://index.docker.io/v1/"], ["https://docker.com"]],
  ["docker.*", ["https://docker.io"], ["https://ghcr.io"]],
  ["*.*", ["https://ghcr.io", "https://docker.io"], ["https://registry", "https://a.b.c"]],
  ["**.io", ["https://ghcr.io"], ["https://a.ghcr.io"]],
  ["*", ["https://registry"], ["https://ghcr.io"]],
  ["gh?r.io", [], ["https://ghcr.io"]],
  ["[a-z]hcr.io", [], ["https://ghcr.io"]],
] as const) {
  test(`the key ${key} is for hosts of that form, one label for each *, and no others`, () => {
    const auths = { [key]: { auth: base64("ann:s3:cr:et") } };
    for (const url of urls) assert.deepEqual(credentialsFor({ auths }, url), ann, url);
    for (const url of others) assert.equal(credentialsFor({ auths }, url), undefined, url);
  });
}

test("a key that is written out wins over one with *, of those the longer path, then more letters; whatever their order", () => {
  const keys = ["*.*.com", "*.example.com", "*.example.com/team", "reg.example.com", "reg.example.com/team/app"];
  const nameFor = (given: readonly string[], repository: string) => {
    const auths = Object.fromEntries(given.map((key) => [key, { username: key, password: "x" }]));
    const found = credentialsFor({ auths }, "https://reg.example.com", repository);
    return found?.kind === "password" ? found.username : undefined;
  };
  for (const ordered of [keys, [...keys].reverse()]) {
    assert.equal(nameFor(ordered, "team/app"), "reg.example.com/team/app");
    assert.equal(nameFor(ordered, "team/other"), "reg.example.com");
    const globs = ordered.filter((key) => key.includes("*"));
    assert.equal(nameFor(globs, "team/app"), "*.example.com/team");
    assert.equal(nameFor(globs, "x"), "*.example.com");
    assert.equal(nameFor([...globs, "reg.example.com/elsewhere"], "x"), "*.example.com", "a key for another path comes last");
  }
});

test("keys and logins of one thing repeated cost as much as they are long", async () => {
  for (const part of ["/", "*", "*.", "a*", "\0", "/v2"]) {
    const growth = await growthOf(8_000, (length) => {
      const long = part.repeat(length / part.length);
      const auths = { [`reg.example.com${long}x`]: { auth: base64(`ann:${long}x`) }, [`${long}x`]: { username: "a", password: "b" } };
      credentialsFor({ auths }, "https://reg.example.com");
    });
    assert.ok(growth < MOST_GROWTH, `${growth} times for ${part}`);
  }
});

test("the refresh token beside the password of docker's web login does not win", () => {
  const auths = {
    "https://index.docker.io/v1/access-token": { username: "ann", password: "access" },
    "https://index.docker.io/v1/": { username: "ann", password: "s3:cr:et" },
    "https://index.docker.io/v1/refresh-token": { username: "ann", password: "refresh" },
  };
  assert.deepEqual(credentialsFor({ auths }, "https://docker.io"), ann);
});

test("an identity token is one", () => {
  const auths = { "team.azurecr.io": { auth: base64("00000000-0000-0000-0000-000000000000:"), identitytoken: "refresh-me" } };
  assert.deepEqual(credentialsFor({ auths }, "https://team.azurecr.io"), { kind: "identity", token: "refresh-me" });
});

for (const config of [
  {},
  { auths: {} },
  { auths: null },
  { auths: { "ghcr.io": {} } },
  { auths: { "ghcr.io": null } },
  { auths: { "ghcr.io": { auth: "" } } },
  { auths: { "ghcr.io": { username: "", password: "" } }, credHelpers: { "ghcr.io": "gh" } },
  { credsStore: "desktop", HttpHeaders: { "User-Agent": "docker" }, cliPluginsExtraDirs: ["/x"] },
  { "https://ghcr.io": {} },
]) {
  test(`${JSON.stringify(config)} is anonymous`, () => assert.equal(credentialsFor(config, "https://ghcr.io"), undefined));
}

const canary = "canary-s3cret";
for (const text of [
  "",
  canary,
  `{"auths": {"ghcr.io": {"auth": "${canary}`,
  `{"auths": "${canary}"}`,
  `["${canary}"]`,
  "null",
  "7",
  `{"auths": {"ghcr.io": "${canary}"}}`,
  `{"auths": {"ghcr.io": {"auth": 7, "password": "${canary}"}}}`,
  `{"auths": {"ghcr.io": {"auth": "${canary}!"}}}`,
  `{"auths": {"https://${canary}@ghcr.io/${canary}": {"auth": "${base64(canary)}"}}}`,
  `{"ghcr.io": {"auth": ["${canary}"]}}`,
]) {
  test(`${JSON.stringify(text.slice(0, 60))} is malformed, and the problem quotes nothing of it`, () => {
    const parsed = parseDockerConfig(text);
    assert.ok("problem" in parsed);
    assert.ok(parsed.problem.startsWith(".dockerconfigjson") && !parsed.problem.includes(canary), JSON.stringify(parsed));
  });
}

// S20
test("__proto__ in the JSON changes nothing", () => {
  const text = `{"__proto__": {"auths": {"ghcr.io": {"username": "a", "password": "b"}}}, "auths": {"__proto__": {"username": "a", "password": "b"}, "ghcr.io": {"__proto__": {"username": "a", "password": "b"}}}}`;
  assert.equal(credentialsFor(text, "https://ghcr.io"), undefined);
  assert.equal(({} as { username?: string }).username, undefined);
});
