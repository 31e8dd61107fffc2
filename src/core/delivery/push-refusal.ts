import type { GitCredential } from "../git-ports.ts";

/** What to do about a push that a server did not take, by its words; they are as many as servers, hooks and rules. */
const REMEDIES: readonly (readonly [words: RegExp, remedy: (owner: string) => string])[] = [
  [
    /(?:committer|author|commits|private|registered|verified)\b.{0,80}\be-?mail|\be-?mail.{0,80}\b(?:committer|author|registered|verified|match|pattern|privacy)\b|invalid (?:committer|author)|forge (?:committer|author)|your own commits|git username|author .{0,80} is not a member/i,
    (owner) => `set DEFAULT_FROM_EMAIL (and DEFAULT_FROM_NAME) to what the server takes, as a rule what is registered for ${owner}`,
  ],
  [
    /\bsigned\b|\bsignatures?\b|\bGPG\b/i,
    (owner) =>
      `let the operator sign its commits (gitops.operator.signing_key_name; the key registered for signing at its committer's account), or except ${owner} from that rule`,
  ],
  [
    /commit messages?|change-id|issue key|jira/i,
    (owner) => `except ${owner} from that rule, or let it take the operator's commit messages`,
  ],
  // In files and folders, as git keeps them, no branch is below another.
  [/ exists; cannot create /, () => "delete the branch that is in its way, or name another by gitops.operator.proposal_branch"],
  [/archived/i, () => "unarchive the repository, or name another one"],
];

/** As rules of servers know it. */
const OWNER: Readonly<Record<GitCredential["kind"], string>> = {
  key: "the owner of the operator's key",
  token: "the owner of the operator's token",
  app: "the operator's GitHub App",
};

/** `kind`: of what it was pushed with. */
export function pushRemedy(said: string, kind: GitCredential["kind"]): string {
  const remedy = REMEDIES.find(([words]) => words.test(said))?.[1];
  // A deploy key has no owner that a branch could be opened to.
  return remedy?.(OWNER[kind]) ?? `allow ${kind === "key" ? "the operator's key" : OWNER[kind]} to push there (branch protection, hooks)`;
}
