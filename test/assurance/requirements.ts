/** What the tests prove, by the ids that stand above them (`// P1, S10`). The one place where an id gets its meaning. */
export interface Requirement {
  /** The promise, the attack, or the fault. */
  readonly what: string;
  /** What stands against the attack, or what is promised in the fault. */
  readonly answer?: string;
  /** What shows it beside the tests of `npm test`. */
  readonly also?: string;
}

const promises: Readonly<Record<string, Requirement>> = {
  P1: {
    what: "No force-push, no rewritten history, no lost commit of others. Every push is compare-and-swap: the server takes it only if the branch still is where the operator read it. The one exception is a branch under `PROPOSAL_PREFIX` on which every commit is the operator's: that is made anew, by compare-and-swap too. At Gitea and Forgejo without a token it is a request in its place, which nobody reaches but the user that pushes; it is looked at before.",
    also: "`npm run soak`",
  },
  P2: { what: "At most one commit per Deployment, SHA and state of the manifest.", also: "`npm run soak`" },
  P3: {
    what: "`patched` is said only after the server has acknowledged the push. When the acknowledgement is lost, the server is asked what the branch holds.",
    also: "`npm run soak`",
  },
  P4: { what: "No push after a failed image check.", also: "`npm run soak`" },
  P5: { what: "One run at a time per Deployment, one push at a time per branch." },
  P6: { what: "Every call to the outside has a deadline, and so has every run." },
  P7: { what: "After SIGTERM a push in flight is finished, or is known not to have happened; the process is gone within 60 s." },
  P8: { what: "Not ready before the first list of Deployments. When the API server has been silent for 5 minutes, nothing is pushed." },
  P9: { what: "One bad object never affects another." },
  P10: { what: "Memory, open files and disk stay bounded.", also: "`npm run soak`" },
  P11: { what: "The failure of a third party never makes the Pod unready." },
  P12: { what: "One message per change of state." },
};

const attacks: Readonly<Record<string, Requirement>> = {
  S1: {
    what: "An annotation names another tenant's Secret",
    answer:
      "`SECRET_REFS=scoped` refuses it by its namespace alone, before anything is asked of the API server. The answer is the same whether the Secret exists or not.",
  },
  S2: {
    what: "A tenant uses what another's key has fetched, or uses a shared key for someone else's repository",
    answer:
      "Copies, ref listings, connections and pushes belong to one SSH key. `ALLOWED_REPOSITORIES` limits all keys, `gitops.operator.allowed_repositories` on a Secret limits that key, registry login or token. `/status` names shared keys that nothing limits.",
  },
  S3: {
    what: "Odd transports and options hidden in repository URLs",
    answer:
      "Only three forms of address are accepted; they are parsed and written anew. The path is quoted as one word for the remote shell.",
  },
  S4: {
    what: "Requests to metadata services, loopback or the API server (SSRF)",
    answer: "Every resolved address is checked when it is connected to, and the checked address is the one that is used.",
  },
  S5: {
    what: "A registry sends logins to another host, by its token realm or a redirect",
    answer: "A realm must belong to the same owner or stand in `REGISTRY_REALMS`. Redirects are followed within the origin only.",
  },
  S6: {
    what: "Two parsers read one URL as two hosts",
    answer: "One `URL` object decides. Logins are looked up by the host that is connected to; none goes over http.",
  },
  S7: {
    what: "Paths that leave the repository, symbolic links",
    answer: "The path is relative and normalised, and must be a regular file.",
  },
  S8: { what: "Branch names that are paths or options", answer: "Git's own rules for names apply. Local paths are hashes." },
  S9: {
    what: "YAML bombs",
    answer:
      "Size, depth and number of aliases are limited. YAML never becomes JavaScript objects. More than 4 KB is read by a thread that has limits of processor time and memory.",
  },
  S10: {
    what: "Huge repositories, pack bombs, endless answers, slow deltas and commits",
    answer:
      "Bytes, number of objects, inflated size and the instructions of deltas are limited, and all copies together on disk, in memory and while they arrive. Large work is done by a thread that can be ended, one per namespace. Of a listing of refs at most 300,000 lines or 32 MiB are read, and only the wanted refs are kept.",
  },
  S11: {
    what: "Secrets in logs, answers, traces, chat and Events",
    answer: "Redaction where text leaves the process: by value in the texts of the run that read the Secret, by shape everywhere.",
  },
  S12: {
    what: "The private key on disk, or in a message",
    answer:
      "Keys stay in memory. A malformed key is refused without a byte of it being shown. RSA keys beyond 8,192 bits are not computed with, and a key that was found wrong is not computed again.",
  },
  S13: {
    what: "A false git host",
    answer: "Strict known hosts, no trust on first use. No host may choose the group of a key exchange itself.",
  },
  S14: {
    what: "Anyone in the cluster calls `/reconcile`",
    answer: "Callers share runs. `RECONCILE_TOKEN` closes the path. The NetworkPolicy lets in two namespaces.",
  },
  S15: {
    what: "`/debug` tells too much",
    answer: "It shows annotations of the operator only, and `DEBUG_ENDPOINT=off` removes it.",
  },
  S16: {
    what: "Slow clients, huge headers, idle sockets",
    answer:
      "Time-outs for headers, for requests and for answers that nobody reads. Of 4,096 connections each address has 64 in any case and at most half of all. The kubelet has a port of its own. Long answers are made in slices; 16 pages are sent at once, 4 of them to one address.",
  },
  S17: {
    what: "Floods; one stalled tenant starves the others",
    answer:
      "Places in the queue, Events and chat messages go round by namespace. A slow namespace gives up its places, and one that floods loses its own messages. A silent host is found out once per pass. A refused push, and a repository that is too large, are tried again ever later. Values of annotations are limited.",
  },
  S18: {
    what: "Text that acts: in chat, commits, logs and pages",
    answer: "It is escaped for each place. Subjects of application commits are made harmless before they are quoted.",
  },
  S19: {
    what: "Paths that lead elsewhere in a forge's API",
    answer: "Each part of a repository's path is an encoded word of a known form.",
  },
  S20: {
    what: "Hostile JSON",
    answer:
      "At most 1 MiB (40 KiB of a registry's token, 16 KiB of its refusal), read by a schema. Of an image's manifest only the hash is kept.",
  },
  S21: {
    what: "Endless series of metrics",
    answer: "No label holds a URL, a SHA or a message. The series of a Deployment go when it goes.",
  },
  S22: {
    what: "An error passes for “no check needed”",
    answer:
      "Only the default Secret that no annotation names may be absent, denied or forbidden: the registry is then asked without a login, and only its yes counts. Every other error is `failed`. An image goes unchecked only where `image_check` or `IMAGE_CHECK` says so; this is shown everywhere and counted. An annotation can't ask for less than an `IMAGE_CHECK` that is set.",
  },
  S23: {
    what: "An event's body is parsed before it is known who sent it",
    answer:
      "Its proof is over the raw bytes, in constant time, by the scheme that its headers name; sha1 and no proof at all are none. A body is cut at 2 MiB while it comes, must come within 5 s, and is read only after its proof.",
  },
  S24: {
    what: "The path of an event makes the operator read a Secret",
    answer:
      "Only those that `HOOK_SECRET_NAME` or a Deployment within its scope (`SECRET_REFS`) names. Unknown, denied, absent and wrong have one answer. A Secret's events concern the Deployments that name it.",
  },
  S25: {
    what: "Events are forged or sent again",
    answer:
      "An event is a hint to look: nothing that it says is written. The signature of one that came is known for 10 minutes; timestamps may be 300 s off. A storm of forged ones reads a Secret once in 5 s, and who sends them is slowed. Of proved ones 10 a second are taken for a Secret.",
  },
  S26: {
    what: "A forge's token gets to another host: by a redirect, a next page or an annotation",
    answer:
      "The API's address comes from the environment alone. Redirects are not followed; the next page is asked for at that address. A Secret that is bound to other repositories is not sent.",
  },
  S27: {
    what: "A token opens more repositories than was meant",
    answer:
      "A Secret with a token or a GitHub App says by `gitops.operator.allowed_repositories` for which it is, or is refused (not with `SECRET_REFS=strict`, where only its own namespace names it). It is sent to the repository's own origin alone; what a GitHub App gets is for one repository and one right.",
  },
  S28: {
    what: "An annotation names a stranger's repository, so that a shared token marks its commits",
    answer:
      "Only commits that the Deployment's own key has shown in the same run are told; what is read without one (public, by `https`) never is. Nothing is told unless `report` says so. `allowed_repositories` on the token's Secret binds it to repositories, which matters where a forge shows public ones to every key.",
  },
  S29: {
    what: "The operator waits for a status of its own",
    answer: "What begins with `gitops-operator/` is no build. GitLab would make pipelines of our statuses, so it gets deployments alone.",
  },
  S30: {
    what: "A tag is moved to another image after it was checked",
    answer:
      "With `digest: pin` the digest that the registry told with its yes is written beside the tag, and one that stands beside the wanted tag is never replaced. Where there is no room for one, or the image goes unchecked, nothing is pushed.",
  },
  S31: {
    what: "A branch that is made anew for a proposal holds commits of others",
    answer:
      "Only a branch under `PROPOSAL_PREFIX` is, and only while it holds nothing beside its base but one commit that is the operator's by author, committer (in the same moment) and trailers, for this very workload; by compare-and-swap from the commit that was looked at. The code that sends such a push looks at the prefix once more.",
  },
  S32: {
    what: "Text, packs, deltas and keys that are made to cost much work per byte",
    answer:
      "Parsers and regular expressions are linear. Larger inputs are worked on by threads with limits of processor time and memory, one per namespace at a time.",
  },
  S33: {
    what: "One tenant uses up what all share: DNS, connections, caches, logins at a host",
    answer:
      "Each has a share. Two name look-ups per namespace and twelve for all; for a minute a namespace does not ask for a name that was silent, for 5 s at first where DNS had answered for it before. One failed SSH login per namespace, host and minute; up to three where a Secret gets another key, or where keys that the host had accepted fail together. What holds up one namespace holds up no other that shares its key, its question or its push. The six logins that may be under way at a host go round by namespace, and wait for no look-up of a name. What is remembered is bounded by bytes, and the namespace that has most makes room.",
  },
};

const faults: Readonly<Record<string, Requirement>> = {
  F1: { what: "The git host refuses connections or is silent", answer: "`failed` with the remedy; the others go on." },
  F2: {
    what: "It stalls in the middle, trickles or is slow",
    answer: "Noticed by keepalives within 20 s. Any byte counts as a sign of life.",
  },
  "F3-F5": {
    what: "The connection is reset, half-closed or cut after any byte, before or after a push was accepted",
    answer: "The answer is what the server holds; one commit.",
  },
  F6: {
    what: "A hook refuses the push",
    answer: "Only the culprit fails, with the server's words. It is tried again ever later, apart from the others.",
  },
  "F7-F8": {
    what: "Five writers on one branch; someone edits the same line",
    answer: "All commits land, in a linear history. The manifest is read again before it is decided.",
  },
  F9: {
    what: "The branch is force-pushed or deleted by others",
    answer: "The new state is followed; a deleted branch is never brought back.",
  },
  "F10-F11": { what: "The host key has changed; the key is unusable", answer: "`failed`, naming Secret and field." },
  F12: { what: "sshd limits connections (`MaxStartups`) or sessions (`MaxSessions`)", answer: "Slower, not failed." },
  "F13-F14": { what: "Full disk, no inodes, read-only disk", answer: "`failed`; it cleans up and recovers by itself." },
  "F15-F16": {
    what: "Killed at any step or in the middle of a push; a damaged copy",
    answer: "The next start converges: one commit, and `git fsck` finds nothing.",
  },
  "F17-F18": {
    what: "SIGTERM during a pass, a push or a wait for a build; a second SIGTERM",
    answer: "As P7; the second one ends it at once.",
  },
  "F19-F23": {
    what: "Registries that deny, limit, fail, hang, break off or lie",
    answer: "`failed` with the reason; never an unchecked push.",
  },
  "F24-F25": {
    what: "GitHub denies, limits or fails; a build outlasts the waits",
    answer: "“Unknown” is told from “none”. `waiting` as long as a workflow runs.",
  },
  "F26-F27": { what: "The chat is gone; the same failure in 100 passes", answer: "Passes are unaffected; one message." },
  "F28-F33": {
    what: "The API server is down, answers 401, 403 or 410, is silent, is restored from a backup, or sends rubbish",
    answer: "The last known state is served; nothing is pushed when it is stale; the cache is right again soon after.",
  },
  "F34-F35": {
    what: "A Secret is missing, malformed, rotated or deleted",
    answer: "`failed` with the remedy; the next pass uses the new one.",
  },
  "F36-F37": { what: "Huge annotations, 10,000 Deployments, odd manifests", answer: "Limited; every byte but the tag stays." },
  "F38-F41": {
    what: "1,000 calls at once, callers that hang up, long passes, a call just after a commit",
    answer: "At most two runs per Deployment; the answer comes in time and knows the commit.",
  },
  F41b: {
    what: "A Deployment is disabled, deleted or changed during a wait or between tries of a push",
    answer: "The run is abandoned, nothing is pushed.",
  },
  F42: { what: "The clock jumps by a year", answer: "Deadlines use the monotonic clock." },
  "F43-F44": { what: "Two replicas, rolling updates", answer: "P1 and P2 hold. There is no lease that could be lost." },
  F45: { what: "The collector of traces is down", answer: "Spans are dropped, passes are unaffected." },
  F46: { what: "A bug throws while one object is worked on, shown or told of", answer: "Only that object fails." },
  F47: { what: "Thousands of passes", answer: "Nothing grows.", also: "`npm run soak`; the bench row *many-passes*" },
  F48: { what: "A work directory of an older version", answer: "It is cleaned up, and the pass converges." },
  "F49-F50": { what: "No DNS; empty, unborn and SHA-256 repositories", answer: "`failed`, naming it." },
  F51: {
    what: "A storm of events",
    answer: "At most two runs of a Deployment for a second's events, one early look a second while it waits for a build, 20 in a run.",
  },
  F52: { what: "Events are lost", answer: "The timer and calls find what they would have told." },
  F54: {
    what: "A token over https ends within a run",
    answer:
      "For a GitHub App one new token is made, and the question asked again; a token that is refused is told with its Secret, and not tried again for a minute.",
  },
  F53: {
    what: "A forge is gone for an hour",
    answer: "Nobody waits for it. What its commits are to say is decided when it is back, and posted within minutes.",
  },
  F55: {
    what: "A proposal is closed, merged, edited, or its branch deleted meanwhile",
    answer:
      "It is decided by what is there. Closed is a person's no until the next commit; merged is `up_to_date`, and what was taken back after it is not proposed again; others' words and commits stay.",
  },
  F56: { what: "An API server that has just started answers 403", answer: "It is asked again before a missing right is told." },
  F57: { what: "The right to list one namespace is missing", answer: "It is told; the other namespaces are served and pushed." },
};

/** In the order of the page. */
export const sections: readonly (readonly [heading: string, requirements: Readonly<Record<string, Requirement>>])[] = [
  ["Promises", promises],
  ["Attacks", attacks],
  ["Faults", faults],
];
