import { checkedByDefault } from "../../src/core/targets/image-check.ts";
import { readOptions } from "../../src/core/targets/options.ts";
import type { Target } from "../../src/core/types.ts";

/** A target whose repositories nobody else has. */
export function targetOf(deployment: string, more: Partial<Target> = {}): Target {
  const repository = (path: string) => ({ transport: "ssh", user: "git", host: "git.example", port: 22, path }) as const;
  const secret = (name: string) => ({ namespace: "gitops-operator", name });
  return {
    namespace: "default",
    deployment,
    appRepository: repository(`/team/${deployment}.git`),
    appBranch: "master",
    appKey: secret("ssh-key"),
    manifestRepository: repository("/team/manifests.git"),
    manifestBranch: "master",
    manifestKey: secret("ssh-key"),
    path: `${deployment}/deployment.yaml`,
    image: { repository: `team/${deployment}` },
    options: readOptions({}, checkedByDefault, () => {}),
    registryUrl: undefined,
    registrySecret: { ...secret("regcred"), named: false },
    notificationsSecret: undefined,
    githubTokenSecret: undefined,
    ...more,
  };
}
