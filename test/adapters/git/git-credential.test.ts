import assert from "node:assert/strict";
import { test } from "node:test";
import { createSelfSignedCertificate } from "../../../sandbox/cluster-api/self-signed-certificate.ts";
import { parseCredential } from "../../../src/adapters/git/git-credential.ts";
import { leastCpuMs } from "../../growth.ts";

const secret = { namespace: "team", name: "git" };
const { certPem } = createSelfSignedCertificate();
const read = (ca: string) => parseCredential("token", { username: "git", password: "token", "ca.crt": ca }, secret);
const bundle = (count: number) => Array.from({ length: count }, () => certPem).join("\n");

// S32
test("of authorities a Secret may hold 32, which are looked at once, however many passes read them", async () => {
  assert.match(read(bundle(32)).id, /^token:/);
  assert.throws(() => read(bundle(33)), /field ca\.crt holds more than 32 certificates/);
  let count = 0;
  const freshMs = await leastCpuMs(() => read(`${bundle(32)}\n${count++}`));
  const knownMs = await leastCpuMs(() => read(bundle(32)));
  assert.ok(knownMs < freshMs / 2, `${knownMs} ms, and ${freshMs} ms for one that is new`);
});

// S3, S6
test("what would leave its header or its half of the login is no credential", () => {
  for (const username of ["a:b", "a\r\nx: y", "a\nb", "a\0b", "a\u2028b"])
    assert.throws(
      () => parseCredential("token", { username, password: "token" }, secret),
      /field username holds a/,
      JSON.stringify(username),
    );
  for (const password of ["a\r\nx: y", "a\0b", "a\x7fb"])
    assert.throws(() => parseCredential("token", { username: "git", password }, secret), /field password holds a/);
});
