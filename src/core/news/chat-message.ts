/** What a chat is told of one Deployment, before any chat's form: the contract's sentence, and what stands behind it. */
import { commitUrl } from "../commits/web-links.ts";
import { formatImage } from "../image.ts";
import type { Push } from "../observer.ts";
import type { AppCommitWords, ProposalRequest } from "../outcome.ts";
import { inWords, type Target, type Workload, workloadOf } from "../types.ts";
import { createNewsroom, type News, type NewsEvent, type Newsroom } from "./news.ts";

/** A commit that people may look at. */
export interface LinkedCommit {
  readonly sha: string;
  /** Undefined: it is not known where people see it. */
  readonly url: string | undefined;
}

/** What became of a pushed tag in the cluster: always news. */
export interface RolloutEvent {
  readonly kind: "rolled_out";
  readonly tag: string;
  readonly text: string;
}

export function rolloutEvent({ workload, tag }: Pick<Push, "workload" | "tag">, result: "succeeded" | "failed"): RolloutEvent {
  const { namespace, name } = workload;
  const text =
    result === "succeeded"
      ? `${inWords(workload)} runs version ${tag}`
      : `:x: ${inWords(workload)} does not come up at version ${tag}: ProgressDeadlineExceeded; see kubectl -n ${namespace} describe deployment ${name}`;
  return { kind: "rolled_out", tag, text };
}

type ChatNews = News | RolloutEvent["kind"];

export interface ChatMessage {
  readonly news: ChatNews;
  /** In the original's words, a `:code:` for a picture in front. Neither it nor the commit's words are escaped. */
  readonly sentence: string;
  readonly workload: Workload;
  /** CLUSTER_NAME. */
  readonly cluster: string | undefined;
  /** Without tag. */
  readonly image: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly app: (LinkedCommit & Partial<Pick<AppCommitWords, "author" | "subject">>) | undefined;
  readonly manifests: LinkedCommit | undefined;
  readonly request: ProposalRequest | undefined;
  /** Where a person opens one. */
  readonly page: string | undefined;
}

export interface ChatSettings {
  readonly cluster: string | undefined;
  readonly githubHost: string;
}

interface Notice {
  readonly news: ChatNews;
  readonly sentence: string;
}

/** The news of the Deployments in the contract's words (§8), once each. */
export function createNotices(): Newsroom<Notice> {
  return createNewsroom((news, workload, event) => {
    const text = event.kind === "building" ? event.text : event.message;
    return { news, sentence: news === "recovered" ? `:white_check_mark: ${inWords(workload)} recovered: ${text}` : text };
  });
}

/** Whether the Deployment's people want to hear it. Without `notify_on` they hear all but what only some have asked for. */
export function isWanted({ notifyOn }: Pick<Target, "notifyOn">, news: ChatNews): boolean {
  // A no to a proposal is the end of what was told as proposed.
  const asked = news === "declined" ? "proposed" : news;
  return notifyOn === undefined ? asked !== "rolled_out" : notifyOn.includes(asked);
}

export function chatMessage(
  { news, sentence }: Notice,
  target: Target,
  event: NewsEvent | RolloutEvent,
  settings: ChatSettings,
): ChatMessage {
  const { appRepository, manifestRepository, image } = target;
  const linked = (repository: Target["appRepository"], sha: string): LinkedCommit => ({
    sha,
    url: commitUrl(repository, sha, settings.githubHost),
  });
  const outcome = event.kind === "ended" ? event.outcome : undefined;
  const written = outcome?.kind === "patched" || outcome?.kind === "proposed" ? outcome : undefined;
  const { sha, ...words } = written?.app ?? { sha: event.kind === "building" ? event.sha : undefined };
  const commit = outcome?.kind === "patched" ? outcome.commit : undefined;
  return {
    ...{ news, sentence, workload: workloadOf(target), cluster: settings.cluster, image: formatImage(image) },
    from: outcome && "from" in outcome ? outcome.from : undefined,
    to: event.kind === "rolled_out" ? event.tag : outcome && "to" in outcome ? outcome.to : undefined,
    app: sha === undefined ? undefined : { ...linked(appRepository, sha), ...words },
    manifests: commit === undefined ? undefined : linked(manifestRepository, commit),
    request: outcome && "request" in outcome ? outcome.request : undefined,
    page: outcome?.kind === "proposed" ? outcome.page : undefined,
  };
}
