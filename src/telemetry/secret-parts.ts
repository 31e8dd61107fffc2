/** What of a Secret's text must not be shown: the pieces of it that tell something by themselves, in every form in which they are written. */

/** Shorter texts are words that messages need. */
const SHORTEST_PART = 8;
/** A line or path segment alone that is shorter tells nothing. */
const SHORTEST_PIECE = 16;
const MOST_CHARACTERS = 64 * 1024;

/** Distinct, in every form in which our sinks and the protocols write them. */
export function secretParts(secretText: string): readonly string[] {
  const text = secretText.slice(0, MOST_CHARACTERS).trim();
  const parts = new Set<string>();
  const credentials = dockerCredentialsOf(text);
  for (const piece of credentials.length > 0 ? credentials : (urlPiecesOf(text) ?? linesOf(text))) {
    if (piece.length >= SHORTEST_PART) for (const form of formsOf(piece)) parts.add(form);
  }
  if (text.length >= SHORTEST_PART) parts.add(Buffer.from(text).toString("base64"));
  return [...parts];
}

/**
 * Of a text of several lines each that tells something, with those behind it that do not; all of the text is in them, so none is kept
 * twice. The first and last line of a PEM block are the same in every key. Of any other text the text itself.
 */
function linesOf(text: string): string[] {
  const lines = text.split("\n");
  const telling = lines.flatMap((line, at) => (line.trim().length >= SHORTEST_PIECE && !line.trimStart().startsWith("-----") ? [at] : []));
  const from = (at: number, end?: number) => lines.slice(at, end).join("\n").trim();
  return [from(0, telling[1]), ...telling.map((at, i) => from(at, telling[i + 1]))];
}

/** Passwords and tokens of a `.dockerconfigjson`; hosts and names in it are no secrets. */
function dockerCredentialsOf(text: string): string[] {
  if (!text.startsWith("{")) return [];
  const found: string[] = [];
  try {
    JSON.parse(text, (key, value) => {
      if (typeof value !== "string" || !/^(?:auth|password|identitytoken|registrytoken)$/i.test(key)) return undefined;
      found.push(value);
      if (key.toLowerCase() === "auth") {
        const decoded = Buffer.from(value, "base64").toString();
        found.push(decoded.slice(decoded.indexOf(":") + 1));
      }
      return undefined;
    });
  } catch {
    // Then it is no JSON, and the whole text is the secret.
  }
  return found.flatMap((piece) => [piece, Buffer.from(piece).toString("base64")]);
}

/** What stands behind the host, which is no secret: a page of the same host is to be readable. Undefined: it is no URL, or its secret is in front. */
function urlPiecesOf(text: string): string[] | undefined {
  const [, behind = ""] = /^https?:\/\/[^\s/?#@\\]+([/?#][\x21-\x7e]{1,2048})$/i.exec(text) ?? [];
  const url = behind.length >= SHORTEST_PART ? URL.parse(text) : null;
  if (!url) return undefined;
  const segments = url.pathname.split("/").filter((segment) => segment.length >= SHORTEST_PIECE);
  return [behind, url.pathname + url.search, ...(url.pathname.length >= SHORTEST_PIECE ? [url.pathname] : []), ...segments];
}

/** As text, in JSON, in a URL, and in the chat's messages and HTML. */
function formsOf(piece: string): string[] {
  const inHtml = piece.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return [piece, JSON.stringify(piece).slice(1, -1), encodeURIComponent(piece.toWellFormed()), inHtml];
}
