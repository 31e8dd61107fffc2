import { closest } from "../../text/did-you-mean.ts";
import { type ImageCheck, imageChecks } from "../types.ts";

export interface ImageCheckRule {
  readonly level: ImageCheck;
  /** Somebody set it: an annotation may ask for more, never for less. */
  readonly binds: boolean;
}

export const checkedByDefault: ImageCheckRule = { level: "on", binds: false };

/** The annotation `image_check`, which says it for one Deployment. */
export function parseImageCheck(
  text: string | undefined,
  { level, binds }: ImageCheckRule,
): { readonly level: ImageCheck; readonly problem?: string } {
  if (text === undefined) return { level };
  const wanted = imageChecks.find((one) => one === text);
  if (wanted === undefined) {
    const meant = closest(text.toLowerCase(), imageChecks);
    const remedy = meant === undefined ? "write one of them" : `did you mean '${meant}'?`;
    return { level, problem: `is none of 'on', 'if-secret' and 'off'; ${remedy}` };
  }
  if (binds && imageChecks.indexOf(wanted) < imageChecks.indexOf(level)) {
    return { level, problem: `asks for less than the operator's IMAGE_CHECK=${level}, which holds for all; remove it` };
  }
  return { level: wanted };
}
