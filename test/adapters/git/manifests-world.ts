import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Agent } from "undici";
import { createBareRepository } from "../../../sandbox/bare-repository.ts";
import { createGit, type GitOptions } from "../../../src/adapters/git/git.ts";
import type { PackOwner } from "../../../src/adapters/git/packs/pack-work.ts";
import type { ManifestsBranch } from "../../../src/core/git-ports.ts";
import { createWorkshop } from "../../../src/workshop/workshop.ts";
import { type LocalService, localConnections, startService } from "./local-git.ts";

export type StartService = Parameters<typeof localConnections>[0];

/** Who asks, where no one matters. */
export const owner: PackOwner = {
  repository: { transport: "ssh", user: "git", host: "git.example", port: 22, path: "team/manifests.git" },
  namespace: "shop",
};

/** A manifests repository, and the Git port over whatever service `start` gives; by default the real ones. */
export async function startManifestsWorld(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "manifests-copy-"));
  const repository = await createBareRepository(join(folder, "r.git"), { files: { "shop/a.yaml": "a: 1\n" } });
  const services: LocalService[] = [];
  const dispatcher = new Agent();
  const workshop = createWorkshop();
  t.after(async () => {
    for (const service of services) service.stop();
    await dispatcher.close();
    await workshop.close();
    await rm(folder, { recursive: true, force: true });
  });
  const real: StartService = (service, path) => {
    const started = startService(service, path, service === "git-upload-pack" ? 2 : 0);
    services.push(started);
    return started;
  };
  const at = {
    repository: { transport: "ssh", user: "git", host: "git.example", port: 22, path: repository.directory },
    branch: "main",
    key: { kind: "key", id: "SHA256:key", privateKey: "unused" },
    namespace: "shop",
  } as unknown as ManifestsBranch;
  const workDir = join(folder, "work");
  const open = (start: StartService = real, limits: Partial<GitOptions> = {}) => {
    const identity = { name: "Operator", email: "operator@example.com" };
    return createGit({
      connections: localConnections(start),
      dispatcher,
      workshop,
      workDir,
      maxRepositoryBytes: 2 ** 20,
      identity,
      ...limits,
    });
  };
  return { repository, at, workDir, services, real, open };
}
