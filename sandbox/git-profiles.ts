/** How git servers that are not git's own speak: what they name, refuse and demand. */

export interface GitProfile {
  /** Capabilities of git-upload-pack in protocol 0; `symref` stands for the repository's own. */
  readonly fetch: readonly string[];
  /** The lines of protocol 2 after `version 2`; absent where only protocol 0 is spoken. */
  readonly fetchV2?: readonly string[];
  readonly push: readonly string[];
  /** One of these must be asked for in protocol 0. */
  readonly demands?: readonly string[];
  /** What is said on stderr before it hangs up. */
  refusal(problem: string): string;
  /** Its words for a ref that another push has moved; default: git's. */
  raced?(ref: string): string;
}

const silent = () => "";
const inWords = (problem: string) => `fatal: ${problem}`;

/** The lists are what the servers showed; where two sources differ, the poorer one. */
export const gitProfiles = {
  /** Its rule about multi_ack: go-git#64, fluxcd/source-controller#104. It speaks no protocol 2. */
  azureDevOps: {
    fetch: ["multi_ack", "thin-pack", "side-band", "side-band-64k", "no-progress", "shallow"],
    push: ["report-status", "delete-refs", "side-band-64k", "ofs-delta"],
    demands: ["multi_ack", "multi_ack_detailed"],
    refusal: (problem) =>
      `remote: TF401041: The Git protocol sent is not as expected (${/multi_ack/.test(problem) ? "Clients must support multi-ack" : problem}).`,
    raced: (ref) =>
      `TF401028: The reference '${ref}' has already been updated by another client, so you cannot update it. Please try again.`,
  },
  /** isomorphic-git#199 and #310 (it answers nothing at all), src-d/go-git#945 (no offset deltas in a push). */
  codeCommit: {
    fetch: ["multi_ack_detailed", "shallow", "side-band-64k", "thin-pack", "allow-tip-sha1-in-want", "allow-reachable-sha1-in-want"],
    push: ["report-status", "delete-refs", "side-band-64k"],
    refusal: silent,
  },
  /** JGit, as Gerrit 3.10 showed it; protocol 2 without `agent`. The empty word is JGit's: its lists begin with a space. */
  gerrit: {
    fetch: [
      "",
      "include-tag",
      "multi_ack_detailed",
      "multi_ack",
      "ofs-delta",
      "side-band",
      "side-band-64k",
      "thin-pack",
      "no-progress",
      "shallow",
      "agent=JGit/v6.10.0",
      "symref",
    ],
    fetchV2: ["ls-refs", "fetch=shallow", "server-option"],
    push: ["", "side-band-64k", "delete-refs", "report-status", "quiet", "atomic", "ofs-delta", "push-options", "agent=JGit/v6.10.0"],
    refusal: inWords,
  },
  /** With partial clones, and all that a large forge shows. */
  gitHub: {
    fetch: [
      "multi_ack",
      "thin-pack",
      "side-band",
      "side-band-64k",
      "ofs-delta",
      "shallow",
      "deepen-since",
      "deepen-not",
      "deepen-relative",
      "no-progress",
      "include-tag",
      "multi_ack_detailed",
      "allow-tip-sha1-in-want",
      "allow-reachable-sha1-in-want",
      "no-done",
      "symref",
      "filter",
      "object-format=sha1",
      "agent=git/github-50ee4bdaf298",
    ],
    fetchV2: [
      "agent=git/github-50ee4bdaf298",
      "ls-refs=unborn",
      "fetch=shallow wait-for-done filter",
      "server-option",
      "object-format=sha1",
    ],
    push: [
      "report-status",
      "report-status-v2",
      "delete-refs",
      "side-band-64k",
      "ofs-delta",
      "atomic",
      "object-format=sha1",
      "quiet",
      "agent=git/github-50ee4bdaf298",
      "push-options",
    ],
    refusal: inWords,
  },
  /** CentOS 7's, and before it learned to tell its name and its default branch. */
  git18: {
    fetch: [
      "multi_ack",
      "thin-pack",
      "side-band",
      "side-band-64k",
      "ofs-delta",
      "shallow",
      "no-progress",
      "include-tag",
      "multi_ack_detailed",
    ],
    push: ["report-status", "delete-refs", "side-band-64k", "quiet", "ofs-delta"],
    refusal: inWords,
  },
  /** The least that the operator works with. */
  least: { fetch: ["side-band", "shallow"], fetchV2: ["ls-refs", "fetch=shallow"], push: ["report-status"], refusal: silent },
} satisfies Record<string, GitProfile>;
