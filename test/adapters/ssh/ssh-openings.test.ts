import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HungUpEarly } from "../../../src/adapters/ssh/ssh-failures.ts";
import { createSshOpenings } from "../../../src/adapters/ssh/ssh-openings.ts";

const { signal } = new AbortController();

/** Hangs up on whoever comes while `room` others log in. */
function createHost(room: number) {
  let active = 0;
  let most = 0;
  return {
    most: () => most,
    async logIn() {
      if (active >= room) throw new HungUpEarly("git_unreachable", "full");
      active += 1;
      most = Math.max(most, active);
      await sleep(5);
      active -= 1;
    },
  };
}

test("a host with room for one login at a time gets them one by one, and all of them", async () => {
  const openInTurn = createSshOpenings({ atOnce: 6, retries: 3, retryMs: 1 });
  const host = createHost(1);
  await Promise.all(Array.from({ length: 40 }, () => openInTurn({ host: "host", namespace: "team" }, signal, host.logIn)));
});

test("no more logins are under way than allowed, and hosts do not wait for each other", async () => {
  const openInTurn = createSshOpenings({ atOnce: 6, retries: 0, retryMs: 1 });
  const [a, b] = [createHost(100), createHost(100)];
  await Promise.all(
    [a, b].flatMap((host, index) =>
      Array.from({ length: 20 }, () => openInTurn({ host: `host${index}`, namespace: "team" }, signal, host.logIn)),
    ),
  );
  assert.deepEqual([a.most(), b.most()], [6, 6]);
});

// S33
test("a namespace with many logins keeps no other's waiting behind them: they take turns", async () => {
  const openInTurn = createSshOpenings({ atOnce: 2, retries: 0, retryMs: 1 });
  const begun: string[] = [];
  const logIn = (namespace: string) =>
    openInTurn({ host: "host", namespace }, signal, async () => {
      begun.push(namespace);
      await sleep(1);
    });
  await Promise.all([...Array.from({ length: 20 }, () => logIn("greedy")), logIn("other"), logIn("third")]);
  assert.deepEqual(begun.slice(0, 5).toSorted(), ["greedy", "greedy", "greedy", "other", "third"]);
});

test("other failures are not tried again", async () => {
  const openInTurn = createSshOpenings({ atOnce: 6, retries: 3, retryMs: 1 });
  let tries = 0;
  const failing = openInTurn({ host: "host", namespace: "team" }, signal, async () => {
    tries += 1;
    throw new Error("denied");
  });
  await assert.rejects(failing, /denied/);
  assert.equal(tries, 1);
});

test("who stops waiting for the next try hears why", async () => {
  const openInTurn = createSshOpenings({ atOnce: 1, retries: 3, retryMs: 60_000 });
  const ending = new AbortController();
  const reason = new Error("the operator is shutting down");
  const hangUp = async () => {
    setImmediate(() => ending.abort(reason));
    throw new HungUpEarly("git_unreachable", "full");
  };
  await assert.rejects(openInTurn({ host: "host", namespace: "team" }, ending.signal, hangUp), reason);
});
