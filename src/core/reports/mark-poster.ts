import { asReconcileError, type ErrorCode } from "../../errors.ts";
import type { ForgeLogin, ForgeTrouble, ReportForm, Reports } from "../ports.ts";
import { formsToPost, type Mark, placeOf, type ReportTarget } from "./mark.ts";

export interface MarkPosterOptions {
  readonly reports: Reports;
  /** CLUSTER_NAME. */
  readonly cluster: string | undefined;
  /** PUBLIC_URL: of the operator's own pages, without a slash at its end. */
  readonly publicUrl: string | undefined;
  /** Reads what the Deployment asks its forge with, for one exchange, in its namespace's share; rejects where it may not be used. */
  readonly withLogin: <T>(target: ReportTarget, use: (login: ForgeLogin) => Promise<T>) => Promise<T>;
}

/** Of a Secret: it may be read at another try. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["secret_limit", "secret_unreadable"]);

/** Posts what a mark is to say, where it does not say so yet. Never rejects. */
export function createMarkPoster({ reports, cluster, publicUrl, withLogin }: MarkPosterOptions) {
  async function postForm(mark: Mark, form: ReportForm, login: ForgeLogin): Promise<ForgeTrouble | undefined> {
    const place = placeOf(mark, form, cluster, publicUrl);
    if (!mark.forms.has(form)) {
      const last = await reports.last(place, login);
      if (last.kind !== "known") return last;
      mark.forms.set(form, { posted: last.posted, posts: 0 });
    }
    const known = mark.forms.get(form);
    const { wanted } = mark;
    if (!known || !wanted || !formsToPost(mark).includes(form)) return undefined;
    const answer = await reports.post(place, wanted, login);
    if (answer.kind !== "posted") return answer;
    known.posts += 1;
    known.posted = wanted;
    return undefined;
  }

  return async (mark: Mark): Promise<ForgeTrouble | undefined> => {
    try {
      return await withLogin(mark.target, async (login) => {
        for (const form of mark.target.report.forms) {
          const trouble = await postForm(mark, form, login);
          if (trouble) return trouble;
        }
        return undefined;
      });
    } catch (error) {
      const { code, message } = asReconcileError(error);
      return { kind: PASSING.has(code) ? "limited" : "refused", reason: message };
    }
  };
}
