/** Why a git server ended a conversation over SSH, as far as its words say, and what to do. */
import { formatRepository } from "../../../core/repository.ts";
import type { SshRepository } from "../../../core/types.ts";
import { ReconcileError } from "../../../errors.ts";
import { serverWords } from "../../../text/server-words.ts";
import type { GitService } from "../../ssh/git-command.ts";

/** The first that matches counts. What passes by itself comes first: then the other words are about the moment. */
const PASSES = /temporar|again later|timed? ?out|unavailable|maintenance|overload|too many|rate.?limit|internal (?:server )?error/i;
const REFUSALS: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [
    /SAML|single sign-on|\bSSO\b/i,
    "authorize the SSH key for the organization's single sign-on (on GitHub: Settings, SSH keys, Configure SSO), or use a deploy key",
  ],
  [
    /\bIP\b.{0,40}(?:allow|permit|restrict|whitelist)|whitelist.{0,20}\bIP\b/i,
    "add the addresses that the operator connects from to the list of those that are let in",
  ],
  [/archived/i, "unarchive the repository, or name another one"],
  [/suspended|deactivated|disabled|blocked|locked|expired/i, "ask the host's administrator to open the account, key or repository again"],
  [
    /read.?only|write access|not support push|authori[sz]ed to write|allowed to (?:push|upload|write)|cannot push/i,
    "give the key write access (a deploy key: allow pushes), or name one that has it with gitops.operator.manifest_ssh_key_name",
  ],
  [/public key|authentication failed/i, "register the key's public half there, or correct the Secret"],
];
const MISSING =
  /not in expected format|not appear to be a git repository|not found|not be found|cannot find|can't find|no such|does(?: not|n't) exist|no repository|TF401019|not associated with the requested repository/i;
const DENIED =
  /denied|not (?:allowed|permitted|granted)|(?:un|not )authori[sz]ed|permission|forbidden|no access|not have (?:\w+ ){0,2}access/i;

export function sshRefusal(repository: SshRepository, service: GitService, stderr: string): ReconcileError {
  const said = serverWords(stderr);
  const name = formatRepository(repository);
  const access = service === "git-receive-pack" ? "write access" : "read access";
  const annotation =
    service === "git-receive-pack" ? "gitops.operator.manifest_repository" : "gitops.operator.app_repository (or manifest_repository)";
  const words = withoutName(said, repository.path);
  if (PASSES.test(words)) return hungUp(name, said);
  const remedy = REFUSALS.find(([pattern]) => pattern.test(words))?.[1];
  if (remedy) return new ReconcileError("git_denied", `${name} refused the SSH key; ${remedy}: ${said}`);
  if (MISSING.test(words)) {
    return new ReconcileError(
      "git_repository_missing",
      `${name} does not exist, or the SSH key has no ${access} to it; correct ${annotation}, or give the key access: ${said}`,
    );
  }
  if (DENIED.test(words)) return new ReconcileError("git_denied", `${name} refused the SSH key; give it ${access}: ${said}`);
  return hungUp(name, said);
}

/** A repository may be called `archived`. */
function withoutName(said: string, path: string): string {
  const ended = (text: string) => /^.*[^'".:,]/s.exec(text)?.[0] ?? "";
  const bare = (text: string) => ended(text.replace(/^['"/:]+/, "")).replace(/\.git$/, "");
  const name = `/${bare(path)}`;
  const isName = (word: string) => word !== "" && (name.endsWith(`/${word}`) || word.endsWith(name));
  return said
    .split(" ")
    .filter((word) => !isName(bare(word)))
    .join(" ");
}

function hungUp(name: string, said: string): ReconcileError {
  return new ReconcileError("git_unreachable", `${name} hung up${said ? `: ${said}` : ""}; it is asked again at the next pass`);
}
