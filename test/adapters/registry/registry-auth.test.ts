import assert from "node:assert/strict";
import { test } from "node:test";
import { dockerConfigJson, type SandboxRegistry } from "../../../sandbox/registry.ts";
import { ann, startRegistryWorld } from "./registry-world.ts";

const basic = { kind: "basic", ...ann } as const;
const bearer = { kind: "bearer", ...ann } as const;
const trace = (double: SandboxRegistry) => double.requests.map(({ method, at, authorization = "-" }) => `${method} ${at} ${authorization}`);

test("Basic: sent when asked for, then at once", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t, { auth: basic });
  assert.equal((await check(annsConfig)).kind, "found");
  assert.deepEqual(trace(double), ["HEAD manifest -", "HEAD manifest Basic"]);
  assert.equal((await check(annsConfig)).kind, "found");
  assert.deepEqual(trace(double).slice(2), ["HEAD manifest Basic"]);
});

test("Basic with a wrong password is denied, asked afresh the next time, and the reason holds no secret", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t, { auth: basic });
  const wrong = await check(dockerConfigJson(double.host, ann.username, "wrong-canary"));
  assert.ok(wrong.kind === "denied" && wrong.status === 401);
  assert.doesNotMatch(wrong.reason, /canary|ann/);
  assert.equal((await check(annsConfig)).kind, "found");
});

test("without credentials, or with another host's, Basic is denied after one anonymous question", async (t) => {
  const { double, check } = await startRegistryWorld(t, { auth: basic });
  for (const config of [undefined, dockerConfigJson("other.example", ann.username, ann.password), '{"auths":{}}']) {
    assert.equal((await check(config)).kind, "denied");
  }
  assert.deepEqual(trace(double), Array(3).fill("HEAD manifest -"));
});

for (const tokenField of ["token", "access_token"] as const) {
  test(`Bearer: a token in ${tokenField} is fetched with Basic and used`, async (t) => {
    const { double, check, annsConfig } = await startRegistryWorld(t, { auth: { ...bearer, tokenField } });
    assert.equal((await check(annsConfig)).kind, "found");
    assert.deepEqual(trace(double), ["HEAD manifest -", "GET token Basic", "HEAD manifest Bearer"]);
    const asked = new URL(double.requests[1]?.path ?? "", double.url).searchParams;
    assert.equal(asked.get("service"), "sandbox, on loopback", "a comma inside quotes belongs to the value");
    assert.deepEqual(asked.getAll("scope"), ["repository:team/app:pull"]);
  });
}

test("the longest tokens are taken, in both fields as Docker Hub sends them", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t, { auth: bearer });
  const token = "t".repeat(16 * 1024);
  double.answer(
    { status: 200, body: JSON.stringify({ token, access_token: token, expires_in: 300, issued_at: "2026-01-01T00:00:00Z" }) },
    "token",
  );
  const answer = await check(annsConfig);
  // No server takes a header of that length; what counts is that it was sent.
  assert.notEqual(answer.kind, "found");
  assert.ok(!("reason" in answer) || !/usable token|more than/.test(answer.reason), JSON.stringify(answer));
});

test("Bearer: everybody's token is fetched without credentials", async (t) => {
  const { double, check } = await startRegistryWorld(t, { auth: { kind: "bearer" } });
  assert.equal((await check()).kind, "found");
  assert.deepEqual(trace(double), ["HEAD manifest -", "GET token -", "HEAD manifest Bearer"]);
});

test("several scopes of a challenge are several parameters, without one it is the repository's", async (t) => {
  const { double, check } = await startRegistryWorld(t, { auth: { kind: "bearer" } });
  for (const scope of [`,scope="repository:team/app:pull repository:base:pull"`, ""]) {
    const header = `Bearer realm="${double.url}/token?x=1"${scope}`;
    const end = double.answer({ status: 401, headers: { "www-authenticate": header } });
    await check();
    end();
  }
  const asked = double.requests.filter(({ at }) => at === "token").map(({ path }) => path);
  assert.deepEqual(asked, [
    "/token?x=1&scope=repository%3Ateam%2Fapp%3Apull&scope=repository%3Abase%3Apull",
    "/token?x=1&scope=repository%3Ateam%2Fapp%3Apull",
  ]);
});

for (const [expiresInSeconds, usableMs] of [
  [300, 290_000],
  [undefined, 50_000],
  [40, 30_000],
] as const) {
  test(`a token with expires_in ${expiresInSeconds} is used for ${usableMs} ms`, async (t) => {
    let nowMs = 1_000;
    const { double, check, annsConfig } = await startRegistryWorld(t, { auth: { ...bearer, expiresInSeconds } }, { now: () => nowMs });
    const tokens = () => double.requests.filter(({ at }) => at === "token").length;
    await check(annsConfig);
    nowMs += usableMs - 1;
    await check(annsConfig, "v2");
    assert.equal(tokens(), 1);
    nowMs += 1;
    await check(annsConfig);
    assert.equal(tokens(), 2);
  });
}

test("a token belongs to one repository and one account", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t, { auth: { kind: "bearer" } });
  double.put("team/other", "v1");
  await check();
  await check(undefined, "v1", "team/other");
  await check(annsConfig);
  assert.equal(double.requests.filter(({ at }) => at === "token").length, 3);
  const used = double.requests.map(({ headers }) => headers.authorization).filter((value) => String(value).startsWith("Bearer"));
  assert.equal(new Set(used).size, 3);
});

test("a token that the registry does not honour any more is replaced at once", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t, { auth: bearer });
  await check(annsConfig);
  double.revokeTokens();
  assert.equal((await check(annsConfig)).kind, "found");
  assert.deepEqual(trace(double).slice(3), ["HEAD manifest Bearer", "GET token Basic", "HEAD manifest Bearer"]);
});

test("after a 403 a new token is fetched: the right may have been given meanwhile", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t, { auth: bearer });
  await check(annsConfig);
  double.answer({ status: 403 }, "manifest", 1);
  assert.equal((await check(annsConfig)).kind, "denied");
  assert.equal((await check(annsConfig)).kind, "found");
  assert.deepEqual(trace(double).slice(4), ["HEAD manifest -", "GET token Basic", "HEAD manifest Bearer"]);
});

test("a registry that never honours its own tokens is denied after one round", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t, { auth: bearer });
  double.answer({ status: 401, headers: { "www-authenticate": `Bearer realm="${double.url}/token"` } });
  assert.equal((await check(annsConfig)).kind, "denied");
  assert.equal(double.requests.length, 3);
});

test("a repository that nobody ever pushed to is denied or missing, as the registry says", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t, { auth: bearer });
  for (const status of [401, 403, 404] as const) {
    double.unknownRepositoryStatus = status;
    const answer = await check(annsConfig, "v1", "team/new");
    assert.equal(answer.kind === "denied" ? answer.status : answer.kind, status === 404 ? "missing" : status);
  }
  double.put("team/new", "v1");
  assert.equal((await check(annsConfig, "v1", "team/new")).kind, "found");
});

test("an identity token is a refresh token that is posted to the realm", async (t) => {
  const { double, check } = await startRegistryWorld(t, {
    auth: { ...bearer, identityToken: "canary-refresh", tokenField: "access_token" },
  });
  const config = (identitytoken: string) => JSON.stringify({ auths: { [double.host]: { auth: "MDA6", identitytoken } } });
  assert.equal((await check(config("canary-refresh"))).kind, "found");
  assert.deepEqual(trace(double), ["HEAD manifest -", "POST token -", "HEAD manifest Bearer"]);
  assert.ok(!double.requests.some(({ path }) => path.includes("canary")), "it is in no URL");
  const refused = await check(config("canary-old"));
  assert.ok(refused.kind === "denied" && !refused.reason.includes("canary"));
});

for (const [status, kind] of [
  [401, "denied"],
  [403, "denied"],
  [429, "limited"],
  [400, "unavailable"],
  [404, "unavailable"],
  [500, "unavailable"],
] as const) {
  test(`HTTP ${status} from the token endpoint is ${kind}, no second question is put to the registry`, async (t) => {
    const { double, check, annsConfig } = await startRegistryWorld(t, { auth: bearer });
    double.answer({ status, headers: { "retry-after": "5" }, body: '{"token":"x"}' }, "token");
    const answer = await check(annsConfig);
    assert.equal(answer.kind, kind, JSON.stringify(answer));
    assert.equal(double.requests.length, 2);
    if (answer.kind === "limited") assert.match(answer.reason, / asked again in 5 s$/);
  });
}

// S20
test("a token endpoint that answers nonsense is unavailable", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t, { auth: bearer });
  for (const body of [
    "",
    "{",
    "null",
    "[]",
    '"token"',
    "{}",
    '{"token":""}',
    '{"token":7}',
    '{"token":"a b"}',
    `{"token":"${"t".repeat(16 * 1024 + 1)}"}`,
    '{"token":"a\\r\\nx: y"}',
    '{"token":"x","expires_in":"soon"}',
    '{"token":"x","expires_in":-1}',
    '{"__proto__":{"token":"x"}}',
    '{"constructor":{"prototype":{"token":"x"}}}',
  ]) {
    const end = double.answer({ status: 200, body }, "token");
    const answer = await check(annsConfig);
    end();
    assert.ok(answer.kind === "unavailable" && /without a usable token/.test(answer.reason), `${body}: ${JSON.stringify(answer)}`);
  }
  assert.equal(double.requests.filter(({ authorization }) => authorization === "Bearer").length, 0);
  assert.equal(({} as { token?: string }).token, undefined);
});
