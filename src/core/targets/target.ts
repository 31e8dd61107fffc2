import { asReconcileError } from "../../errors.ts";
import type { AnnotationKind } from "../annotation.ts";
import {
  type AnnotationName,
  type AnnotationValues,
  annotationNames,
  annotationOf,
  type CompleteValues,
  requiredNames,
} from "../annotation-names.ts";
import { annotationPrefix, annotations, usualLookBack } from "../annotations.ts";
import { builtInForges, type Forge } from "../forges.ts";
import { isLabelName, isObjectName } from "../kubernetes-names.ts";
import { usualProposalPrefix } from "../proposal-ports.ts";
import { aliasConflicts, defaultOf, isDefaulted, readValues } from "../read-values.ts";
import { type Parsed, type Repository, type SecretRef, type Settings, type Target, type WorkloadRecord, workloadOf } from "../types.ts";
import { type AtForge, type ForgeFacts, forgeAt, readAtForge } from "./at-forge.ts";
import { branchProblem } from "./branch.ts";
import { buildTokenWarnings, readBuildToken } from "./build-token.ts";
import { readCommitChoice } from "./commit-choice.ts";
import { parseDeploymentPath } from "./deployment-path.ts";
import { checkedByDefault, type ImageCheckRule } from "./image-check.ts";
import { namedSecret } from "./named-secret.ts";
import { readNotifyOn } from "./notify-on.ts";
import { readOptions } from "./options.ts";
import { readPause } from "./pause.ts";
import { proposalWarnings, readProposal } from "./proposal.ts";
import { readImage, readRegistry } from "./read-image.ts";
import { readReport, reportWarnings } from "./report.ts";
import { oddValues, unknownKeys } from "./warnings.ts";

export type Complain = (name: AnnotationName, problem: string) => void;

/** What the operator's settings say of all Deployments. */
interface TargetRules {
  readonly imageCheck: ImageCheckRule;
  /** Where `look_back` is not set. */
  readonly lookBack: number;
  /** That are known: others are asked for no builds. */
  readonly forges: readonly Forge[];
  /** In the operator's namespace, where `signing_key_name` is not set. */
  readonly signingSecretName?: string | undefined;
  /** With which branches of proposals begin. */
  readonly proposalPrefix?: string;
  /** `cluster`: the environment where none is named. */
  readonly commitWords?: { readonly cluster: string | undefined };
}

const usualRules: TargetRules = { imageCheck: checkedByDefault, lookBack: usualLookBack, forges: builtInForges };

const maxValueBytes = 2048;
/** Of what is used as it is written. */
const checks: readonly (readonly [AnnotationKind, (text: string) => string | undefined])[] = [
  ["branch", branchProblem],
  ["secret", secretProblem],
  ["namespace", namespaceProblem],
];

/** Never throws, whatever the annotations hold: their owners are not trusted. Every problem is named at once. */
export function parseTarget(record: WorkloadRecord, operatorNamespace: string, rules: TargetRules = usualRules): Parsed {
  try {
    return parseAnnotations(record, operatorNamespace, rules);
  } catch (error) {
    // A mistake of ours in one object must not end the pass of all (promise P9).
    return { kind: "incomplete", problems: [`could not be read, please report this: ${asReconcileError(error).message}`] };
  }
}

function parseAnnotations(record: WorkloadRecord, operatorNamespace: string, rules: TargetRules): Parsed {
  if (record.problem !== undefined) return { kind: "incomplete", problems: [record.problem] };
  const keys = Object.keys(record.annotations).filter((key) => key.startsWith(annotationPrefix));
  if (keys.length === 0) return { kind: "untracked" };
  const values = readValues(record);
  const { conflicts = {}, unseen, ...defaults } = record.defaults ?? { problems: [], warnings: [] };
  const unknown = [...unknownKeys(keys, record.moreUnknown ?? 0), ...defaults.warnings];
  const conflicting = annotationNames.filter((name) => conflicts[name] !== undefined && isDefaulted(record, name));
  const problems = [
    ...defaults.problems,
    ...conflicting.map((name) => `${annotationPrefix}${name} ${conflicts[name]}`),
    ...aliasConflicts(record),
  ];
  const missing = requiredNames.filter((name) => values[name] === undefined);
  if (missing.length > 0) {
    const doubts = unseen === undefined ? problems : [...problems, unseen];
    return { kind: "incomplete", problems: [...missing.map(missingProblem), ...doubts, ...unknown] };
  }

  const settings = readSettings(values as CompleteValues);
  const callIt = (name: AnnotationName) => {
    const { from } = defaultOf(record, name) ?? {};
    return `${annotationPrefix}${name}${from === undefined ? "" : ` of ConfigMap ${from}`}`;
  };
  const app = readAtForge(settings.app_repository, rules.forges);
  const manifests = readAtForge(settings.manifest_repository, rules.forges);
  const facts = { app, manifests, buildToken: readBuildToken(values, operatorNamespace, forgeAt(app)) };
  const warnings = [
    ...unknown,
    ...oddValues(values, callIt),
    ...buildTokenWarnings(values, app, callIt),
    ...reportWarnings(values, facts, callIt),
    ...proposalWarnings(values, facts, callIt),
  ];
  if (!settings.enabled && !conflicting.includes("enabled")) return { kind: "disabled", settings, warnings };
  const complain: Complain = (name, problem) => problems.push(`${callIt(name)} ${problem}`);
  const target = readTarget(record, values, settings, facts, operatorNamespace, rules, complain);
  if (target === undefined || problems.length > 0) return { kind: "malformed", settings, problems, warnings };
  return { kind: "ready", settings, target, warnings };
}

/** Targets are plain data built by one function, so equal text means equal value. */
export function isSameTarget(a: Target, b: Target): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Application and manifests are opened by one Secret. */
export function hasOneKey({ appKey, manifestKey }: Target): boolean {
  return appKey.namespace === manifestKey.namespace && appKey.name === manifestKey.name;
}

function missingProblem(name: AnnotationName): string {
  return `${annotationPrefix}${name} is missing; ${annotationOf(name).required}`;
}

function readSettings(values: CompleteValues): Settings {
  return {
    ...values,
    enabled: values.enabled === "true",
    tag_type: values.tag_type === "short" ? "short" : annotations.tag_type.default,
  };
}

function readTarget(
  record: WorkloadRecord,
  values: AnnotationValues,
  settings: Settings,
  facts: ForgeFacts,
  operatorNamespace: string,
  rules: TargetRules,
  complain: Complain,
): Target | undefined {
  const oversized = annotationNames.filter((name) => Buffer.byteLength(values[name] ?? "") > maxValueBytes);
  for (const name of oversized) complain(name, `is longer than ${maxValueBytes} bytes; shorten it`);
  if (oversized.length > 0) return undefined;

  const { app, manifests, buildToken } = facts;
  const appRepository = repositoryOf("app_repository", app, complain);
  const manifestRepository = repositoryOf("manifest_repository", manifests, complain);
  const path = parseDeploymentPath(settings.deployment_path);
  if (path.kind === "error") complain("deployment_path", path.problem);
  const registry = readRegistry(settings.registry_secret_url, complain);
  const image = readImage(settings.image_name, registry, complain);
  for (const [kind, problemOf] of checks) {
    for (const name of namesOf(kind)) {
      const problem = values[name] === undefined ? undefined : problemOf(values[name]);
      if (problem) complain(name, problem);
    }
  }
  const options = readOptions(values, rules.imageCheck, complain);
  const choice = readCommitChoice(values, rules.lookBack, complain);
  const pause = readPause(values, complain);
  const usual = rules.commitWords?.cluster ?? record.namespace;
  const report = readReport(values, options.report, { ...facts, usual }, complain);
  const manifestBranch = settings.manifest_branch ?? settings.observe_branch;
  const prefix = rules.proposalPrefix ?? usualProposalPrefix;
  const proposal = readProposal(values, options, { ...facts, workload: record, manifestBranch, operatorNamespace, prefix }, complain);
  if (!appRepository || !manifestRepository || path.kind === "error" || !image || !choice) return undefined;

  const appKey = { namespace: settings.ssh_key_namespace, name: settings.ssh_key_name };
  return {
    ...workloadOf(record),
    appRepository,
    appBranch: settings.observe_branch,
    appKey,
    manifestRepository,
    manifestBranch,
    manifestKey: {
      namespace: settings.manifest_ssh_key_namespace ?? appKey.namespace,
      name: settings.manifest_ssh_key_name ?? appKey.name,
    },
    files: path.files,
    image,
    options,
    ...choice,
    ...pause,
    registryUrl: registry?.url,
    registrySecret: {
      namespace: settings.registry_secret_namespace ?? operatorNamespace,
      name: settings.registry_secret_name ?? annotations.registry_secret_name.default,
      named: settings.registry_secret_name !== undefined || settings.registry_secret_namespace !== undefined,
    },
    notificationsSecret: namedSecret(values, "notifications_secret", operatorNamespace),
    notifyOn: readNotifyOn(values.notify_on, complain),
    buildToken,
    report,
    proposal,
    hookSecret: namedSecret(values, "hook_secret", operatorNamespace),
    signingSecret: readSigningSecret(values, operatorNamespace, rules),
  };
}

function repositoryOf(name: "app_repository" | "manifest_repository", at: AtForge, complain: Complain): Repository | undefined {
  if (at.kind === "ok") return at.repository;
  complain(name, at.problem);
  return undefined;
}

function readSigningSecret(values: AnnotationValues, operatorNamespace: string, { signingSecretName }: TargetRules): SecretRef | undefined {
  const named = namedSecret(values, "signing_key", operatorNamespace);
  if (named !== undefined || signingSecretName === undefined) return named;
  return { namespace: operatorNamespace, name: signingSecretName, isOperators: true };
}

function namesOf(kind: AnnotationKind): AnnotationName[] {
  return annotationNames.filter((name) => annotations[name].kind === kind);
}

function secretProblem(text: string): string | undefined {
  if (isObjectName(text)) return undefined;
  return "is no name of a Secret (lower-case letters, digits, '-' and '.', at most 253); copy it from kubectl get secrets";
}

function namespaceProblem(text: string): string | undefined {
  if (isLabelName(text)) return undefined;
  return "is no name of a namespace (lower-case letters, digits and '-', at most 63); copy it from kubectl get namespaces";
}
