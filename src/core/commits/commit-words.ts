/** What the operator's settings say of the words of its commits. */
import { cut } from "../../text/cut.ts";
import type { Identity } from "../app-history.ts";
import { makeHarmless } from "./make-harmless.ts";

export interface CommitWords {
  /** The first line, with `{…}` for what is known of the commit. */
  readonly subject: string;
  /** Who signs off each commit (`COMMIT_SIGN_OFF`). */
  readonly signOff: Identity | undefined;
  /** Which cluster writes (`CLUSTER_NAME`). */
  readonly cluster: string | undefined;
}

/** The original's: by it, people and the operator itself know its commits. */
export const usualSubject = "chore(refs): gitops-operator updating image tags";

export const usualWords: CommitWords = { subject: usualSubject, signOff: undefined, cluster: undefined };

const PLACEHOLDERS = ["namespace", "deployment", "image", "tag", "from", "sha7"] as const;

type SubjectFacts = Readonly<Record<(typeof PLACEHOLDERS)[number], string>>;

const MOST_SUBJECT = 120;

/** Why it can't be a commit's first line; undefined: it can. */
export function subjectProblem(subject: string): string | undefined {
  if (!/^[^\p{Cc}]+$/u.test(subject) || subject.trim() !== subject) return "must be one line without spaces around it";
  if (subject.length > MOST_SUBJECT) return `must have at most ${MOST_SUBJECT} characters`;
  const left = PLACEHOLDERS.reduce((text, name) => text.replaceAll(`{${name}}`, ""), subject);
  const [unknown] = /\{[^{}]*\}?|\}/.exec(left) ?? [];
  return unknown === undefined ? undefined : `holds ${unknown}; write ${PLACEHOLDERS.map((name) => `{${name}}`).join(", ")}, or no braces`;
}

/** At most 120 characters; what is filled in is made harmless. */
export function renderSubject(subject: string, facts: SubjectFacts): string {
  const filled = subject.replace(/\{(\w+)\}/g, (_, name: keyof SubjectFacts) => makeHarmless(facts[name]));
  return cut(filled, MOST_SUBJECT);
}
