/** What looks like a secret, whoever's it is. Each rule takes time linear in the text, and leaves ordinary words, SHAs and digests alone. */

const mark = "[redacted]";

export function replaceSecretShapes(text: string): string {
  return replaceAuthorizations(replaceTokens(replaceUrls(replacePemBlocks(text))));
}

const pemBeginning = /-----BEGIN [A-Z0-9 ]{1,40}-----/g;
/** All that a PEM block is made of, its headers and line ends (escaped ones too) included. */
const pemBody = /[A-Za-z0-9+/=\s\\:,-]*/y;
const pemEnd = /-----END [A-Z0-9 ]{1,40}-----/;
/** A block that was cut off: only what can be nothing else. */
const base64Lines = /(?:(?:\s|\\[nrt]|\\)*[A-Za-z0-9+/=]{16,})*/y;

function replacePemBlocks(text: string): string {
  if (!text.includes("-----BEGIN ")) return text;
  let result = "";
  let kept = 0;
  pemBeginning.lastIndex = 0;
  for (let found = pemBeginning.exec(text); found; found = pemBeginning.exec(text)) {
    const body = matchAt(pemBody, text, pemBeginning.lastIndex);
    const end = pemEnd.exec(body);
    const length = end ? end.index + end[0].length : matchAt(base64Lines, text, pemBeginning.lastIndex).length;
    result += text.slice(kept, found.index) + mark;
    kept = pemBeginning.lastIndex + length;
    pemBeginning.lastIndex = kept;
  }
  return result + text.slice(kept);
}

function matchAt(sticky: RegExp, text: string, at: number): string {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0] ?? "";
}

/** From `://` to the end of the URL; `\/` and `\u0026` are what JSON may write within one. */
const url = /:(?:\/\/|\\\/\\\/)(?:[^\s"'<>`\\]|\\u00[0-9a-f]{2}|\\\/)+/gi;
/** The paths of Slack, Discord, Teams, Mattermost, Rocket.Chat, Google Chat and whoever calls it a webhook. */
const webhookPath =
  /^(?:\/[^/]+)*?\/(?:services\/T[A-Z0-9]+|(?:incoming-?)?web-?hooks?(?:b2|v2)?|hooks|v1\/spaces|workflows|triggers)\/.+/i;

function replaceUrls(text: string): string {
  if (!/:\\?\//.test(text)) return text;
  return text.replace(url, (whole: string, at: number) => {
    const [, separator = "", authority = "", path = "", query = "", fragment = ""] =
      /^(:\\?\/\\?\/)([^/?#\\]*)([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(whole) ?? [];
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
    String.raw`gh[pousr]_[A-Za-z0-9]{20,}`,
    String.raw`github_pat_\w{20,}`,
    String.raw`gl(?:pat|dt|rt|ptt|soat|ft|cbt|agent|oas)-[\w.-]{16,}`,
    String.raw`xox[abeprs](?:\.xox[abeprs])?-[\w-]{10,}`,
    String.raw`xapp-[\w-]{10,}`,
    String.raw`dckr_[op]at_[\w-]{16,}`,
    String.raw`A(?:KIA|SIA)[0-9A-Z]{16}(?![0-9A-Za-z])`,
    String.raw`eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*`,
    String.raw`\bT[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/\w{16,}`,
  ].join("|"),
  "g",
);

function replaceTokens(text: string): string {
  return text.replace(tokens, mark);
}

/** A digit or a capital after the first character tells a credential from a word as in `Basic authentication`. */
const schemes = /\b(Bearer|Basic)(\s+|%20)(?=[\w.~+/-][a-z_.~+/-]{0,200}[0-9A-Z])[\w.~+/-]{8,}=*/gi;
/** `"password": "…"` as JSON writes it, escaped or not. */
const fields =
  /(\\?"(?:password|passwd|auth|token|access_token|refresh_token|identitytoken|registrytoken|client_secret)\\?"\s*:\s*\\?")([^"\\]+)/gi;

function replaceAuthorizations(text: string): string {
  return text.replace(schemes, `$1$2${mark}`).replace(fields, `$1${mark}`);
}
