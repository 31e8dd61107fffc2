import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { Agent } from "undici";
import { askFor } from "../../../src/adapters/egress/asker.ts";
import { createEgress } from "../../../src/adapters/egress/egress.ts";
import { createHostBreaker } from "../../../src/adapters/egress/host-breaker.ts";
import { createNameLookups } from "../../../src/adapters/egress/name-lookups.ts";
import { openHttpsWire } from "../../../src/adapters/git/wire/https-wire.ts";
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

// S33
test("however many hosts a namespace finds silent, what another found out stays known", () => {
  const breaker = createHostBreaker();
  askFor("good", () => breaker.failed("git.example", 10, silent));
  askFor("good", () => breaker.answered("busy.example"));
  for (let i = 0; i < 5_000; i++) {
    askFor("greedy", () => breaker.failed(`silent-${i}.example`, 10, silent));
    askFor("greedy", () => breaker.answered(`answers-${i}.example`));
  }
  assert.throws(() => breaker.refuse("git.example", 0));
  breaker.failed("busy.example", 10, silent);
  breaker.refuse("busy.example", 0);
});

// S4
test("an https repository at a refused address is not connected to, and the reason says what opens it", async (t) => {
  let accepted = 0;
  const server = createServer(() => {
    accepted += 1;
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const addresses = ["127.0.0.1", "127.0.0.1", "10.96.0.1"];
  const resolve = async (host: string) => [{ address: host === "api.example" ? "10.96.0.1" : (addresses.shift() ?? ""), family: 4 }];
  const dispatcher = createEgress({ allowCidrs: [], apiServerHost: "api.example", resolve });
  t.after(() => dispatcher.destroy());
  for (const [host, what] of [
    ["127.0.0.1", "a loopback address"],
    ["[::ffff:7f00:1]", "a loopback address"],
    ["git.example", "a loopback address"],
    ["localhost", "a loopback address"],
    ["kubernetes.example", "the address of the Kubernetes API server"],
    ["169.254.169.254", "a link-local address"],
    ["[fd00:ec2::254]", "a cloud metadata address"],
  ] as const) {
    const repository = { transport: "https", host, port, path: "/team/app.git" } as const;
    const limits = { maxBytes: 1_000, signal: AbortSignal.timeout(5_000), dispatcher, breaker: createHostBreaker(), notBefore: 0 };
    await assert.rejects(openHttpsWire(repository, limits).advertisement(), (error: ReconcileError) => {
      assert.equal(error.code, "repository_denied");
      assert.match(
        error.message,
        new RegExp(`^git host .* is refused: .*${what}, to which the operator does not connect.*EGRESS_ALLOW_CIDRS$`),
      );
      return true;
    });
  }
  assert.equal(accepted, 0);
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
    const limits = { maxBytes: 1_000, signal: AbortSignal.timeout(60_000), dispatcher, breaker, notBefore };
    return openHttpsWire(repository, limits).advertisement();
  };
  const pass = performance.now();
  await assert.rejects(ask(pass), { code: "git_unreachable", message: /could not be reached over https: it refused/ });
  await assert.rejects(ask(pass), { code: "git_unreachable", message: /did not answer a moment ago/ });
  await assert.rejects(ask(performance.now()), { message: /^127.0.0.1:\d+ could not be reached over https: it refused/ });
});

test("a namespace whose silent names keep a git host's from being asked is no other's failure", async (t) => {
  const silent = () => new Promise<never>(() => {});
  const resolve = createNameLookups({
    ask: (host) => (host.endsWith(".silent.test") ? silent() : Promise.resolve([{ address: "127.0.0.1", family: 4 }])),
    deadlineMs: 200,
  });
  const dispatcher = createEgress({ allowCidrs: [], resolve });
  t.after(() => dispatcher.destroy());
  const breaker = createHostBreaker();
  const pass = performance.now();
  const ask = (namespace: string) => {
    const repository = { transport: "https", host: "git.example", port: 443, path: "/team/app.git" } as const;
    const limits = { maxBytes: 1_000, signal: AbortSignal.timeout(60_000), dispatcher, breaker, notBefore: pass };
    return askFor(namespace, () => openHttpsWire(repository, limits).advertisement());
  };
  for (const name of ["a", "b"]) void askFor("greedy", () => resolve(`${name}.silent.test`)).catch(() => undefined);
  await assert.rejects(ask("greedy"), { message: /DNS was not asked for its name in time/ });
  await assert.rejects(ask("other"), { message: /has the address 127.0.0.1, which is a loopback address/ });
});
