/** Signatures with SSH keys as `ssh-keygen -Y sign` makes them and git reads them (OpenSSH's PROTOCOL.sshsig). */
import { createHash, createPrivateKey, type KeyObject, type SignKeyObjectInput, sign as signLater } from "node:crypto";
import { promisify } from "node:util";
import ssh2 from "ssh2";
import type { SecretRef } from "../../core/types.ts";
import { ReconcileError } from "../../errors.ts";
import { parseSshKey } from "./ssh-key.ts";
import { sshString, uint32 } from "./ssh-strings.ts";

/** In a thread of Node's: a large RSA key takes 40 ms. */
const sign = promisify<string | null, Buffer, KeyObject | SignKeyObjectInput, Buffer>(signLater);

const MAGIC = Buffer.from("SSHSIG");
const HASH = "sha512";

/** What the signature is for, so that none can be used for something else. */
const NAMESPACE = "git";

/** Rejects a key that is unusable, as for git's connections. */
export function createSshSigner(text: string, secret: SecretRef): (message: Buffer) => Promise<string> {
  const parsed = ssh2.utils.parseKey(parseSshKey(text, secret).privateKey);
  if (parsed instanceof Error) throw new ReconcileError("internal", "a key that was found usable can't be read", { cause: parsed });
  const key = createPrivateKey(parsed.getPrivatePEM());
  return (message) => signWith(key, parsed.type, parsed.getPublicSSH(), message);
}

async function signWith(key: KeyObject, type: string, publicKey: Buffer, message: Buffer): Promise<string> {
  const about = [sshString(NAMESPACE), sshString(""), sshString(HASH)];
  const signed = Buffer.concat([MAGIC, ...about, sshString(createHash(HASH).update(message).digest())]);
  const signature = await signatureOf(key, type, signed);
  return armoured(Buffer.concat([MAGIC, uint32(1), sshString(publicKey), ...about, sshString(signature)]));
}

/** RFC 8709, RFC 8332 and RFC 5656. */
async function signatureOf(key: KeyObject, type: string, data: Buffer): Promise<Buffer> {
  if (type === "ssh-ed25519") return Buffer.concat([sshString(type), sshString(await sign(null, data, key))]);
  if (type === "ssh-rsa") return Buffer.concat([sshString("rsa-sha2-512"), sshString(await sign("sha512", data, key))]);
  const hash = { "ecdsa-sha2-nistp256": "sha256", "ecdsa-sha2-nistp384": "sha384" }[type] ?? "sha512";
  const both = await sign(hash, data, { key, dsaEncoding: "ieee-p1363" });
  const numbers = [both.subarray(0, both.length / 2), both.subarray(both.length / 2)].map(mpint);
  return Buffer.concat([sshString(type), sshString(Buffer.concat(numbers))]);
}

/** A number above zero as RFC 4251, 5 has it: without needless zeros, and one in front where the first bit would make it negative. */
function mpint(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const number = start < 0 ? Buffer.alloc(0) : bytes.subarray(start);
  return sshString((number[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), number]) : number);
}

function armoured(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN SSH SIGNATURE-----", ...lines, "-----END SSH SIGNATURE-----"].join("\n");
}
