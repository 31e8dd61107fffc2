import { unprintable } from "./escape.ts";

const MOST_CHARACTERS = 500;
/** Beyond this nothing is looked at: a long run of control characters must not cost time. */
const MOST_READ = 8 * 1024;

/** What git puts before each line of a server's, and the rules that some servers draw around theirs. */
const PREFIX = /^(?:\s*remote:)+/;
const FRAME = /^\s*[=*#-]{5,}\s*$/;

/** What a server says, fit for an error message: one line of at most 500 printable characters. Every text from outside that is shown goes through here. */
export function serverWords(said: string | Uint8Array): string {
  const text = typeof said === "string" ? said.slice(0, MOST_READ) : new TextDecoder().decode(said.subarray(0, MOST_READ));
  const lines = text.split(/[\r\n]/).map((line) => line.replace(PREFIX, " "));
  const unframed = lines.filter((line) => !FRAME.test(line)).join(" ");
  const words = unframed.replace(new RegExp(unprintable.source, "gu"), " ").replace(/\s+/g, " ").trim();
  return [...words].slice(0, MOST_CHARACTERS).join("");
}
