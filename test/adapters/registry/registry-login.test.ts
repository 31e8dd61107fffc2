/** Registries that say only at `/v2/` how to log in, and what is told of logins that were not sent or have ended. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dockerConfigJson, type SandboxRegistry } from "../../../sandbox/registry.ts";
import { createRegistry } from "../../../src/adapters/registry/registry.ts";
import { type Answer, HostsInMemory } from "./hosts-in-memory.ts";
import { ann, startRegistryWorld } from "./registry-world.ts";

const basic = { kind: "basic", ...ann } as const;
const bearer = { kind: "bearer", ...ann } as const;
const trace = (double: SandboxRegistry) => double.requests.map(({ method, at, authorization = "-" }) => `${method} ${at} ${authorization}`);

for (const status of [401, 403, 404] as const) {
  test(`a manifest's ${status} without a challenge: /v2/ is asked how to log in, then the manifest again, with Basic`, async (t) => {
    const { double, check, annsConfig } = await startRegistryWorld(t, { auth: basic, basePath: "/base" });
    double.unchallengedStatus = status;
    assert.equal((await check(annsConfig)).kind, "found");
    assert.deepEqual(trace(double), ["HEAD manifest -", "GET version -", "HEAD manifest Basic"]);
    assert.equal(double.requests[1]?.path, "/base/v2/");
    assert.deepEqual(await check(annsConfig, "v2"), { kind: "missing" });
    assert.deepEqual(trace(double).slice(3), ["HEAD manifest Basic"], "the login is remembered");
  });

  test(`a manifest's ${status} without a challenge: /v2/ is asked how to log in, then the manifest again, with a token to pull it`, async (t) => {
    const { double, check, annsConfig } = await startRegistryWorld(t, { auth: bearer });
    double.unchallengedStatus = status;
    assert.equal((await check(annsConfig)).kind, "found");
    assert.deepEqual(trace(double), ["HEAD manifest -", "GET version -", "GET token Basic", "HEAD manifest Bearer"]);
    const asked = new URL(double.requests[2]?.path ?? "", double.url).searchParams;
    assert.deepEqual(asked.getAll("scope"), ["repository:team/app:pull"], "the scope of /v2/ is no right to pull");
    assert.equal(asked.get("service"), "sandbox, on loopback");
  });
}

test("without credentials a 401 without a challenge leads to everybody's token by way of /v2/; a 404 is final", async (t) => {
  const { double, check } = await startRegistryWorld(t, { auth: { kind: "bearer" } });
  double.unchallengedStatus = 401;
  assert.equal((await check()).kind, "found");
  assert.deepEqual(trace(double), ["HEAD manifest -", "GET version -", "GET token -", "HEAD manifest Bearer"]);
  double.unchallengedStatus = 404;
  assert.deepEqual(await check(undefined, "v1", "team/other"), { kind: "missing" });
  assert.deepEqual(trace(double).slice(4), ["HEAD manifest -"]);
});

test("a registry that is open says missing after one look at /v2/, whatever login is at hand", async (t) => {
  const { double, check, annsConfig } = await startRegistryWorld(t);
  assert.deepEqual(await check(annsConfig, "v2"), { kind: "missing" });
  assert.deepEqual(trace(double), ["HEAD manifest -", "GET version -"]);
});

test("a registry that never gives in is asked once for each step, and no more", async (t) => {
  for (const auth of [basic, bearer]) {
    const { double, check, annsConfig } = await startRegistryWorld(t, { auth });
    for (const status of [401, 403]) {
      const end = double.answer({ status });
      const before = double.requests.length;
      const answer = await check(annsConfig);
      end();
      assert.ok(answer.kind === "denied" && /does not accept the credentials/.test(answer.reason), JSON.stringify(answer));
      assert.equal(double.requests.length - before, auth.kind === "basic" ? 3 : 4);
    }
  }
});

for (const [what, auth, config] of [
  ["asks for no login anywhere", { kind: "open" }, JSON.stringify({ auths: { HOST: ann } })],
  ["takes passwords only", basic, JSON.stringify({ auths: { HOST: { identitytoken: "canary-token" } } })],
] as const) {
  test(`a registry that ${what} is not said to have refused the credentials`, async (t) => {
    const { double, check } = await startRegistryWorld(t, { auth });
    for (const status of [401, 403]) {
      const end = double.answer({ status });
      const answer = await check(config.replace("HOST", double.host));
      end();
      assert.ok(answer.kind === "denied" && /they were not sent/.test(answer.reason), JSON.stringify(answer));
      assert.doesNotMatch(answer.reason, /does not accept|canary/);
    }
    assert.ok(double.requests.every(({ authorization }) => authorization === undefined));
  });
}

for (const [status, kind] of [
  [429, "limited"],
  [500, "unavailable"],
  [302, "unavailable"],
] as const) {
  test(`${status} from /v2/ is ${kind}, not missing: the login was not tried`, async (t) => {
    const { double, check, annsConfig } = await startRegistryWorld(t, { auth: basic });
    double.unchallengedStatus = 404;
    double.answer({ status, headers: { "retry-after": "5", location: "https://evil.example/" } }, "version");
    assert.equal((await check(annsConfig)).kind, kind);
    assert.deepEqual(trace(double), ["HEAD manifest -", "GET version -"]);
  });
}

// S5
test("a realm that /v2/ names on another host gets nothing", async () => {
  const challenge = { "www-authenticate": 'Bearer realm="https://evil.example/token?canary=1",service="s"' };
  const dispatcher = new HostsInMemory(({ path }) => (path === "/v2/" ? { status: 401, headers: challenge } : { status: 404 }));
  const registry = createRegistry({ dispatcher, insecureRegistries: [], realms: [] });
  const config = dockerConfigJson("registry.example", ann.username, ann.password);
  const answer = await registry.check({ registryUrl: "https://registry.example", repository: "team/app" }, "v1", config);
  assert.ok(answer.kind === "unavailable" && /REGISTRY_REALMS lists evil\.example/.test(answer.reason), JSON.stringify(answer));
  assert.deepEqual(
    dispatcher.sent.map(({ origin, authorization }) => [origin, authorization]),
    [
      ["https://registry.example", undefined],
      ["https://registry.example", undefined],
    ],
  );
});

/** As Amazon ECR, Azure and Artifact Registry answer a login that has ended. */
const clouds: readonly {
  readonly host: string;
  readonly username: string;
  readonly answer: (authorization: string | undefined, path: string) => Answer;
  readonly reason: RegExp;
}[] = [
  {
    host: "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
    username: "AWS",
    answer: (authorization) =>
      authorization === undefined
        ? { status: 401, headers: { "www-authenticate": 'Basic realm="https://123456789012.dkr.ecr.eu-central-1.amazonaws.com/"' } }
        : {
            status: 403,
            body: '{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}\n',
          },
    reason: /the login has expired \(HTTP 403\); a login of Amazon ECR is good for 12 hours: renew the Secret.*CronJob.*External Secrets/,
  },
  {
    host: "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
    username: "AWS",
    answer: (authorization) =>
      authorization === undefined
        ? { status: 401, headers: { "www-authenticate": "Basic" } }
        : { status: 403, body: "Your Authorization Token has expired. Please run 'aws ecr get-login' to fetch a new one." },
    reason: /the login has expired/,
  },
  {
    host: "team.azurecr.io",
    username: "00000000-0000-0000-0000-000000000000",
    answer: (_, path) => ({
      status: 401,
      headers: path.startsWith("/v2/")
        ? { "www-authenticate": 'Bearer realm="https://team.azurecr.io/oauth2/token",service="team.azurecr.io"' }
        : {},
      body: '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required, visit https://aka.ms/acr/authorization for more information."}]}',
    }),
    reason: /the login may have expired \(HTTP 401\); such a login of Azure's registry is good for 3 hours: .*service principal/,
  },
  {
    host: "europe-docker.pkg.dev",
    username: "oauth2accesstoken",
    answer: (_, path) =>
      path.startsWith("/v2/token")
        ? { status: 403, body: '{"errors":[{"code":"DENIED","message":"Unauthenticated request."}]}' }
        : {
            status: 401,
            headers: { "www-authenticate": 'Bearer realm="https://europe-docker.pkg.dev/v2/token",service="europe-docker.pkg.dev"' },
          },
    reason: /the login may have expired \(HTTP 403\); an access token of Google Cloud is good for 1 hour: .*_json_key/,
  },
];
for (const { host, username, answer, reason } of clouds) {
  test(`a login as ${username} that has ended is told as such, with what to do: ${reason.source.slice(0, 26)}`, async () => {
    const dispatcher = new HostsInMemory(({ authorization, path }) => answer(authorization, path));
    const registry = createRegistry({ dispatcher, insecureRegistries: [], realms: [] });
    const config = dockerConfigJson(host, username, "canary");
    const said = await registry.check({ registryUrl: `https://${host}`, repository: "team/app" }, "v1", config);
    assert.ok(said.kind === "denied" && reason.test(said.reason), JSON.stringify(said));
    assert.doesNotMatch(said.reason, /canary/);
    assert.ok(dispatcher.sent.length <= 3);
  });
}

test("an identity token that has ended is told as such; a password that is wrong is not", async (t) => {
  const { double, check } = await startRegistryWorld(t, { auth: { ...bearer, identityToken: "good" } });
  const identity = await check(JSON.stringify({ auths: { [double.host]: { identitytoken: "old" } } }));
  assert.ok(identity.kind === "denied" && /the login may have expired.*renew the Secret/.test(identity.reason), JSON.stringify(identity));
  const wrong = await check(dockerConfigJson(double.host, "ann", "wrong"));
  assert.ok(wrong.kind === "denied" && !/expired/.test(wrong.reason), JSON.stringify(wrong));
});
