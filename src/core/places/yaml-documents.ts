import { Composer, type CST, type Document, isScalar, Lexer, Parser } from "yaml";
import { escapeControl } from "../../text/escape.ts";

/** Why a text is no YAML that we edit, and where. */
export class InvalidYaml extends Error {
  override readonly name = "InvalidYaml";
}

export interface Invalid {
  readonly kind: "invalid";
  readonly reason: string;
}

/** What a hostile file may cost. `tokens` is of one document, about 250 KB of them; a Deployment has 1,000. */
const limits = { bytes: 1024 * 1024, depth: 100, aliases: 100, documents: 1000, directives: 1000, tokens: 100_000 };

/**
 * The documents one by one, as nodes with the ranges that they have in the text: never as objects, aliases not followed. Throws InvalidYaml.
 * The limits hold while the text is read, before the library recurses into what it has built. With `failsafe` every scalar is text.
 */
export function* readDocuments(text: string, schema: "failsafe" | "yaml-1.1" = "failsafe"): Generator<Document.Parsed> {
  checkCharacters(text);
  const plain = withoutInnerMarks(text);
  const parser = new Parser();
  const composer = new Composer({ schema, uniqueKeys: false, logLevel: "silent" });
  const counts = { aliases: 0, documents: 0, directives: 0, tokens: 0 };
  const fail = (offset: number, reason: string): never => {
    throw new InvalidYaml(`line ${lineAt(text, offset)}: ${reason}`);
  };
  const count = (what: keyof typeof counts) => {
    counts[what] += 1;
    if (counts[what] > limits[what]) fail(parser.offset, `more than ${limits[what]} ${what}`);
  };
  function* compose(token: CST.Token): Generator<Document.Parsed> {
    if (token.type === "error") fail(token.offset, withoutContent(token.message));
    if (token.type === "directive") count("directives");
    if (token.type === "document") {
      count("documents");
      counts.tokens = 0;
    }
    yield* checked(composer.next(token));
  }
  function* checked(documents: Iterable<Document.Parsed>): Generator<Document.Parsed> {
    for (const document of documents) {
      const [error] = document.errors;
      if (error) fail(error.pos[0], error.code === "BAD_DIRECTIVE" ? "a bad directive" : withoutContent(error.message));
      const root = document.contents;
      // Without indentation such a text may hold what looked like the mark of another document.
      if (plain !== text && isScalar(root) && root.type?.startsWith("BLOCK")) fail(root.range[0], "a text block beside byte order marks");
      yield document;
    }
  }
  for (const lexeme of new Lexer().lex(plain)) {
    count("tokens");
    if (lexeme.startsWith("*")) count("aliases");
    for (const token of parser.next(lexeme)) yield* compose(token);
    // The document itself is on the stack too.
    if (parser.stack.length > limits.depth + 1) fail(parser.offset, `nested deeper than ${limits.depth} levels`);
  }
  for (const token of parser.end()) yield* compose(token);
  yield* checked(composer.end());
}

/** A text that is at fault is an answer, whatever else goes wrong is thrown. */
export function orInvalid<T>(work: () => T): T | Invalid {
  try {
    return work();
  } catch (error) {
    if (error instanceof InvalidYaml) return invalid(error.message);
    // The limits keep the library from recursing too deep; should a text get past them, it is the text that is at fault.
    if (error instanceof RangeError) return invalid("it is too complex");
    throw error;
  }
}

export function invalid(reason: string): Invalid {
  return { kind: "invalid", reason };
}

/** Counted from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

function checkCharacters(text: string): void {
  if (Buffer.byteLength(text) > limits.bytes) throw new InvalidYaml("it is larger than 1 MiB");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that YAML forbids
  const bad = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]|\r(?!\n)/.exec(text);
  if (!bad) return;
  const what = bad[0] === "\r" ? "a carriage return without a line feed" : "a control character, so it is no text";
  throw new InvalidYaml(`line ${lineAt(text, bad.index)}: ${what}`);
}

/**
 * Files that were joined keep their byte order marks, in front of any document, and YAML allows them there; the library knows the first alone.
 * A line break in its place leaves every offset as it is.
 */
function withoutInnerMarks(text: string): string {
  let plain = "";
  let end = 0;
  for (let at = text.indexOf("\n\ufeff"); at >= 0; at = text.indexOf("\n\ufeff", at + 1)) {
    const lineBefore = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
    if (!/^\ufeff?---[ \t]*(?:[ \t]#.*)?\r?$/s.test(lineBefore) && !/^---(?:\s|$)/.test(text.slice(at + 2, at + 6))) continue;
    plain += `${text.slice(end, at)}\n\n`;
    end = at + 2;
  }
  return plain + text.slice(end);
}

/** The library quotes the text after a colon in some messages, and a manifests file may hold a Secret. */
function withoutContent(message: string): string {
  return escapeControl(message.replace(/(?<! after| or ): .*$/s, "")).slice(0, 120);
}
