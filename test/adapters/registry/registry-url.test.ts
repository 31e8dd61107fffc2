/** docs/ASSURANCE.md, S6: one reading of a URL decides where a question goes and which credentials go along. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRegistry } from "../../../src/adapters/registry/registry.ts";
import { hostOfKey, parseRegistryAddress } from "../../../src/adapters/registry/registry-address.ts";
import { createRandom } from "../../random.ts";
import { HostsInMemory } from "./hosts-in-memory.ts";
import { ann, startRegistryWorld } from "./registry-world.ts";

// S6
test("credentials do not go over http, unless the host is in INSECURE_REGISTRIES; without them http works", async (t) => {
  for (const auth of [{ kind: "basic", ...ann }, { kind: "open" }] as const) {
    const { double, check, annsConfig } = await startRegistryWorld(t, { auth }, { insecureRegistries: ["other.example"] });
    const answer = await check(annsConfig);
    if (auth.kind === "open") assert.equal(answer.kind, "found");
    else assert.ok(answer.kind === "denied" && answer.reason.includes(`add ${double.host} to INSECURE_REGISTRIES`), JSON.stringify(answer));
    assert.deepEqual(
      double.requests.map(({ authorization }) => authorization),
      [undefined],
    );
  }
});

// S6
test("of 10,000 generated URLs and keys none sends credentials over http or to a host that they are not for", async () => {
  // Every host has credentials of its own: the password is the name of the host that may see it.
  const hosts = ["ghcr.io", "evil.example", "docker.io", "localhost:5000", "127.0.0.1", "registry.example:8443", "insecure.example:5000"];
  const dispatcher = new HostsInMemory(({ origin, method }) => {
    if (method === "GET") return { status: 200, body: '{"token":"t"}' };
    return { status: 401, headers: { "www-authenticate": origin.length % 2 ? "Basic" : `Bearer realm="${origin}/token", Basic` } };
  });
  const registry = createRegistry({ dispatcher, insecureRegistries: ["insecure.example:5000"], realms: [] });
  const random = createRandom(10_000);
  const parts = [
    ...hosts,
    "https://",
    "https://",
    "https://",
    "http://",
    "HTTP://",
    "//",
    "/",
    "\\",
    "@",
    ":",
    "u",
    "u:p",
    "?",
    "#",
    ".",
    "%2e",
    "%40",
    "\t",
    "\n",
    " ",
    "v2",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "。",
    "ⓖhcr.io",
    "0x7f.1",
    "ghcr%2eio",
    ":443",
    ":80",
    ";",
    "&",
  ];
  const seen = { asked: 0, withPassword: 0, overHttp: 0 };
  for (let round = 0; round < 10_000; round++) {
    const scheme = random.pick(["https://", "https://", "http://", "http://", ""]);
    const registryUrl = random.integer(2) ? `${scheme}${random.pick(hosts)}${random.text(parts, 4)}` : `${scheme}${random.text(parts, 6)}`;
    const odd = random.text(parts, 5);
    const reader = (host: string) => (host === "docker.io" ? "registry-1.docker.io" : host);
    const auths = Object.fromEntries([
      [odd, { username: "u", password: hostOfKey(odd, "https:") ?? "nobody" }],
      ...hosts.map((host) => [host, { username: "u", password: reader(host) }]),
    ]);
    dispatcher.sent.length = 0;
    const answer = await registry.check({ registryUrl, repository: "team/app" }, "v1", JSON.stringify({ auths }));
    if (dispatcher.sent.length > 0) seen.asked += 1;
    const reason = "reason" in answer ? answer.reason : "";
    assert.doesNotMatch(reason, /u:p@|[?#]/, `${JSON.stringify(registryUrl)}: ${reason}`);
    for (const { origin, authorization = "" } of dispatcher.sent) {
      const url = new URL(origin);
      if (authorization.startsWith("Basic")) seen.withPassword += 1;
      if (url.protocol === "http:") seen.overHttp += 1;
      const [, encoded] = /^Basic (.*)$/.exec(authorization) ?? [];
      const password = Buffer.from(encoded ?? "", "base64")
        .toString()
        .slice(2);
      assert.ok(
        encoded === undefined || password === url.host,
        `${JSON.stringify(registryUrl)}: ${url.host} saw the password of ${password}`,
      );
      assert.ok(
        authorization === "" || url.protocol === "https:" || url.host === "insecure.example:5000",
        `${JSON.stringify(registryUrl)}: ${authorization} over http`,
      );
    }
  }
  assert.ok(
    seen.asked > 2_000 && seen.withPassword > 500 && seen.overHttp > 1_000,
    `the strings reach what they are to test: ${JSON.stringify(seen)}`,
  );
});

for (const [text, expected] of [
  ["https://docker.io", "https://registry-1.docker.io/"],
  ["http://docker.io", "https://registry-1.docker.io/"],
  ["https://index.docker.io/v1/", "https://registry-1.docker.io/"],
  ["https://registry-1.docker.io/v2/", "https://registry-1.docker.io/"],
  ["https://Docker.IO:443/anything", "https://registry-1.docker.io/"],
  ["https://ghcr.io", "https://ghcr.io/"],
  ["https://ghcr.io/v2/", "https://ghcr.io/"],
  ["https://host.example:5000/base/", "https://host.example:5000/base/"],
  ["https://notdocker.io/v", "https://notdocker.io/v/"],
  ["https://u@evil.example", undefined],
  ["https://:p@evil.example", undefined],
  ["https://ghcr.io?x", undefined],
  ["https://ghcr.io#x", undefined],
  ["ftp://ghcr.io", undefined],
  ["ghcr.io", undefined],
] as const) {
  // S6
  test(`${text} is the registry at ${expected}`, () => assert.equal(parseRegistryAddress(text)?.href, expected));
}
