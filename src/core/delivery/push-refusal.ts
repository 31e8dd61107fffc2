/** What to do about a push that a server did not take, by its words; they are as many as servers, hooks and rules. */
const REMEDIES: readonly (readonly [words: RegExp, remedy: string])[] = [
  [
    /(?:committer|author|commits|private|registered|verified)\b.{0,80}\be-?mail|\be-?mail.{0,80}\b(?:committer|author|registered|verified|match|pattern|privacy)\b|invalid (?:committer|author)|forge (?:committer|author)|your own commits|git username|author .{0,80} is not a member/i,
    "set DEFAULT_FROM_EMAIL (and DEFAULT_FROM_NAME) to what the server takes, as a rule what is registered for the owner of the operator's key",
  ],
  [
    /\bsigned\b|\bsignatures?\b|\bGPG\b/i,
    "let the operator sign its commits (gitops.operator.signing_key_name; the key registered for signing at its committer's account), or except the owner of its key from that rule",
  ],
  [
    /commit messages?|change-id|issue key|jira/i,
    "except the owner of the operator's key from that rule, or let it take the operator's commit messages",
  ],
  [/archived/i, "unarchive the repository, or name another one"],
];

export function pushRemedy(said: string): string {
  return REMEDIES.find(([words]) => words.test(said))?.[1] ?? "allow the operator's key to push there (branch protection, hooks)";
}
