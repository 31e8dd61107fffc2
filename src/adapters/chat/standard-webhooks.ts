/** By which whoever gets an event knows that it is ours: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
import { createHmac } from "node:crypto";

interface Sent {
  readonly id: string;
  readonly at: Date;
  readonly body: string;
}

/** `secret`: `whsec_` and base64, as the specification writes it, or any other text, whose bytes are the key then. */
export function signedHeaders({ id, at, body }: Sent, secret: string): Record<string, string> {
  const text = secret.trim();
  const key = text.startsWith("whsec_") ? Buffer.from(text.slice("whsec_".length), "base64") : Buffer.from(text);
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
}
