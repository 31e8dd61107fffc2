import type { Options } from "../annotation-names.ts";
import { annotations } from "../annotations.ts";

/** `if-secret`: not where the unnamed default Secret does not exist. */
type ImageCheck = Options["image_check"];

/** From least to most. */
export const imageChecks = Object.keys(annotations.image_check.choices) as ImageCheck[];

/** Whether a registry must have an image before its tag is written (contract §8), for all Deployments. */
export interface ImageCheckRule {
  readonly level: ImageCheck;
  /** Somebody set it: an annotation may ask for more, never for less. */
  readonly binds: boolean;
}

export const checkedByDefault: ImageCheckRule = { level: "on", binds: false };

/** Why the annotation may not choose that. */
export function imageCheckProblem(chosen: ImageCheck, { level, binds }: ImageCheckRule): string | undefined {
  if (!binds || imageChecks.indexOf(chosen) >= imageChecks.indexOf(level)) return undefined;
  return `asks for less than the operator's IMAGE_CHECK=${level}, which holds for all; remove it`;
}
