import type { IncomingMessage } from "node:http";
import type { EventBody } from "../../core/hints/read-event.ts";

const MOST_BODY_BYTES = 2 * 2 ** 20;
const ARRIVAL_MS = 5_000;

/** Counts bytes that a body holds until it is let go; false: all bodies together hold too much. */
type TakeBytes = (bytes: number) => boolean;

export type ReceivedBody =
  | { readonly kind: "received"; readonly bytes: Buffer }
  | { readonly kind: "too_large" }
  /** It did not arrive in time, or its sender hung up. */
  | { readonly kind: "late" }
  /** All bodies together hold too much. */
  | { readonly kind: "full" };

/** The raw bytes, whatever they hold; what is too much is not waited for. `givenUp`: others need the room. */
export async function receiveBody(request: IncomingMessage, takeBytes: TakeBytes, givenUp: Promise<void>): Promise<ReceivedBody> {
  if (Number(request.headers["content-length"] ?? 0) > MOST_BODY_BYTES) return { kind: "too_large" };
  const chunks: Buffer[] = [];
  let size = 0;
  const { promise, resolve } = Promise.withResolvers<ReceivedBody>();
  const timer = setTimeout(() => resolve({ kind: "late" }), ARRIVAL_MS);
  void givenUp.then(() => resolve({ kind: "full" }));
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > MOST_BODY_BYTES) resolve({ kind: "too_large" });
    else if (takeBytes(chunk.length)) chunks.push(chunk);
    else resolve({ kind: "full" });
  });
  request.once("end", () => resolve({ kind: "received", bytes: Buffer.concat(chunks) }));
  request.once("close", () => resolve({ kind: "late" }));
  request.once("error", () => resolve({ kind: "late" }));
  const body = await promise.finally(() => clearTimeout(timer));
  if (body.kind !== "received") request.removeAllListeners("data").pause();
  return body;
}

/** How the bytes of that media type hold JSON; undefined: not at all. */
export function formOf(mediaType: string | undefined, bytes: Buffer): EventBody["form"] | undefined {
  if (bytes.length === 0) return "none";
  const [type = ""] = (mediaType ?? "").split(";", 1);
  const name = type.trim().toLowerCase();
  if (name.endsWith("json")) return "json";
  return name === "application/x-www-form-urlencoded" ? "payload" : undefined;
}
