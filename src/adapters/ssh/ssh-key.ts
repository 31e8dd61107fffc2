import { createHmac, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import ssh2 from "ssh2";
import type { SshKey } from "../../core/git-ports.ts";
import type { SecretRef } from "../../core/types.ts";
import { ReconcileError } from "../../errors.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import { bitsOf, type KeyNumbers, numbersOfOpenSsh, numbersOfPkcs1, numbersOfPkcs8 } from "./key-numbers.ts";
import { fingerprint } from "./known-hosts.ts";
import { openSshEd25519, pem } from "./openssh-ed25519.ts";

/** Why the text is no usable key, for the user; never with any of its bytes. */
interface Unusable {
  readonly unusable: string;
}

const supported = "use an ed25519, ecdsa or RSA key (ssh-keygen -t ed25519)";
const encrypted: Unusable = { unusable: "is encrypted with a passphrase; remove it with ssh-keygen -p -N '' -f /path" };
const damaged: Unusable = { unusable: "is damaged or cut short" };
const dsa: Unusable = { unusable: `is a DSA key, which no git host accepts any more; ${supported}` };

/** As large as they are made; OpenSSL needs 40 ms for a signature with one, a second and a half at twice the length. */
const MOST_RSA_BITS = 8_192;
/** As OpenSSH's RequiredRSASize. */
const LEAST_RSA_BITS = 1_024;
/** Of a key that is not RSA, with its comment; the largest, on P-521, has about 250. */
const MOST_OTHER_BYTES = 4_096;

/** By a keyed hash of the text, which itself is not kept after its run: the id of a key that was proven sound, or why it is none. */
const judged = createBoundedMap<string | Unusable>(2 ** 20, dataBytes);
const hashKey = randomBytes(32);

/**
 * Reads a private key from a Secret's text and repairs what copying breaks: line ends, indentation, literal `\n`. What was found wrong costs nothing
 * again. `from`: what it is for, and its field.
 */
export function parseSshKey(text: string, secret: SecretRef, from = { what: "the SSH key", field: "ssh-privatekey" }): SshKey {
  const hash = createHmac("sha256", hashKey).update(text).digest("base64");
  const known = judged.get(hash);
  const privateKey = typeof known === "object" ? known : decode(text);
  const found = typeof privateKey === "object" ? privateKey : (known ?? prove(privateKey));
  if (known === undefined) judged.set(hash, found, secret.namespace);
  if (typeof found === "string" && typeof privateKey === "string") return { kind: "key", id: found, privateKey, secret };
  const why = typeof found === "string" ? "" : found.unusable;
  throw new ReconcileError(
    "ssh_key_invalid",
    `${from.what} in Secret ${secret.namespace}/${secret.name}, field ${from.field}, ${why}; recreate the Secret with ` +
      `kubectl create secret generic ${secret.name} --namespace ${secret.namespace} --from-file=${from.field}=/path`,
  );
}

/** The key in a form that ssh2 reads. Nothing was computed with it yet. */
function decode(text: string): string | Unusable {
  const { label, body } = findBlock(text) ?? {};
  if (label === undefined || body === undefined) return explainNoKey(text);
  if (label === "ENCRYPTED PRIVATE KEY" || (body.includes("Proc-Type:") && body.includes("ENCRYPTED"))) return encrypted;
  if (label === "DSA PRIVATE KEY") return dsa;
  const base64 = body.replace(/\\[rn]|\s/g, "");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return damaged;
  const bytes = Buffer.from(base64, "base64");
  return label === "OPENSSH PRIVATE KEY" ? checkOpenSsh(bytes) : convertDer(label, bytes);
}

/** The first block with a private key. */
function findBlock(text: string): { label: string; body: string } | undefined {
  const [begin, label] = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----/.exec(text) ?? [];
  if (begin === undefined || label === undefined) return undefined;
  const start = text.indexOf(begin) + begin.length;
  const end = text.indexOf(`-----END ${label}-----`, start);
  return end < 0 ? undefined : { label, body: text.slice(start, end) };
}

/** Why no key with numbers of these lengths is computed with; undefined: it may be. */
function refuseNumbers(found: KeyNumbers, bytes: Buffer): Unusable | undefined {
  if (found.kind === "dsa") return dsa;
  if (found.kind === "unknown") return { unusable: `is of a type that git hosts do not take; ${supported}` };
  if (found.kind !== "rsa") return found.kind === "damaged" || bytes.length > MOST_OTHER_BYTES ? damaged : undefined;
  const [modulus = 0, , secret = 0, ...parts] = found.numbers.map(bitsOf);
  const instead = "make an ed25519 key instead (ssh-keygen -t ed25519 -N '' -f /path) and register its public half at the git host";
  if (modulus > MOST_RSA_BITS)
    return { unusable: `is an RSA key of ${modulus} bits, more than the ${MOST_RSA_BITS} that are used; ${instead}` };
  if (modulus < LEAST_RSA_BITS)
    return { unusable: `is an RSA key of ${modulus} bits, fewer than the ${LEAST_RSA_BITS} that hosts take; ${instead}` };
  // The primes are half as long, and what is made of them no longer.
  return secret > modulus || parts.some((bits) => bits > modulus / 2 + 64) ? damaged : undefined;
}

function explainNoKey(text: string): Unusable {
  const start = text.replace(/^\uFEFF/, "").trimStart();
  if (start === "") return { unusable: "is empty" };
  if (start.startsWith("PuTTY-User-Key-File")) {
    return { unusable: "is in PuTTY's format; convert it with puttygen key.ppk -O private-openssh -o /path" };
  }
  if (/^\S+-cert-v0\d@openssh\.com |^-----BEGIN CERTIFICATE/.test(start))
    return { unusable: "is a certificate; put the private key there" };
  if (/^(ssh|ecdsa|sk)-\S+ AAAA|^-----BEGIN .*PUBLIC KEY|^---- BEGIN SSH2 PUBLIC/.test(start)) {
    return { unusable: "is the public half; put the private key there (the file without .pub)" };
  }
  // "-----BEGIN" in base64.
  if (start.startsWith("LS0tLS1CRUdJTi"))
    return { unusable: "is encoded in base64 twice; with stringData, or --from-file, give the plain text" };
  if (start.startsWith("-----BEGIN")) return damaged;
  return { unusable: "is no private key (it has no line -----BEGIN … PRIVATE KEY-----)" };
}

/** The layout is OpenSSH's PROTOCOL.key: magic, cipher, kdf, kdf options, number of keys, public keys, private section. */
function checkOpenSsh(bytes: Buffer): string | Unusable {
  const magic = "openssh-key-v1\0";
  if (bytes.toString("latin1", 0, magic.length) !== magic || bytes.length < magic.length + 8) return damaged;
  const cipherEnd = magic.length + 4 + bytes.readUInt32BE(magic.length);
  if (bytes.toString("latin1", magic.length + 4, cipherEnd) !== "none") return encrypted;
  if (bytes.indexOf("ssh-dss") > 0) return dsa;
  if (/sk-(ssh|ecdsa)-/.test(bytes.toString("latin1")))
    return { unusable: `belongs to a hardware token and cannot be used without it; ${supported}` };
  return refuseNumbers(numbersOfOpenSsh(bytes.subarray(magic.length)), bytes) ?? pem("OPENSSH PRIVATE KEY", bytes);
}

/** PKCS#1, SEC1 or PKCS#8, as text that ssh2 reads. */
function convertDer(label: string, bytes: Buffer): string | Unusable {
  const type = ({ "RSA PRIVATE KEY": "pkcs1", "EC PRIVATE KEY": "sec1", "PRIVATE KEY": "pkcs8" } as const)[label];
  if (type === undefined) return { unusable: `has the unknown format ${label}; ${supported}` };
  const numbers = { pkcs1: numbersOfPkcs1, pkcs8: numbersOfPkcs8, sec1: () => ({ kind: "other" }) as const }[type](bytes);
  const refusal = refuseNumbers(numbers, bytes);
  if (refusal) return refusal;
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
    default:
      return { unusable: `is of the type ${key.asymmetricKeyType}; ${supported}` };
  }
}

/** The key's fingerprint. */
function prove(privateKey: string): string | Unusable {
  let parsed: ReturnType<typeof ssh2.utils.parseKey>;
  try {
    parsed = ssh2.utils.parseKey(privateKey);
  } catch {
    // ssh2 divides by a prime less one.
    return damaged;
  }
  if (parsed instanceof Error || !parsed.isPrivateKey()) return damaged;
  if (!/^(ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(256|384|521))$/.test(parsed.type))
    return { unusable: `is of the type ${parsed.type}; ${supported}` };
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
