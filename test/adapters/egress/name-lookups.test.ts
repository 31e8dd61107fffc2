import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { askFor } from "../../../src/adapters/egress/asker.ts";
import { createNameLookups } from "../../../src/adapters/egress/name-lookups.ts";
import { NameNotAsked, NameUnanswered } from "../../../src/adapters/egress/network-error.ts";

const found = [{ address: "192.0.2.1", family: 4 }];

/** A resolver that is silent about names under silent.test until told or the test is over, and knows all others. */
function startDns(t: TestContext) {
  const asked: string[] = [];
  let isOver = false;
  const held = new Map<string, PromiseWithResolvers<typeof found>>();
  // What still waits would keep the process until its deadline.
  t.after(() => {
    isOver = true;
    for (const answer of held.values()) answer.resolve(found);
  });
  return {
    asked,
    held,
    ask: async (host: string) => {
      asked.push(host);
      if (isOver || !host.endsWith(".silent.test")) return found;
      const answer = Promise.withResolvers<typeof found>();
      held.set(host, answer);
      return answer.promise;
    },
  };
}

const names = (count: number, what = "x") => Array.from({ length: count }, (_, index) => `${what}${index}.silent.test`);
/** The failures; undefined where one was answered. */
const askAll = (look: (host: string) => Promise<unknown>, namespace: string, hosts: readonly string[]) =>
  hosts.map((host) =>
    askFor(namespace, () => look(host)).then(
      () => undefined,
      (error: Error) => error,
    ),
  );

// S33
test("a namespace whose names are silent has two look-ups, and others are answered at once", async (t) => {
  const dns = startDns(t);
  const look = createNameLookups({ ask: dns.ask, deadlineMs: 60_000 });
  void askAll(look, "greedy", names(100));
  await turn();
  assert.equal(dns.asked.length, 2);
  assert.deepEqual(await askFor("other", () => look("git.example")), found);
  assert.deepEqual(await look("api.example"), found);
  assert.equal(dns.asked.length, 4);
  dns.held.get("x0.silent.test")?.resolve(found);
  await turn();
  assert.equal(dns.asked.at(-1), "x2.silent.test");
});

// S33
test("all namespaces together have twelve, and who has none comes first where one becomes free", async (t) => {
  const dns = startDns(t);
  const look = createNameLookups({ ask: dns.ask, deadlineMs: 60_000 });
  for (const namespace of ["a", "b", "c", "d", "e", "f", "g"]) void askAll(look, namespace, names(10, namespace));
  await turn();
  assert.equal(dns.asked.length, 12);
  dns.held.get("a0.silent.test")?.resolve(found);
  await turn();
  assert.deepEqual(dns.asked.slice(12), ["g0.silent.test"]);
});

// S33
test("equal names are asked for once, whoever asks, and nobody's name waits behind another's names", async (t) => {
  const dns = startDns(t);
  const look = createNameLookups({ ask: dns.ask, deadlineMs: 60_000 });
  void askAll(look, "greedy", [...names(2), "git.example"]);
  await turn();
  assert.equal(dns.asked.length, 2);
  const answers = await Promise.all(["one", "two", "three"].map((namespace) => askFor(namespace, () => look("GIT.example"))));
  assert.deepEqual(answers, [found, found, found]);
  assert.deepEqual(dns.asked.slice(2), ["git.example"]);
});

test("what the operator asks for itself waits behind no namespace", async (t) => {
  const dns = startDns(t);
  const look = createNameLookups({ ask: dns.ask, deadlineMs: 60_000 });
  void askAll(look, "greedy", names(10));
  assert.deepEqual(await askFor("greedy", () => askFor(undefined, () => look("api.example"))), found);
});

test("a silent name is told at its deadline, then at once for as long as it is remembered, and holds its thread until the resolver returns", async (t) => {
  const dns = startDns(t);
  const look = createNameLookups({ ask: dns.ask, deadlineMs: 30, silenceMs: 120 });
  const [first] = await Promise.all(askAll(look, "team", ["x0.silent.test", "x1.silent.test"]));
  assert.ok(first instanceof NameUnanswered);
  assert.equal(first.message, "DNS gave no answer for its name and is asked again in 1 s; check the name and the cluster's DNS");
  const [again, behind] = await Promise.all(askAll(look, "team", ["x0.silent.test", "git.example"]));
  assert.match(again?.message ?? "", /is asked again in 1 s/);
  assert.match(
    behind?.message ?? "",
    /DNS was not asked for its name in time, because it gives no answer for other names of this namespace/,
  );
  assert.equal(dns.asked.length, 2);
  await sleep(150);
  const [still] = await Promise.all(askAll(look, "team", ["x0.silent.test"]));
  assert.match(still?.message ?? "", /is still being asked/);
  assert.equal(dns.asked.length, 2);
  for (const answer of dns.held.values()) answer.resolve(found);
  await turn();
  assert.deepEqual(await askFor("team", () => look("git.example")), found);
  assert.deepEqual(dns.asked.slice(2), ["git.example"]);
  const answer = askFor("team", () => look("x0.silent.test"));
  dns.held.get("x0.silent.test")?.resolve(found);
  assert.deepEqual(await answer, found);
});

test("a resolver that gave up after a while is remembered too, one that fails at once and a name that does not exist are not", async () => {
  let code = "EAI_AGAIN";
  let asked = 0;
  let delayMs = 0;
  const ask = async () => {
    asked += 1;
    await sleep(delayMs);
    throw Object.assign(new Error("no"), { code });
  };
  const look = createNameLookups({ ask, deadlineMs: 100 });
  await assert.rejects(look("h.example"), { message: "no" });
  code = "ENOTFOUND";
  await assert.rejects(look("h.example"), { message: "no" });
  assert.equal(asked, 2);
  code = "EAI_AGAIN";
  delayMs = 150;
  await assert.rejects(look("h.example"), NameUnanswered);
  await assert.rejects(look("h.example"), NameUnanswered);
  assert.equal(asked, 3);
});

test("what nobody waits for any more is not asked", async (t) => {
  const dns = startDns(t);
  const look = createNameLookups({ ask: dns.ask, deadlineMs: 20 });
  await Promise.all(askAll(look, "team", names(5)));
  for (const answer of dns.held.values()) answer.resolve(found);
  await turn();
  assert.equal(dns.asked.length, 2);
});

/** A resolver that knows every name, but gives up after a while for as long as it is out. */
function startOutages() {
  const dns = { asked: [] as string[], isOut: false };
  const ask = async (host: string) => {
    dns.asked.push(host);
    if (!dns.isOut) return found;
    await sleep(30);
    throw Object.assign(new Error("no"), { code: "EAI_AGAIN" });
  };
  return { dns, ask };
}

// S33, F49-F50
test("after an outage of DNS a name that was answered before is asked again soon, ever later while the outage lasts, and soon once more after an answer", async () => {
  const { dns, ask } = startOutages();
  const look = createNameLookups({ ask, deadlineMs: 20, knownSilenceMs: 1_000 });
  const say = async (host: string) => (await Promise.all(askAll(look, "team", [host])))[0]?.message;
  assert.equal(await say("git.example"), undefined);
  dns.isOut = true;
  assert.match((await say("git.example")) ?? "", /is asked again in 1 s/);
  assert.match((await say("new.example")) ?? "", /is asked again in 60 s/);
  await sleep(1_050);
  assert.match((await say("git.example")) ?? "", /is asked again in 2 s/);
  assert.match((await say("new.example")) ?? "", /is asked again in [345]\d s/);
  dns.isOut = false;
  await sleep(2_050);
  assert.equal(await say("git.example"), undefined);
  dns.isOut = true;
  assert.match((await say("git.example")) ?? "", /is asked again in 1 s/);
  assert.deepEqual(dns.asked, ["git.example", "git.example", "new.example", "git.example", "git.example", "git.example"]);
});

// S33
test("a silence is remembered for the namespaces that met it, and what they are told from memory is for them alone", async () => {
  const { dns, ask } = startOutages();
  const look = createNameLookups({ ask, deadlineMs: 20 });
  dns.isOut = true;
  await Promise.all([...askAll(look, "one", ["git.example"]), ...askAll(look, "two", ["git.example"])]);
  assert.equal(dns.asked.length, 1);
  dns.isOut = false;
  await sleep(20);
  for (const namespace of ["one", "two"]) {
    const [again] = await Promise.all(askAll(look, namespace, ["git.example"]));
    assert.ok(again instanceof NameNotAsked);
    assert.equal(again.shareOf, namespace);
    assert.match(again.message, /^DNS gave no answer for its name and is asked again in \d+ s/);
  }
  assert.equal(dns.asked.length, 1);
  assert.deepEqual(await askFor("three", () => look("git.example")), found);
});

// S33
test("however many names a namespace asks for, what is known of another's stays known", async () => {
  const { dns, ask } = startOutages();
  const look = createNameLookups({ ask, deadlineMs: 20 });
  dns.isOut = true;
  await Promise.all(askAll(look, "good", ["silent.example"]));
  dns.isOut = false;
  await sleep(20);
  for (let i = 0; i < 10_000; i++) await askFor("greedy", () => look(`${i}.example`));
  await askFor("greedy", () => look("silent.example"));
  const before = dns.asked.length;
  const [again] = await Promise.all(askAll(look, "good", ["silent.example"]));
  assert.ok(again instanceof NameNotAsked);
  assert.equal(dns.asked.length, before);
});
