import type { KeyObject } from "node:crypto";
import { sshString, uint32 } from "./ssh-strings.ts";

/** An Ed25519 private key in OpenSSH's format (PROTOCOL.key), unencrypted: the only one in which ssh2 reads this type. */
export function openSshEd25519(key: KeyObject): Buffer {
  const { x, d } = key.export({ format: "jwk" });
  const publicHalf = Buffer.from(x ?? "", "base64url");
  const seed = Buffer.from(d ?? "", "base64url");
  const type = sshString("ssh-ed25519");
  const section = Buffer.concat([
    // Twice the same number: proof of decryption for encrypted keys.
    uint32(0),
    uint32(0),
    type,
    sshString(publicHalf),
    sshString(Buffer.concat([seed, publicHalf])),
    sshString(""),
  ]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (section.length % 8)) % 8);
  return Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    sshString("none"),
    sshString("none"),
    sshString(""),
    uint32(1),
    sshString(Buffer.concat([type, sshString(publicHalf)])),
    sshString(Buffer.concat([section, padding])),
  ]);
}

export function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,70}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
