import { parseJson } from "../../text/parse-json.ts";
import type { Hint } from "./hint.ts";
import { readHint } from "./read-hint.ts";

/** A body whose sender is proved. `form`: in which its bytes hold JSON. */
export interface EventBody {
  readonly bytes: Uint8Array;
  readonly form: "json" | "payload" | "none";
}

/** Never throws. */
export function readEvent({ bytes, form }: EventBody): Hint {
  if (form === "none") return readHint(undefined);
  const text = new TextDecoder().decode(bytes);
  const body = parseJson(form === "json" ? text : (new URLSearchParams(text).get("payload") ?? ""));
  return body === undefined ? { about: "nothing", kind: "other", why: "the body is no JSON" } : readHint(body);
}
