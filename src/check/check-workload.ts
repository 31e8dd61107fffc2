/** What the annotations of one workload say, and what is wrong with them: all that can be told without asking anybody. */
import type { Config } from "../config.ts";
import type { AnnotationKind } from "../core/annotation.ts";
import { type AnnotationName, requiredNames } from "../core/annotation-names.ts";
import { annotationPrefix, annotations } from "../core/annotations.ts";
import { originsOf, readValues } from "../core/read-values.ts";
import { decideSecretRef, secretDenied } from "../core/targets/secret-scope.ts";
import { parseTarget } from "../core/targets/target.ts";
import type { Settings, Target, WorkloadRecord } from "../core/types.ts";
import { describeTarget, usedSecrets } from "./describe-target.ts";
import type { FileWorkload } from "./file-objects.ts";
import { findMistakes, strictly } from "./find-mistakes.ts";
import type { Tell } from "./report.ts";
import { unwatchedBecause } from "./unwatched.ts";

export interface Ready {
  readonly target: Target;
  readonly settings: Settings;
  readonly isDisabled: boolean;
}

/** Values that are right, for required annotations that are missing. */
const STAND_INS: Partial<Record<AnnotationKind, string>> = {
  repository: "git@host.example:team/app.git",
  path: "app.yaml",
  image: "team/app",
  secret: "ssh-key",
  namespace: "default",
};
const UNKNOWN_PORT = `${annotationPrefix}hook_secret_name has an effect only where the operator has a HOOK_PORT, which can't be known here; set it here too, as the operator has it`;

/** Undefined when there is no target to look at any further. */
export function checkWorkload(
  workload: FileWorkload,
  config: Config,
  tell: Tell,
  row: (label: string, text: string) => void,
): Ready | undefined {
  const { record, problems } = workload;
  for (const problem of problems) tell("problem", problem);
  const unwatched = unwatchedBecause(workload, config.watchKinds);
  if (unwatched) tell(unwatched.level, unwatched.message);
  for (const { where, keys, line } of workload.misplaced) {
    const [stands, remedy] =
      keys.length === 1
        ? ["stands", "where it has no effect; move it"]
        : [`and ${keys.length - 1} more stand`, "where they have no effect; move them"];
    tell("problem", `${keys[0]} ${stands} among ${where}, ${remedy} to metadata.annotations of the ${workload.kind}`, line);
  }
  if (!record) return void row("not ours", "no gitops.operator.* annotation: the operator leaves it alone");
  for (const [name, keys] of byConfigMap(record)) row("defaults", `of ConfigMap ${name}: ${keys.join(", ")}`);
  const parsed = parseTarget(record, config.operatorNamespace, config);
  if (parsed.kind === "untracked") return undefined;
  if (parsed.kind === "incomplete") for (const problem of parsed.problems) tell("problem", problem);
  if (parsed.kind === "disabled") row("disabled", "nothing is done until gitops.operator.enabled is 'true'; then it would be:");
  const judged = parseTarget(withStandIns(record), config.operatorNamespace, config);
  if (judged.kind === "malformed") for (const problem of judged.problems) tell("problem", problem);
  const { warnings } = parsed.kind === "incomplete" && "warnings" in judged ? judged : { warnings: [], ...parsed };
  const strict = strictly(record);
  for (const warning of warnings) {
    const problem = strict.get(warning);
    tell(problem === undefined ? "warning" : "problem", problem ?? warning);
  }
  for (const mistake of findMistakes(record)) tell("problem", mistake);
  if (parsed.kind === "incomplete" || judged.kind !== "ready") return undefined;

  const { target, settings } = judged;
  // The operator's environment is not this one's.
  if (target.hookSecret && config.hookPort === 0) tell("warning", UNKNOWN_PORT);
  const values: Readonly<Record<string, string>> = readValues(record);
  const isSet = (annotation: string) => values[annotation] !== undefined;
  for (const [label, text] of describeTarget(target, settings, config.forges, isSet)) row(label, text);
  const { secretRefs, operatorNamespace, secretNamespaces } = config;
  for (const { ref, isOptional } of usedSecrets(target, settings)) {
    if (decideSecretRef(secretRefs, ref, target.namespace, operatorNamespace, secretNamespaces)) continue;
    tell(isOptional ? "warning" : "problem", secretDenied(ref, target.namespace).message);
  }
  return { target, settings, isDisabled: parsed.kind === "disabled" };
}

export function noneOurs(): string {
  return `no Deployment here is for the operator; set the annotations ${requiredNames.map((name) => annotationPrefix + name).join(", ")}`;
}

/** Right values in the place of missing ones, and of `enabled`, so that the others are judged too. */
function withStandIns(record: WorkloadRecord): WorkloadRecord {
  const values = readValues(record);
  const standIns = requiredNames
    .filter((name) => values[name] === undefined)
    .map((name) => [annotationPrefix + name, STAND_INS[annotations[name].kind] ?? ""]);
  const enabled = [`${annotationPrefix}enabled`, "true"];
  return { ...record, annotations: { ...record.annotations, ...Object.fromEntries([...standIns, enabled]) } };
}

/** The names of what each gives. */
function byConfigMap(record: WorkloadRecord): ReadonlyMap<string, readonly AnnotationName[]> {
  const names = new Map<string, AnnotationName[]>();
  for (const [name, from] of originsOf(record)) names.set(from, [...(names.get(from) ?? []), name]);
  return names;
}
