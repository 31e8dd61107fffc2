import { createHash } from "node:crypto";

/** The 20 bytes that git knows an object by. */
export function objectId(kind: string, content: Buffer): Buffer {
  return createHash("sha1").update(`${kind} ${content.length}\0`).update(content).digest();
}
