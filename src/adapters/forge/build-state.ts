import type { BuildState } from "../../core/ports.ts";

/** What one run or status says, whatever the forge calls it. `nothing`: it was never meant to build anything for this commit. */
export type BuildWord = "running" | "queued" | "success" | "failed" | "nothing";

/** Of all together, as nothing says which of them builds the image: it may come as long as one goes on. */
export function decideBuildState(words: readonly BuildWord[]): BuildState & { readonly kind: Exclude<BuildState["kind"], "unknown"> } {
  const has = (word: BuildWord) => words.includes(word);
  if (has("running")) return { kind: "running" };
  if (has("queued")) return { kind: "queued" };
  if (has("success")) return { kind: "completed" };
  return { kind: has("failed") ? "failed" : "none" };
}

/** By this each of our own statuses begins: they say what became of a build and are none, or we would wait for ourselves. */
export const OWN = "gitops-operator/";

/** What a status says, by the forge's words; one that the forge may add has not ended. `name`: by which its maker knows it. */
export function wordOf(words: Readonly<Record<string, BuildWord>>, state: string, name: string | null | undefined): BuildWord {
  if (name?.startsWith(OWN)) return "nothing";
  return Object.hasOwn(words, state) ? (words[state] as BuildWord) : "running";
}
