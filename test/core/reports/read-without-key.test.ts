import assert from "node:assert/strict";
import { test } from "node:test";
import type { Commit } from "../../../src/core/app-history.ts";
import { type ReconcilePorts, reconcile } from "../../../src/core/reconcile.ts";
import type { Repository, Target } from "../../../src/core/types.ts";
import { targetOf } from "../targets.ts";

const commit: Commit = {
  ...{ sha: "a".repeat(40), tree: "b".repeat(40), parents: ["c".repeat(40)], author: { name: "a", email: "a@example.com" } },
  ...{ time: 1, subject: "A change", hasTrailers: false },
};

/** A run that ends once it has found its commit. */
async function readBy(more: Partial<Target>): Promise<{ opened: boolean; parent: string | undefined }[]> {
  const seen: { opened: boolean; parent: string | undefined }[] = [];
  const known: Partial<Record<keyof ReconcilePorts, unknown>> = {
    git: {
      commits: async () => ({ branch: "main", tip: commit, at: async () => undefined }),
      refreshAhead() {},
      manifestsBranch: () => Promise.reject(new Error("far enough")),
    },
    ...{ identity: { name: "o", email: "o@example.com" }, allowedRepositories: undefined, isStrict: false },
    backOff: { lastFailure: () => undefined, putOff: () => undefined },
    readCredential: async () => ({ texts: { "ssh-privatekey": "key" }, allowedRepositories: undefined }),
    parseCredential: () => ({ kind: "key", id: "1", privateKey: "key", secret: { namespace: "a", name: "b" } }),
    readSecret: () => Promise.reject(new Error("nobody asks")),
    onCommit: (({ tip }, opened) => seen.push({ opened, parent: tip.parent })) satisfies ReconcilePorts["onCommit"],
    warn() {},
  };
  const { signal } = new AbortController();
  const progress = {
    id: "1",
    cause: "call",
    signal,
    step() {},
    list: () => 0,
    wait() {},
    nudged: () => new Promise<void>(() => {}),
  } as const;
  const seat = { leave() {}, write: () => Promise.reject(new Error("nobody writes")) };
  await reconcile(targetOf("shop", more), seat, progress, known as unknown as ReconcilePorts);
  return seen;
}

// S28
test("a run tells whether a key of the Deployment's own has shown its commit, or anybody could have read it", async () => {
  const parent = "c".repeat(40);
  assert.deepEqual(await readBy({}), [{ opened: true, parent }]);
  const appRepository: Repository = { transport: "https", host: "github.com", port: 443, path: "/strangers/lib" };
  assert.deepEqual(await readBy({ appRepository }), [{ opened: false, parent }]);
  const appKey = { namespace: "default", name: "of-nothing" };
  assert.deepEqual(await readBy({ appRepository, appKey }), [{ opened: false, parent }]);
});
