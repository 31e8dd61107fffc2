/** The pull requests of a listing, picked out line by line: of whatever else a remote lists nothing is kept. */
import { ownText } from "../../../text/own-text.ts";

/** Where a request stands, at Gitea and Forgejo: they keep it after its end. */
export interface RequestHead {
  readonly number: number;
  readonly sha: string;
}

/** As many as are looked at, the newest. */
const MOST_HEADS = 20;
export const REQUESTS = "refs/pull/";

interface RequestPicker {
  look(line: string): void;
  /** The newest first. */
  readonly heads: readonly RequestHead[];
}

/** `known`: the one that is asked for alone, where it is there. */
export function createRequestPicker(known: number | undefined): RequestPicker {
  const heads: RequestHead[] = [];
  let asked: RequestHead | undefined;

  return {
    look(line) {
      const [, sha = "", digits = ""] = /^([0-9a-f]{40}) refs\/pull\/([1-9]\d{0,8})\/head(?: |$)/.exec(line) ?? [];
      if (digits === "") return;
      const number = Number(digits);
      const before = heads.findIndex((head) => head.number <= number);
      // One that is listed twice counts as it came first.
      if (heads[before]?.number === number || number === asked?.number) return;
      if (before < 0 && heads.length === MOST_HEADS && number !== known) return;
      const head = { number, sha: ownText(sha) };
      if (number === known) asked = head;
      heads.splice(before < 0 ? heads.length : before, 0, head);
      if (heads.length > MOST_HEADS) heads.pop();
    },
    get heads() {
      return asked ? [asked] : heads;
    },
  };
}
