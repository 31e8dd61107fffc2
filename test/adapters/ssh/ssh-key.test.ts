import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, getDiffieHellman, type KeyObject, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import ssh2 from "ssh2";
import { newSshKeyPair } from "../../../sandbox/ssh-key-pair.ts";
import { parseSshKey } from "../../../src/adapters/ssh/ssh-key.ts";
import { ReconcileError } from "../../../src/errors.ts";
import { growthOf, leastCpuMs, MOST_GROWTH } from "../../growth.ts";
import { skipWithoutSshd } from "../../openssh.ts";

const secret = { namespace: "team", name: "deploy-key" };
const ed25519 = newSshKeyPair();
const rsa = newSshKeyPair("rsa");

const key = (type: "ed25519" | "ec" | "rsa", curve = "P-256") =>
  type === "ed25519"
    ? generateKeyPairSync("ed25519").privateKey
    : type === "ec"
      ? generateKeyPairSync("ec", { namedCurve: curve }).privateKey
      : generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const pem = (from: KeyObject, type: "pkcs1" | "pkcs8" | "sec1") => from.export({ format: "pem", type }) as string;

/** Whether ssh2 reads the text and it is the key whose fingerprint is `id`. */
function assertUsable(parsed: { id: string; privateKey: string }): void {
  const readable = ssh2.utils.parseKey(parsed.privateKey);
  assert.ok(!(readable instanceof Error), String(readable));
  assert.ok(readable.isPrivateKey());
}

for (const [name, from, types] of [
  ["RSA", key("rsa"), ["pkcs1", "pkcs8"]],
  ["ECDSA P-256", key("ec"), ["sec1", "pkcs8"]],
  ["ECDSA P-384", key("ec", "P-384"), ["sec1", "pkcs8"]],
  ["ECDSA P-521", key("ec", "P-521"), ["sec1", "pkcs8"]],
] as const) {
  test(`${name} keys are one and the same in PEM and PKCS#8`, () => {
    const [first, second] = types.map((type) => parseSshKey(pem(from, type), secret));
    assert.ok(first && second);
    assert.equal(first.id, second.id);
    assertUsable(first);
    assertUsable(second);
  });
}

test("an Ed25519 key is one and the same in PKCS#8 and OpenSSH's format", () => {
  const parsed = parseSshKey(ed25519.privateKey, secret);
  const readable = ssh2.utils.parseKey(ed25519.privateKey);
  assert.ok(!(readable instanceof Error));
  assert.equal(parsed.id, ed25519.fingerprint);
  const again = parseSshKey(readable.getPrivatePEM(), secret);
  assert.equal(again.id, parsed.id);
  assertUsable(again);
});

for (const [damage, repairable] of Object.entries<(text: string) => string>({
  CRLF: (text) => text.replaceAll("\n", "\r\n"),
  "bare CR": (text) => text.replaceAll("\n", "\r"),
  "no final newline": (text) => text.trimEnd(),
  "trailing spaces": (text) => text.replaceAll("\n", "  \t\n"),
  "indented lines": (text) => text.replaceAll(/^/gm, "    "),
  "a BOM": (text) => `\uFEFF${text}`,
  "blank lines": (text) => `\n\n${text.replaceAll("\n", "\n\n")}`,
  "literal \\n": (text) => text.replaceAll("\n", "\\n"),
  "literal \\r\\n": (text) => text.replaceAll("\n", "\\r\\n"),
  "spaces for newlines": (text) => text.replaceAll("\n", " "),
  "words before and after": (text) => `my key\n${text}\nthe end\n`,
  "EC parameters before": (text) => `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${text}`,
})) {
  for (const pair of [ed25519, rsa]) {
    // S12
    test(`${damage} in the text of an ${pair.publicKey.split(" ")[0]} key does no harm`, () => {
      const parsed = parseSshKey(repairable(pair.privateKey), secret);
      assert.equal(parsed.id, pair.fingerprint);
      assertUsable(parsed);
    });
  }
}

/** Somebody's public half around another private half. */
function forge(): string {
  const [own, foreign] = [newSshKeyPair(), newSshKeyPair()].map((pair) =>
    Buffer.from(pair.publicKey.split(" ")[1] ?? "", "base64").subarray(-32),
  );
  assert.ok(own && foreign);
  const pair = newSshKeyPair();
  const bytes = Buffer.from(pair.privateKey.replaceAll(/-----.*-----|\s/g, ""), "base64");
  const mine = Buffer.from(pair.publicKey.split(" ")[1] ?? "", "base64").subarray(-32);
  for (let at = bytes.indexOf(mine); at >= 0; at = bytes.indexOf(mine)) foreign.copy(bytes, at);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${bytes.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

/** An RSA key with numbers of these lengths in bits, whose primes are none. */
function rsaOf(bits: number, format: "pkcs1" | "pkcs8" | "openssh", { prime = bits >> 1, secret = bits, version = 0 } = {}): string {
  const number = (length: number) => {
    const bytes = randomBytes(Math.ceil(length / 8));
    const first = bytes[0] ?? 0;
    if (length > 0) bytes[0] = (first & ((1 << (((length - 1) % 8) + 1)) - 1)) | (1 << ((length - 1) % 8));
    // Odd, or OpenSSL would stop before it computes.
    if (length > 1) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 1;
    // Numbers are signed, and this one is not below 0.
    return Buffer.concat([Buffer.alloc(1), bytes]);
  };
  const [n, e, d, p, q, dp, dq, qi] = [bits, 17, secret, prime, prime, prime, prime, prime].map(number) as Buffer[];
  const der = (tag: number, ...parts: (Buffer | undefined)[]) => {
    const content = Buffer.concat(parts.filter((part) => part !== undefined));
    return Buffer.concat([Buffer.of(tag, 0x83, content.length >> 16, (content.length >> 8) & 255, content.length & 255), content]);
  };
  const string = (value: string | Buffer = "") => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(value.length);
    return Buffer.concat([head, Buffer.from(value)]);
  };
  if (format === "openssh") {
    const section = Buffer.concat([Buffer.alloc(8), ...["ssh-rsa", n, e, d, qi, p, q, ""].map(string)]);
    const publicHalf = Buffer.concat(["ssh-rsa", e, n].map(string));
    const head = Buffer.concat(["none", "none", ""].map(string));
    return asPem(
      "OPENSSH PRIVATE KEY",
      Buffer.concat([Buffer.from("openssh-key-v1\0"), head, Buffer.of(0, 0, 0, 1), string(publicHalf), string(section)]),
    );
  }
  const key = der(0x30, ...[Buffer.of(version), n, e, d, p, q, dp, dq, qi].map((part) => der(0x02, part)));
  if (format === "pkcs1") return asPem("RSA PRIVATE KEY", key);
  const algorithm = der(0x30, Buffer.from("06092a864886f70d0101010500", "hex"));
  return asPem("PRIVATE KEY", der(0x30, der(0x02, Buffer.of(0)), algorithm, der(0x04, key)));
}

function asPem(label: string, bytes: Buffer): string {
  return `-----BEGIN ${label}-----\n${bytes.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END ${label}-----\n`;
}

const encrypt = (type: "pkcs1" | "pkcs8") =>
  key("rsa").export({ format: "pem", type, cipher: "aes-256-cbc", passphrase: "secret" }) as string;
const dsa = () =>
  generateKeyPairSync("dsa", { modulusLength: 1024, divisorLength: 160 }).privateKey.export({ format: "pem", type: "pkcs8" }) as string;

for (const [what, text, reason] of [
  ["nothing", "", /is empty/],
  ["only blanks", " \r\n\t", /is empty/],
  ["garbage", "hello", /is no private key/],
  ["a public key", ed25519.publicKey, /is the public half/],
  ["a PEM public key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", /is the public half/],
  ["a certificate", "ssh-ed25519-cert-v01@openssh.com AAAA", /is a certificate/],
  ["PuTTY's format", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none", /PuTTY.*puttygen/],
  ["an encrypted PEM key", encrypt("pkcs1"), /encrypted.*ssh-keygen -p/],
  ["an encrypted PKCS#8 key", encrypt("pkcs8"), /encrypted/],
  ["a DSA key", dsa(), /DSA/],
  ["an old DSA key", "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----", /DSA/],
  ["another kind of key", pem(generateKeyPairSync("ed448").privateKey, "pkcs8"), /of a type that git hosts do not take/],
  [
    "an RSA key for PSS alone",
    pem(generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).privateKey, "pkcs8"),
    /of a type that git hosts/,
  ],
  [
    "an RSA key of 16,384 bits in PEM",
    rsaOf(16_384, "pkcs1"),
    /RSA key of 16384 bits, more than the 8192 that are used; make an ed25519 key/,
  ],
  ["an RSA key of 16,384 bits in PKCS#8", rsaOf(16_384, "pkcs8"), /RSA key of 16384 bits/],
  ["an RSA key of 65,536 bits in OpenSSH's format", rsaOf(65_536, "openssh"), /RSA key of 65536 bits/],
  ["an RSA key one bit too long", rsaOf(8_193, "pkcs1"), /RSA key of 8193 bits/],
  ["an RSA key of 512 bits", rsaOf(512, "openssh"), /RSA key of 512 bits, fewer than the 1024 that hosts take/],
  ["an RSA key without a modulus", rsaOf(0, "pkcs1"), /RSA key of 0 bits/],
  ["an RSA key with long primes", rsaOf(2_048, "pkcs1", { prime: 30_000 }), /damaged or cut short/],
  ["an RSA key with long primes in OpenSSH's format", rsaOf(2_048, "openssh", { prime: 30_000 }), /damaged or cut short/],
  ["an RSA key with a long exponent", rsaOf(2_048, "pkcs8", { secret: 30_000 }), /damaged or cut short/],
  ["an RSA key whose primes are 1", rsaOf(2_048, "openssh", { prime: 1 }), /damaged or cut short/],
  ["an RSA key of three primes", rsaOf(2_048, "pkcs1", { version: 1 }), /damaged or cut short/],
  ["a key in DER without an end", asPem("PRIVATE KEY", Buffer.from("30800201003080", "hex")), /damaged or cut short/],
  ["base64 of base64", Buffer.from(ed25519.privateKey).toString("base64"), /base64 twice/],
  ["half a key", ed25519.privateKey.slice(0, 200), /damaged or cut short/],
  ["a key with a hole", ed25519.privateKey.replace(/\n.{70}\n/, "\n"), /damaged or cut short/],
  ["an RSA key with a hole", rsa.privateKey.replace(/\n.{64}\n/, "\n"), /damaged or cut short/],
  ["a key with odd characters", ed25519.privateKey.replace("b3Bl", "b3*l"), /damaged or cut short/],
  ["a key with someone else's public half", forge(), /damaged or cut short/],
] as const) {
  // S12, F10-F11
  test(`${what} is refused with the Secret, the field and the remedy, and without a byte of it`, () => {
    assert.throws(
      () => parseSshKey(text, secret),
      (error) => {
        assert.ok(error instanceof ReconcileError);
        assert.equal(error.code, "ssh_key_invalid");
        assert.match(error.message, reason);
        assert.match(
          error.message,
          /Secret team\/deploy-key, field ssh-privatekey,.*kubectl create secret generic deploy-key --namespace team/,
        );
        assert.equal(error.cause, undefined);
        for (const piece of text.match(/[A-Za-z0-9+/]{12,}/g) ?? []) assert.ok(!error.stack?.includes(piece), piece);
        return true;
      },
    );
  });
}

/** Tells how it was refused; the text is one that was never judged before. */
function refusalOf(text: string): string {
  try {
    parseSshKey(text, secret);
  } catch (error) {
    return (error as Error).message;
  }
  return assert.fail("it was taken");
}

let marks = 0;
const unseen = (text: string) => `${text}${marks++}`;

for (const format of ["pkcs1", "pkcs8", "openssh"] as const) {
  // S12, S32
  test(`an RSA key costs no more than it is long, however many bits it has (${format})`, async () => {
    const texts = new Map([8, 64].map((size) => [size, rsaOf(size * 2_048, format)]));
    const growth = await growthOf(8, (size) => refusalOf(unseen(texts.get(size) ?? "")));
    assert.ok(growth < MOST_GROWTH, `${growth}`);
  });
}

for (const [what, piece] of Object.entries({
  "beginnings without an end": "-----BEGIN PRIVATE KEY-----\n",
  "words of a beginning": "-----BEGIN A ",
  "beginnings of other blocks": "-----BEGIN A PRIVATE KEY-----",
  "half of a word for encryption": "-----BEGIN RSA PRIVATE KEY-----Proc-Type:",
  blanks: " ",
  dashes: "-",
})) {
  test(`a text of ${what} costs no more than it is long`, async () => {
    const growth = await growthOf(16 * 1_024, (size) => refusalOf(unseen(piece.repeat(size / piece.length))));
    assert.ok(growth < MOST_GROWTH, `${growth}`);
  });
}

// S12, S32
test("a key that was found wrong costs next to nothing when it is read again", async () => {
  const bad = rsaOf(8_192, "pkcs1");
  const first = await leastCpuMs(() => assert.match(refusalOf(unseen(bad)), /damaged/));
  const again = await leastCpuMs(() => assert.match(refusalOf(bad), /damaged/));
  assert.ok(first > 20 * again, `${first} ms, then ${again} ms`);
});

/** Real, of a prime that RFC 3526 publishes and the next one after it, since finding two of that length takes a quarter of a minute. */
function rsaOf8192Bits(): KeyObject {
  const q = BigInt(`0x${getDiffieHellman("modp16").getPrime("hex")}`);
  const p = q + 432n;
  const e = 65_537n;
  const d = inverse(e, (p - 1n) * (q - 1n));
  const numbers = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const base64url = (number: bigint) => {
    const hex = number.toString(16);
    return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").toString("base64url");
  };
  const jwk = Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, base64url(number)]));
  return createPrivateKey({ key: { kty: "RSA", ...jwk }, format: "jwk" });
}

/** By Euclid's algorithm. */
function inverse(number: bigint, modulus: bigint): bigint {
  let [r, nextR, t, nextT] = [modulus, number, 0n, 1n];
  while (nextR > 0n) [r, nextR, t, nextT] = [nextR, r % nextR, nextT, t - (r / nextR) * nextT];
  return ((t % modulus) + modulus) % modulus;
}

// S32
test("an RSA key of 8,192 bits, the most that are used, is taken in each format", () => {
  const key = rsaOf8192Bits();
  assert.equal(key.asymmetricKeyDetails?.modulusLength, 8_192);
  const [first, second] = (["pkcs1", "pkcs8"] as const).map((type) => parseSshKey(pem(key, type), secret));
  assert.ok(first && second);
  assert.equal(first.id, second.id);
  assertUsable(first);
});

const skip = skipWithoutSshd();
let directory = "";
before(() => {
  directory = mkdtempSync(join(tmpdir(), "ssh-key-"));
});
after(() => rmSync(directory, { recursive: true }));

for (const [type, bits] of [
  ["ed25519", ""],
  ["ecdsa", "256"],
  ["ecdsa", "384"],
  ["ecdsa", "521"],
  ["rsa", "2048"],
] as const) {
  for (const format of ["RFC4716", "PEM", "PKCS8"].slice(0, type === "ed25519" ? 1 : 3)) {
    test(`a key that ssh-keygen makes (${type} ${bits} ${format}) has the fingerprint that ssh-keygen prints`, { skip }, () => {
      const path = join(directory, `${type}${bits}${format}`);
      execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-m", format, "-f", path, ...(bits ? ["-b", bits] : [])]);
      const parsed = parseSshKey(readFileSync(path, "utf8"), secret);
      assert.equal(parsed.id, execFileSync("ssh-keygen", ["-l", "-f", path]).toString().split(" ")[1]);
      assertUsable(parsed);
    });
  }
}

test("an encrypted key in OpenSSH's format is refused", { skip }, () => {
  const path = join(directory, "encrypted");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "secret", "-f", path]);
  assert.throws(() => parseSshKey(readFileSync(path, "utf8"), secret), { code: "ssh_key_invalid", message: /encrypted/ });
});
