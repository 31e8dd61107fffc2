/** Templates of Helm: what they say is known once they are rendered. */

/** An action of Go's templates: a field, a variable, a comment, or one of the words that begin most. `{{sha}}` of tag_format is none. */
const action =
  /\{\{-?\s*(?:[.$"(]|\/\*|(?:if|else|end|with|range|define|include|template|block|printf|default|toYaml|tpl|required|lookup|fail|quote|index|not|and|or|eq)\b)/;

export function isTemplate(text: string): boolean {
  return action.test(text);
}

/** Undefined: there is none. */
export function templateOffset(text: string): number | undefined {
  return action.exec(text)?.index;
}

export function templateProblem(line: number): string {
  return `it is a Helm template (line ${line} has {{ … }}); check what Helm makes of it: helm template CHART | gitops-operator check -f -`;
}
