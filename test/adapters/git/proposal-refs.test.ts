/** Pull requests of Gitea and Forgejo by git alone, over real git: what stands in `refs/pull/`, and what may be pushed to `refs/for/`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { playAgit } from "../../../sandbox/forges/agit.ts";
import { git as runGit } from "../../../sandbox/git-process.ts";
import type { GitWire } from "../../../src/adapters/git/wire/git-wire.ts";
import { pushRequest } from "../../../src/adapters/git/wire/receive-pack.ts";
import { createRequestPicker } from "../../../src/adapters/git/wire/request-listing.ts";
import { startService } from "./local-git.ts";
import { type StartService, startManifestsWorld } from "./manifests-world.ts";

const TOPIC = "gitops-operator/default/shop";
const FILES = [{ path: "shop/a.yaml", text: "a: 2\n" }];
const OPTIONS = ["title=Ä", "description="];

// P1, S31
test("a topic outside the prefix, or a base that is no branch's name, is refused by the code that sends the push, before a byte is sent", async () => {
  const silent = { advertisement: () => assert.fail("asked"), request: () => assert.fail("sent") } as unknown as GitWire;
  const push = (base: string, topic: string, prefix = "gitops-operator/") =>
    pushRequest(
      silent,
      { base, topic, prefix, to: "2".repeat(40), options: [] },
      () => assert.fail("packed"),
      () => assert.fail("sent"),
    );
  for (const topic of ["x", "gitops-operator", "gitops-operatorx/a", "gitops-operator/", "gitops-operator/../x", "bot/gitops-operator/a"]) {
    await assert.rejects(push("main", topic), /does not begin with 'gitops-operator\/', so nothing may be proposed by it/, topic);
  }
  for (const base of ["", "..", "a b", "/main", "refs/heads/main"])
    await assert.rejects(push(base, TOPIC), /nothing may be proposed/, base);
  for (const prefix of ["", "/", "g"]) await assert.rejects(push("main", TOPIC, prefix), /nothing may be proposed/, prefix);
});

for (const [name, config, protocol] of [
  ["a server that filters nothing", {}, 2],
  ["partial clone", { "uploadpack.allowFilter": "true" }, 2],
  ["protocol 0", {}, 0],
] as const) {
  test(`the newest requests are told with their commits, or the known one alone, and nothing of them is kept (${name})`, async (t) => {
    const { repository, at, services, open } = await startManifestsWorld(t);
    for (const [key, value] of Object.entries(config)) await repository.config(key, value);
    await playAgit(repository);
    const start: StartService = (service, path) => {
      const started = startService(service, path, service === "git-upload-pack" ? protocol : 0);
      services.push(started);
      return started;
    };
    const git = open(start);
    await git.withManifests(at, async (copy) => {
      const base = await copy.refresh(performance.now());
      assert.deepEqual(await copy.requests(base, FILES), []);
      const commitOf = (text: string, ...more: string[]) => ({
        ...{
          parent: base,
          files: [{ path: "shop/a.yaml", text }],
          message: `Write ${text}\n`,
          signing: undefined,
          options: [...OPTIONS, ...more],
        },
      });
      const pushed = await copy.request(TOPIC, commitOf("a: 2\n"));
      assert.ok(pushed.kind === "accepted");
      assert.equal(pushed.number, 7);
      const sha = pushed.commit;
      const [first, ...none] = await copy.requests(base, FILES);
      const operator = { name: "Operator", email: "operator@example.com" };
      assert.deepEqual(none, []);
      assert.deepEqual(first, {
        ...{ number: 7, sha },
        own: {
          author: operator,
          committer: operator,
          subject: "Write a: 2",
          hasTrailers: false,
          isFirst: true,
          message: "Write a: 2\n",
          hasFiles: true,
        },
      });
      const [other] = await copy.requests(base, [{ path: "shop/a.yaml", text: "a: 3\n" }]);
      assert.equal(other?.own?.hasFiles, false);
      assert.deepEqual(await copy.requests(base, FILES, { number: 7, sha }), [{ number: 7, sha, own: undefined }]);
      assert.equal((await copy.requests(base, FILES, { number: 7, sha: base }))[0]?.own?.subject, "Write a: 2");
      assert.equal(await copy.holds(sha), false);

      // Anew only by force; and the same is not pushed twice.
      const refused = await copy.request(TOPIC, commitOf("a: 3\n"));
      assert.match(refused.kind === "refused" ? refused.reason : "", /force-push/);
      const forced = await copy.request(TOPIC, commitOf("a: 3\n", "force-push=true"));
      assert.deepEqual(forced.kind === "accepted" && forced.number, 7);

      // Others' requests, of which the newest twenty are looked at.
      for (let number = 100; number < 130; number++) await runGit(repository.directory, ["update-ref", `refs/pull/${number}/head`, base]);
      const newest = await copy.requests(base, FILES);
      assert.deepEqual(
        newest.map(({ number }) => number),
        Array.from({ length: 20 }, (_, i) => 129 - i),
      );
      assert.deepEqual(
        (await copy.requests(base, FILES, { number: 7, sha })).map(({ number }) => number),
        [7],
      );
    });
    await repository.fsck();
    await git.close();
  });
}

test("of a listing the newest are kept, in whatever order they come, and lines that are none are passed over", () => {
  const sha = "a".repeat(40);
  const numbers = [3, 1, 40, 2, ...Array.from({ length: 30 }, (_, i) => 5 + i)];
  for (const order of [numbers, numbers.toReversed()]) {
    const picker = createRequestPicker(undefined);
    for (const number of order) picker.look(`${sha} refs/pull/${number}/head`);
    picker.look(`${"b".repeat(40)} refs/pull/40/head`);
    for (const odd of [
      "refs/pull/0/head",
      "refs/pull/01/head",
      "refs/pull/99/merge",
      "refs/pull/9999999999/head",
      "refs/pull/99/head/x",
      "refs/pull/x/head",
    ])
      picker.look(`${sha} ${odd}`);
    assert.deepEqual(
      picker.heads.map(({ number }) => number),
      [40, ...Array.from({ length: 19 }, (_, i) => 34 - i)],
    );
    assert.ok(picker.heads.every((head) => head.sha === sha));
  }
  const known = createRequestPicker(1);
  for (const number of numbers) known.look(`${sha} refs/pull/${number}/head`);
  assert.deepEqual(known.heads, [{ number: 1, sha }]);
});
