import { closest } from "../../text/did-you-mean.ts";
import { escapeControl } from "../../text/escape.ts";
import {
  type AnnotationName,
  type AnnotationValues,
  annotationNames,
  annotationOf,
  knownAnnotations,
  mostUnknown,
} from "../annotation-names.ts";
import { annotationPrefix } from "../annotations.ts";
import { parseRepository } from "../repository.ts";
import { portHint } from "./port-hint.ts";

/** Of a flood the first are told, with what they may have meant. */
export function unknownKeys(keys: readonly string[], more: number): string[] {
  const unknown = keys.map((key) => key.slice(annotationPrefix.length)).filter((name) => !knownAnnotations.has(name));
  const shown = unknown.slice(0, mostUnknown).map((name) => {
    const meant = closest(name, annotationNames);
    const remedy = meant === undefined ? "remove it" : `did you mean ${annotationPrefix}${meant}?`;
    return `${annotationPrefix}${escapeControl(name.slice(0, 63))} is unknown and has no effect; ${remedy}`;
  });
  const rest = unknown.length - shown.length + more;
  return rest > 0 ? [...shown, `${rest} more unknown ${annotationPrefix}* annotations; remove them`] : shown;
}

/** Values that have a default or no effect; of disabled Deployments too. */
export function oddValues(values: AnnotationValues, callIt: (name: AnnotationName) => string): string[] {
  const warnings: string[] = [];
  for (const name of annotationNames) {
    const { choices = {}, warning } = annotationOf(name);
    const text = values[name];
    // What has no effect needs no other word.
    if (name === "tag_type" && values.tag_format !== undefined) continue;
    if (warning && text !== undefined && !Object.hasOwn(choices, text)) warnings.push(`${callIt(name)} ${warning}`);
  }
  if (values.tag_type !== undefined && values.tag_format !== undefined) {
    warnings.push(`${callIt("tag_type")} has no effect, as ${annotationPrefix}tag_format is set; remove it`);
  }
  if (values.paused_reason !== undefined && values.paused_until === undefined) {
    warnings.push(`${callIt("paused_reason")} pauses nothing; set ${annotationPrefix}paused_until too, or remove it`);
  }
  if (values.notify_on !== undefined && values.notifications_secret_name === undefined) {
    warnings.push(
      `${callIt("notify_on")} has no effect; name the Secret of a chat by ${annotationPrefix}notifications_secret_name, or remove it`,
    );
  }
  if (values.app_paths !== undefined && values.release_tags !== undefined) {
    warnings.push(`${callIt("app_paths")} has no effect on the git tags of ${annotationPrefix}release_tags; remove one of them`);
  }
  for (const name of ["app_repository", "manifest_repository"] as const) {
    const parsed = parseRepository(values[name] ?? "");
    const hint = parsed.kind === "ok" ? portHint(parsed.repository) : undefined;
    if (hint) warnings.push(`${callIt(name)} ${hint}`);
  }
  return warnings;
}
