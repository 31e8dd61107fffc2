import type { Builds } from "../../core/ports.ts";
import type { Repository } from "../../core/types.ts";

/** A kind of git host at one address. */
export interface Forge extends Builds {
  /** Whether it has that repository: of others it is not asked, and gets no token. */
  serves(repository: Repository): boolean;
}

/** Each repository's forge is the first that serves it. */
export function createForges(forges: readonly Forge[]): Builds {
  return {
    async state(repository, sha, token) {
      const forge = forges.find((one) => one.serves(repository));
      return forge ? forge.state(repository, sha, token) : { kind: "none" };
    },
  };
}
