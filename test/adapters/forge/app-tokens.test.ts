import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { Agent } from "undici";
import { newSshKeyPair } from "../../../sandbox/ssh-key-pair.ts";
import { askFor } from "../../../src/adapters/egress/asker.ts";
import { type AppRight, createAppTokens } from "../../../src/adapters/forge/app-tokens.ts";
import { parseCredential } from "../../../src/adapters/git/git-credential.ts";
import { parseForges } from "../../../src/core/forges.ts";
import type { GitHubApp } from "../../../src/core/git-ports.ts";
import type { Repository } from "../../../src/core/types.ts";

const MINUTE = 60_000;
const pair = newSshKeyPair("rsa");

function appOf(namespace = "team", appId = "1001"): GitHubApp {
  const texts = { githubAppID: appId, githubAppInstallationID: "90001", githubAppPrivateKey: pair.privateKey };
  const app = parseCredential("app", texts, { namespace, name: "git-app" });
  if (app.kind !== "app") throw new Error(app.kind);
  return app;
}

const repository = (path: string, host = "git.example"): Repository => ({ transport: "https", host, port: 443, path });
const shop = repository("/team/shop.git");

interface Asked {
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
}

type Answer = (response: ServerResponse, number: number) => void | Promise<void>;

/** The API of git.example on loopback, which tells what it was asked; every token is another one. */
async function startApi(t: TestContext) {
  const asked: Asked[] = [];
  const clock = { ms: Date.now() };
  const made = (response: ServerResponse, number: number, token = `ghs_${number}`, lifeMs = 60 * MINUTE) =>
    void response.writeHead(201).end(JSON.stringify({ token, expires_at: new Date(clock.ms + lifeMs).toISOString() }));
  const api: { answer: Answer } = { answer: made };
  const server = createServer(async (request: IncomingMessage, response) => {
    const body = await textOf(request);
    asked.push({ path: request.url ?? "", authorization: request.headers.authorization ?? "", body });
    await api.answer(response, asked.length);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const dispatcher = new Agent();
  t.after(async () => {
    await dispatcher.destroy();
    server.closeAllConnections();
    server.close();
  });
  const parsed = parseForges(`git.example=github@http://127.0.0.1:${(server.address() as AddressInfo).port},gitlab.example=gitlab`);
  assert.ok(parsed.kind === "ok");
  const uses = { begun: 0, ended: 0 };
  const connect = () => {
    uses.begun += 1;
    return {
      dispatcher,
      end: () => {
        uses.ended += 1;
      },
    };
  };
  const tokens = createAppTokens({ forges: parsed.forges, connect, now: () => clock.ms });
  const ask = (app: GitHubApp, right: AppRight = "contents:read", at = shop, refused?: string) =>
    tokens.token(app, at, right, t.signal, refused);
  return { api, asked, clock, made, uses, ask };
}

test("the App signs that it is itself for nine minutes, and asks for one repository and one right", async (t) => {
  const { asked, clock, ask } = await startApi(t);
  assert.equal(await ask(appOf(), "contents:write"), "ghs_1");
  const [{ path, authorization, body } = { path: "", authorization: "", body: "" }] = asked;
  assert.equal(path, "/api/v3/app/installations/90001/access_tokens");
  assert.deepEqual(JSON.parse(body), { repositories: ["shop"], permissions: { contents: "write" } });
  const [, head = "", payload = "", signature = ""] = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(authorization) ?? [];
  const signed = Buffer.from(`${head}.${payload}`);
  assert.ok(verify("RSA-SHA256", signed, createPublicKey(pair.privateKey), Buffer.from(signature, "base64url")), "another's signature");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  assert.deepEqual(read(head), { alg: "RS256", typ: "JWT" });
  const { iat, exp, iss, ...others } = read(payload);
  const now = Math.floor(clock.ms / 1_000);
  assert.deepEqual([iss, others], ["1001", {}]);
  // GitHub takes ten minutes at most, by a clock that may be behind.
  assert.ok(iat === now - 60 && exp > now && exp - iat <= 600 && exp <= now + 600, `${iat - now} to ${exp - now}`);
});

test("a token is kept for its repository, right and App, for 55 minutes or until five before it ends", async (t) => {
  const { api, asked, clock, made, ask } = await startApi(t);
  const [one, other] = [appOf(), appOf("team", "1002")];
  const each: (() => Promise<string>)[] = [
    () => ask(one),
    () => ask(one, "contents:write"),
    () => ask(one, "statuses:write"),
    () => ask(one, "contents:read", repository("/team/other.git")),
    () => ask(other),
  ];
  const first = [];
  for (const again of each) first.push(await again());
  assert.equal(new Set(first).size, each.length);
  clock.ms += 54 * MINUTE;
  for (const [index, again] of each.entries()) assert.equal(await again(), first[index]);
  assert.equal(asked.length, each.length);
  clock.ms += 2 * MINUTE;
  assert.notEqual(await ask(one), first[0]);

  api.answer = (response, number) => made(response, number, `ghs_${number}`, 20 * MINUTE);
  const short = await ask(one, "actions:read");
  clock.ms += 14 * MINUTE;
  assert.equal(await ask(one, "actions:read"), short);
  clock.ms += 2 * MINUTE;
  assert.notEqual(await ask(one, "actions:read"), short);
});

// F54
test("a token that is refused is replaced once, whoever says so: who was refused the same one later gets the new one", async (t) => {
  const { asked, uses, ask } = await startApi(t);
  const app = appOf();
  const refused = await ask(app);
  const both = await Promise.all([ask(app, "contents:read", shop, refused), ask(app, "contents:read", shop, refused)]);
  assert.deepEqual(both, ["ghs_2", "ghs_2"]);
  assert.equal(await ask(app, "contents:read", shop, refused), "ghs_2");
  assert.equal(await ask(app), "ghs_2");
  assert.equal(asked.length, 2);
  assert.deepEqual(uses, { begun: 2, ended: 2 });
});

test("two Deployments that ask at once get one token, and a namespace does not wait for another's question", async (t) => {
  const { api, asked, made, ask } = await startApi(t);
  const app = appOf();
  const release = Promise.withResolvers<void>();
  api.answer = async (response, number) => {
    await release.promise;
    made(response, number);
  };
  const asking = ["team", "team", "other"].map((namespace) => askFor(namespace, () => ask(app)));
  while (asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  release.resolve();
  const [first, second, others] = await Promise.all(asking);
  assert.equal(first, second);
  assert.ok(others);
  assert.equal(asked.length, 2);
});

// S33
test("whatever a namespace fills the kept tokens with, another's is kept", async (t) => {
  const { api, asked, made, ask } = await startApi(t);
  const healthy = appOf("healthy");
  const kept = await ask(healthy);
  api.answer = (response, number) => made(response, number, `ghs_${number}`.padEnd(4_096, "x"));
  const greedy = appOf("greedy", "666");
  for (let batch = 0; batch < 20; batch++) {
    await Promise.all(Array.from({ length: 16 }, (_, one) => ask(greedy, "contents:read", repository(`/team/r-${batch}-${one}.git`))));
  }
  const before = asked.length;
  await ask(greedy, "contents:read", repository("/team/r-0-0.git"));
  assert.equal(asked.length, before + 1, "the greedy one's first is kept no more, or this test shows nothing");
  assert.equal(await ask(healthy), kept);
  assert.equal(asked.length, before + 1);
});

test("what is wrong with the App, its installation or its rights is told with the fields to correct; what passes is asked again", async (t) => {
  const { api, asked, uses, ask } = await startApi(t);
  const rows: [number, string, string, RegExp][] = [
    [
      401,
      "A JSON web token could not be decoded",
      "git_denied",
      /^GitHub does not know the App of Secret team\/git-app \(HTTP 401: A JSON web token could not be decoded\); correct githubAppID and githubAppPrivateKey, /,
    ],
    [
      404,
      "Not Found",
      "git_denied",
      /^GitHub knows no such installation of the App of Secret team\/git-app \(HTTP 404: Not Found\); correct githubAppInstallationID$/,
    ],
    [
      422,
      "not granted",
      "git_denied",
      /^GitHub gives the App of Secret team\/git-app no token for https:\/\/git\.example\/team\/shop\.git \(HTTP 422: not granted\); .*, and give the App the permission actions: read$/,
    ],
    [403, "This installation has been suspended", "git_denied", /\(HTTP 403: This installation has been suspended\)/],
    [403, "API rate limit exceeded for installation", "git_unreachable", /it is asked again at the next pass$/],
    [502, "", "git_unreachable", /it is asked again at the next pass$/],
  ];
  for (const [status, message, code, expected] of rows) {
    api.answer = (response) => void response.writeHead(status).end(JSON.stringify({ message }));
    await assert.rejects(ask(appOf(), "actions:read"), { code, message: expected });
  }
  for (const body of ["", "{}", '{"token":"a b","expires_at":"2030-01-01T00:00:00Z"}', '{"token":"ghs_1","expires_at":"soon"}']) {
    api.answer = (response) => void response.writeHead(201).end(body);
    await assert.rejects(ask(appOf()), { code: "git_protocol", message: /sent no token; check GITHUB_API_URL and FORGES$/ });
  }
  const before = asked.length;
  await assert.rejects(ask(appOf(), "contents:read", repository("/team/shop.git", "gitlab.example")), {
    code: "credential_invalid",
    message: /^Secret team\/git-app holds a GitHub App, and gitlab\.example is no GitHub that is known: /,
  });
  await assert.rejects(ask(appOf(), "contents:read", repository("/shop.git")), {
    code: "credential_invalid",
    message: /is no OWNER\/REPOSITORY of GitHub$/,
  });
  assert.equal(asked.length, before);
  assert.equal(uses.begun, uses.ended);
});
