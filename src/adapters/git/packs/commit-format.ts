/** A commit object's bytes, as isomorphic-git writes them. */

import { promises } from "node:fs";
import { inflateSync } from "node:zlib";
import * as git from "isomorphic-git";
import type { Identity } from "../../../core/app-history.ts";
import type { Signing } from "../../../core/git-ports.ts";

interface NewCommit {
  readonly tree: string;
  readonly parent: string;
  readonly identity: Identity;
  readonly message: string;
  /** Undefined: not signed. */
  readonly signing?: Signing | undefined;
}

export async function formatCommit({ tree, parent, identity, message, signing }: NewCommit): Promise<Buffer> {
  const at = { timestamp: Math.floor(Date.now() / 1000), timezoneOffset: 0 };
  const commit = {
    tree,
    parent: [parent],
    author: { ...identity, ...at },
    committer: { ...(signing?.committer ?? identity), ...at },
    message,
  };
  const unsigned = await bytesOf(commit);
  return signing ? bytesOf({ ...commit, gpgsig: await signing.sign(unsigned) }) : unsigned;
}

async function bytesOf(commit: git.CommitObject): Promise<Buffer> {
  let loose: Buffer = Buffer.alloc(0);
  const absent = async () => Promise.reject(Object.assign(new Error("not on disk"), { code: "ENOENT" }));
  // It writes loose objects only; this one is to stay in memory.
  const memory = {
    ...{ ...promises, stat: absent, mkdir: async () => undefined },
    writeFile: async (_path: string, bytes: Buffer) => {
      loose = bytes;
    },
  };
  await git.writeCommit({ fs: { promises: memory }, gitdir: ".", commit });
  const object = inflateSync(loose);
  return object.subarray(object.indexOf(0) + 1);
}
