/** The operator's own "no": the message names the address, the kind of it, and what opens it. */
export class EgressRefused extends Error {
  override readonly name = "EgressRefused";
  readonly code = "EGRESS_REFUSED";
}

/** Nobody said whether there is such a name, and it may be so for a while; the message continues a sentence that begins with the host. */
export class NameUnanswered extends Error {
  override readonly name = "NameUnanswered";
  readonly code: string = "EAI_AGAIN";
}

/** Nobody was asked now, because other names took the share of whoever asks, or by what that one remembers: no news of the host, and nothing to others. */
export class NameNotAsked extends NameUnanswered {
  override readonly code = "NAME_NOT_ASKED";
  readonly shareOf: string | undefined;

  constructor(message: string, shareOf: string | undefined) {
    super(message);
    this.shareOf = shareOf;
  }
}

/** Far too many pieces for what is in them. */
export class AnswerInCrumbs extends Error {
  override readonly name = "AnswerInCrumbs";
  readonly code = "ANSWER_IN_CRUMBS";
}

const UNTRUSTED = /^(DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_)/;
const CAUSES: readonly (readonly [code: RegExp, text: string])[] = [
  [/^ENOTFOUND$/, "its name does not resolve; check the name and the cluster's DNS"],
  [/^EAI_/, "DNS gave no answer; check the cluster's DNS"],
  [/^ECONNREFUSED$/, "it refused the connection; check host and port"],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, "it closed the connection"],
  [/^(E(HOST|NET)UNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, "no connection came about; check the Pod's network and its policies"],
  [/^CERT_HAS_EXPIRED$/, "its certificate has expired"],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, "its certificate is for another name"],
  [UNTRUSTED, "its certificate is not trusted; give its authority in NODE_EXTRA_CA_CERTS"],
  [/^(EPROTO$|ERR_SSL_|ERR_TLS_)/, "TLS failed; check that the port speaks https"],
  [/^UND_ERR_HEADERS_OVERFLOW$|^HPE_HEADER_OVERFLOW$/, "its headers are too long"],
  [/^HPE_/, "it does not answer in HTTP; check host and port"],
  [/^UND_ERR_PRX_|^UND_ERR_ABORTED$/, "the proxy in HTTPS_PROXY gave no way through"],
  [/^ANSWER_IN_CRUMBS$/, "it sends its answer in pieces of a few bytes; check the server, or the proxy in front of it"],
  [/^UND_ERR_(HEADERS|BODY)_TIMEOUT$/, "it did not answer in time"],
];

/** Why no HTTP answer came, to be put after `HOST could not be asked: `. Holds no URL, header or body. */
export function explainNetworkError(error: unknown): string {
  for (const link of causesOf(error)) {
    if (link instanceof EgressRefused || link instanceof NameUnanswered) return link.message;
    if (link.name === "TimeoutError") return "it did not answer in time";
    const { code } = link as NodeJS.ErrnoException;
    if (typeof code !== "string") continue;
    const known = CAUSES.find(([pattern]) => pattern.test(code));
    if (known) return `${known[1]} (${code})`;
  }
  const [first] = causesOf(error);
  return `an unforeseen failure (${(first as NodeJS.ErrnoException | undefined)?.code ?? first?.name ?? typeof error})`;
}

/** The refusal of our own that is behind the failure, if one is. */
export function egressRefusal(error: unknown): EgressRefused | undefined {
  return causesOf(error).find((link) => link instanceof EgressRefused);
}

/** The host's certificate is of no authority that is known. */
export function isUntrusted(error: unknown): boolean {
  const codes = causesOf(error).map((link) => String((link as NodeJS.ErrnoException).code));
  return codes.some((code) => UNTRUSTED.test(code) && code !== "CERT_HAS_EXPIRED");
}

/** No connection came about at all: nobody at that address has said a word. */
export function isUnanswered(error: unknown): boolean {
  const silence = /^(ENOTFOUND|EAI_\w+|ECONNREFUSED|E(HOST|NET)UNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/;
  return causesOf(error).some((link) => silence.test(String((link as NodeJS.ErrnoException).code)));
}

/** The error, what caused it, and the tries of several addresses; a bounded look. */
function causesOf(error: unknown): Error[] {
  const found: Error[] = [];
  const open: unknown[] = [error];
  while (open.length > 0 && found.length < 20) {
    const next = open.shift();
    if (!(next instanceof Error)) continue;
    found.push(next);
    if (next instanceof AggregateError) open.push(...next.errors);
    open.push(next.cause);
  }
  return found;
}
