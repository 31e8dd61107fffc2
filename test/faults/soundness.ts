/** What must hold of a manifests repository whatever went wrong (promises P1 and P2), read from the bare repository itself. */
import assert from "node:assert/strict";
import type { BareRepository } from "../../sandbox/bare-repository.ts";

/** Strictly sound, linear, nothing that was there lost, at most one commit per Deployment and application commit. The number of the operator's commits. */
export async function assertSound(manifests: BareRepository, known: { readonly contains: string }): Promise<number> {
  await manifests.fsck();
  const log = await manifests.log();
  assert.ok(
    log.slice(0, -1).every(({ parents }, index) => parents.length === 1 && parents[0] === log[index + 1]?.sha),
    "history is linear",
  );
  assert.ok(
    log.some(({ sha }) => sha === known.contains),
    "what was there before is in the history",
  );
  const seen = new Map<string, number>();
  for (const { body } of log) {
    const trailer = (name: string) => body.match(new RegExp(`^Gitops-Operator-${name}: (.*)$`, "m"))?.[1];
    const deployment = trailer("Deployment");
    if (deployment === undefined) continue;
    const about = `${deployment} at ${trailer("Commit")}`;
    seen.set(about, (seen.get(about) ?? 0) + 1);
  }
  for (const [about, count] of seen) assert.equal(count, 1, `${count} commits for ${about}`);
  return seen.size;
}

/** `EVERY_FAULT=1` runs every point, otherwise an even sample with the first and the last. */
export function sampled<T>(points: readonly T[], count: number): T[] {
  if (process.env.EVERY_FAULT || points.length <= count) return [...points];
  return Array.from({ length: count }, (_, i) => points[Math.round((i * (points.length - 1)) / (count - 1))] as T);
}
