import { checkedByDefault } from "../../src/core/targets/image-check.ts";
import { readOptions } from "../../src/core/targets/options.ts";
import type { Target } from "../../src/core/types.ts";

/** A target whose repositories nobody else has. */
export function targetOf(name: string, more: Partial<Target> = {}): Target {
  const repository = (path: string) => ({ transport: "ssh", user: "git", host: "git.example", port: 22, path }) as const;
  const secret = (name: string) => ({ namespace: "gitops-operator", name });
  return {
    kind: "Deployment",
    namespace: "default",
    name,
    appRepository: repository(`/team/${name}.git`),
    appBranch: "master",
    appKey: secret("ssh-key"),
    manifestRepository: repository("/team/manifests.git"),
    manifestBranch: "master",
    manifestKey: secret("ssh-key"),
    files: [{ path: `${name}/deployment.yaml` }],
    image: { repository: `team/${name}` },
    options: readOptions({}, checkedByDefault, () => {}),
    tagFormat: [{ sha: 40 }],
    lookBack: 20,
    appPaths: undefined,
    releaseTags: undefined,
    pausedUntil: undefined,
    pausedReason: undefined,
    registryUrl: undefined,
    registrySecret: { ...secret("regcred"), named: false },
    notificationsSecret: undefined,
    notifyOn: undefined,
    buildToken: undefined,
    report: undefined,
    proposal: undefined,
    hookSecret: undefined,
    signingSecret: undefined,
    ...more,
  };
}
