import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { newSshKeyPair } from "../../sandbox/ssh-key-pair.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createRedactor } from "../../src/telemetry/redact.ts";
import { growthOf, leastCpuMs, MOST_GROWTH } from "../growth.ts";
import { createRandom } from "../random.ts";

const { redact } = createRedactor();

// S11
test("a live secret goes whatever it looks like, in every form in which it is written, and only while it is live", () => {
  const redactor = createRedactor();
  const password = 'correct horse "battery" & <staple>\\';
  const forms = [
    password,
    JSON.stringify(password),
    encodeURIComponent(password),
    Buffer.from(password).toString("base64"),
    'correct horse "battery" &amp; &lt;staple&gt;\\',
  ];
  const release = redactor.watch(`${password}\n`, "registry password");
  for (const form of forms) assert.match(redactor.redact(`said ${form}!`), /^said "?\[redacted: registry password\]"?!$/);
  release();
  for (const form of forms) assert.equal(redactor.redact(`said ${form}!`), `said ${form}!`);
  assert.equal(redactor.watchedCount, 0);
});

test("a secret that two hold stays live until both let go, however often one does", () => {
  const redactor = createRedactor();
  const [first, second] = [redactor.watch("opaque-token"), redactor.watch("opaque-token")];
  first();
  first();
  assert.equal(redactor.redact("opaque-token"), "[redacted: secret]");
  second();
  assert.equal(redactor.redact("opaque-token"), "opaque-token");
  assert.equal(redactor.watchedCount, 0);
});

// S11
test("a run's secrets are looked for in its own texts, whatever it awaits, and garble nobody else's", async () => {
  const redactor = createRedactor();
  const text = "Deployment shop is up to date";
  const heard: string[] = [];
  const run = redactor.scope(async () => {
    const release = redactor.watch("Deployment shop");
    await new Promise((resolve) => setTimeout(resolve, 5));
    heard.push(await Promise.resolve().then(() => redactor.redact(text)));
    await redactor.scope(async () => heard.push(redactor.redact(text)));
    release();
    heard.push(redactor.redact(text));
  });
  assert.equal(redactor.redact(text), text);
  const other = redactor.scope(async () => redactor.redact(text));
  await run;
  assert.equal(await other, text);
  assert.deepEqual(heard, ["[redacted: secret] is up to date", text, text]);
});

test("a log line of a run is redacted as the run's, at once", async () => {
  const redactor = createRedactor();
  const lines: string[] = [];
  const log = createLogger("info", redactor.redact, { write: (line) => lines.push(line) });
  await redactor.scope(async () => {
    redactor.watch("an opaque phrase");
    await new Promise((resolve) => setImmediate(resolve));
    log.warn({ error: "said an opaque phrase" }, "Said");
  });
  assert.equal(JSON.parse(lines[0] ?? "").error, "said [redacted: secret]");
});

test("a live key goes line by line, a Docker configuration by its passwords, a webhook URL by its path", () => {
  const redactor = createRedactor();
  const key = newSshKeyPair().privateKey;
  redactor.watch(key, "key");
  const line = key.split("\n")[2] ?? "";
  assert.ok(line.length > 20);
  assert.equal(redactor.redact(`parse error near ${line}`), "parse error near [redacted: key]");

  const auth = Buffer.from("user:opaque password").toString("base64");
  redactor.watch(
    JSON.stringify({
      auths: { "ghcr.io": { auth, email: "shop@example.org" }, "quay.io": { username: "someone", password: "another secret" } },
    }),
    "registry",
  );
  assert.equal(
    redactor.redact(`opaque password, another secret, ${auth}; ghcr.io for someone, shop@example.org`),
    "[redacted: registry], [redacted: registry], [redacted: registry]; ghcr.io for someone, shop@example.org",
  );

  redactor.watch("https://chat.example/in/opaqueopaqueopaque", "webhook");
  assert.equal(
    redactor.redact("POST /in/opaqueopaqueopaque to chat.example: opaqueopaqueopaque"),
    "POST [redacted: webhook] to chat.example: [redacted: webhook]",
  );
});

test("of a webhook the host is no secret: a page of that host keeps its address; short paths, users and what is no URL go whole", () => {
  const redactor = createRedactor();
  const url = "https://git.example:8443/hooks/opaqueopaqueopaque?k=1&l=2";
  const release = redactor.watch(`${url}\n`, "webhook");
  const page = "https://git.example:8443/team/manifests/compare/main...shop";
  assert.equal(redactor.redact(`open a request at ${page}`), `open a request at ${page}`);
  for (const form of [url, JSON.stringify(url).slice(1, -1), url.replace("&", "&amp;")])
    assert.equal(redactor.redact(`POST ${form}`), "POST https://git.example:8443[redacted: webhook]");
  for (const whole of [encodeURIComponent(url), Buffer.from(url).toString("base64")])
    assert.equal(redactor.redact(`of ${whole}`).includes("opaqueopaque"), false, whole);
  release();
  for (const whole of ["https://chat.example.com/x1", "https://robot:pa55word@chat.example/hooks/abc", "https://chat.example/a b/opaque"]) {
    const end = redactor.watch(whole, "webhook");
    assert.equal(redactor.redact(`at ${whole}`), "at [redacted: webhook]");
    end();
  }
});

test("a secret that is cut off goes as far as it is there, whole characters only; fewer than 16 bytes of it tell nothing", () => {
  const redactor = createRedactor();
  redactor.watch(`0123456789abcdeü${"f".repeat(50)}`);
  assert.equal(redactor.redact("it said 0123456789abcdeü…"), "it said [redacted: secret]…");
  assert.equal(redactor.redact("it said 0123456789abcdeô…"), "it said [redacted: secret]…");
  assert.equal(redactor.redact("it said 0123456789abcde…"), "it said 0123456789abcde…");
});

test("all of a text of several lines goes, the short ones too, and each line that tells something goes alone", () => {
  const redactor = createRedactor();
  const [head, one, foot, two, last] = ["-----BEGIN A KEY-----", "first line of the key", "short", "second line of the key", "=Ab1"];
  const release = redactor.watch([head, one, foot, two, last, ""].join("\r\n"));
  const shown = redactor.redact(`a ${[head, one, foot, two, last].join("\r\n")} b ${one} c ${two} d`);
  assert.equal(shown, "a [redacted: secret]\r\n[redacted: secret] b [redacted: secret] c [redacted: secret] d");
  release();
});

test("of overlapping live secrets the longest goes, and short words stay readable", () => {
  const redactor = createRedactor();
  redactor.watch("secret-prefix", "short");
  redactor.watch("secret-prefix-and-more", "long");
  redactor.watch("master", "word");
  assert.equal(redactor.redact("secret-prefix-and-more secret-prefix on master"), "[redacted: long] [redacted: short] on master");
});

test("however many secrets are live, each is found, the one that is watched for good first of all, and none is kept when it goes", () => {
  const redactor = createRedactor();
  redactor.watch("token-of-the-operator");
  const releases = Array.from({ length: 5_000 }, (_, i) => redactor.watch(`secret-number-${i}-`));
  assert.equal(
    redactor.redact("token-of-the-operator secret-number-0- secret-number-4999-"),
    "[redacted: secret] [redacted: secret] [redacted: secret]",
  );
  for (const release of releases) release();
  assert.equal(redactor.watchedCount, 1);
});

test("whatever the text is, nothing throws", () => {
  const { text } = createRandom(3);
  const alphabet = [
    "-----BEGIN ",
    "KEY-----",
    "-----END ",
    "://",
    "@",
    "?a",
    "/hooks/",
    "eyJ",
    "ghp_",
    ".",
    "\\",
    "\n",
    '"',
    "Bearer ",
    "A1b2",
    "\ud800",
    "#x=",
    "\\u0026",
  ];
  for (let i = 0; i < 20_000; i++) assert.equal(typeof redact(text(alphabet, 20)), "string");
});

test("a JSON line stays JSON", () => {
  const redactor = createRedactor();
  redactor.watch('opaque "secret"\nwith a second line, long enough', "s");
  const line = {
    msg: 'said opaque "secret"\nwith a second line, long enough',
    url: "https://u:p@h/x?y=1",
    pem: newSshKeyPair().privateKey,
    auth: "Bearer aB3aB3aB3aB3",
    end: "-----BEGIN A KEY-----",
  };
  const parsed = JSON.parse(redactor.redact(JSON.stringify(line)));
  assert.deepEqual(parsed, {
    msg: "said [redacted: s]",
    url: "https://[redacted]@h/x?[redacted]",
    pem: "[redacted]\n",
    auth: "[redacted]",
    end: "[redacted]",
  });
});

test("500 keys of other runs make no line dearer, and hostile text takes linear time", async () => {
  const redactor = createRedactor();
  const key = () =>
    randomBytes(300)
      .toString("base64")
      .replace(/(.{70})/g, "$1\n");
  const line = JSON.stringify({
    level: 30,
    namespace: "default",
    deployment: "shop",
    to: "a1b2c3d4e5".repeat(4),
    msg: "Deployment patched",
  });
  for (let i = 0; i < 5; i++) redactor.watch(key());
  const aloneMs = await leastCpuMs(() => redactor.redact(line));
  for (let i = 0; i < 500; i++) void redactor.scope(async () => redactor.watch(key()));
  const amongMs = await leastCpuMs(() => redactor.redact(line));
  assert.ok(amongMs < 4 * aloneMs, `${amongMs} ms, ${aloneMs} without the keys of other runs`);
  for (const piece of [
    "eyJ",
    "eyJaaaaaaaa.",
    "-----BEGIN A KEY-----",
    "-----BEGIN A KEY-----\nAAAABBBBCCCCDDDDEEEE ",
    "-----END ",
    "https://",
    "://a@",
    "://h/webhook/",
    "Bearer ",
    "Bearer a",
    '"token" ',
    "\\n",
    "?a",
    "TAAAAAAA/",
    "a",
  ]) {
    const growth = await growthOf(2 ** 12, (bytes) => {
      const text = piece.repeat(bytes / piece.length);
      return redactor.redact(text) + redactor.redact(`://h/${text}`);
    });
    assert.ok(growth < MOST_GROWTH, `${growth} times for ${piece}`);
  }
});

test("secrets whose hundreds of lines all begin as the text does cost linear time", async () => {
  const redactor = createRedactor();
  const secret = (key: number) => Array.from({ length: 499 }, (_, i) => `Deployment&"${key}_${i}_${"x".repeat(8)}`).join("\n");
  const releases = Array.from({ length: 16 }, (_, key) => redactor.watch(secret(key)));
  const growth = await growthOf(30, (count) => redactor.redact("Deployment shop is up to date; ".repeat(count)));
  assert.ok(growth < MOST_GROWTH, `${growth} times`);
  const text = "Deployment shop is up to date; ".repeat(100);
  assert.equal(redactor.redact(text), text);
  assert.equal(redactor.redact(`x Deployment&"7_77_${"x".repeat(8)} y`), "x [redacted: secret] y");
  for (const release of releases) release();
  assert.equal(redactor.watchedCount, 0);
});

test("the lines of a secret that are all alike but for their ends cost no more than a few of them", async () => {
  const text = "A".repeat(40_000);
  const watching = (count: number) => {
    const redactor = createRedactor();
    redactor.watch(Array.from({ length: count }, (_, i) => `${"A".repeat(100)}${1000 + i}`).join("\n"));
    return redactor;
  };
  const [few, many] = [watching(60), watching(480)];
  // The least of a few each: one cold look is several times as long.
  const manyMs = await leastCpuMs(() => many.redact(text));
  const growth = manyMs / (await leastCpuMs(() => few.redact(text)));
  assert.ok(growth < 4, `${growth} times`);
});

test("a live secret costs its text in each form, and no more memory", async () => {
  const redactor = createRedactor();
  const lines = () => Array.from({ length: 499 }, () => randomBytes(48).toString("base64").replace(/\+/g, '&"'));
  const texts = Array.from({ length: 30 }, () => Buffer.from(lines().join("\n")));
  const before = await settledBytes();
  for (const text of texts) redactor.watch(text.toString());
  const bytes = ((await settledBytes()) - before) / texts.length;
  assert.equal(redactor.watchedCount, texts.length);
  // Five forms of 32 KiB, escapes included.
  assert.ok(bytes < 192 * 1024, `${Math.round(bytes / 1024)} KiB each`);
});

async function settledBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
