/** Whether a registry must have an image before its tag is written (contract §8). From least to most. */
export const imageChecks = ["off", "if-secret", "on"] as const;

/** `if-secret`: not where the unnamed default Secret does not exist. */
export type ImageCheck = (typeof imageChecks)[number];

export interface ImageCheckRule {
  readonly level: ImageCheck;
  /** Somebody set it: an annotation may ask for more, never for less. */
  readonly binds: boolean;
}

export const checkedByDefault: ImageCheckRule = { level: "on", binds: false };

export function asksForLess(wanted: ImageCheck, { level, binds }: ImageCheckRule): boolean {
  return binds && imageChecks.indexOf(wanted) < imageChecks.indexOf(level);
}
