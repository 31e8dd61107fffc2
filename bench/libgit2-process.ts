/** Clones at the first message, updates at each later one, and answers each with the milliseconds that it took. */
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Libgit2Setup } from "./libgit2.ts";

/** The part of es-git that is used here; the package is not a dependency, so its types may be absent. */
interface EsGit {
  cloneRepository(url: string, folder: string, options: { fetch: { credential: object; depth: number } }): Promise<Repository>;
}
interface Repository {
  getRemote(name: string): {
    fetch(refs: string[], options: { fetch: { credential: object } }): Promise<void>;
    push(refs: string[], options: { credential: object }): Promise<void>;
  };
  revparseSingle(spec: string): string;
  getCommit(oid: string): { tree(): { asObject(): object } };
  checkoutTree(tree: object, options: { force: boolean }): void;
  index(): { addPath(path: string): void; write(): void; writeTree(): string };
  getTree(oid: string): object;
  commit(tree: object, message: string, options: object): string;
}

const { cloneRepository } = createRequire(import.meta.url)("es-git") as EsGit;
let repository: Repository | undefined;
let credential: object = {};
let folder = "";
const author = { name: "Bench", email: "bench@example.com" };

process.on("message", async (message: Libgit2Setup | { path: string; run: number }) => {
  const startedAt = performance.now();
  if ("url" in message) await clone(message);
  else if (repository) await update(repository, message.path, message.run);
  process.send?.(performance.now() - startedAt);
});

async function clone({ url, clone, username, privateKey, publicKey }: Libgit2Setup): Promise<void> {
  credential = { type: "SSHKey", username, privateKey, publicKey };
  folder = clone;
  repository = await cloneRepository(url, clone, { fetch: { credential, depth: 1 } });
}

async function update(at: Repository, path: string, run: number): Promise<void> {
  const remote = at.getRemote("origin");
  await remote.fetch(["refs/heads/master"], { fetch: { credential } });
  const parent = at.revparseSingle("FETCH_HEAD");
  at.checkoutTree(at.getCommit(parent).tree().asObject(), { force: true });
  await writeFile(join(folder, path), `changed by libgit2: ${run}\n`);
  const index = at.index();
  index.addPath(path);
  index.write();
  const branch = `refs/heads/run-${run}`;
  at.commit(at.getTree(index.writeTree()), "Change", { author, committer: author, updateRef: branch, parents: [parent] });
  await remote.push([`${branch}:refs/heads/master`], { credential });
}
