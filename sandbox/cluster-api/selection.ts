import type { KubeObject } from "./kinds.ts";
import { Refusal } from "./status.ts";

export type Selection = (object: KubeObject) => boolean;

/** Which objects a list or watch is about: a namespace, `fieldSelector` on names and on an Event's reason and what it is about, `labelSelector` with `=`, `!=` and mere keys. */
export function parseSelection(namespace: string | undefined, query: URLSearchParams): Selection {
  const tests: Selection[] = namespace === undefined ? [] : [(object) => object.metadata.namespace === namespace];
  for (const term of termsOf(query.get("fieldSelector"))) {
    const [, part, field, unequal, value] =
      /^(?:(metadata)\.(?=name)|involvedObject\.(?!r)|(?=reason))(name|namespace|kind|uid|reason)(?:==?|(!=))(.*)$/.exec(term) ?? [];
    if (!field) throw new Refusal(400, `field label not supported: ${term}`);
    tests.push(({ metadata, reason, regarding }) => {
      const told: Record<string, unknown> = part ? metadata : { ...(regarding as object), reason };
      return (told[field] === value) === !unequal;
    });
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
