import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { Agent } from "undici";
import { createHostBreaker } from "../../../src/adapters/git/host-breaker.ts";
import { openHttpsWire } from "../../../src/adapters/git/https-wire.ts";
import { ReconcileError } from "../../../src/errors.ts";

const silent = new ReconcileError("git_unreachable", "silent");

test("a failure answers the questions from before its try, and the newest try counts", () => {
  const breaker = createHostBreaker();
  breaker.refuse("a", 0);
  breaker.failed("a", 10, silent);
  breaker.failed("a", 5, silent);
  assert.throws(() => breaker.refuse("a", 10), { code: "git_unreachable", message: /a moment ago.*silent/, startedAt: 10 });
  breaker.refuse("a", 11);
  breaker.refuse("b", 0);
});

test("a host that has answered since the try began is only busy", () => {
  const breaker = createHostBreaker();
  const startedAt = performance.now();
  breaker.answered("a");
  breaker.failed("a", startedAt, silent);
  breaker.refuse("a", 0);
  breaker.failed("a", performance.now() + 1, silent);
  assert.throws(() => breaker.refuse("a", 0));
  breaker.answered("a");
  breaker.refuse("a", 0);
});

test("an https host where nobody listens is tried once per pass, and again for the next", async (t) => {
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const { port } = free.address() as AddressInfo;
  free.close();
  await once(free, "close");
  const dispatcher = new Agent();
  t.after(() => dispatcher.destroy());
  const breaker = createHostBreaker();
  const ask = (notBefore: number) => {
    const repository = { transport: "https", host: "127.0.0.1", port, path: "/team/app.git" } as const;
    const limits = { maxBytes: 1_000, signal: AbortSignal.timeout(5_000), dispatcher, breaker, notBefore };
    return openHttpsWire(repository, limits).advertisement();
  };
  const pass = performance.now();
  await assert.rejects(ask(pass), { code: "git_unreachable", message: /could not be reached over https: it refused/ });
  await assert.rejects(ask(pass), { code: "git_unreachable", message: /did not answer a moment ago/ });
  await assert.rejects(ask(performance.now()), { message: /^127.0.0.1:\d+ could not be reached over https: it refused/ });
});
