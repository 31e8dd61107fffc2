/** What counts of each annotation: what an object carries, else what a ConfigMap of its namespace gives. */

import { type AnnotationName, type AnnotationValues, aliases, annotationNames } from "./annotation-names.ts";
import { annotationPrefix } from "./annotations.ts";
import type { WorkloadRecord } from "./types.ts";

/** Trimmed; one that is empty is not there. What an alias says is found under both names. */
export function readValues(record: WorkloadRecord): AnnotationValues {
  const values: { -readonly [Name in AnnotationName]?: string } = Object.fromEntries(
    annotationNames.flatMap((name) => {
      const value = textOf(record, name);
      return value ? [[name, value]] : [];
    }),
  );
  for (const [alias, name] of aliases) {
    const isNearer = isDefaulted(record, name) && !isDefaulted(record, alias);
    if (values[alias] !== undefined && (values[name] === undefined || isNearer)) values[name] = values[alias];
  }
  return values;
}

/** Of those that say two things: the object's own text counts before a ConfigMap's, and of two that are equally near none does. */
export function aliasConflicts(record: WorkloadRecord): string[] {
  return aliases.flatMap(([alias, name]) => {
    const [one, other] = [textOf(record, alias), textOf(record, name)];
    if (!one || !other || one === other || isDefaulted(record, alias) !== isDefaulted(record, name)) return [];
    return [`${annotationPrefix}${alias} and ${annotationPrefix}${name} mean the same and are set to different values; remove one of them`];
  });
}

function textOf(record: WorkloadRecord, name: AnnotationName): string | undefined {
  return defaultOf(record, name)?.text ?? record.annotations[annotationPrefix + name]?.trim();
}

/** An annotation wins, even one that is empty: so an object can do without what its namespace has. */
export function isDefaulted({ annotations: texts, defaults }: WorkloadRecord, name: AnnotationName): boolean {
  return defaults !== undefined && texts[annotationPrefix + name] === undefined;
}

export function defaultOf(record: WorkloadRecord, name: AnnotationName) {
  return isDefaulted(record, name) ? record.defaults?.values[name] : undefined;
}

/** The ConfigMap that each value comes from which the object does not carry itself. */
export function originsOf(record: WorkloadRecord): readonly (readonly [AnnotationName, string])[] {
  return annotationNames.flatMap((name) => {
    const found = defaultOf(record, name);
    return found === undefined ? [] : [[name, found.from] as const];
  });
}
