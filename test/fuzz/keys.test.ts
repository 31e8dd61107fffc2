import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { newSshKeyPair } from "../../sandbox/ssh-key-pair.ts";
import { decideHostKey, parseKnownHosts } from "../../src/adapters/ssh/known-hosts.ts";
import { parseSshKey } from "../../src/adapters/ssh/ssh-key.ts";
import { answerOf, damaged, holds, made } from "./property.ts";

const secret = { namespace: "default", name: "key" };

test("a damaged private key is a key that can be read again, or refused without one of its bytes", async (t) => {
  const pairs = (["ed25519", "ecdsa", "rsa"] as const).map((type) => newSshKeyPair(type));
  const pkcs8 = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }) as string;
  const texts = [...pairs.map(({ privateKey }) => privateKey), pkcs8];
  // The armour stays, so that what is inside is looked at.
  const bodies = texts.map((text) => Buffer.from(text.split("\n").slice(1, -2).join(""), "base64"));
  const armours = texts.map((text) => /BEGIN (.*)-----/.exec(text)?.[1] ?? "");
  const inside = fc
    .tuple(damaged(bodies), fc.constantFrom(...armours))
    .map(([body, label]) => `-----BEGIN ${label}-----\n${body.toString("base64")}\n-----END ${label}-----\n`);
  const outside = damaged(texts.map((text) => Buffer.from(text))).map((bytes) => bytes.toString("latin1"));
  await holds(t, fc.oneof(inside, outside), async (text) => {
    let words = "";
    const key = await answerOf(() => {
      try {
        return parseSshKey(text, secret);
      } catch (error) {
        words = String(error);
        throw error;
      }
    });
    for (const line of text.split("\n").filter((part) => /^[\w+/=]{20,}$/.test(part)))
      assert.ok(!words.includes(line.slice(0, 20)), "quotes the key");
    if (key) assert.equal(parseSshKey(key.privateKey, secret).id, key.id);
  });
});

test("known_hosts files are read to the end whatever they hold, and trust no key that is not in them", async (t) => {
  const [known, other] = [newSshKeyPair(), newSshKeyPair("ecdsa")];
  const blob = (line: string) => Buffer.from(line.split(" ")[1] ?? "", "base64");
  const lines = [
    `h.example ${known.publicKey}`,
    `[h.example]:2222,10.0.0.? ${known.publicKey} comment`,
    `@revoked * ${other.publicKey}`,
    `|1|${"A".repeat(27)}=|${"B".repeat(27)}= ${known.publicKey}`,
  ];
  const parts = [
    ...lines,
    "\n",
    "\r\n",
    "#",
    " ",
    "\t",
    "*",
    "!",
    ",",
    "@cert-authority ",
    "@revoked ",
    "|1|",
    "[",
    "]",
    ":22",
    "(",
    "\\",
    "+",
    "fe80::1%eth0",
  ];
  const inputs = fc.tuple(
    fc.oneof(made(parts), damaged([Buffer.from(lines.join("\n"))]).map(String)),
    fc.oneof(fc.constantFrom("h.example", "10.0.0.1", "[::1]", "::1"), fc.string({ maxLength: 20 })),
    fc.constantFrom(22, 2222),
  );
  await holds(t, inputs, ([text, host, port]) => {
    const hosts = parseKnownHosts([{ name: "file", text }]);
    const verdict = decideHostKey(hosts.keysOf(host, port), blob(known.publicKey));
    if (verdict.kind === "trusted") assert.ok(text.includes(known.publicKey.split(" ")[1]?.slice(0, -2) ?? ""));
    assert.notEqual(decideHostKey(hosts.keysOf(host, port), Buffer.from("never seen")).kind, "trusted");
  });
});
