/** What it means that a git host does not answer 200 over https, and what to do. */
import { ReconcileError, RightMissing } from "../../../errors.ts";
import { serverWords } from "../../../text/server-words.ts";
import type { GitService } from "../../ssh/git-command.ts";
import type { HttpsLogin } from "./https-access.ts";

interface Refused {
  readonly status: number;
  /** The repository's URL. */
  readonly name: string;
  readonly service: GitService;
  /** Undefined: it was asked without. */
  readonly login: Pick<HttpsLogin, "kind" | "secret"> | undefined;
  /** What the host said; empty where that is a page for browsers. */
  readonly said: string;
}

const SSO = /SAML|single sign-on|\bSSO\b/i;
const EXPIRED = /expired/i;
const PASSES = /rate.?limit|too many|temporar|again later/i;
const ADDRESS = /\bIP\b.{0,40}(?:allow|permit|restrict|whitelist)|whitelist.{0,20}\bIP\b/i;
const ARCHIVED = /archived/i;

export function httpsRefusal({ status, name, service, login, said }: Refused): ReconcileError {
  const words = serverWords(said);
  const http = `(HTTP ${status}${words ? `: ${words}` : ""})`;
  if (![401, 403, 404].includes(status) || (status === 403 && PASSES.test(words))) {
    return new ReconcileError("git_unreachable", `${name} answered HTTP ${status}; it is asked again at the next pass`);
  }
  if (!login) {
    return new ReconcileError(
      "git_repository_missing",
      `${name} is not a public repository (HTTP ${status}); check the URL, or use its SSH form for a private one, or let the Secret that gitops.operator.ssh_key_name names hold a token (username, password) or a GitHub App`,
    );
  }
  const what = login.kind === "app" ? "the App" : "the token";
  const secret = `${what} of Secret ${login.secret.namespace}/${login.secret.name}`;
  const Denied = status === 403 ? RightMissing : ReconcileError;
  const denied = (remedy: string) => new Denied("git_denied", `${name} refuses ${secret} ${http}: ${remedy}`);
  if (SSO.test(words))
    return denied("authorize the token for the organization's single sign-on (on GitHub: Settings, tokens, Configure SSO)");
  if (ADDRESS.test(words)) return denied("add the addresses that the operator connects from to the list of those that are let in");
  if (ARCHIVED.test(words)) return denied("unarchive the repository, or name another one");
  if (status === 401 && login.kind === "app")
    return denied("it takes none of the tokens that the App is given for it; see that the URL's host is the GitHub that the App is of");
  if (status === 401 && EXPIRED.test(words)) return denied("it has expired; make a new one and put it into the Secret, field password");
  if (status === 401)
    return denied(
      "it is wrong, expired or revoked; put a valid one into the Secret, field password, and the user that it goes with into the field username",
    );
  const right =
    service === "git-receive-pack" ? "may not push there; give it the right to write" : "may not read it; give it the right to read";
  if (status === 403) return denied(`it ${right} the repository's contents`);
  return new ReconcileError(
    "git_repository_missing",
    `${name} does not exist, or ${secret} has no access to it ${http}; correct the URL, or give it access`,
  );
}
