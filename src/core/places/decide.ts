type Decision =
  | { readonly kind: "up_to_date" }
  /** `from`: the first differing tag that was there; absent when that image had none. */
  | { readonly kind: "update"; readonly from?: string };

/** Up to date only when every image that is ours is at exactly the wanted tag. */
export function decide(ours: readonly [{ tag?: string }, ...{ tag?: string }[]], wantedTag: string): Decision {
  const differing = ours.filter((image) => image.tag !== wantedTag);
  if (differing.length === 0) return { kind: "up_to_date" };
  const from = differing.find((image) => image.tag !== undefined)?.tag;
  return from === undefined ? { kind: "update" } : { kind: "update", from };
}
