/** The annotations of a workload as they were understood: what counts of each, and where that comes from. */
import { type AnnotationName, annotationNames, annotationOf, choiceNames, type Options } from "../../core/annotation-names.ts";
import { annotations } from "../../core/annotations.ts";
import type { Branches } from "../../core/progress.ts";
import { originsOf, readValues } from "../../core/read-values.ts";
import { isTracked, type Parsed, type WorkloadRecord } from "../../core/types.ts";

interface Understood {
  readonly name: AnnotationName;
  readonly value: string;
  /** `annotation`, a ConfigMap of the namespace, or `default`. */
  readonly from: string;
}

/** What defaults are taken from that are settings of the operator. */
export interface OperatorDefaults {
  readonly operatorNamespace: string;
  readonly cluster: string | undefined;
}

export interface UnderstoodAnnotations {
  readonly set: readonly Understood[];
  /** Without a value, and without a default that has an effect. */
  readonly unset: readonly AnnotationName[];
}

/** `branches`: as the last run found them. */
export function understood(
  record: WorkloadRecord,
  parsed: Parsed,
  branches: Branches | undefined,
  settings: OperatorDefaults,
): UnderstoodAnnotations {
  const values = readValues(record);
  const origins = new Map(originsOf(record));
  const isAlias = (name: AnnotationName) => annotationOf(name).aliasOf !== undefined;
  const set: Understood[] = [];
  const unset: AnnotationName[] = [];
  for (const name of annotationNames) {
    const value = values[name];
    const origin = origins.get(name);
    if (value !== undefined)
      set.push({ name, value: countsAs(name, value), from: origin === undefined ? "annotation" : `ConfigMap ${origin}` });
    else {
      const byDefault = isAlias(name) ? undefined : defaultOf(name);
      if (byDefault === undefined) unset.push(name);
      else set.push({ name, value: byDefault, from: "default" });
    }
  }
  return { set, unset: unset.filter((name) => !isAlias(name)) };

  function countsAs(name: AnnotationName, text: string): string {
    const counted = choiceOf(name);
    return counted === undefined || counted === text ? text : `${text}, which counts as ${counted}`;
  }

  function choiceOf(name: AnnotationName): string | undefined {
    if (name === "enabled") return isTracked(parsed) ? String(parsed.settings.enabled) : undefined;
    if (parsed.kind !== "ready" || !(choiceNames as AnnotationName[]).includes(name)) return undefined;
    return parsed.target.options[name as keyof Options];
  }

  /** A part of something, as a Secret's namespace is, has a default only where the whole is named. */
  function defaultOf(name: AnnotationName): string | undefined {
    if (parsed.kind !== "ready") return undefined;
    const { target } = parsed;
    if (name === "observe_branch") return branches?.observed ?? annotations.observe_branch.default;
    if (name === "manifest_branch") return target.manifestBranch ?? branches?.manifests ?? annotations.observe_branch.default;
    if (name === "manifest_ssh_key_name") return target.manifestKey.name;
    if (name === "manifest_ssh_key_namespace") return target.manifestKey.namespace;
    if (name === "registry_secret_name") return target.registrySecret.name;
    if (name === "registry_secret_namespace") return target.registrySecret.namespace;
    if (name === "look_back") return String(target.lookBack);
    if (name === "signing_key_name") return target.signingSecret?.name;
    if (name === "tag_format")
      return target.releaseTags === undefined ? (target.options.tag_type === "short" ? "{{sha7}}" : "{{sha}}") : "{{tag}}";
    if (name === "environment") return target.report?.environment;
    const { default: unset } = annotationOf(name);
    if (unset === "OPERATOR_NAMESPACE") return isNamed(name) ? settings.operatorNamespace : undefined;
    return choiceOf(name) ?? (unset !== undefined && unset in annotations ? values[unset as AnnotationName] : unset);
  }

  function isNamed(namespace: AnnotationName): boolean {
    return values[namespace.replace(/_namespace$/, "_name") as AnnotationName] !== undefined;
  }
}
