import { generateKeyPairSync } from "node:crypto";
import ssh2 from "ssh2";
import { fingerprint } from "../src/adapters/ssh/known-hosts.ts";
import { openSshEd25519 } from "../src/adapters/ssh/openssh-ed25519.ts";

export type SshKeyType = "ed25519" | "ecdsa" | "rsa";

export interface SshKeyPair {
  /** Text as ssh-keygen writes it. */
  readonly privateKey: string;
  /** One line of an authorized_keys or, with a host in front, known_hosts file. */
  readonly publicKey: string;
  readonly fingerprint: string;
}

/** Not by ssh2's generator: one of its Ed25519 keys in 200 cannot be read (measured, 1.17). */
export function newSshKeyPair(type: SshKeyType = "ed25519"): SshKeyPair {
  const privateKey = generate(type);
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw parsed;
  const publicKey = parsed.getPublicSSH();
  return { privateKey, publicKey: `${parsed.type} ${publicKey.toString("base64")}`, fingerprint: fingerprint(publicKey) };
}

function generate(type: SshKeyType): string {
  switch (type) {
    case "rsa":
      return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs1" }) as string;
    case "ecdsa":
      return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "sec1" }) as string;
    case "ed25519": {
      const base64 = openSshEd25519(generateKeyPairSync("ed25519").privateKey).toString("base64");
      return `-----BEGIN OPENSSH PRIVATE KEY-----\n${base64.replace(/.{1,70}/g, "$&\n")}-----END OPENSSH PRIVATE KEY-----\n`;
    }
  }
}
