import type { KeyObject } from "node:crypto";

/** An Ed25519 private key in OpenSSH's format (PROTOCOL.key), unencrypted: the only one in which ssh2 reads this type. */
export function openSshEd25519(key: KeyObject): Buffer {
  const { x, d } = key.export({ format: "jwk" });
  const publicHalf = Buffer.from(x ?? "", "base64url");
  const seed = Buffer.from(d ?? "", "base64url");
  const type = string("ssh-ed25519");
  const section = Buffer.concat([
    // Twice the same number: proof of decryption for encrypted keys.
    uint32(0),
    uint32(0),
    type,
    string(publicHalf),
    string(Buffer.concat([seed, publicHalf])),
    string(""),
  ]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (section.length % 8)) % 8);
  return Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    string("none"),
    string("none"),
    string(""),
    uint32(1),
    string(Buffer.concat([type, string(publicHalf)])),
    string(Buffer.concat([section, padding])),
  ]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}
