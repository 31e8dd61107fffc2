/** What the ConfigMaps of a namespace give where its objects say nothing. Their writers are trusted no more than those of annotations. */
import { escapeControl } from "../../text/escape.ts";
import { annotationNames, mostUnknown } from "../annotation-names.ts";
import { annotationPrefix, defaultsLabel } from "../annotations.ts";
import type { DefaultsRecord, NamespaceDefaults } from "../types.ts";
import { unknownKeys } from "./warnings.ts";

/** Of one namespace: each object of it shows what is the matter with them, and each change of one merges them anew. */
const mostMaps = 20;

/** Undefined: there are none. Texts are trimmed, and one that is empty is not there; of two that differ neither counts. */
export function mergeDefaults(records: readonly DefaultsRecord[]): NamespaceDefaults | undefined {
  if (records.length === 0) return undefined;
  if (records.length > mostMaps) return tooMany(records.length);
  const inOrder = records.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const values: Record<string, { text: string; from: string }> = {};
  const conflicts: Record<string, string> = {};
  for (const { name: from, annotations } of inOrder) {
    for (const name of annotationNames) {
      const text = annotations[annotationPrefix + name]?.trim();
      if (!text) continue;
      const known = values[name];
      if (known === undefined) values[name] = { text, from };
      else if (known.text !== text) conflicts[name] ??= conflict(known.from, from);
    }
  }
  return {
    values,
    conflicts,
    problems: inOrder.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${called(name)} ${problem}`])),
    warnings: capped(inOrder.flatMap(warningsOf)),
  };
}

/** What they would say is not known, so nothing is done for the namespace. */
function tooMany(count: number): NamespaceDefaults {
  const problem = `the namespace has ${count} ConfigMaps with the label ${defaultsLabel}, and ${mostMaps} at most are read; make them fewer`;
  return { values: {}, conflicts: {}, problems: [problem], warnings: [] };
}

function capped(warnings: readonly string[]): readonly string[] {
  const more = warnings.length - mostUnknown;
  return more > 0 ? [...warnings.slice(0, mostUnknown), `${more} more keys of its ConfigMaps with defaults have no effect`] : warnings;
}

function conflict(first: string, second: string): string {
  return `differs between ${called(first)} and ${called(second)}; make them agree, or keep it in one of them`;
}

function warningsOf({ name, annotations, moreUnknown = 0 }: DefaultsRecord): string[] {
  const keys = Object.keys(annotations);
  const unknown = unknownKeys(
    keys.filter((key) => key.startsWith(annotationPrefix)),
    moreUnknown,
  );
  const bare = keys.filter((key) => !key.startsWith(annotationPrefix));
  return [...unknown, ...bare.map((key) => `${escapeControl(key)} has no effect; call it ${annotationPrefix}${key}`)].map(
    (warning) => `${called(name)}: ${warning}`,
  );
}

function called(name: string): string {
  return `ConfigMap ${name}`;
}
