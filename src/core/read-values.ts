/** What counts of each annotation: what an object carries, else what a ConfigMap of its namespace gives. */
import { type AnnotationName, type AnnotationValues, annotationNames, annotationPrefix } from "./annotations.ts";
import type { WorkloadRecord } from "./types.ts";

/** Trimmed; one that is empty is not there. */
export function readValues(record: WorkloadRecord): AnnotationValues {
  return Object.fromEntries(
    annotationNames.flatMap((name) => {
      const value = defaultOf(record, name)?.text ?? record.annotations[annotationPrefix + name]?.trim();
      return value ? [[name, value]] : [];
    }),
  );
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
