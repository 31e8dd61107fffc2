import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Agent } from "undici";
import { type CiApi, startCiApi } from "../../../sandbox/ci-api.ts";
import type { ForgeReply } from "../../../sandbox/forge-api.ts";
import { askFor } from "../../../src/adapters/egress/asker.ts";
import { createGithub } from "../../../src/adapters/forge/github.ts";
import { createRateLimits } from "../../../src/adapters/forge/rate-limits.ts";
import type { BuildState } from "../../../src/core/ports.ts";
import type { Repository } from "../../../src/core/types.ts";

const sha = "0123456789abcdef0123456789abcdef01234567";
const shop: Repository = { transport: "ssh", user: "git", host: "github.com", port: 22, path: "team/shop.git" };

interface Setting {
  readonly ci: CiApi;
  ask(token?: string): Promise<BuildState>;
  /** To be moved. */
  readonly clock: { ms: number };
  remaining(): number | undefined;
}

async function startLimited(t: TestContext): Promise<Setting> {
  const ci = await startCiApi();
  t.after(() => ci.close());
  const dispatcher = new Agent();
  t.after(() => dispatcher.destroy());
  const clock = { ms: 0 };
  const builds = createGithub({ dispatcher, apiUrl: ci.url, now: () => clock.ms });
  ci.setRuns("team/shop", sha, [{ status: "in_progress" }]);
  return { ci, clock, ask: (token = "a-token") => builds.state(shop, sha, token), remaining: builds.rateRemaining };
}

function reasonOf(state: BuildState): string {
  return state.kind === "unknown" ? state.reason : state.kind;
}

test("after the rate limit of a token is used up nothing is asked with it until the reset; other tokens go on", async (t) => {
  const { ci, ask, clock } = await startLimited(t);
  ci.limit = { remaining: 0, resetAt: new Date(Date.now() + 600_000) };
  assert.match(reasonOf(await ask()), /rate limit for this token is used up; it is asked again in (59\d|60\d) s/);
  ci.limit = { remaining: 5_000, resetAt: new Date(Date.now() + 600_000) };
  clock.ms += 590_000;
  assert.match(reasonOf(await ask()), /rate limit for this token is used up; it is asked again in \d+ s/);
  assert.equal(ci.requests.length, 1);
  assert.equal((await ask("another-token")).kind, "running");
  clock.ms += 15_000;
  assert.equal((await ask()).kind, "running");
});

test("the last request of a budget is answered, and the next waits for the reset without being sent", async (t) => {
  const { ci, ask, remaining } = await startLimited(t);
  assert.equal(remaining(), undefined);
  ci.limit = { remaining: 2, resetAt: new Date(Date.now() + 600_000) };
  assert.equal((await ask()).kind, "running");
  assert.equal(remaining(), 1);
  assert.equal((await ask()).kind, "running");
  assert.equal(remaining(), 0);
  assert.match(reasonOf(await ask()), /rate limit/);
  assert.equal(ci.requests.length, 2);
});

test("secondary limits: Retry-After as seconds or date is honoured, a minute is waited without one, an absurd one is not believed", async (t) => {
  const rows: [ForgeReply, waitMs: number][] = [
    [{ status: 429, headers: { "retry-after": "30" } }, 30_000],
    [{ status: 403, headers: { "retry-after": "30" } }, 30_000],
    [{ status: 403, headers: { date: "Thu, 01 Jan 2026 00:00:00 GMT", "retry-after": "Thu, 01 Jan 2026 00:02:00 GMT" } }, 120_000],
    [{ status: 403, body: '{"message":"You have exceeded a secondary rate limit."}' }, 60_000],
    [{ status: 429, headers: { "retry-after": "soon" } }, 60_000],
    [{ status: 429, headers: { "retry-after": "99999999" } }, 3_600_000],
  ];
  for (const [answer, waitMs] of rows) {
    await t.test(JSON.stringify(answer), async (t) => {
      const { ci, ask, clock } = await startLimited(t);
      const end = ci.answer(answer);
      assert.match(reasonOf(await ask()), new RegExp(`asked again in ${waitMs / 1_000} s`));
      end();
      clock.ms = waitMs - 1;
      assert.equal((await ask()).kind, "unknown");
      assert.equal(ci.requests.length, 1);
      clock.ms = waitMs + 1;
      assert.equal((await ask()).kind, "running");
    });
  }
});

test("the reset is meant by the server's clock, so ours may be wrong by hours", async (t) => {
  const { ci, ask } = await startLimited(t);
  const server = Date.parse("2031-05-05T05:05:00Z");
  const headers = { date: new Date(server).toUTCString(), "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(server / 1_000 + 90) };
  ci.answer({ status: 403, headers });
  assert.match(reasonOf(await ask()), /asked again in 90 s/);
});

test("an answer that was overtaken lifts no block, and a block that has passed is forgotten", () => {
  const clock = { ms: 0 };
  const limits = createRateLimits(() => clock.ms);
  const answer = (status: number, headers: Record<string, string>) => ({ status, headers, text: "" });
  assert.equal(limits.learn("id", answer(429, { "retry-after": "30" })), 30_000);
  assert.equal(limits.learn("id", answer(200, { "x-ratelimit-remaining": "7" })), undefined);
  assert.equal(limits.blockedForMs("id"), 30_000);
  assert.equal(limits.remaining(), 7);
  clock.ms = 3_600_001;
  assert.equal(limits.blockedForMs("id"), 0);
  assert.equal(limits.remaining(), undefined);
});

// S33
test("however many tokens a namespace asks with, the limit of another's stays known", () => {
  const limits = createRateLimits(() => 0);
  const headers = { "retry-after": "30" };
  askFor("good", () => limits.learn("good", { status: 429, headers, text: "" }));
  for (let i = 0; i < 10_000; i++) askFor("greedy", () => limits.learn(`greedy ${i}`, { status: 429, headers, text: "" }));
  assert.equal(limits.blockedForMs("good"), 30_000);
});

test("a 403 about permissions blocks nothing", async (t) => {
  const { ci, ask } = await startLimited(t);
  const end = ci.answer({ status: 403, body: '{"message":"Resource not accessible by integration"}' });
  assert.match(reasonOf(await ask()), /actions: read/);
  end();
  assert.equal((await ask()).kind, "running");
});
