/** The statuses of a commit, which say how its builds stand; and one of our own among them, found by the name that it was given and written anew. */
import type { BuildState, ForgeTrouble, Posted, Report, ReportPlace, Reports } from "../../core/ports.ts";
import type { Proposals } from "../../core/proposal-ports.ts";
import type { Asked, AskedOf } from "./asked.ts";
import { type BuildWord, decideBuildState, wordOf } from "./build-state.ts";
import type { Forge, ForgeOptions } from "./forge.ts";
import { createForgeQuestions, type ForgeMessage, type ForgeQuestion, type Unknown } from "./forge-questions.ts";

export type Questions = ReturnType<typeof createForgeQuestions>;

/** As the forge lists it. */
interface ListedStatus {
  readonly name: string | null | undefined;
  readonly state: string;
  readonly text: string | null | undefined;
}

/** The question for the statuses of a commit. */
export type StatusList = Omit<ForgeQuestion<ListedStatus>, keyof Asked | "what">;

/** The message that is a status. */
interface StatusWrite extends Pick<ForgeMessage, "path" | "query" | "right" | "appRight"> {
  readonly body: (status: { readonly state: string; readonly name: string; readonly text: string }) => object;
}

/** How one kind of forge keeps statuses. */
export interface StatusKind {
  /** What it calls them: `the commit statuses`. */
  readonly what: string;
  /** What its states say of a build. */
  readonly states: Readonly<Record<string, BuildWord>>;
  /** Its states for ours. */
  readonly words: Readonly<Record<Report["state"], string>>;
  /** Unknown: the repository is none of that forge's, or the token is none. */
  readonly askedOf: AskedOf;
  readonly list: (asked: Asked, sha: string) => StatusList;
  readonly write: (asked: Asked, place: ReportPlace) => StatusWrite;
  /** Where a name may not be as long as a context; default: the context. */
  readonly nameOf?: (context: string) => string;
}

/** A forge that knows of builds by statuses alone. */
export function createStatusForge(
  name: string,
  kind: StatusKind,
  options: ForgeOptions,
  proposals: (questions: Questions, askedOf: AskedOf, options: ForgeOptions) => Proposals,
): Forge {
  const questions = createForgeQuestions(name, options);
  const { stateOf, reports } = createCommitStatuses(questions, kind);
  return {
    rateRemaining: questions.rateRemaining,
    async state(repository, sha, login) {
      const asked = kind.askedOf(repository, login);
      return "kind" in asked ? asked : stateOf(asked, sha);
    },
    reports,
    proposals: proposals(questions, kind.askedOf, options),
  };
}

export function createCommitStatuses(questions: Questions, kind: StatusKind) {
  const { what, nameOf = (context) => context } = kind;
  const ask = (asked: Asked, sha: string) => questions.ask<ListedStatus>({ ...asked, ...kind.list(asked, sha), what });
  const reports: Reports = {
    async last({ repository, sha, context }, login) {
      const asked = kind.askedOf(repository, login);
      const listed = "kind" in asked ? asked : await ask(asked, sha);
      if (listed.kind === "unknown") return troubleOf(listed);
      const ours = listed.items.find(({ name }) => name === nameOf(context));
      return { kind: "known", posted: ours && postedOf(kind.words, ours) };
    },
    async post(place, { state, text }, login) {
      const asked = kind.askedOf(place.repository, login);
      if ("kind" in asked) return troubleOf(asked);
      const { body, ...message } = kind.write(asked, place);
      const status = body({ state: kind.words[state], name: nameOf(place.context), text });
      const sent = await questions.send({ ...asked, ...message, method: "POST", what, body: status });
      return sent.kind === "unknown" ? troubleOf(sent) : { kind: "posted" };
    },
  };
  return {
    async stateOf(asked: Asked, sha: string): Promise<BuildState | Unknown> {
      const listed = await ask(asked, sha);
      if (listed.kind === "unknown") return listed;
      return decideBuildState(listed.items.map(({ state, name }) => wordOf(kind.states, state, name)));
    },
    reports,
  };
}

/** What the forge did not tell or take. */
export function troubleOf({ reason, status = 0, why }: Unknown): ForgeTrouble {
  if (why === "limited") return { kind: "limited", reason };
  return { kind: why === "unanswered" || status >= 500 ? "unavailable" : "refused", reason };
}

/** Undefined: its state is no word of ours, so it is written anew. */
function postedOf(words: StatusKind["words"], { state, text }: ListedStatus): Posted | undefined {
  const known = (Object.keys(words) as Report["state"][]).find((one) => words[one] === state);
  return known && { state: known, text: text ?? undefined };
}
