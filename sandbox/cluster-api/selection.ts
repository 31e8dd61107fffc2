import type { KubeObject } from "./kinds.ts";
import { Refusal } from "./status.ts";

export type Selection = (object: KubeObject) => boolean;

/** Which objects a list or watch is about: a namespace, `fieldSelector` on names and what an Event is about, `labelSelector` with `=`, `!=` and mere keys. */
export function parseSelection(namespace: string | undefined, query: URLSearchParams): Selection {
  const tests: Selection[] = namespace === undefined ? [] : [(object) => object.metadata.namespace === namespace];
  for (const term of termsOf(query.get("fieldSelector"))) {
    const [, part, field, unequal, value] =
      /^(?:(metadata)\.(?=name)|involvedObject\.)(name|namespace|kind|uid)(?:==?|(!=))(.*)$/.exec(term) ?? [];
    if (!field) throw new Refusal(400, `field label not supported: ${term}`);
    tests.push(({ metadata, regarding }) => ((part ? metadata : (regarding as Record<string, unknown>))?.[field] === value) === !unequal);
  }
  for (const term of termsOf(query.get("labelSelector"))) {
    const [, key, operator, value] = /^([\w./-]+)(?:(==?|!=)([\w.-]*))?$/.exec(term) ?? [];
    if (!key) throw new Refusal(400, `unable to parse requirement: ${term}`);
    tests.push(({ metadata: { labels = {} } }) => {
      if (!operator) return Object.hasOwn(labels, key);
      return (labels[key] === value) === (operator !== "!=");
    });
  }
  return (object) => tests.every((test) => test(object));
}

function termsOf(selector: string | null): string[] {
  return (selector ?? "").split(",").filter((term) => term !== "");
}
