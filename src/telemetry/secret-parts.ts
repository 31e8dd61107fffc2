/** What of a Secret's text must not be shown: the text itself, and the pieces of it that could be shown alone. */

/** Shorter texts are words that messages need. */
export const SHORTEST_PART = 8;
/** A line or path segment alone that is shorter tells nothing. */
const SHORTEST_PIECE = 16;
const MOST_BYTES = 64 * 1024;
const MOST_PIECES = 500;

/** Distinct, in every form in which our sinks and the protocols write them. */
export function secretParts(secretText: string): readonly string[] {
  const text = secretText.slice(0, MOST_BYTES).trim();
  const pieces = [text, ...linesOf(text), ...dockerCredentialsOf(text), ...urlPiecesOf(text)].slice(0, MOST_PIECES);
  const parts = new Set<string>();
  for (const piece of pieces) if (piece.length >= SHORTEST_PART) for (const form of formsOf(piece)) parts.add(form);
  return [...parts];
}

/** The key's text in a PEM block; its first and last line are the same in every key. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.length > 1 ? lines.filter((line) => line.length >= SHORTEST_PIECE && !line.startsWith("-----")) : [];
}

/** Passwords and tokens of a `.dockerconfigjson`. */
function dockerCredentialsOf(text: string): string[] {
  if (!text.startsWith("{")) return [];
  const found: string[] = [];
  try {
    JSON.parse(text, (key, value) => {
      if (typeof value !== "string" || !/^(?:auth|password|identitytoken|registrytoken)$/i.test(key)) return undefined;
      found.push(value);
      if (key.toLowerCase() === "auth")
        found.push(
          Buffer.from(value, "base64")
            .toString("utf8")
            .replace(/^[^:]*:/, ""),
        );
      return undefined;
    });
  } catch {
    // Then it is no JSON, and the whole text is the secret.
  }
  return found;
}

function urlPiecesOf(text: string): string[] {
  const url = /^https?:\/\/\S+$/i.test(text) ? URL.parse(text) : null;
  if (!url) return [];
  const segments = url.pathname.split("/").filter((segment) => segment.length >= SHORTEST_PIECE);
  return [url.href, url.pathname + url.search, ...(url.pathname.length >= SHORTEST_PIECE ? [url.pathname] : []), ...segments];
}

function formsOf(piece: string): string[] {
  const forms = [
    piece,
    JSON.stringify(piece).slice(1, -1),
    encodeURIComponent(piece.toWellFormed()),
    Buffer.from(piece).toString("base64"),
  ];
  return [...forms, piece.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")];
}
