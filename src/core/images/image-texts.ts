/** The words of the image gate, for answers and for chat (contract §8). `image`: as people write it, without host on Docker Hub. */

interface BuildWait {
  readonly state: "queued" | "running";
  readonly image: string;
  readonly sha: string;
  readonly retryMs: number;
  /** From 1. */
  readonly attempt: number;
  readonly attempts: number;
}

export function buildGoesOn({ state, image, sha, retryMs, attempt, attempts }: BuildWait): string {
  return `:hourglass: Build ${state} for ${image} (SHA: ${sha}), retrying in ${Math.round(retryMs / 1_000)}s (attempt ${attempt}/${attempts})`;
}

export function buildFailed(image: string, sha: string): string {
  return `:x: Build failed for ${image} (SHA: ${sha}), image will not be available`;
}

export function imageMissing(image: string, tag: string): string {
  return `:x: image ${image}:${tag} not found in registry after waiting for build`;
}
