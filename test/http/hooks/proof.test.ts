import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { type HookSecret, prove } from "../../../src/http/hooks/proof.ts";
import { secretLines } from "../../../src/sharing/standard-webhooks.ts";

const SECRET = "a-secret-of-some-length";
const OTHER = "another-secret-of-some-length";
const BODY = Buffer.from('{"ref":"refs/heads/main"}');
const NOW = 1_700_000_000_000;

const hmac = (secret: string | Buffer, text: string | Buffer, algorithm = "sha256") => createHmac(algorithm, secret).update(text);
const known = (...secrets: string[]): HookSecret => ({ secrets, pathTokens: [] });

function kindOf(
  headers: Record<string, string>,
  secret = known(SECRET),
  { body = BODY, now = NOW, pathToken = undefined as string | undefined } = {},
) {
  return prove({ headers, body, pathToken }, secret, now).kind;
}

function standardHeaders(key: string | Buffer, { seconds = NOW / 1_000, id = "msg_1", body = BODY } = {}) {
  const signature = hmac(key, Buffer.concat([Buffer.from(`${id}.${seconds}.`), body])).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": String(seconds), "webhook-signature": `v1,${signature}` };
}

const hub = (secret: string, body = BODY) => `sha256=${hmac(secret, body).digest("hex")}`;
const basic = (login: string) => `Basic ${Buffer.from(login).toString("base64")}`;

/** What each scheme's sender sends with that secret. */
const senders: Record<string, (secret: string) => Record<string, string>> = {
  "Standard Webhooks": (secret) => standardHeaders(secret),
  "GitHub, Gitea, Forgejo": (secret) => ({ "x-hub-signature-256": hub(secret) }),
  Bitbucket: (secret) => ({ "x-hub-signature": hub(secret) }),
  "GitLab's token": (secret) => ({ "x-gitlab-token": secret }),
  Bearer: (secret) => ({ authorization: `Bearer ${secret}` }),
  Basic: (secret) => ({ authorization: basic(`user:${secret}`) }),
  "the bare secret": (secret) => ({ authorization: secret }),
};

for (const [name, headersOf] of Object.entries(senders)) {
  // S23
  test(`${name}: the right secret proves, any of several too; a wrong, longer, shorter or empty one does not`, () => {
    assert.equal(kindOf(headersOf(SECRET)), "proved");
    assert.equal(kindOf(headersOf(SECRET), known(OTHER, SECRET)), "proved");
    for (const wrong of [OTHER, `${SECRET}x`, SECRET.slice(1), SECRET.toUpperCase()])
      assert.equal(kindOf(headersOf(wrong)), "unproved", wrong);
    assert.equal(kindOf(headersOf(SECRET), known()), "unproved");
    assert.equal(kindOf(headersOf(""), known(...secretLines(""))), "unproved", "an empty Secret proves nothing");
    const empty = Object.fromEntries(Object.keys(headersOf(SECRET)).map((header) => [header, " "]));
    assert.equal(kindOf(empty), "unproved");
  });
}

// S23
test("what is signed is the raw bytes: one changed byte of body, time or id is no proof", () => {
  const changed = Buffer.from(BODY);
  changed[0] = 0x5b;
  for (const scheme of ["Standard Webhooks", "GitHub, Gitea, Forgejo", "Bitbucket"]) {
    assert.equal(kindOf(senders[scheme]?.(SECRET) ?? {}, known(SECRET), { body: changed }), "unproved", scheme);
  }
  assert.equal(kindOf({ ...standardHeaders(SECRET), "webhook-id": "msg_2" }), "unproved");
  assert.equal(kindOf({ ...standardHeaders(SECRET), "webhook-timestamp": String(NOW / 1_000 + 1) }), "unproved");
});

// S25
test("Standard Webhooks: the clock may be off by 300 s, and one of several signatures is enough", () => {
  for (const [seconds, kind] of [
    [300, "proved"],
    [-300, "proved"],
    [301, "unproved"],
    [-301, "unproved"],
  ] as const) {
    assert.equal(kindOf(standardHeaders(SECRET, { seconds: NOW / 1_000 + seconds })), kind, `${seconds}`);
  }
  const right = standardHeaders(SECRET);
  const several = { ...right, "webhook-signature": `v1,AAAA v2,xyz v1a,abc ${right["webhook-signature"]}` };
  assert.equal(kindOf(several), "proved");
  for (const timestamp of ["", "soon", "1e9", "-1", "1700000000.5", "NaN"]) {
    assert.equal(kindOf({ ...right, "webhook-timestamp": timestamp }), "unproved", timestamp);
  }
});

// S23
test("the vectors of Standard Webhooks' and GitHub's documentation", () => {
  const standard = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  };
  const body = Buffer.from('{"test": 2432232314}');
  const key = known("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  assert.equal(kindOf(standard, key, { body, now: 1_614_265_330_000 }), "proved");
  assert.equal(kindOf(standard, key, { body, now: 1_614_265_930_000 }), "unproved");
  assert.equal(kindOf(standard, known("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), { body, now: 1_614_265_330_000 }), "unproved");

  const gitHub = { "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" };
  assert.equal(kindOf(gitHub, known("It's a Secret to Everybody"), { body: Buffer.from("Hello, World!") }), "proved");
});

// S23
test("sha1 is no proof, nor is the lack of any; the first scheme that is named decides, an empty header names none", () => {
  const sha1 = `sha1=${hmac(SECRET, BODY, "sha1").digest("hex")}`;
  assert.equal(kindOf({ "x-hub-signature": sha1 }), "unproved");
  assert.equal(kindOf({ "x-hub-signature-256": sha1 }), "unproved");
  assert.equal(kindOf({}), "unproved");
  assert.equal(kindOf({ "x-gitlab-token": SECRET, "x-hub-signature-256": hub(OTHER) }), "unproved");
  // Gitea has both headers of GitHub, and sends them empty where it has no secret.
  assert.equal(kindOf({ "x-hub-signature-256": "", "x-hub-signature": "", authorization: `Bearer ${SECRET}` }), "proved");
  assert.equal(kindOf({ "x-hub-signature": sha1, "x-hub-signature-256": hub(SECRET) }), "proved");
});

test("the token of the path is a field of its own: neither proves in the place of the other", () => {
  const both: HookSecret = { secrets: [SECRET], pathTokens: [OTHER] };
  assert.equal(kindOf({}, both, { pathToken: OTHER }), "proved");
  assert.equal(kindOf({}, both, { pathToken: SECRET }), "unproved");
  assert.equal(kindOf({ authorization: OTHER }, both), "unproved");
  assert.equal(kindOf({ authorization: "Bearer wrong" }, both, { pathToken: OTHER }), "unproved");
});

test("lines of a Secret: 16 characters or more, spaces around them and line ends dropped, eight at most", () => {
  assert.deepEqual(secretLines(`short\n ${SECRET} \r\n\n${OTHER}\n`), [SECRET, OTHER]);
  assert.deepEqual(secretLines("x".repeat(15)), []);
  assert.deepEqual(secretLines("x".repeat(16)), ["x".repeat(16)]);
  assert.deepEqual(secretLines(undefined), []);
  assert.equal(secretLines(`${SECRET}\n`.repeat(4_000)).length, 8);
  assert.equal(secretLines("x".repeat(60_000)).length, 0);
});
