/**
 * `*` is any text, `?` any one character. Without a regular expression, so that no list of asterisks can make it slow: at most the product of both
 * lengths.
 */
export function matchesGlob(glob: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let tried = 0;
  for (let end = 0; end < text.length; ) {
    if (glob[at] === "*") {
      star = at++;
      tried = end;
    } else if (glob[at] === "?" || glob[at] === text[end]) {
      at++;
      end++;
    } else if (star >= 0) {
      // The last asterisk takes one more; those before it need not.
      at = star + 1;
      end = ++tried;
    } else return false;
  }
  while (glob[at] === "*") at++;
  return at === glob.length;
}
