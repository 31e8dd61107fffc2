/** One way in which a server lets itself be asked (RFC 9110 §11.6.1). */
export interface AuthChallenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const SEPARATOR = /[\s,]*/y;
const TOKEN = /[!#$%&'*+.^_`|~\w-]+/y;
const EQUALS = /\s*=\s*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
/** `Negotiate YII=`: a value that is no parameter. */
const TOKEN_68 = /\s+[\w.~+/-]+=*(?=\s*(?:,|$))/y;

/** The challenges of one or several `WWW-Authenticate` headers; what follows an unreadable place is left out. */
export function parseAuthChallenges(header: string | readonly string[] | undefined): readonly AuthChallenge[] {
  return [header ?? []].flat().flatMap((text) => parseHeader(text));
}

function parseHeader(text: string): readonly AuthChallenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  function take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match ?? undefined;
  }
  for (;;) {
    take(SEPARATOR);
    const word = take(TOKEN)?.[0].toLowerCase();
    if (word === undefined) return found;
    if (!take(EQUALS)) {
      found.push({ scheme: word, parameters: new Map() });
      take(TOKEN_68);
      continue;
    }
    const quoted = take(QUOTED)?.[1];
    const value = quoted === undefined ? take(TOKEN)?.[0] : quoted.replace(/\\(.)/g, "$1");
    if (value === undefined) return found;
    const parameters = found.at(-1)?.parameters;
    if (parameters && !parameters.has(word)) parameters.set(word, value);
  }
}
