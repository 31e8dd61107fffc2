/**
 * Signatures of events, of those that come and those that go:
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac } from "node:crypto";

const LEAST_CHARACTERS = 16;
const MOST_SECRET_CHARACTERS = 512;
/** While secrets are rotated there are two; each costs a look through the body. */
const MOST_SECRETS = 8;

interface Signed {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: string;
  readonly body: Buffer | string;
}

/** The lines of a Secret's field `hook-secret` that may be used: what is too short is as good as guessed. */
export function secretLines(field: string | undefined): string[] {
  const lines = (field ?? "").split("\n", 4 * MOST_SECRETS).map((line) => line.trim());
  const usable = lines.filter(({ length }) => length >= LEAST_CHARACTERS && length <= MOST_SECRET_CHARACTERS);
  return usable.slice(0, MOST_SECRETS);
}

/** In base64. `secret`: `whsec_` and base64, or any other text, whose bytes are the key then; undefined: the key is too short. */
export function standardSignature(secret: string, { id, timestamp, body }: Signed): string | undefined {
  const key = keyOf(secret);
  return key && createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
}

/** By which whoever gets an event knows that it is ours: one signature for each secret. Undefined: none of them can sign. */
export function signedHeaders(signed: Signed, secrets: readonly string[]): Record<string, string> | undefined {
  const signatures = secrets.flatMap((secret) => standardSignature(secret, signed) ?? []);
  if (signatures.length === 0) return undefined;
  const signature = signatures.map((one) => `v1,${one}`).join(" ");
  return { "webhook-id": signed.id, "webhook-timestamp": signed.timestamp, "webhook-signature": signature };
}

function keyOf(secret: string): Buffer | undefined {
  if (!secret.startsWith("whsec_")) return Buffer.from(secret);
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  return key.length >= LEAST_CHARACTERS ? key : undefined;
}
