/** What is said of an annotation in the table of `annotations.ts`. */

/** What a value is; core/targets says of each kind which values it takes. */
export type AnnotationKind =
  | "switch"
  | "repository"
  | "image"
  | "path"
  | "branch"
  | "secret"
  | "namespace"
  | "registry"
  | "choice"
  | "tag format"
  | "count"
  | "paths"
  | "glob"
  | "time"
  | "words"
  | "events"
  | "environment"
  | "url"
  | "labels";

export interface Annotation {
  readonly kind: AnnotationKind;
  /** For docs/CONFIGURATION.md. */
  readonly meaning: string;
  /** It is required: what to do where it is missing. */
  readonly required?: string;
  /** What counts where it is not set: a text, or the name of what it is taken from. */
  readonly default?: string;
  /** The same for docs/CONFIGURATION.md, where `default` is not all of it. */
  readonly defaultInDocs?: string;
  /** The words that it may be, from least to most, and what `check` says of each. */
  readonly choices?: Readonly<Record<string, string>>;
  /** How `check` calls what is chosen, or counts by default. Without, it shows the choice by its name, and only where it is set; `tag_type` as the tag. */
  readonly label?: string;
  /** What is told of another word than the choices: the default counts then. Without this text another word is malformed. */
  readonly warning?: string;
  /** It is another name for that one, and fills its place. */
  readonly aliasOf?: string;
  /** The original's name for it in `/debug`, where that is another. */
  readonly nameInDebug?: string;
}
