/** What the annotations say of proposals: whether commits are proposed, on which branch, and who opens the request. */
import { escapeControl, unprintable } from "../../text/escape.ts";
import type { AnnotationName, AnnotationValues, Options } from "../annotation-names.ts";
import { type Forge, forgeNames, unknownForge } from "../forges.ts";
import { proposalExtras } from "../proposal-ports.ts";
import { isDeployment, type ProposalSettings, type ProposalTokenRef, type Workload } from "../types.ts";
import { type ForgeFacts, forgeAt } from "./at-forge.ts";
import { branchProblem } from "./branch.ts";
import { namedSecret } from "./named-secret.ts";
import type { Complain } from "./target.ts";

const MOST_LABELS = 20;
const MOST_LABEL_CHARACTERS = 100;

const extras = [
  ["proposal_auto_merge", "autoMerge"],
  ["proposal_labels", "labels"],
] as const;

interface ProposalFacts extends ForgeFacts {
  readonly workload: Workload;
  readonly manifestBranch: string | undefined;
  readonly prefix: string;
  readonly operatorNamespace: string;
}

/** Why it can't be what proposals begin with. */
export function prefixProblem(prefix: string): string | undefined {
  if (!prefix.endsWith("/")) return "must end with '/', for example gitops-operator/";
  const problem = branchProblem(`${prefix}x`);
  return problem && `must be the beginning of a branch's name, for example gitops-operator/: it ${problem}`;
}

/** Undefined: nothing is proposed. */
export function readProposal(
  values: AnnotationValues,
  options: Pick<Options, "write_to" | "proposal_auto_merge">,
  facts: ProposalFacts,
  complain: Complain,
): ProposalSettings | undefined {
  const labels = readLabels(values.proposal_labels, complain);
  if (options.write_to !== "proposal") return undefined;
  const branch = values.proposal_branch ?? usualBranch(facts);
  const problem = branchMistake(branch, values.proposal_branch !== undefined, facts);
  if (problem !== undefined) complain("proposal_branch", problem);
  const forge = forgeAt(facts.manifests);
  return {
    branch,
    labels,
    autoMerge: options.proposal_auto_merge === "true",
    forge: forge?.kind,
    token: forge && readToken(values, forge, facts),
  };
}

/** What is named and has no effect; `callIt`: how an annotation is called. */
export function proposalWarnings(
  values: AnnotationValues,
  { app, manifests, buildToken }: ForgeFacts,
  callIt: (name: AnnotationName) => string,
): string[] {
  const { write_to, manifest_token_secret_name: token } = values;
  const isSet = (name: AnnotationName) => values[name] !== undefined && values[name] !== "false";
  if (write_to !== "proposal") {
    const idle = (["proposal_branch", "proposal_auto_merge", "proposal_labels", "manifest_token_secret_name"] as const).filter(isSet);
    return idle.map((name) => `${callIt(name)} has no effect, as gitops.operator.write_to is not 'proposal'; set that, or remove it`);
  }
  if (manifests.kind === "error") return [];
  const { forge } = manifests;
  const { host } = manifests.repository;
  if (!forge && token !== undefined) {
    return [`${callIt("manifest_token_secret_name")} has no effect: ${unknownForge(host)}, or remove it`];
  }
  const hasToken = token !== undefined || (buildToken !== undefined && forgeAt(app) === forge);
  if (hasToken && forge) {
    return extras
      .filter(([name, extra]) => isSet(name) && !proposalExtras[forge.kind].includes(extra))
      .map(([name]) => `${callIt(name)} has no effect: requests of ${forgeNames[forge.kind]} have no such thing; remove it`);
  }
  return (["proposal_auto_merge", "proposal_labels"] as const)
    .filter((name) => isSet(name) && forge?.kind !== "gitlab")
    .map(
      (name) =>
        `${callIt(name)} has no effect, as nothing can set it on a request of ${forge ? forgeNames[forge.kind] : host} without a token; name one by gitops.operator.manifest_token_secret_name`,
    );
}

function usualBranch({ workload, prefix }: ProposalFacts): string {
  const { kind, namespace, name } = workload;
  return `${prefix}${namespace}/${isDeployment(workload) ? "" : `${kind.toLowerCase()}/`}${name}`;
}

function branchMistake(branch: string, isNamed: boolean, { prefix, manifestBranch }: ProposalFacts): string | undefined {
  // What is named is looked at as a branch's name elsewhere.
  const problem = isNamed ? undefined : branchProblem(branch);
  if (problem !== undefined) return `is not set, and its default '${branch}' ${problem}`;
  if (!branch.startsWith(prefix)) return `does not begin with '${prefix}', below which alone branches are written anew (PROPOSAL_PREFIX)`;
  if (branch === manifestBranch) return "is the branch of the manifests itself; write the name of another one";
  return undefined;
}

function readLabels(text: string | undefined, complain: Complain): readonly string[] {
  if (text === undefined) return [];
  const labels = text.split(",").map((label) => label.trim());
  const bad = labels.find((label) => label === "" || unprintable.test(label) || label.length > MOST_LABEL_CHARACTERS);
  if (bad !== undefined) {
    complain(
      "proposal_labels",
      `holds a label that is empty, longer than ${MOST_LABEL_CHARACTERS} characters or not printable: '${escapeControl(bad.slice(0, 20))}'`,
    );
  }
  if (labels.length > MOST_LABELS) complain("proposal_labels", `holds more than ${MOST_LABELS} labels; remove some`);
  return labels;
}

/** A token of one forge's is sent to no other. */
function readToken(
  values: AnnotationValues,
  forge: Forge,
  { app, buildToken, operatorNamespace }: ProposalFacts,
): ProposalTokenRef | undefined {
  const named = namedSecret(values, "manifest_token_secret", operatorNamespace);
  if (named) return { ...named, field: "forge-token", forge: forge.kind };
  return buildToken && forgeAt(app) === forge ? { ...buildToken, isDefault: true } : undefined;
}
