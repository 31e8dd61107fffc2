/** No error of ours has so many causes in one another; what came from outside may even be its own cause. */
const MOST_CAUSES = 20;

/**
 * Whether a failure, an error or plain data, concerns another namespace alone: `shareOf` is set where there is no answer because that one's own
 * share of something common was used up. It is not for this namespace, which asks by itself.
 */
export function isForAnother(said: unknown, namespace: string | undefined): boolean {
  const share = shareOf(said);
  return share !== undefined && share !== namespace;
}

/** Whose own share was used up; undefined: the failure is the same for all who ask. */
export function shareOf(said: unknown): string | undefined {
  let link = said as { readonly shareOf?: unknown; readonly cause?: unknown } | undefined;
  for (let depth = 0; typeof link === "object" && link !== null && depth < MOST_CAUSES; depth++) {
    if (typeof link.shareOf === "string") return link.shareOf;
    link = link.cause as typeof link;
  }
  return undefined;
}
