import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImageAnswer } from "../../../src/core/ports.ts";
import { startRegistryWorld } from "./registry-world.ts";

const digest = `sha256:${"a".repeat(64)}`;

function reasonOf(answer: ImageAnswer, kind: ImageAnswer["kind"]): string {
  assert.equal(answer.kind, kind, JSON.stringify(answer));
  return "reason" in answer ? answer.reason : "";
}

for (const type of [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
]) {
  test(`an image that is only there as ${type} is found, with its digest`, async (t) => {
    const { double, check } = await startRegistryWorld(t);
    double.put("team/app", "v2", { digest, mediaType: type });
    assert.deepEqual(await check(undefined, "v2"), { kind: "found", digest });
    assert.deepEqual(
      double.requests.map(({ method, path, authorization }) => [method, path, authorization]),
      [["HEAD", "/v2/team/app/manifests/v2", undefined]],
    );
  });
}

test("the double tells 404 to a question without OCI index in Accept", async (t) => {
  const { double } = await startRegistryWorld(t);
  const ask = (accept: string) => fetch(`${double.url}/v2/team/app/manifests/v1`, { method: "HEAD", headers: { accept } });
  assert.equal((await ask("application/vnd.docker.distribution.manifest.v2+json")).status, 404);
  assert.equal((await ask("application/vnd.oci.image.index.v1+json")).status, 200);
});

test("tags and repositories that are not there are missing, and found once they are", async (t) => {
  const { double, check } = await startRegistryWorld(t);
  assert.deepEqual(await check(undefined, "v2"), { kind: "missing" });
  assert.deepEqual(await check(undefined, "v1", "team/other"), { kind: "missing" });
  double.put("team/app", "v2");
  assert.equal((await check(undefined, "v2")).kind, "found");
  double.remove("team/app", "v2");
  assert.equal((await check(undefined, "v2")).kind, "missing");
});

for (const value of [undefined, "", "sha256:short", `${digest}, ${digest}`, "md5:x"]) {
  test(`an answer with Docker-Content-Digest ${value} is found, without digest`, async (t) => {
    const { double, check } = await startRegistryWorld(t);
    const type = { "content-type": "application/vnd.oci.image.manifest.v1+json; charset=utf-8" };
    double.answer({ status: 200, headers: value === undefined ? type : { ...type, "docker-content-digest": value } });
    assert.deepEqual(await check(), { kind: "found", digest: undefined });
    assert.deepEqual(
      double.requests.map(({ method }) => method),
      ["HEAD"],
    );
  });
}

test("a base path stays", async (t) => {
  const { double, check } = await startRegistryWorld(t, { basePath: "/base/path" });
  assert.equal((await check()).kind, "found");
  assert.equal(double.requests[0]?.path, "/base/path/v2/team/app/manifests/v1");
});

for (const status of [401, 403] as const) {
  // F19-F23
  test(`HTTP ${status} is denied, and the reason says what to do`, async (t) => {
    const { double, check, annsConfig } = await startRegistryWorld(t);
    double.answer({ status });
    const anonymous = await check();
    assert.match(reasonOf(anonymous, "denied"), new RegExp(`HTTP ${status}.*no credentials for ${double.host}.*registry_secret_name`));
    assert.equal(anonymous.kind === "denied" && anonymous.status, status);
    assert.match(reasonOf(await check(annsConfig), "denied"), /asks for no login that the credentials are fit for, so they were not sent/);
  });
}

for (const status of [400, 405, 418, 500, 502, 503, 204, 206]) {
  // F19-F23
  test(`HTTP ${status} is unavailable, never missing or found`, async (t) => {
    const { double, check } = await startRegistryWorld(t);
    double.answer({ status });
    assert.match(reasonOf(await check(), "unavailable"), new RegExp(`${double.host} .*HTTP ${status}`));
  });
}

test("a web page that says 200 is no image", async (t) => {
  const { double, check } = await startRegistryWorld(t);
  double.answer({ status: 200, headers: { "content-type": "text/html; charset=utf-8" }, body: "<h1>Sign in</h1>" });
  assert.match(reasonOf(await check(), "unavailable"), /web page/);
});

for (const [header, expected] of [
  ["7", 7_000],
  ["0", 0],
  ["3600", 60_000],
  ["soon", undefined],
  [undefined, undefined],
  [new Date(Date.now() + 3_600_000).toUTCString(), 60_000],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
] as const) {
  // F19-F23
  test(`429 with Retry-After ${header} is limited for ${expected} ms`, async (t) => {
    const { double, check } = await startRegistryWorld(t);
    double.answer({ status: 429, headers: header === undefined ? {} : { "retry-after": header } });
    const answer = await check();
    const when = expected === undefined ? "later" : `in ${expected / 1_000} s`;
    assert.match(reasonOf(answer, "limited"), new RegExp(`HTTP 429.* asked again ${when}$`));
  });
}

test("until Retry-After has passed the registry is left alone, whatever the tag", async (t) => {
  let nowMs = 0;
  const { double, check, annsConfig } = await startRegistryWorld(t, {}, { now: () => nowMs });
  const end = double.answer({ status: 429, headers: { "retry-after": "7" } });
  await check();
  end();
  nowMs = 6_000;
  const answer = await check(undefined, "v2");
  assert.match(reasonOf(answer, "limited"), / asked again in 1 s$/);
  assert.equal(double.requests.length, 1);
  assert.equal((await check(annsConfig)).kind, "found", "another account has a limit of its own");
  nowMs = 7_000;
  assert.equal((await check()).kind, "found");
});

// F19-F23
test("a slow registry is unavailable after the time for a request", async (t) => {
  const { double, check } = await startRegistryWorld(t, {}, { requestTimeoutMs: 150 });
  double.hang();
  assert.match(reasonOf(await check(), "unavailable"), /did not answer in time/);
});

// F19-F23
test("requests that are each in time end with the time for all of them", async (t) => {
  const auth = { kind: "bearer" } as const;
  const { double, check } = await startRegistryWorld(t, { auth }, { requestTimeoutMs: 5_000, overallTimeoutMs: 1_500 });
  double.delay(900);
  double.delay(900, "token");
  assert.match(reasonOf(await check(), "unavailable"), /did not answer in time/);
  assert.deepEqual(
    double.requests.map(({ at }) => at),
    ["manifest", "token"],
  );
});

// F19-F23
test("nobody listening, a reset, and an untrusted certificate are each told", async (t) => {
  const { double, check } = await startRegistryWorld(t);
  await double.listener.stop("reset");
  assert.match(reasonOf(await check(), "unavailable"), /closed the connection/);
  await double.listener.stop("refuse");
  assert.match(reasonOf(await check(), "unavailable"), /refused the connection; check host and port \(ECONNREFUSED\)/);
  const https = await startRegistryWorld(t, { protocol: "https" });
  assert.match(reasonOf(await https.check(), "unavailable"), /certificate is not trusted.*NODE_EXTRA_CA_CERTS/);
});

for (const [what, config] of [
  ["malformed", '{"auths": {"x": {"auth": "canary"'],
  ["not base64", '{"auths": {"x": {"auth": "canary!"}}}'],
]) {
  test(`a .dockerconfigjson that is ${what} is unavailable, nobody is asked`, async (t) => {
    const { double, check } = await startRegistryWorld(t);
    const reason = reasonOf(await check(config), "unavailable");
    assert.match(reason, /\.dockerconfigjson/);
    assert.doesNotMatch(reason, /canary/);
    assert.equal(double.requests.length, 0);
  });
}

for (const [repository, tag] of [
  ["../../secret", "v1"],
  ["team/..", "v1"],
  ["team/app", ".."],
  [".", "v1"],
] as const) {
  test(`${repository}:${tag} does not leave /v2/`, async (t) => {
    const { double, check } = await startRegistryWorld(t);
    assert.match(reasonOf(await check(undefined, tag, repository), "unavailable"), /cannot be asked/);
    assert.equal(double.requests.length, 0);
  });
}

test("what would be a query or an encoded slash is part of the name", async (t) => {
  const { double, check } = await startRegistryWorld(t);
  await check(undefined, "v1?x=/#y", "team/%2e%2e/a?b");
  assert.equal(double.requests[0]?.path, "/v2/team/%252e%252e/a%3Fb/manifests/v1%3Fx%3D%2F%23y");
});
