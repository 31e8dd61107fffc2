/** Our own status on a commit: found among all by the name that it was given, and written anew. */
import type { Posted, Report, ReportPlace, Reports, ReportTrouble } from "../../core/ports.ts";
import type { HttpReply } from "../egress/http-request.ts";
import type { Asked, createForgeQuestions, ForgeMessage, ForgeQuestion, Page, Unknown } from "./forge-questions.ts";

type Questions = ReturnType<typeof createForgeQuestions>;

/** As the forge lists it. */
export interface ListedStatus {
  readonly name: string | null | undefined;
  readonly state: string;
  readonly text: string | null | undefined;
}

/** How one kind of forge keeps statuses. */
export interface StatusForm {
  /** Its words; of two for one state the first that is found is written. */
  readonly words: Readonly<Record<Report["state"], string>>;
  /** The most characters that a name may have. */
  readonly mostOfName?: number;
  readonly list: Pick<ForgeQuestion<ListedStatus>, "query" | "right"> & {
    readonly path: string;
    readonly read: (reply: HttpReply, page: number) => Page<ListedStatus> | undefined;
  };
  readonly write: Pick<ForgeMessage, "query" | "right"> & {
    readonly path: string;
    readonly body: (status: { readonly state: string; readonly name: string; readonly text: string }) => object;
  };
}

/** `formOf`: of a place; undefined where its repository is none of that forge's, which the question for builds has told. */
export function createStatusReports(
  questions: Questions,
  formOf: (place: ReportPlace, token: string) => { readonly asked: Asked; readonly form: StatusForm } | Unknown,
  nameOf: (context: string) => string = (context) => context,
): Reports {
  return {
    async last(place, token) {
      const found = formOf(place, token);
      if ("kind" in found) return troubleOf(found);
      const { asked, form } = found;
      const name = nameOf(place.context);
      const listed = await questions.ask({ ...asked, ...form.list, what: "the commit statuses" });
      if (listed.kind === "unknown") return troubleOf(listed);
      const ours = listed.items.find((one) => one.name === name);
      return { kind: "known", posted: ours && postedOf(form.words, ours) };
    },
    async post(place, report, token) {
      const found = formOf(place, token);
      if ("kind" in found) return troubleOf(found);
      const { asked, form } = found;
      const { path, query, right, body } = form.write;
      const status = { state: form.words[report.state], name: nameOf(place.context), text: report.text };
      const sent = await questions.send({ ...asked, path, query, right, method: "POST", what: "commit statuses", body: body(status) });
      return sent.kind === "unknown" ? troubleOf(sent) : { kind: "posted" };
    },
  };
}

/** What the forge did not tell or take; a status of ours that is a word of its future counts as one to be written anew. */
export function troubleOf({ reason, status = 0, why }: Unknown): ReportTrouble {
  if (why === "limited") return { kind: "limited", reason };
  return { kind: why === "unanswered" || status >= 500 ? "unavailable" : "refused", reason };
}

function postedOf(words: StatusForm["words"], { state, text }: ListedStatus): Posted | undefined {
  const known = (Object.keys(words) as Report["state"][]).find((one) => words[one] === state);
  return known && { state: known, text: text ?? undefined };
}
