/** What follows from the table of annotations: their names, and what their values are by those. */
import type { Annotation } from "./annotation.ts";
import { annotations } from "./annotations.ts";
import { originalAnnotations } from "./original-annotations.ts";

export type AnnotationName = keyof typeof annotations;

export const annotationNames = Object.keys(annotations) as AnnotationName[];

/** The same, where any of the optional parts may be asked for. */
export function annotationOf(name: AnnotationName): Annotation {
  return annotations[name];
}

/** Each with the name that it stands for. */
export const aliases = annotationNames.flatMap((name) => {
  const { aliasOf } = annotationOf(name);
  return aliasOf === undefined ? [] : [[name, aliasOf as AnnotationName] as const];
});

export const requiredNames = annotationNames.filter((name) => annotationOf(name).required !== undefined);

export function isOriginal(name: AnnotationName): boolean {
  return name in originalAnnotations;
}

type NameOf<Trait> = { [Name in AnnotationName]: (typeof annotations)[Name] extends Trait ? Name : never }[AnnotationName];

/** Texts by their annotation's short name, those without a value left out. */
export type AnnotationValues = Readonly<Partial<Record<AnnotationName, string>>>;

export type CompleteValues = AnnotationValues & Readonly<Record<NameOf<{ required: string }>, string>>;

type ChoiceName = NameOf<{ kind: "choice" }>;

/** What counts of each choice. */
export type Options = { readonly [Name in ChoiceName]: keyof (typeof annotations)[Name]["choices"] };

export const choiceNames = annotationNames.filter((name) => annotations[name].kind === "choice") as ChoiceName[];

/** Of the program that this one replaces; it never had an effect. */
const ignoredAnnotations: readonly string[] = ["namespace"];

/** By their short names. */
export const knownAnnotations: ReadonlySet<string> = new Set([...annotationNames, ...ignoredAnnotations]);

/** How many names of unknown ones are kept and shown; their values have no effect and are not kept. */
export const mostUnknown = 10;
