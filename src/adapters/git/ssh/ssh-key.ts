import { createHmac, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import ssh2 from "ssh2";
import type { SshKey } from "../../../core/ports.ts";
import type { SecretRef } from "../../../core/types.ts";
import { ReconcileError } from "../../../errors.ts";
import { fingerprint } from "./known-hosts.ts";
import { openSshEd25519 } from "./openssh-ed25519.ts";

/** Why the text is no usable key, for the user; never with any of its bytes. */
class Unusable {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

const supported = "use an ed25519, ecdsa or RSA key (ssh-keygen -t ed25519)";
const encrypted = new Unusable("is encrypted with a passphrase; remove it with ssh-keygen -p -N '' -f /path");
const damaged = new Unusable("is damaged or cut short");
const dsa = new Unusable(`is a DSA key, which no git host accepts any more; ${supported}`);

/** Reads a private key from a Secret's text and repairs what copying breaks: line ends, indentation, literal `\n`. */
export function parseSshKey(text: string, secret: SecretRef): SshKey {
  const key = decode(text);
  if (!(key instanceof Unusable)) return key;
  throw new ReconcileError(
    "ssh_key_invalid",
    `the SSH key in Secret ${secret.namespace}/${secret.name}, field ssh-privatekey, ${key.reason}; recreate the Secret with ` +
      `kubectl create secret generic ${secret.name} --namespace ${secret.namespace} --from-file=ssh-privatekey=/path`,
  );
}

function decode(text: string): SshKey | Unusable {
  const block = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----([\s\S]*?)-----END \1-----/.exec(text);
  const [, label, body] = block ?? [];
  if (label === undefined || body === undefined) return explainNoKey(text);
  if (label === "ENCRYPTED PRIVATE KEY" || /Proc-Type:.*ENCRYPTED/.test(body)) return encrypted;
  if (label === "DSA PRIVATE KEY") return dsa;
  const base64 = body.replace(/\\[rn]|\s/g, "");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return damaged;
  const bytes = Buffer.from(base64, "base64");
  const readable = label === "OPENSSH PRIVATE KEY" ? checkOpenSsh(bytes) : convertDer(label, bytes);
  return readable instanceof Unusable ? readable : identify(readable);
}

function explainNoKey(text: string): Unusable {
  const start = text.replace(/^\uFEFF/, "").trimStart();
  if (start === "") return new Unusable("is empty");
  if (start.startsWith("PuTTY-User-Key-File")) {
    return new Unusable("is in PuTTY's format; convert it with puttygen key.ppk -O private-openssh -o /path");
  }
  if (/^\S+-cert-v0\d@openssh\.com |^-----BEGIN CERTIFICATE/.test(start))
    return new Unusable("is a certificate; put the private key there");
  if (/^(ssh|ecdsa|sk)-\S+ AAAA|^-----BEGIN .*PUBLIC KEY|^---- BEGIN SSH2 PUBLIC/.test(start)) {
    return new Unusable("is the public half; put the private key there (the file without .pub)");
  }
  // "-----BEGIN" in base64.
  if (start.startsWith("LS0tLS1CRUdJTi"))
    return new Unusable("is encoded in base64 twice; with stringData, or --from-file, give the plain text");
  if (start.startsWith("-----BEGIN")) return damaged;
  return new Unusable("is no private key (it has no line -----BEGIN … PRIVATE KEY-----)");
}

/** The layout is OpenSSH's PROTOCOL.key: magic, cipher, kdf, kdf options, number of keys, public keys, private section. */
function checkOpenSsh(bytes: Buffer): string | Unusable {
  const magic = "openssh-key-v1\0";
  if (bytes.toString("latin1", 0, magic.length) !== magic || bytes.length < magic.length + 8) return damaged;
  const cipherEnd = magic.length + 4 + bytes.readUInt32BE(magic.length);
  if (bytes.toString("latin1", magic.length + 4, cipherEnd) !== "none") return encrypted;
  if (bytes.indexOf("ssh-dss") > 0) return dsa;
  if (/sk-(ssh|ecdsa)-/.test(bytes.toString("latin1")))
    return new Unusable(`belongs to a hardware token and cannot be used without it; ${supported}`);
  return pem("OPENSSH PRIVATE KEY", bytes);
}

/** PKCS#1, SEC1 or PKCS#8, as text that ssh2 reads. */
function convertDer(label: string, bytes: Buffer): string | Unusable {
  const type = ({ "RSA PRIVATE KEY": "pkcs1", "EC PRIVATE KEY": "sec1", "PRIVATE KEY": "pkcs8" } as const)[label];
  if (type === undefined) return new Unusable(`has the unknown format ${label}; ${supported}`);
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: bytes, format: "der", type });
  } catch {
    // The library's error could quote the key.
    return damaged;
  }
  switch (key.asymmetricKeyType) {
    case "rsa":
      return key.export({ format: "pem", type: "pkcs1" }) as string;
    case "ec":
      return key.export({ format: "pem", type: "sec1" }) as string;
    case "ed25519":
      return pem("OPENSSH PRIVATE KEY", openSshEd25519(key));
    case "dsa":
      return dsa;
    default:
      return new Unusable(`is of the type ${key.asymmetricKeyType}; ${supported}`);
  }
}

/** The ids of keys that were proven sound, by a keyed hash of their text: the text itself is not kept after its run. */
const proven = new Map<string, string>();
const MOST_PROVEN = 1_000;
const hashKey = randomBytes(32);

function identify(privateKey: string): SshKey | Unusable {
  const hash = createHmac("sha256", hashKey).update(privateKey).digest("base64");
  const known = proven.get(hash);
  if (known !== undefined) return { id: known, privateKey };
  const id = prove(privateKey);
  if (id instanceof Unusable) return id;
  proven.set(hash, id);
  const [oldest] = proven.keys();
  if (proven.size > MOST_PROVEN && oldest !== undefined) proven.delete(oldest);
  return { id, privateKey };
}

/** The key's fingerprint. */
function prove(privateKey: string): string | Unusable {
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error || !parsed.isPrivateKey()) return damaged;
  if (!/^(ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(256|384|521))$/.test(parsed.type))
    return new Unusable(`is of the type ${parsed.type}; ${supported}`);
  return ownsPublicKey(parsed.getPrivatePEM(), parsed.getPublicPEM()) ? fingerprint(parsed.getPublicSSH()) : damaged;
}

/** The files carry both halves: without this proof someone else's public half would borrow their id, and with it their connections. */
function ownsPublicKey(privatePem: string, publicPem: string): boolean {
  const challenge = randomBytes(32);
  try {
    const privateKey = createPrivateKey(privatePem);
    const algorithm = privateKey.asymmetricKeyType === "ed25519" ? null : "sha256";
    return verify(algorithm, challenge, createPublicKey(publicPem), sign(algorithm, challenge, privateKey));
  } catch {
    return false;
  }
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,70}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
