import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { newSshKeyPair } from "../../../sandbox/ssh-key-pair.ts";
import { decideHostKey, fingerprint, parseKnownHosts, readKnownHosts } from "../../../src/adapters/ssh/known-hosts.ts";
import { growthOf, MOST_GROWTH } from "../../growth.ts";

const a = newSshKeyPair("ed25519").publicKey;
const b = newSshKeyPair("ecdsa").publicKey;
const parse = (...texts: string[]) => parseKnownHosts(texts.map((text, index) => ({ name: `file${index + 1}`, text })));
const wire = (line: string) => Buffer.from(line.split(" ")[1] ?? "", "base64");
/** `unknown`: no line trusts a key of the host, so it is not connected to. */
function verdict(text: string, host: string, port = 22, key = a) {
  const keys = parse(text).keysOf(host, port);
  return keys.trusted.length === 0 ? "unknown" : decideHostKey(keys, wire(key)).kind;
}

for (const [pattern, host, port, isKnown] of [
  ["git.example.com", "git.example.com", 22, true],
  ["git.example.com", "GIT.Example.com", 22, true],
  ["GIT.example.com", "git.example.com", 22, true],
  ["git.example.com", "git.example.com", 2222, false],
  ["git.example.com", "xgit.example.com", 22, false],
  ["git.example.com", "gitxexample.com", 22, false],
  ["[git.example.com]:2222", "git.example.com", 2222, true],
  ["[git.example.com]:2222", "git.example.com", 22, false],
  ["[git.example.com]:22", "git.example.com", 22, true],
  ["other,git.example.com", "git.example.com", 22, true],
  ["*.example.com", "git.example.com", 22, true],
  ["*.example.com", "git.example.com", 2222, false],
  ["[*.example.com]:2222", "git.example.com", 2222, true],
  ["[*.example.com]:*", "git.example.com", 2222, true],
  ["*.example.com", "example.com", 22, false],
  ["git?.example.com", "git1.example.com", 22, true],
  ["git?.example.com", "git12.example.com", 22, false],
  ["*", "anything", 2222, true],
  ["*,!git.example.com", "git.example.com", 22, false],
  ["!git.example.com,*", "git.example.com", 22, false],
  ["*,!git.example.com", "other.example.com", 22, true],
  ["!git.example.com", "other.example.com", 22, false],
  ["2001:db8::1", "2001:db8::1", 22, true],
  ["2001:DB8:0::1", "[2001:db8::1]", 22, true],
  ["[2001:db8::1]", "2001:db8::1", 22, true],
  ["[2001:db8::1]:2222", "2001:db8::1", 2222, true],
  ["[2001:db8::1]:2222", "2001:db8::1", 22, false],
  // Made by ssh-keygen -H from git.example.com and [git.example.com]:2222.
  ["|1|I7MZNVhKOMq7KyQmkG+wNsQmfNE=|LriMsuE1mBMGpqrjnFWeiC05yzo=", "git.example.com", 22, true],
  ["|1|I7MZNVhKOMq7KyQmkG+wNsQmfNE=|LriMsuE1mBMGpqrjnFWeiC05yzo=", "Git.Example.Com", 22, true],
  ["|1|I7MZNVhKOMq7KyQmkG+wNsQmfNE=|LriMsuE1mBMGpqrjnFWeiC05yzo=", "git.example.com", 2222, false],
  ["|1|gP2gEpMtzbKYAk+wes8Kv0usFhE=|s7gOtl65WbkX+Jdmk9Kpn3vbTBE=", "git.example.com", 2222, true],
  ["|1|gP2gEpMtzbKYAk+wes8Kv0usFhE=|s7gOtl65WbkX+Jdmk9Kpn3vbTBE=", "git.example.com", 22, false],
] as const) {
  test(`a line for ${pattern} ${isKnown ? "speaks" : "does not speak"} for ${host} port ${port}`, () => {
    assert.equal(verdict(`${pattern} ${a} a comment\n`, host, port), isKnown ? "trusted" : "unknown");
  });
}

test("a host may have several keys, in several files", () => {
  const keys = parse(`host ${a}\n`, `other ${a}\r\nhost\t${b}`).keysOf("host", 22);
  assert.deepEqual(
    keys.trusted.map(({ type, source }) => [type, source]),
    [
      ["ssh-ed25519", "file1:1"],
      ["ecdsa-sha2-nistp256", "file2:2"],
    ],
  );
  assert.equal(decideHostKey(keys, wire(a)).kind, "trusted");
  assert.equal(decideHostKey(keys, wire(b)).kind, "trusted");
});

test("another key than the known one is a changed key", () => {
  assert.equal(verdict(`host ${b}\n`, "host"), "changed");
});

// S13
test("a revoked key is refused although another line trusts it, and only that key", () => {
  assert.equal(verdict(`host ${a}\n@revoked * ${a}\n`, "host"), "revoked");
  assert.equal(verdict(`@revoked host ${a}\nhost ${a}\n`, "host"), "revoked");
  assert.equal(verdict(`host ${a}\n@revoked host ${b}\n`, "host"), "trusted");
  assert.equal(verdict(`host ${a}\n@revoked other ${a}\n`, "host"), "trusted");
});

test("a key that is revoked for a host is refused on every port", () => {
  assert.equal(verdict(`[host]:2222 ${a}\n@revoked host ${a}\n`, "host", 2222), "revoked");
  assert.equal(verdict(`host ${a}\n@revoked [host]:2222 ${a}\n`, "host", 22), "trusted");
});

test("a certificate authority trusts no key by itself", () => {
  assert.equal(verdict(`@cert-authority host ${a}\n`, "host"), "unknown");
  assert.deepEqual(
    parse(`@cert-authority host ${a}\n`)
      .keysOf("host", 22)
      .authorities.map(({ source }) => source),
    ["file1:1"],
  );
  assert.equal(verdict(`@cert-authority host ${b}\nhost ${a}\n`, "host"), "trusted");
  assert.equal(verdict(`@cert-authority other ${a}\n`, "host"), "unknown");
});

test("damaged lines are ignored and reported with their place; comments and blank lines are neither", () => {
  const { keysOf, problems } = parse(
    [
      "\uFEFF# comment",
      "",
      "  # indented",
      "host",
      `@odd host ${a}`,
      "host ssh-ed25519 !!!",
      "host 1024 35 1234567",
      `host ssh-rsa ${a.split(" ")[1]}`,
      `|1|x ${a}`,
      `|2|x|y ${a}`,
      `good ${a}`,
      `cut ${a.slice(0, -4)}`,
      `cut ${Buffer.concat([wire(a), Buffer.alloc(4)])
        .toString("base64")
        .replace(/^/, "ssh-ed25519 ")}`,
    ].join("\n"),
  );
  assert.deepEqual(problems, [
    "file1:4: expected: hosts, key type, key",
    "file1:5: unknown marker @odd",
    "file1:6: the key is not base64",
    "file1:7: keys of type 1024 are not supported",
    "file1:8: the key is not of type ssh-rsa",
    "file1:9: the hashed host name is damaged",
    "file1:10: the hashed host name is damaged",
    "file1:12: the key is damaged",
    "file1:13: the key is damaged",
  ]);
  assert.deepEqual(keysOf("host", 22).ignored, problems.slice(0, 5));
  assert.deepEqual(keysOf("other", 22).ignored, []);
  assert.equal(keysOf("host", 22).trusted.length, 0);
  assert.equal(keysOf("good", 22).trusted.length, 1);
});

test("fingerprints are those of ssh-keygen", () => {
  const key = "AAAAC3NzaC1lZDI1NTE5AAAAIHB1K48d4Kne3MufMVPhTOd7uLIL8iWCQ4CA0xGDq7Hy";
  assert.equal(fingerprint(Buffer.from(key, "base64")), "SHA256:CIeG3v3w12SO1BnWLMw4wnFxwuOaW/8BlAfx/Yy4GNk");
});

test("a missing file is empty, an unreadable one is an error that names it", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "known-hosts-"));
  t.after(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, "known"), `host ${a}\nbad\n`);
  const { keysOf, problems } = await readKnownHosts([join(directory, "none"), join(directory, "known")]);
  assert.equal(keysOf("host", 22).trusted.length, 1);
  assert.deepEqual(problems, [`${join(directory, "known")}:2: expected: hosts, key type, key`]);
  await assert.rejects(readKnownHosts([directory]), { code: "git_host_key", message: new RegExp(`${directory} \\(EISDIR\\)`) });
});

test("a pattern with many asterisks costs no more than it is long", async () => {
  const growth = await growthOf(64, (size) => assert.equal(verdict(`${"*a".repeat(size)}* ${a}`, `${"a".repeat(40)}b`), "unknown"));
  assert.ok(growth < MOST_GROWTH, `${growth}`);
});
