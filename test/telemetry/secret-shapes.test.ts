import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { newSshKeyPair } from "../../sandbox/ssh-key-pair.ts";
import { replaceSecretShapes as redact } from "../../src/telemetry/secret-shapes.ts";

const random = (bytes: number) => randomBytes(bytes).toString("hex");

test("ordinary messages come out as they went in", () => {
  const sha = "01234567".repeat(5);
  const lines = [
    `Deployment shop patched successfully to version ${sha}`,
    `Deployment shop is up to date at ${sha.slice(0, 7)}`,
    `:hourglass: Build running for ghcr.io/team/shop (SHA: ${sha}), retrying in 10s (attempt 1/5)`,
    `ghcr.io/team/shop:${sha}@sha256:${"a1b2c3d4".repeat(8)}`,
    "Failed to read field: ssh-privatekey in data, consider recreating the secret with kubectl create secret generic ssh-key --from-file=ssh-privatekey=/path",
    "Secret gitops-operator/github-token does not exist: correct the annotation that names it",
    "the GitHub token is wrong: renew the field github-token; password: see the Secret",
    "Bearer authentication or Basic authorization, basic understanding; bearer of tokens; Basic auth",
    'WWW-Authenticate: Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
    "git@github.com:team/shop.git, ssh://git@github.com:22/team/shop.git, ssh://git@[::1]:2222/team/shop.git and https://github.com/team/shop.git",
    "see https://docs.github.com/rest/actions#permissions, or https://ghcr.io? (https://registry.example:5000/base/)",
    "https://github.com/team/webhook.git, https://github.com/team/shop/actions/workflows/build.yml, https://example.org/webhooks",
    "is no private key (it has no line -----BEGIN … PRIVATE KEY-----)",
    "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8 and ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
    "ghp_short, eyJhb, AKIA, xoxb-, Team TABLE/BASE, $ git log --format=%H",
    JSON.stringify({ level: 30, token_count: 12, from: sha, msg: "Deployment patched", url: "http://127.0.0.1:8000/status" }),
    "",
    "\u0000\ud800 – ü 😀\n\ttwo lines",
  ];
  for (const line of lines) {
    assert.equal(redact(line), line);
    assert.equal(redact(JSON.stringify(line)), JSON.stringify(line));
  }
});

// S11
test("tokens and credentials are known by their shape, as text and within JSON", () => {
  const secrets = [
    ...["ghp", "gho", "ghs", "ghu", "ghr"].map((prefix) => `${prefix}_${random(18)}`),
    `ghs_1234_${random(20)}.${random(20)}.${random(20)}`,
    Buffer.from(`x-access-token:ghs_${random(18)}`).toString("base64"),
    `github_pat_11AAAAAAA0${random(8)}_${random(29)}`,
    `glpat-${random(10)}`,
    ...["a", "b", "p", "r", "s", "e"].map((kind) => `xox${kind}-1234567890-${random(12)}`),
    `dckr_pat_${random(13)}`,
    "AKIAIOSFODNN7EXAMPLE",
    `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.${random(40)}`,
    `T01ABCDEF/B02ABCDEF/${random(12)}`,
  ];
  for (const secret of secrets) {
    for (const text of [
      secret,
      `the server said ${secret}.`,
      `token=${secret}&x=1`,
      `\\n${secret}\\n`,
      JSON.stringify({ a: `x\n${secret}` }),
      `"${secret}"`,
    ]) {
      assert.ok(!redact(text).includes(secret.slice(0, 24)), redact(text));
      assert.match(redact(text), /\[redacted\]/);
    }
  }
  assert.equal(redact(`Authorization: Bearer ${"aB3".repeat(8)}, then`), "Authorization: Bearer [redacted], then");
  assert.equal(redact(JSON.stringify("x\nBearer aB3aB3aB3aB3")), JSON.stringify("x\nBearer [redacted]"));
  assert.equal(redact("authorization: basic dXNlcjpwYXNz"), "authorization: basic [redacted]");
  assert.equal(redact(`{"access_token": "opaque-words-only","expires_in":300}`), `{"access_token": "[redacted]","expires_in":300}`);
  assert.equal(redact(`{\\"auth\\":\\"bm8gZGlnaXRz\\"}`), `{\\"auth\\":\\"[redacted]\\"}`);
});

test("a PEM block goes as a whole, with real or escaped line ends, and also when it was cut off", () => {
  for (const pem of [newSshKeyPair().privateKey, newSshKeyPair("rsa").privateKey]) {
    const body = pem.split("\n").filter((line) => line.length > 16 && !line.startsWith("-----"));
    const forms = [
      pem,
      pem.replace(/\n/g, "\r\n"),
      JSON.stringify(pem),
      JSON.stringify(JSON.stringify(pem)),
      pem.replace(/\n/g, " "),
      pem.slice(0, 200),
    ];
    for (const form of forms) {
      const redacted = redact(`the key is ${form} and that is all`);
      for (const line of body) assert.ok(!redacted.includes(line.slice(0, 20)), redacted);
      assert.match(redacted, /^the key is "?(\\")?\[redacted\].* and that is all$/s);
    }
  }
  const legacy =
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0011\n\nMIIEow==\n-----END RSA PRIVATE KEY-----";
  assert.equal(redact(`a ${legacy} b ${legacy} c`), "a [redacted] b [redacted] c");
});

test("URLs lose users, queries and the paths of webhooks, and keep the rest", () => {
  const rows: [string, string][] = [
    ["https://hooks.slack.com/services/T000/B000/XXXX", "https://hooks.slack.com/[redacted]"],
    ["POST https://hooks.slack.com/workflows/T1/A1/1/x failed", "POST https://hooks.slack.com/[redacted] failed"],
    ["https:\\/\\/hooks.slack.com\\/services\\/T000\\/B000\\/XXXX", "https:\\/\\/hooks.slack.com/[redacted]"],
    ["https://discord.com/api/webhooks/123/abc/slack", "https://discord.com/[redacted]"],
    ["https://x.webhook.office.com/webhookb2/a@b/IncomingWebhook/c/d", "https://x.webhook.office.com/[redacted]"],
    ["(https://mattermost.example/hooks/xyz)", "(https://mattermost.example/[redacted]"],
    ["https://user:pass@registry.example/v2/", "https://[redacted]@registry.example/v2/"],
    ["https://opaque@registry.example:5000/v2/", "https://[redacted]@registry.example:5000/v2/"],
    ["ssh://git:pass@host/x ssh://git@host/x", "ssh://[redacted]@host/x ssh://git@host/x"],
    ["GET https://auth.example/token?service=a&scope=b: 401", "GET https://auth.example/token?[redacted] 401"],
    ['"https://a.example/x?a=1\\u0026sig=opaque"', '"https://a.example/x?[redacted]"'],
    ["https://a.example/cb#access_token=opaque", "https://a.example/cb#[redacted]"],
  ];
  for (const [text, expected] of rows) assert.equal(redact(text), expected);
});
