import { generateKeyPairSync } from "node:crypto";
import ssh2 from "ssh2";
import { openSshEd25519, pem } from "./openssh-ed25519.ts";

/** An Ed25519 key without passphrase, in OpenSSH's format. */
export function newSshKey(): string {
  return pem("OPENSSH PRIVATE KEY", openSshEd25519(generateKeyPairSync("ed25519").privateKey));
}

/** As a line of authorized_keys. `privateKey`: one that ssh2 reads. */
export function publicHalf(privateKey: string, comment: string): string {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return `${key.type} ${key.getPublicSSH().toString("base64")} ${comment}`;
}
