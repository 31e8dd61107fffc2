/** What looks like a secret, whoever's it is. Each rule takes time linear in the text, and leaves ordinary words, SHAs and digests alone. */

const mark = "[redacted]";

export function replaceSecretShapes(text: string): string {
  return replaceAuthorizations(replaceTokens(replaceUrls(replacePemBlocks(text))));
}

const pemBeginning = /-----BEGIN [A-Z0-9 ]{1,40}-----/g;
/** All that a PEM block is made of, its headers and line ends (escaped ones too) included. */
const pemBlock = /^[A-Za-z0-9+/=\s\\:,-]*-----END [A-Z0-9 ]{1,40}-----/;
/** A block that was cut off: only what can be nothing else. */
const base64Lines = /^(?:(?:\s|\\[nrt]|\\)*[A-Za-z0-9+/=]{16,})*/;

function replacePemBlocks(text: string): string {
  const [before = "", ...blocks] = text.split(pemBeginning);
  return before + blocks.map((block) => mark + block.slice((pemBlock.exec(block) ?? base64Lines.exec(block))?.[0].length)).join("");
}

/** From `://` to the end of the URL; `\/` and `\u0026` are what JSON may write within one. */
const url = /:(?:\/\/|\\\/\\\/)(?:[^\s"'<>`\\]|\\u00[0-9a-f]{2}|\\\/)+/gi;
/** The paths of Slack, Discord, Teams, Mattermost, Rocket.Chat and whoever calls it a webhook. */
const webhookPath = /^(?:\/[^/]+)*?\/(?:services\/T[A-Z0-9]+|(?:incoming-?)?web-?hooks?(?:b2|v2)?|hooks)\/.+/i;

function replaceUrls(text: string): string {
  if (!/:\\?\//.test(text)) return text;
  return text.replace(url, (whole: string, at: number) => {
    const [, separator = "", authority = "", path = "", query = "", fragment = ""] =
      /^(:\\?\/\\?\/)([^/?#\\]*)([^?#]*)(\?[^#]*)?(#.*)?/s.exec(whole) ?? [];
    const userEnd = authority.lastIndexOf("@");
    const user = authority.slice(0, Math.max(0, userEnd));
    const isSsh = text.slice(Math.max(0, at - 3), at).toLowerCase() === "ssh";
    const host = authority.slice(userEnd + 1);
    const isWebhook = /^hooks?\./i.test(host) || webhookPath.test(path.replaceAll("\\/", "/"));
    return [
      separator,
      userEnd < 0 ? "" : isSsh && !user.includes(":") ? `${user}@` : `${mark}@`,
      host,
      isWebhook && path.length > 1 ? `/${mark}` : path,
      /^\?[\w%[\\]/.test(query) ? `?${mark}` : query,
      fragment.includes("=") ? `#${mark}` : fragment,
    ].join("");
  });
}

/** Prefixes that the issuers gave their tokens so that they can be found; what stands before one may be the `n` of a `\n`. */
const tokens = new RegExp(
  [
    // Tokens of GitHub Apps may have a dot and a dash in them.
    /gh[pousr]_[A-Za-z0-9](?:[\w.-]{18,}[A-Za-z0-9_-])/,
    // `x-access-token:` in base64, with which GitHub takes them over https.
    /eC1hY2Nlc3MtdG9rZW46[A-Za-z0-9+/]{8,}={0,2}/,
    /github_pat_\w{20,}/,
    /gl(?:pat|dt|rt|ptt|soat|ft|cbt|agent|oas)-[\w.-]{16,}/,
    /xox[abeprs](?:\.xox[abeprs])?-[\w-]{10,}/,
    /xapp-[\w-]{10,}/,
    /dckr_[op]at_[\w-]{16,}/,
    /A(?:KIA|SIA)[0-9A-Z]{16}(?![0-9A-Za-z])/,
    /(?<![A-Z0-9])T[A-Z0-9]{6,12}\/B[A-Z0-9]{6,12}\/\w{16,}/,
    // A run that is no JWT is taken too, and put back: looked at once more from each `eyJ` in it, it would take quadratic time.
    /eyJ[\w-]{8,}(?:\.[\w-]{8,}\.[\w-]*)?/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "g",
);

function replaceTokens(text: string): string {
  return text.replace(tokens, (token) => (token.startsWith("eyJ") && !token.includes(".") ? token : mark));
}

/** A digit or a capital after the first character tells a credential from a word as in `Basic authentication`. */
const schemes =
  /(?:(?<![A-Za-z])|(?<=\\[nrt]))(Bearer|bearer|BEARER|Basic|basic|BASIC)(\s+|%20)(?=[\w.~+/-][a-z_.~+/-]{0,200}[0-9A-Z])[\w.~+/-]{8,}=*/g;
/** `"password": "…"` as JSON writes it, escaped or not. */
const fields =
  /(\\?"(?:password|passwd|auth|token|access_token|refresh_token|identitytoken|registrytoken|client_secret)\\?"\s*:\s*\\?")([^"\\]+)/gi;

function replaceAuthorizations(text: string): string {
  return text.replace(schemes, `$1$2${mark}`).replace(fields, `$1${mark}`);
}
