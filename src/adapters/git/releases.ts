/** Git tags that are releases, and single commits: by listings and commits alone, never files. */
import type { Commit, Release } from "../../core/app-history.ts";
import { repositoryId } from "../../core/branch-id.ts";
import type { Branch, Git } from "../../core/git-ports.ts";
import { formatRepository } from "../../core/repository.ts";
import { ReconcileError } from "../../errors.ts";
import { createFreshest } from "../../sharing/freshest.ts";
import type { PackWork } from "./packs/pack-work.ts";
import type { GitRemote } from "./wire/git-remote.ts";
import { openUploadPack } from "./wire/upload-pack.ts";

/** By repository and glob: 1,001 tags at most, of 200 bytes each. */
const MOST_RELEASES_BYTES = 8 * 2 ** 20;
/** Single commits, of 1 to 2 KB each, counted. */
const MOST_COMMITS_BYTES = 8 * 2 ** 20;

export function createReleases(remote: GitRemote, packWork: PackWork): Pick<Git, "releases" | "commit"> {
  const listings = createFreshest<readonly Release[]>(MOST_RELEASES_BYTES);
  const commits = createFreshest<Commit>(MOST_COMMITS_BYTES);

  function receive(at: Omit<Branch, "branch">, sha: string, notBefore: number): Promise<Commit> {
    return remote.converse(at, { service: "git-upload-pack", notBefore }, async (wire) => {
      const server = await openUploadPack(wire);
      const pack = server.pack({ want: await server.wantFor(sha), depth: 1, withoutTrees: true }, new Set());
      const { line } = await packWork.readHistory(pack, { from: sha, most: 1 }, at);
      // A server that can't leave files out would go on sending them.
      wire.abort();
      const [commit] = line;
      if (commit) return commit;
      const name = formatRepository(at.repository);
      throw new ReconcileError("git_no_commit", `${name} has no commit ${sha}: a tag that names a folder or file is no release; delete it`);
    });
  }

  return {
    releases: (at, pattern, notBefore) =>
      listings.get(
        JSON.stringify([repositoryId(at), pattern.glob]),
        notBefore,
        (_known, asked) =>
          remote.converse(at, { service: "git-upload-pack", notBefore: asked }, async (wire) =>
            (await openUploadPack(wire)).releases(pattern),
          ),
        at.namespace,
      ),
    commit: (at, sha) =>
      commits.get(
        JSON.stringify([repositoryId(at), sha]),
        performance.now(),
        async (known, asked) => known ?? receive(at, sha, asked),
        at.namespace,
      ),
  };
}
