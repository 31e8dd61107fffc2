/** The image tag that stands for a commit. */
export function tagFor(sha: string, tagType: "long" | "short"): string {
  return tagType === "short" ? sha.slice(0, 7) : sha;
}
