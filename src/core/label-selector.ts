/** Kubernetes' label selectors, as `kubectl get -l` takes them. */

const mostCharacters = 1_000;
const label = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const prefix = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const inSet = /^(\S+) (?:in|notin) ?\(([^()]*)\)$/;
const equal = /^([^\s=!]+) ?(?:==|=|!=) ?([^\s=!]*)$/;

/** What is wrong with it; undefined: nothing. */
export function selectorProblem(text: string): string | undefined {
  if (text.length > mostCharacters) return `must have at most ${mostCharacters} characters`;
  const wrong = requirementsOf(text).find((one) => !isRequirement(one));
  return wrong === undefined
    ? undefined
    : `must be a label selector as kubectl get -l takes it, like team=shop,tier in (web, api), not '${wrong.slice(0, 100)}'`;
}

function isRequirement(text: string): boolean {
  const [, setKey, values] = inSet.exec(text) ?? [];
  if (setKey !== undefined && values !== undefined) return isKey(setKey) && values.split(",").every((one) => isValue(one.trim()));
  const [, key, value] = equal.exec(text) ?? [];
  if (key !== undefined && value !== undefined) return isKey(key) && isValue(value);
  return isKey(text.replace(/^! ?/, ""));
}

function isKey(text: string): boolean {
  const slash = text.indexOf("/");
  return (slash < 0 || prefix.test(text.slice(0, slash))) && label.test(text.slice(slash + 1));
}

function isValue(text: string): boolean {
  return text === "" || label.test(text);
}

/** At the commas that are not within parentheses; spaces as one. */
function requirementsOf(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let one = "";
  for (const sign of text.replace(/\s+/g, " ")) {
    if (sign === "(") depth += 1;
    if (sign === ")") depth -= 1;
    if (sign === "," && depth === 0) {
      found.push(one.trim());
      one = "";
    } else one += sign;
  }
  return [...found, one.trim()];
}
