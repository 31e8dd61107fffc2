/** What holds for every kind of forge. Each kind's test file says what it is made of. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Agent } from "undici";
import type { ForgeApiOptions } from "../../../sandbox/forge-api.ts";
import type { Build, BuildsApi } from "../../../sandbox/forges/builds.ts";
import type { Forge, ForgeOptions } from "../../../src/adapters/forge/forge.ts";
import type { BuildState } from "../../../src/core/ports.ts";
import { parseRepository } from "../../../src/core/repository.ts";

export const sha = "0123456789abcdef0123456789abcdef01234567";
export const token = "canary0123456789canary0123456789";

export interface Kind {
  readonly name: string;
  readonly start: (options: ForgeApiOptions) => Promise<BuildsApi>;
  readonly create: (options: ForgeOptions) => Forge;
  /** In the annotation, and as the double knows it. */
  readonly repository: string;
  readonly known: string;
  readonly rows: readonly (readonly [BuildState["kind"], ...Build[]])[];
  readonly running: Build;
  readonly failed: Build;
  /** What is sent for each page of `perPage` and one more. */
  readonly perPage: number;
  readonly pages: readonly string[];
  readonly login: readonly [header: string, value: string];
  /** What is told where the token is wrong. */
  readonly wrongToken: RegExp;
  /** What is no list of it. */
  readonly garbage: readonly string[];
  /** Other repositories, with what is told of them; undefined: it is asked for that one. */
  readonly repositories: readonly (readonly [string, string | RegExp])[];
}

export interface Scene {
  readonly api: BuildsApi;
  ask(repository?: string, sentToken?: string): Promise<BuildState>;
  readonly clock: { ms: number };
}

export async function startKind(t: TestContext, kind: Kind, options: Partial<ForgeOptions> = {}): Promise<Scene> {
  const api = await kind.start({ token });
  const dispatcher = new Agent();
  t.after(async () => {
    await api.close();
    await dispatcher.destroy();
  });
  const clock = { ms: 0 };
  const forge = kind.create({ dispatcher, apiUrl: api.url, now: () => clock.ms, ...options });
  const ask = (repository = kind.repository, sentToken = token) => {
    const parsed = parseRepository(repository);
    assert.ok(parsed.kind === "ok", repository);
    return forge.state(parsed.repository, sha, sentToken);
  };
  return { api, ask, clock };
}

export function reasonOf(state: BuildState): string {
  assert.equal(state.kind, "unknown", JSON.stringify(state));
  const { reason } = state as Extract<BuildState, { kind: "unknown" }>;
  assert.ok(!reason.includes(token) && !reason.includes(Buffer.from(`:${token}`).toString("base64")), "the token is in the reason");
  return reason;
}

export function testKind(kind: Kind): void {
  const { name, failed, running } = kind;

  test(`${name}: all statuses of a commit together say how its build is, and our own are none`, async (t) => {
    const { api, ask } = await startKind(t, kind);
    for (const [expected, ...builds] of kind.rows) {
      api.setBuilds(kind.known, sha, builds);
      assert.deepEqual(await ask(), { kind: expected }, JSON.stringify(builds));
    }
  });

  test(`${name}: it is asked with its own login, and only for the commit's full SHA`, async (t) => {
    const { api, ask } = await startKind(t, kind);
    api.setBuilds(kind.known, sha, [running]);
    assert.equal((await ask(kind.repository, `${token}\n`)).kind, "running");
    const [request] = api.requests;
    const [header, value] = kind.login;
    assert.equal(request?.headers[header], value);
    assert.ok(request?.path.includes(sha));
    assert.equal(request?.headers["user-agent"], "gitops-operator");
  });

  test(`${name}: all pages count, and at most five are read`, async (t) => {
    const { api, ask } = await startKind(t, kind);
    api.setBuilds(kind.known, sha, [...Array(kind.perPage).fill(failed), running]);
    assert.equal((await ask()).kind, "running");
    const root = new URL(api.url).pathname.replace(/\/$/, "");
    assert.deepEqual(
      api.requests.map(({ path }) => path.replace(root, "").replace(sha, "SHA")),
      kind.pages,
    );
    const before = api.requests.length;
    api.setBuilds(kind.known, sha, [...Array(5 * kind.perPage).fill(failed), running]);
    assert.equal((await ask()).kind, "failed");
    assert.equal(api.requests.length - before, 5);
  });

  test(`${name}: a refusal is never taken for 'no build'`, async (t) => {
    const { api, ask } = await startKind(t, kind);
    for (const status of [301, 302, 400, 401, 403, 404, 500, 502, 503]) {
      const end = api.answer({ status, body: "<html>" });
      assert.match(reasonOf(await ask()), new RegExp(`HTTP ${status}`));
      end();
    }
  });

  test(`${name}: a wrong token and a repository that it does not show are told apart from each other and from 'no build'`, async (t) => {
    const { api, ask } = await startKind(t, kind);
    api.setBuilds(kind.known, sha, [running]);
    assert.match(reasonOf(await ask(kind.repository, "another-token")), kind.wrongToken);
    for (const bad of ["", " \n", "a\r\nX-Evil: 1", "é"]) {
      const before = api.requests.length;
      assert.match(reasonOf(await ask(kind.repository, bad)), /token is empty or holds a character/);
      assert.equal(api.requests.length, before);
    }
  });

  test(`${name}: its forms of repositories are understood, and nothing else is asked for`, async (t) => {
    const { api, ask } = await startKind(t, kind);
    for (const [repository, expected] of kind.repositories) {
      const before = api.requests.length;
      if (typeof expected === "string") {
        api.setBuilds(expected, sha, [running]);
        assert.equal((await ask(repository)).kind, "running", repository);
      } else {
        assert.match(reasonOf(await ask(repository)), expected, repository);
        assert.equal(api.requests.length, before, repository);
      }
    }
  });

  test(`${name}: 429 is waited for as long as it says, and no question is sent meanwhile`, async (t) => {
    const { api, ask, clock } = await startKind(t, kind);
    api.setBuilds(kind.known, sha, [running]);
    const end = api.answer({ status: 429, headers: { "retry-after": "30" } });
    assert.match(reasonOf(await ask()), /rate limit for this token is used up; it is asked again in 30 s/);
    end();
    clock.ms = 29_999;
    assert.match(reasonOf(await ask()), /rate limit/);
    assert.equal(api.requests.length, 1);
    clock.ms = 30_001;
    assert.equal((await ask()).kind, "running");
    api.limit = { remaining: 0, resetAt: new Date(Date.now() + 600_000) };
    assert.match(reasonOf(await ask()), /rate limit for this token is used up/);
  });

  test(`${name}: garbage, an endless answer and none at all are unknown`, async (t) => {
    const { api, ask } = await startKind(t, kind, { deadlineMs: 2_000 });
    for (const body of ["{", '"', "{}", '{"__proto__":{"values":[]}}', "[".repeat(100_000), ...kind.garbage]) {
      const end = api.answer({ status: 200, body });
      assert.match(reasonOf(await ask()), /sent no list of/, body.slice(0, 80));
      end();
    }
    // Whatever it is, of more than a mebibyte nothing is read.
    const endLong = api.answer({ status: 200, body: `[${" ".repeat(2 ** 20)}]` });
    assert.match(reasonOf(await ask()), /more than 1048576 bytes \(HTTP 200\)/);
    endLong();
    api.hang();
    assert.match(reasonOf(await ask()), /did not answer in time/);
  });
}
