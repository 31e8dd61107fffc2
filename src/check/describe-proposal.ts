/** What becomes of the commits of a workload whose commits are proposed, in words. */
import { proposalPage } from "../core/commits/proposal-page.ts";
import { type Forge, forgeNames, forgeOf } from "../core/forges.ts";
import { isByAgit } from "../core/proposal-ports.ts";
import type { Target } from "../core/types.ts";
import type { IsSet, Row } from "./describe-target.ts";

export function describeProposal({ proposal, manifestRepository, manifestBranch }: Target, forges: readonly Forge[], isSet: IsSet): Row[] {
  if (!proposal) return [];
  const { branch, labels, autoMerge, token } = proposal;
  const forge = forgeOf(forges, manifestRepository);
  const more = [
    ...(autoMerge ? ["merged by the forge as soon as its rules allow"] : []),
    ...(labels.length > 0 ? [`labels ${labels.join(", ")}`] : []),
  ];
  const page = forge && !token && manifestBranch !== undefined && proposalPage(forge, manifestRepository, manifestBranch, branch);
  const opened = token && forge ? `opened at ${forgeNames[forge.kind]} by ${forge.apiUrl}` : openedWithout(forge, page || undefined);
  return [
    ["proposal", `${isByAgit(proposal) ? "topic" : "branch"} '${branch}'${isSet("proposal_branch") ? "" : " (default)"}`],
    ["request", [opened, ...more].join("; ")],
  ];
}

/** With a token there is more: it is known what became of a request, and it is edited in place. */
function openedWithout(forge: Forge | undefined, page: string | undefined): string {
  if (forge?.kind === "gitlab") return "opened by GitLab itself, by push options";
  if (forge && isByAgit({ forge: forge.kind, token: undefined })) return `opened by ${forgeNames[forge.kind]} itself, by AGit (refs/for/)`;
  return `opened by people${page === undefined ? "" : ` at ${page}`}, as no token is named (gitops.operator.manifest_token_secret_name)`;
}
