const word = /^(?:y|n|yes|no|on|off|true|false|null)$/i;
/** Of YAML 1.1 and 1.2, and of Go's readers, which drop underscores before they look. */
const numbers = [
  /^(?:0b[01]+|0o[0-7]+|0x[0-9a-f]+|\d+(?:\.\d*)?(?:e[-+]?\d+)?)$/i,
  /^\d+(?::[0-5]?\d)+(?:\.\d*)?$/,
  /^\d{4}-\d\d?-\d\d?(?:t.*)?$/i,
];

/** Whether every reader takes a tag or a reference for text where it stands without quotes: no number, switch or date. */
export function isText(plain: string): boolean {
  if (word.test(plain)) return false;
  const bare = plain.replaceAll("_", "");
  return !/^\d/.test(plain) || !numbers.some((number) => number.test(bare));
}
