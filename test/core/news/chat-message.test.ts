import assert from "node:assert/strict";
import { test } from "node:test";
import { buildFailed, buildGoesOn, imageMissing } from "../../../src/core/images/image-texts.ts";
import { chatMessage, createNotices, isWanted, rolloutEvent } from "../../../src/core/news/chat-message.ts";
import { escapeChat } from "../../../src/core/news/chat-text.ts";
import { describeOutcome } from "../../../src/core/news/outcome-text.ts";
import type { Outcome } from "../../../src/core/outcome.ts";
import type { Target, Workload } from "../../../src/core/types.ts";
import { type ErrorCode, ReconcileError } from "../../../src/errors.ts";
import { targetOf } from "../targets.ts";

const shop: Workload = { kind: "Deployment", namespace: "default", name: "shop" };
const github = { transport: "ssh", user: "git", host: "github.com", port: 22, path: "/team/manifests.git" } as const;
const tag = "a".repeat(40);
const newer = "b".repeat(40);

const failed = (code: ErrorCode, message: string, to?: string): Outcome => ({
  kind: "failed",
  error: new ReconcileError(code, message),
  ...(to === undefined ? {} : { to }),
});
const patched = (to: string): Outcome => ({ kind: "patched", to, commit: "c".repeat(40) });
const upToDate = (to: string): Outcome => ({ kind: "up_to_date", to });
const missing = failed("manifest_missing", "no shop/deployment.yaml", tag);

/** What is sent over these outcomes, one run each: the first line. */
function told(outcomes: readonly Outcome[], notices = createNotices(), name = shop): string[] {
  return outcomes.flatMap((outcome) => {
    const notice = notices.decide(name, { kind: "ended", outcome, message: describeOutcome(name, outcome) });
    return notice === undefined ? [] : [escapeChat(notice.sentence)];
  });
}

test("the gate's texts are the contract's", () => {
  const wait = { image: "ghcr.io/team/shop", sha: tag, retryMs: 10_000, attempt: 1, attempts: 5 };
  assert.equal(
    buildGoesOn({ ...wait, state: "running" }),
    `:hourglass: Build running for ghcr.io/team/shop (SHA: ${tag}), retrying in 10s (attempt 1/5)`,
  );
  assert.equal(
    buildGoesOn({ ...wait, state: "queued", retryMs: 60_000, attempt: 5 }),
    `:hourglass: Build queued for ghcr.io/team/shop (SHA: ${tag}), retrying in 60s (attempt 5/5)`,
  );
  assert.equal(buildFailed("team/shop", tag), `:x: Build failed for team/shop (SHA: ${tag}), image will not be available`);
  assert.equal(imageMissing("team/shop", tag), `:x: image team/shop:${tag} not found in registry after waiting for build`);
});

test("a push is told in the contract's words, once per wanted tag", () => {
  assert.deepEqual(told([patched(tag), upToDate(tag), patched(tag), patched(newer), patched(tag)]), [
    `Deployment shop patched successfully to version ${tag}`,
    `Deployment shop patched successfully to version ${newer}`,
    `Deployment shop patched successfully to version ${tag}`,
  ]);
});

// P12
test("a hundred passes over one failure make one message", () => {
  assert.deepEqual(told(Array(100).fill(missing)), ["no shop/deployment.yaml"]);
  const offline = failed("git_unreachable", "Failed to get latest SHA: git host h refuses connections");
  assert.deepEqual(told(Array(100).fill(offline)), ["Failed to get latest SHA: git host h refuses connections"]);
});

// P12
test("a failure is told again for another kind and for another wanted tag, and not when an older one comes back", () => {
  const invalid = failed("manifest_invalid", "not YAML", tag);
  const invalidNewer = failed("manifest_invalid", "still not YAML", newer);
  assert.deepEqual(told([missing, invalid, missing, invalid, invalidNewer, invalid]), [
    "no shop/deployment.yaml",
    "not YAML",
    "still not YAML",
  ]);
});

test("transient failures are told from the third run in a row on, of whatever transient kind", () => {
  const offline = failed("git_unreachable", "offline");
  const late = failed("deadline", "late");
  assert.deepEqual(told([offline, offline]), []);
  assert.deepEqual(told([offline, offline, offline, offline]), ["offline"]);
  assert.deepEqual(told([offline, late, offline]), ["offline"]);
  assert.deepEqual(told([offline, offline, upToDate(tag), offline, offline]), []);
  assert.deepEqual(told([offline, offline, { kind: "waiting", step: "a build" }, offline, offline]), []);
  assert.deepEqual(told([offline, offline, missing, offline, offline]), ["no shop/deployment.yaml"]);
});

test("recovery is told once when a told failure is followed by success, and then the failure is news again", () => {
  assert.deepEqual(told([missing, missing, upToDate(tag), upToDate(tag), missing]), [
    "no shop/deployment.yaml",
    `:white_check_mark: Deployment shop recovered: Deployment shop is up to date at ${tag}`,
    "no shop/deployment.yaml",
  ]);
  assert.deepEqual(told([missing, patched(newer)]), [
    "no shop/deployment.yaml",
    `:white_check_mark: Deployment shop recovered: Deployment shop patched successfully to version ${newer}`,
  ]);
});

test("a failure that was not told has no recovery, and waiting or being disabled is none", () => {
  const offline = failed("git_unreachable", "offline");
  assert.deepEqual(told([offline, offline, upToDate(tag)]), []);
  assert.deepEqual(told([missing, { kind: "waiting", step: "a build" }, { kind: "skipped", reason: "disabled" }]), [
    "no shop/deployment.yaml",
  ]);
});

test("what is held is told once per tag that was taken back, and again where it was put back meanwhile", () => {
  const held = (to: string): Outcome => ({ kind: "skipped", reason: "held", from: "1.2.3", to, commit: "c".repeat(40) });
  const words = (to: string) =>
    `Deployment shop stays at 1.2.3: the operator wrote ${to} in ccccccc, which was taken back since; the next application commit ends this, or put ${to} back`;
  assert.deepEqual(told([held(tag), held(tag), upToDate(tag), held(tag), held(newer), held(newer)]), [
    words(tag),
    words(tag),
    words(newer),
  ]);
});

test("what is proposed is told once per tag, whatever becomes of its page, and so is what was declined", () => {
  const request = { number: 7, url: "https://forge.test/team/manifests/pull/7" };
  const proposed = (to: string, more: object = { request }): Outcome => ({
    kind: "proposed",
    to,
    branch: "gitops-operator/default/shop",
    ...more,
  });
  const declined = (to: string, more: object = { request }): Outcome => ({
    ...{ kind: "skipped", reason: "declined", to, branch: "gitops-operator/default/shop" },
    ...more,
  });
  const remedy = "; a newer application commit is proposed again";
  const bare = proposed("1", { page: "https://forge.test/new" });
  assert.deepEqual(told([bare, proposed("1"), proposed("1"), declined("1"), declined("1"), proposed("2")]).map(unescaped), [
    "Deployment shop: version 1 is proposed on branch 'gitops-operator/default/shop'; open a pull request for it at https://forge.test/new, or name a token by gitops.operator.manifest_token_secret_name",
    `Deployment shop: version 1 was declined in ${request.url}${remedy}`,
    `Deployment shop: version 2 is proposed in ${request.url}`,
  ]);
  assert.deepEqual(told([missing, proposed("1")]).map(unescaped), [
    "no shop/deployment.yaml",
    `Deployment shop: version 1 is proposed in ${request.url}`,
  ]);
  assert.deepEqual(told([declined("1", {}), declined("2", { request, wasMerged: true })]).map(unescaped), [
    `Deployment shop: version 1 was declined: branch 'gitops-operator/default/shop' was deleted${remedy}`,
    `Deployment shop: version 2 was merged in ${request.url} and taken back since${remedy}`,
  ]);
});

/** Chats are shown no link that a text makes by itself. */
function unescaped(text: string): string {
  return text.replace(/: \/\//g, "://");
}

test("a Deployment's people hear what they ask for; without a word all but rollouts, and a declined proposal as proposals", () => {
  const of = (notifyOn: Target["notifyOn"]) =>
    (["building", "patched", "failed", "recovered", "held", "proposed", "declined", "rolled_out"] as const).filter((news) =>
      isWanted({ notifyOn }, news),
    );
  assert.deepEqual(of(undefined), ["building", "patched", "failed", "recovered", "held", "proposed", "declined"]);
  assert.deepEqual(of(["rolled_out", "proposed"]), ["proposed", "declined", "rolled_out"]);
  assert.deepEqual(of([]), []);
});

test("a message names the Deployment, links its commits where their pages are known, and says who wrote what", () => {
  const target = targetOf("shop", {
    appRepository: { ...github, path: "/team/shop.git" },
    manifestRepository: { ...github, host: "git.example" },
  });
  const app = { sha: tag, author: "Ann", subject: "Faster checkout" };
  const outcome: Outcome = { kind: "patched", from: "old", to: tag, commit: "c".repeat(40), app };
  const notice = { news: "patched", sentence: "Deployment shop patched" } as const;
  const settings = { cluster: "prod", githubHost: "github.com" };
  assert.deepEqual(chatMessage(notice, target, { kind: "ended", outcome, message: "" }, settings), {
    ...{ news: "patched", sentence: "Deployment shop patched", workload: shop, cluster: "prod", image: "team/shop", from: "old", to: tag },
    app: { ...app, url: `https://github.com/team/shop/commit/${tag}` },
    manifests: { sha: "c".repeat(40), url: undefined },
    request: undefined,
    page: undefined,
  });
  const building = chatMessage(notice, target, { kind: "building", sha: newer, text: "" }, settings);
  assert.deepEqual(building.app, { sha: newer, url: `https://github.com/team/shop/commit/${newer}` });
});

test("a rollout is told with the tag, and one that fails with what to look at", () => {
  const push = { workload: shop, tag: "v1" };
  assert.equal(rolloutEvent(push, "succeeded").text, "Deployment shop runs version v1");
  assert.match(
    rolloutEvent(push, "failed").text,
    /^:x: Deployment shop does not come up at version v1: .*kubectl -n default describe deployment shop$/,
  );
});

test("our own shutdown is told to nobody", () => {
  assert.deepEqual(told(Array(5).fill(failed("shutdown", "shutting down", tag))), []);
});

test("the hourglass is shown once per commit, and a push follows it", () => {
  const notices = createNotices();
  const hourglass = (sha: string, attempt: number) =>
    notices.decide(shop, {
      kind: "building",
      sha,
      text: buildGoesOn({ state: "running", image: "team/shop", sha, retryMs: 10_000, attempt, attempts: 5 }),
    })?.sentence;
  assert.match(hourglass(tag, 1) ?? "", /^:hourglass: Build running for team\/shop/);
  for (let attempt = 2; attempt <= 5; attempt++) assert.equal(hourglass(tag, attempt), undefined);
  assert.equal(hourglass(tag, 1), undefined);
  assert.match(hourglass(newer, 1) ?? "", new RegExp(newer));
  assert.deepEqual(told([patched(newer)], notices), [`Deployment shop patched successfully to version ${newer}`]);
});

test("each Deployment has its own history, which goes with it", () => {
  const notices = createNotices();
  const elsewhere = { kind: "Deployment", namespace: "other", name: "shop" } as const;
  assert.equal(told([missing], notices).length, 1);
  assert.equal(told([missing], notices, elsewhere).length, 1);
  notices.retain([shop]);
  assert.equal(told([missing], notices).length, 0);
  assert.equal(told([missing], notices, elsewhere).length, 1);
});

test("messages are escaped, once", () => {
  const hostile = failed("git_push_refused", "the hook says <!channel> & @here\nfake line");
  assert.deepEqual(told([hostile]), ["the hook says &lt;!channel&gt; &amp; @ here\\nfake line"]);
});

test("what is remembered of one Deployment stays bounded: the oldest of more than 50 failures may be told again", () => {
  const notices = createNotices();
  const of = (index: number) => failed("manifest_missing", `commit ${index}`, String(index));
  assert.equal(
    told(
      Array.from({ length: 51 }, (_, index) => of(index)),
      notices,
    ).length,
    51,
  );
  assert.equal(told([of(1), of(50)], notices).length, 0);
  assert.equal(told([of(0)], notices).length, 1);
});
